"""Records of runs, and digests of weights that neither sharding nor storage type changes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openmed_data.errors import SourceError, UsageError
from openmed_data.training import records
from openmed_data.training.models import resolve_model
from openmed_data.training.weights import count_parameters, texts_digest, weights_digest


def run(**changes: Any) -> records.Run:
    parent = records.Parent(model="base", weights="0" * 64)
    facts: dict[str, Any] = {
        "stage": "sft",
        "id": "a" * 64,
        "status": "running",
        "parent": parent,
        "base": parent,
        "recipe": {"learning_rate": 1e-5},
        "profile": "cpu-smoke",
        "started": "2026-01-01T00:00:00+00:00",
    }
    return records.Run(**{**facts, **changes})


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    use = records.DatasetUse(name="d", kind="sft", path_or_repo="b", digest="1", rows={"train": 2}, dropped={"long": 1})
    written = run(dataset=use, last_log={"loss": 1.5}, status="done", changed=True)
    records.write(tmp_path / "sft-aaaa", written)
    assert records.read(tmp_path / "sft-aaaa") == written
    assert [path.name for path in (tmp_path / "sft-aaaa").iterdir()] == [records.NAME]


def test_no_record_is_none_and_a_broken_one_an_error(tmp_path: Path) -> None:
    assert records.read(tmp_path) is None
    (tmp_path / records.NAME).write_text(json.dumps({"stage": "sft"}))
    with pytest.raises(SourceError, match="parent"):
        records.read(tmp_path)


def test_runs_come_oldest_first(tmp_path: Path) -> None:
    for name, day in (("b", 1), ("a", 3), ("c", 2)):
        records.write(tmp_path / "recipe" / name, run(stage=name, started=f"2026-01-0{day}T00:00:00+00:00"))
    assert [one.stage for _, one in records.all_runs(tmp_path)] == ["b", "c", "a"]


def test_a_line_that_a_kill_cut_off_is_left_out(tmp_path: Path) -> None:
    (tmp_path / records.METRICS).write_text('{"step": 1, "loss": 2.0}\n{"step": 2, "lo')
    assert records.read_metrics(tmp_path) == [{"step": 1, "loss": 2.0}]


@pytest.fixture
def tensors() -> dict[str, np.ndarray]:
    """Float32 values that bfloat16 and float16 hold exactly."""
    draw = np.random.default_rng(0)
    return {name: draw.integers(-8, 8, size=shape).astype("f4") for name, shape in (("w", (3, 4)), ("b", (4,)))}


def save(folder: Path, tensors: dict[str, np.ndarray], *, dtype: str = "F32", shards: int = 1) -> Path:
    folder.mkdir(parents=True)
    names = sorted(tensors)
    for shard in range(shards):
        header, body = {}, b""
        for name in names[shard::shards]:
            values = tensors[name]
            raw = (
                (values.view("u4") >> 16).astype("u2")
                if dtype == "BF16"
                else values.astype("f2" if "16" in dtype else "f4")
            )
            header[name] = {
                "dtype": dtype,
                "shape": list(values.shape),
                "data_offsets": [len(body), len(body) + raw.nbytes],
            }
            body += raw.tobytes()
        text = json.dumps(header).encode()
        (folder / f"model-{shard}.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + body)
    return folder


def test_layout_and_storage_type_change_no_digest(tensors: dict[str, np.ndarray], tmp_path: Path) -> None:
    digest = weights_digest(save(tmp_path / "one", tensors))
    assert weights_digest(save(tmp_path / "two", tensors, shards=2)) == digest
    assert weights_digest(save(tmp_path / "bf16", tensors, dtype="BF16")) == digest
    assert weights_digest(save(tmp_path / "f16", tensors, dtype="F16")) == digest
    assert count_parameters(tmp_path / "two") == 16


def test_weights_that_transformers_does_not_load_do_not_count(tensors: dict[str, np.ndarray], tmp_path: Path) -> None:
    """Some repositories hold the same weights twice, as one file of another library beside the shards."""
    folder = save(tmp_path / "one", tensors, shards=2)
    digest = weights_digest(folder)
    where = {name: f"model-{shard}.safetensors" for shard, name in enumerate(sorted(tensors))}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": where}))
    (save(tmp_path / "other", tensors) / "model-0.safetensors").rename(folder / "consolidated.safetensors")
    assert count_parameters(folder) == 16
    assert weights_digest(folder) == digest
    (folder / "model-1.safetensors").unlink()
    with pytest.raises(UsageError, match=r"lacks weights: model-1\.safetensors"):
        weights_digest(folder)


def test_a_model_of_the_hub_comes_with_its_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The card names the licence, which the card of what is trained from it says again."""
    import huggingface_hub

    for name in ("config.json", "tokenizer_config.json"):
        (tmp_path / name).write_text("{}")
    asked: dict[str, Any] = {}
    monkeypatch.setattr(
        huggingface_hub, "snapshot_download", lambda _, **options: asked.update(options) or str(tmp_path)
    )
    resolve_model("me/base")
    assert "README.md" in asked["allow_patterns"]
    assert not {"*.bin", "*.py", "*"} & set(asked["allow_patterns"])


@pytest.mark.parametrize("change", ["value", "name", "shape"])
def test_anything_else_changes_it(change: str, tensors: dict[str, np.ndarray], tmp_path: Path) -> None:
    digest = weights_digest(save(tmp_path / "before", tensors))
    if change == "value":
        tensors["w"][0, 0] = np.nextafter(tensors["w"][0, 0], np.float32(9))
    elif change == "name":
        tensors["v"] = tensors.pop("w")
    else:
        tensors["w"] = tensors["w"].reshape(4, 3)
    assert weights_digest(save(tmp_path / "after", tensors)) != digest


def test_a_folder_without_weights_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no model"):
        weights_digest(tmp_path)


@pytest.mark.parametrize("left", [4, 60, -1])
def test_a_file_that_was_cut_off_is_said_so(left: int, tmp_path: Path, tensors: dict[str, np.ndarray]) -> None:
    folder = save(tmp_path / "cut", tensors)
    (path,) = folder.glob("*.safetensors")
    path.write_bytes(path.read_bytes()[:left])
    for read in (weights_digest, count_parameters):
        with pytest.raises(UsageError, match="is damaged: it was cut off"):
            read(folder)


def test_saving_a_configuration_again_changes_nothing_and_a_template_does(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"hidden_size": 8, "transformers_version": "5.0"}')
    (tmp_path / "chat_template.jinja").write_text("a")
    digest = texts_digest(tmp_path)
    (tmp_path / "config.json").write_text('{"transformers_version": "6.0", "dtype": "float32", "hidden_size": 8}')
    (tmp_path / "README.md").write_text("about")
    assert texts_digest(tmp_path) == digest
    (tmp_path / "chat_template.jinja").write_text("b")
    assert texts_digest(tmp_path) != digest
