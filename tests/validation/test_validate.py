"""`validate` as a whole: choice of checks, settings, integrity, masking, determinism."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from openmed_data.api import build_dataset
from openmed_data.arrow import declared
from openmed_data.check import FINDINGS, Check, Figure, Scan, Settings
from openmed_data.dataset import Dataset, open_dataset
from openmed_data.errors import UsageError
from openmed_data.kinds import Kind, schema
from openmed_data.parquet import write_table
from openmed_data.report import Report, annotations, read_report, write_report
from openmed_data.validate import plan, validate

SENTINEL = "Qxsentinel Zwsecret"


def failures(report: Report) -> dict[str, float]:
    return {f"{check}.{figure.name}": figure.value for check, figure in report.failures}


def test_unknown_and_unfit_checks_are_usage_errors():
    with pytest.raises(UsageError, match="schemas") as error:
        plan(Kind.PREFERENCES, ["schemas"], {})
    assert "schema" in error.value.hint
    with pytest.raises(UsageError, match="nothing to say about a dataset of kind 'sft'"):
        plan(Kind.SFT, ["pairs"], {})
    assert "pairs" not in [one.check.name for one in plan(Kind.SFT, None, {})]
    assert {"pairs", "schema"} <= {one.check.name for one in plan(Kind.PREFERENCES, None, {})}


@pytest.mark.parametrize(("name", "wanted"), [("contamination", "--benchmarks"), ("chat", "chat.tokenizer=DIR")])
def test_a_check_that_is_asked_for_by_name_and_cannot_run_is_a_usage_error(name: str, wanted: str):
    with pytest.raises(UsageError, match=f"'{name}' was asked for and cannot run") as error:
        plan(Kind.PREFERENCES, ["schema", name], {})
    assert wanted in error.value.hint
    assert name in [one.check.name for one in plan(Kind.PREFERENCES, None, {})]


def test_all_problems_with_thresholds_are_told_together():
    with pytest.raises(UsageError) as error:
        plan(Kind.PREFERENCES, ["pairs"], {"pairs": {"length_tolerance": 7, "leters": 1, "min_pairs": "many"}})
    assert all(name in str(error.value) for name in ("length_tolerance", "leters", "min_pairs"))
    with pytest.raises(UsageError, match="not run"):
        plan(Kind.PREFERENCES, ["pairs"], {"schema": {}})
    with pytest.raises(UsageError, match="pears"):
        plan(Kind.PREFERENCES, None, {"pears": {}})


def test_thresholds_are_used(pairs: Any, write: Any):
    dataset = open_dataset(str(write(pairs(30))))
    assert validate(dataset, ["schema"]).passed
    assert failures(validate(dataset, ["schema"], {"schema": {"min_rows": 31}})) == {"schema.rows": 30}


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("build") / "prefs"
    build_dataset("medmcqa-prefs", "sample", path, validation=False)
    return path


def test_a_build_passes_and_its_report_is_the_same_again(build: Path, tmp_path: Path):
    for name in ("one", "other"):
        report = validate(open_dataset(str(build)))
        assert report.passed
        write_report(report, tmp_path / name)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "other" / path.name).read_bytes()
    assert read_report(tmp_path / "one").manifest_digest
    assert str(tmp_path) not in (tmp_path / "one" / "report.html").read_text(encoding="utf-8")


def _drop_a_row(build: Path) -> None:
    path = next((build / "data").glob("train*"))
    frame = pl.read_parquet(path)
    frame.head(frame.height - 1).write_parquet(path)


def _change_a_letter(build: Path) -> None:
    path = next((build / "data").glob("train*"))
    frame = pl.read_parquet(path).with_columns(pl.lit("Changed").alias("topic"))
    frame.write_parquet(path)


def _misstate_the_books(build: Path) -> None:
    document = json.loads((build / "manifest.json").read_text())
    document["books"]["kept_rows"]["train"] += 1
    (build / "manifest.json").write_text(json.dumps(document))


def _misstate_a_file(build: Path) -> None:
    document = json.loads((build / "manifest.json").read_text())
    document["files"][0]["rows"] += 1
    (build / "manifest.json").write_text(json.dumps(document))


def _forget_a_rejection(build: Path) -> None:
    document = json.loads((build / "manifest.json").read_text())
    document["books"]["rejected_source_rows"].popitem()
    (build / "manifest.json").write_text(json.dumps(document))


def _change_a_rejected_row(build: Path) -> None:
    path = next((build / "rejected").iterdir())
    pl.read_parquet(path).with_columns(pl.lit("unlabelled").alias("reason")).write_parquet(path)


def _add_a_shard(build: Path) -> None:
    path = next((build / "data").glob("train*"))
    shutil.copy(path, path.with_name("train-00007-of-00008.parquet"))


def _add_a_link(build: Path) -> None:
    (build / "data" / "notes.txt").symlink_to(build / "nowhere")


def _link_a_shard(build: Path) -> None:
    path = next((build / "data").glob("train*"))
    path.rename(build.parent / "elsewhere")
    path.symlink_to(build.parent / "elsewhere")


def _link_the_rejected_rows(build: Path) -> None:
    (build / "rejected").rename(build.parent / "elsewhere")
    (build / "rejected").symlink_to(build.parent / "elsewhere", target_is_directory=True)


def _change_the_license(build: Path) -> None:
    document = json.loads((build / "manifest.json").read_text())
    document["source"]["license"] = "cc-by-4.0"
    (build / "manifest.json").write_text(json.dumps(document))


TRAIN = "data/train-00000-of-00001.parquet"


@pytest.mark.parametrize(
    ("damage", "expected", "place"),
    [
        (_drop_a_row, {"changed_files", "misstated_files", "wrong_row_counts", "changed_content"}, TRAIN),
        (_change_a_letter, {"changed_files", "changed_content"}, TRAIN),
        (_misstate_the_books, {"wrong_row_counts", "unbalanced_books"}, "train"),
        (_misstate_a_file, {"misstated_files"}, TRAIN),
        (_forget_a_rejection, {"unbalanced_books"}, "manifest.json"),
        (_change_a_rejected_row, {"changed_files"}, "rejected/rejected-00000-of-00001.parquet"),
        (_change_the_license, {"unstated_licenses"}, "license 'apache-2.0'"),
        (_add_a_shard, {"unknown_files"}, "data/train-00007-of-00008.parquet"),
        (_add_a_link, {"unknown_files", "linked_files"}, "data/notes.txt"),
        (_link_a_shard, {"linked_files"}, TRAIN),
        (_link_the_rejected_rows, {"linked_files"}, "rejected"),
    ],
)
def test_files_that_are_not_the_manifests_fail_whatever_the_checks(
    damage: Any, expected: set[str], place: str, build: Path, tmp_path: Path
):
    copy = tmp_path / "copy"
    shutil.copytree(build, copy)
    damage(copy)
    report = validate(open_dataset(str(copy)), ["schema"])
    missed = {name.partition(".")[2] for name in failures(report) if name.startswith("integrity.")}
    assert not report.passed
    assert expected <= missed <= expected | {"undeclared_schemas", "misstated_files"}
    named = report.results[0].findings
    assert place in named["field"].to_list()
    assert set(named["code"]) == missed


def test_the_links_of_the_hubs_own_cache_are_whole(build: Path, tmp_path: Path):
    snapshot = tmp_path / "datasets--me--prefs" / "snapshots" / "0123abc"
    blobs = snapshot.parents[1] / "blobs"
    blobs.mkdir(parents=True)
    for number, path in enumerate(path for path in build.rglob("*") if path.is_file()):
        shutil.copy(path, blobs / str(number))
        link = snapshot / path.relative_to(build)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(Path(os.path.relpath(blobs / str(number), link.parent)))
    assert validate(open_dataset(str(snapshot)), ["schema"]).passed
    (snapshot / "notes.txt").symlink_to(build / "README.md")
    assert failures(validate(open_dataset(str(snapshot)), ["schema"])) == {"integrity.linked_files": 1}


FAULTY: list[Any] = [
    lambda row: row["prompt"][0].update(role=SENTINEL),
    lambda row: row["chosen"][0].update(role="user", content=f"{SENTINEL} 078-05-1120"),
    lambda row: row.update(chosen_label=SENTINEL),
    lambda row: row.update(subject=SENTINEL, rejected=row["chosen"]),
    lambda row: row.update(topic=SENTINEL, prompt=[]),
]


@pytest.mark.parametrize("place", range(len(FAULTY)))
def test_text_of_a_faulty_row_is_in_no_file_but_masked(place: int, pairs: Any, write: Any, tmp_path: Path):
    rows = pairs(4)  # so few that every row is among those shown
    FAULTY[place](rows[2])
    report = validate(open_dataset(str(write(rows))), ["schema", "pairs"])
    assert not report.passed
    assert [one.masked for one in report.samples].count(True) == 1
    write_report(report, tmp_path / "report")
    texts = [path.read_text(encoding="utf-8") for path in (tmp_path / "report").iterdir()]
    assert not any(word in text for text in [*texts, *annotations(report)] for word in ("sentinel", "secret", "078"))


class Planted(Check[Settings]):
    """A check that finds the sentinel wherever it stands, in one field."""

    name = "planted"
    summary = "test"
    field = "id"

    @property
    def settings_model(self) -> type[Settings]:
        return Settings

    def scan(self, batch: pl.DataFrame, settings: Settings) -> Scan:
        hit = batch.filter(pl.col("id").str.contains("sentinel"))
        found = {"id": pl.col("id"), "split": "", "field": self.field, "start": 0, "end": 9, "code": "name", "level": 3,
                 "masked": "Q********"}  # fmt: skip
        columns = [
            value.alias(name) if isinstance(value, pl.Expr) else pl.lit(value).alias(name)
            for name, value in found.items()
        ]
        return Scan(hit.select(columns).cast(dict(FINDINGS)))

    def assess(self, counts: pl.DataFrame, settings: Settings) -> tuple[Figure, ...]:
        return (Figure("found", 1, maximum=0),)


def test_ids_with_findings_in_them_are_masked(pairs: Any, write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    rows = pairs(4)
    rows[1]["id"] = SENTINEL
    monkeypatch.setattr("openmed_data.validate.find", lambda room, name: Planted())
    report = validate(open_dataset(str(write(rows))), ["planted"])
    write_report(report, tmp_path / "report")
    for path in (tmp_path / "report").iterdir():
        assert "sentinel" not in path.read_text(encoding="utf-8")
    assert report.results[0].findings["id"].to_list() == ["Q********* Z*******"]


def test_rows_without_ids_are_named_by_their_number(pairs: Any, write: Any):
    rows = [{name: row[name] for name in ("prompt", "chosen", "rejected")} for row in pairs(5)]
    rows[3]["chosen"] = rows[3]["rejected"]
    report = validate(open_dataset(str(write(rows))), ["pairs"])
    assert report.results[0].findings["id"].to_list() == ["row 4"]


def test_samples_do_not_depend_on_the_order_of_rows(pairs: Any, write: Any):
    rows = pairs(60)
    forth = validate(open_dataset(str(write(rows, "forth"))), ["schema"])
    back = validate(open_dataset(str(write(rows[::-1], "back"))), ["schema"])
    assert forth.samples == back.samples
    assert forth.content_digest == back.content_digest


def test_progress_hears_of_every_row(pairs: Any, write: Any):
    heard: dict[str, int] = {}

    class Listener:
        def step(self, name: str, total: int | None) -> Any:
            return lambda done: heard.update({name: heard.get(name, 0) + done})

        def note(self, text: str) -> None: ...

    validate(open_dataset(str(write(pairs(7)))), ["schema", "pairs"], progress=Listener())
    assert heard == {"reading": 7, "check: schema": 7, "check: pairs": 7}


@pytest.mark.shared
def test_a_real_build_passes(tmp_path: Path):
    source = Path(__file__).parents[2].parent / "shared/data/medmcqa/dev.json"
    if not source.is_file():
        pytest.skip("../shared/data/medmcqa/dev.json is absent")
    built = build_dataset("medmcqa-prefs", str(source), tmp_path / "prefs", validation=False)
    report = validate(open_dataset(str(built.path)), ["schema", "pairs"])
    assert report.passed, failures(report)


def test_a_dataset_is_only_read(build: Path, tmp_path: Path):
    before = {path: path.stat().st_mtime_ns for path in build.rglob("*")}
    assert isinstance(open_dataset(str(build)), Dataset)
    validate(open_dataset(str(build)), ["schema"])
    assert {path: path.stat().st_mtime_ns for path in build.rglob("*")} == before


def _called(name: str, /, **arguments: Any) -> dict[str, Any]:
    """A trace as others write it: calls and schemas as objects, each with keys of its own."""
    call = {"id": "c1", "type": "function", "function": {"name": name, "arguments": arguments}}
    schema = {"type": "object", "properties": {key: {"type": "string"} for key in arguments}}
    return {
        "id": name,
        "messages": [
            {"role": "user", "content": f"Please look up {name} for me."},
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "name": name, "content": "found"},
            {"role": "assistant", "content": f"The result of {name} is in."},
        ],
        "tools": [{"type": "function", "function": {"name": name, "description": "Look up.", "parameters": schema}}],
        "n_calls": 1,
    }


def test_calls_of_unlike_tools_in_json_lines_keep_their_own_arguments(tmp_path: Path):
    rows = [_called("drug", substance="heparin"), _called("convert", value="90", unit="mg/dL")]
    path = tmp_path / "traces.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    assert failures(validate(open_dataset(str(path)))).keys() == {"schema.missing_optional_columns"}
    rows[0]["messages"][1]["tool_calls"][0]["function"]["arguments"]["unit"] = None
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    assert "turns.undeclared_arguments" in failures(validate(open_dataset(str(path))))


def test_what_calls_of_tools_say_is_looked_at_in_a_build(tmp_path: Path):
    said = "Please write to k.moreau@stmarys-clinic.org."
    row = _called("drug", note=said) | {"source": "made", "source_id": "1", "license": "mit", "format": "openai"}
    row["messages"] = [
        {"role": None, "content": None, "tool_calls": None, "tool_call_id": None, "name": None}
        | message
        | {"tool_calls": [json.dumps(call) for call in message.get("tool_calls", ())]}
        for message in row["messages"]
    ]
    rows = pl.DataFrame([row | {"tools": json.dumps(row["tools"])}]).with_columns(pl.col("n_calls").cast(pl.Int32))
    form = schema(Kind.TRACES)
    write_table(declared(rows.select(form.names).to_arrow(), form), tmp_path / "train.parquet")
    found = validate(open_dataset(str(tmp_path)), ["phi"]).results[0].findings
    assert found.select("field", "code").rows() == [
        ("messages[1].tool_calls[0].function.arguments.note", "phi:email"),
    ]
