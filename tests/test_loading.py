"""`datasets.load_dataset` reads a build as its card declares it, without a network."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from openmed_data import manifest
from openmed_data.api import build_dataset
from openmed_data.card import render
from openmed_data.features import card_features
from openmed_data.kinds import Kind, schema
from openmed_data.parquet import write_table

datasets = pytest.importorskip("datasets")


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = build_dataset("medmcqa-prefs", "sample", tmp_path_factory.mktemp("build") / "prefs", validation=False)
    # What stands beside the data in a finished build must not be taken for data.
    (built.path / "validation").mkdir()
    (built.path / "validation" / "report.json").write_text('{"results": []}', encoding="utf-8")
    return built.path


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    datasets.disable_progress_bars()
    yield
    datasets.enable_progress_bars()


def _load(build: Path, cache: Path) -> Any:
    return datasets.load_dataset(str(build), cache_dir=str(cache))


def _metadata(build: Path) -> dict[str, Any]:
    return yaml.safe_load((build / "README.md").read_text(encoding="utf-8").split("---\n")[1])


def test_loading_gives_the_declared_features_and_counts(build: Path, tmp_path: Path) -> None:
    loaded = _load(build, tmp_path)
    declared = datasets.DatasetInfo._from_yaml_dict(_metadata(build)["dataset_info"])
    assert {name: split.num_rows for name, split in loaded.items()} == manifest.read(build)["books"]["kept_rows"]
    for name, split in loaded.items():
        assert split.features == declared.features
        assert split.features.arrow_schema.remove_metadata() == schema(Kind.PREFERENCES)
        assert split.info.splits[name].num_bytes == declared.splits[name].num_bytes


def test_loading_gives_the_rows_as_written(build: Path, tmp_path: Path) -> None:
    loaded = _load(build, tmp_path)
    for file in manifest.read(build)["files"]:
        assert loaded[file["split"]].to_list() == pq.read_table(build / file["name"]).to_pylist()


def test_a_card_that_miscounts_is_refused(build: Path, tmp_path: Path) -> None:
    """The counts above are enforced: this is what a wrong card would do."""
    wrong = tmp_path / "wrong"
    (wrong / "data").mkdir(parents=True)
    for file in manifest.read(build)["files"]:
        (wrong / file["name"]).hardlink_to(build / file["name"])
    text = (build / "README.md").read_text(encoding="utf-8")
    (wrong / "README.md").write_text(text.replace("num_examples: ", "num_examples: 1", 1), encoding="utf-8")
    with pytest.raises(datasets.exceptions.NonMatchingSplitsSizesError):
        _load(wrong, tmp_path / "cache")


@pytest.mark.parametrize("kind", list(Kind))
def test_features_of_every_kind_are_those_of_datasets(kind: Kind) -> None:
    features = datasets.Features.from_arrow_schema(schema(kind))
    assert card_features(schema(kind)) == features._to_yaml_list()
    assert datasets.Features._from_yaml_list(card_features(schema(kind))) == features


def test_a_type_of_no_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="no card feature for the Arrow type double"):
        card_features(pa.schema({"share": pa.float64()}))


def test_tool_calls_load_as_the_objects_they_are(tmp_path: Path) -> None:
    """Unlike arguments keep their own keys, and the card is of a builder that is not installed."""
    calls = [{"function": {"name": "find", "arguments": given}} for given in ({"query": "x"}, {"page": 2, "tags": []})]
    _write_traces(tmp_path / "build", [{"role": "assistant", "tool_calls": [json.dumps(call)]} for call in calls])
    (tmp_path / "build" / "README.md").write_text(render(tmp_path / "build"), encoding="utf-8")
    loaded = _load(tmp_path / "build", tmp_path / "cache")["train"]
    assert [row["messages"][0]["tool_calls"] for row in loaded] == [[call] for call in calls]


def _write_traces(build: Path, messages: list[dict[str, Any]]) -> None:
    text = {"id": "1", "source": "s", "source_id": "1", "license": "mit", "tools": "[]", "format": "chat", "n_calls": 1}
    empty: dict[str, Any] = dict.fromkeys(schema(Kind.TRACES).field("messages").type.value_type.names)
    rows = [text | {"messages": [empty | message]} for message in messages]
    plain = pa.list_(
        pa.struct({name: pa.list_(pa.string()) if name == "tool_calls" else pa.string() for name in empty})
    )
    declared = schema(Kind.TRACES)
    at = declared.get_field_index("messages")
    table = pa.Table.from_pylist(rows, schema=declared.set(at, pa.field("messages", plain))).cast(declared)
    (build / "data").mkdir(parents=True)
    path = build / "data" / "train-00000-of-00001.parquet"
    write_table(table, path)
    facts = asdict(manifest.file_facts(build, f"data/{path.name}", "train"))
    files = [{"name": "calls.json", "split": None, "sha256": "0" * 64, "rows": len(rows)}]
    document = {
        "format": manifest.FORMAT,
        "dataset": "a-builder-not-installed",
        "kind": "traces",
        "made_with": {},
        "source": {
            "name": "calls.json",
            "repo": None,
            "revision": None,
            "license": "mit",
            "upstream": "owner/name",
            "homepage": "https://example.org",
            "files": files,
        },
        "options": {"seed": 1, "validation_fraction": 0.0},
        "limit": None,
        "filters": [],
        "books": {
            "source_rows": len(rows),
            "used_rows": len(rows),
            "rejected_source_rows": {},
            "candidate_rows": len(rows),
            "rejected_candidate_rows": {},
            "kept_rows": {"train": len(rows)},
        },
        "state": {},
        "figures": {},
        "files": [facts],
        "rejected_files": [],
        "content_digest": "",
    }
    (build / manifest.NAME).write_text(json.dumps(document), encoding="utf-8")


@pytest.mark.shared
def test_a_build_of_the_real_file_loads(tmp_path: Path) -> None:
    source = Path(__file__).parents[1] / ".." / "shared" / "data" / "medmcqa" / "dev.json"
    if not source.is_file():
        pytest.skip("../shared/data/medmcqa/dev.json is absent")
    build = build_dataset("medmcqa-prefs", str(source), tmp_path / "prefs", validation=False).path
    loaded = _load(build, tmp_path / "cache")
    assert {name: split.num_rows for name, split in loaded.items()} == manifest.read(build)["books"]["kept_rows"]
    assert _metadata(build)["size_categories"] == ["1K<n<10K"]
