"""`show --format` and `export`: what a person gets, and what reads back."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from toy_builder import read_rows, run_pipeline
from typer.testing import CliRunner, Result

from openmed_data.builders.tool_traces import ToolTraces
from openmed_data.cli import app
from openmed_data.dataset import open_dataset
from openmed_data.errors import SourceError
from openmed_data.traces.export import export

Run = Callable[..., Result]


class Threaded(ToolTraces):
    """The same in threads, which start at once."""

    releases_gil = True


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_pipeline(Threaded(), "sample", tmp_path_factory.mktemp("cli") / "traces")


@pytest.fixture
def run() -> Run:
    def invoke(*given: object, code: int = 0) -> Result:
        done = CliRunner().invoke(app, list(map(str, given)))
        assert done.exit_code == code, done.output
        return done

    return invoke


@pytest.mark.parametrize("name", ["openai", "anthropic", "hermes", "sharegpt"])
def test_what_was_exported_builds_the_same_rows(run: Run, build: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / "traces.jsonl"
    told = json.loads(run("export", build, "--format", name, "--out", out, "--json").stdout)
    rows = read_rows(build)
    assert told == {"path": str(out), "format": name, "rows": rows.height}
    again = read_rows(run_pipeline(Threaded(), str(out), tmp_path / "again", format=name))
    same = ("id", "messages", "tools", "n_calls")
    assert again.select(same).sort("id").equals(rows.select(same).sort("id"))
    assert not list(tmp_path.glob("*.partial"))


def test_one_split_alone(run: Run, build: Path, tmp_path: Path) -> None:
    out = tmp_path / "v.jsonl"
    run("export", build, "--format", "openai", "--out", out, "--split", "validation")
    assert len(out.read_text(encoding="utf-8").splitlines()) == read_rows(build, "validation").height


def test_show_prints_a_row_in_another_format(run: Run, build: Path) -> None:
    row = read_rows(build).filter(pl.col("source_id") == "openai-02")["id"][0]
    record: Any = json.loads(run("show", build, "--row", row, "--format", "anthropic").stdout)
    assert [block["type"] for block in record["messages"][1]["content"]] == ["text", "tool_use", "tool_use"]
    lines = run("show", build, "--sample", 2, "--format", "hermes", "--json").stdout.splitlines()
    assert [set(json.loads(line)) for line in lines] == [{"messages", "tools"}] * 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--format", "xlam"), "the format 'xlam' cannot hold every trace"),
        (("--format", "opena"), "no trace format is called 'opena'"),
        (("--format", "openai", "--split", "test"), "has no split 'test'"),
    ],
)
def test_what_cannot_be_exported_is_said(run: Run, build: Path, tmp_path: Path, given: Any, said: str) -> None:
    done = run("export", build, *given, "--out", tmp_path / "x.jsonl", code=2)
    assert said in " ".join(done.output.split())
    assert not (tmp_path / "x.jsonl").exists()


def test_a_file_that_stands_there_is_not_replaced(run: Run, build: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.jsonl"
    out.write_text("mine", encoding="utf-8")
    assert "exists" in run("export", build, "--format", "openai", "--out", out, code=2).output
    assert out.read_text(encoding="utf-8") == "mine"


def test_rejected_records_have_no_other_format(run: Run, build: Path) -> None:
    done = run("show", build, "--rejected", "all", "--format", "openai", code=2)
    assert "--rejected does not go with --format" in " ".join(done.output.split())


def test_pairs_are_no_traces(run: Run, tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.jsonl"
    said = [{"role": "user", "content": "x"}]
    pairs.write_text(json.dumps({"prompt": said, "chosen": said, "rejected": said}), encoding="utf-8")
    done = run("export", pairs, "--format", "openai", "--out", tmp_path / "x.jsonl", code=2)
    assert "holds preferences" in " ".join(done.output.split())


def test_a_broken_row_is_named_and_leaves_nothing_behind(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    row = {"id": "r1", "messages": [{"role": "user", "content": "x"}], "tools": "[{", "n_calls": 0}
    rows.write_text(json.dumps(row) + "\n", encoding="utf-8")
    with pytest.raises(SourceError, match="train, row r1: found tools: found broken JSON"):
        export(open_dataset(str(rows)), "openai", tmp_path / "x.jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]
