"""The self-test: a check that finds everything and one that finds nothing are told apart, and nothing is changed."""

import hashlib
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from openmed_data import registry, self_test
from openmed_data.builder import ReasonCode
from openmed_data.check import FINDINGS, Check, Figure, Plant, Scan, Settings
from openmed_data.dataset import open_dataset
from openmed_data.kinds import Kind
from openmed_data.planted import Recall, SelfTest, read_self_test, write_self_test
from openmed_data.planting import change_asked, change_told


class Fault(ReasonCode):
    SHOUTED = "shouted", "rows whose question is in capitals"


class Toy(Check[Settings]):
    """Finds questions in capitals, if it listens."""

    name = "toy"
    summary = "questions are not shouted"
    codes = Fault
    most_findings = 5

    def __init__(self, hears: float = 1.0, alarms: int = 0, level: int = 2, *, any_code: bool = False) -> None:
        self.hears, self.alarms, self.level, self.any_code = hears, alarms, level, any_code

    @property
    def settings_model(self) -> type[Settings]:
        return Settings

    def scan(self, batch: pl.DataFrame, settings: Settings) -> Scan:
        asked = batch["messages"].list.first().struct.field("content")
        loud = (asked == asked.str.to_uppercase()).arg_true()
        heard = [*loud.head(round(self.hears * len(loud))), *range(self.alarms)]
        rows = [(batch["id"][at], "", "messages", 0, 0, "shouted", self.level, "") for at in dict.fromkeys(heard)]
        return Scan(pl.DataFrame(rows, schema=FINDINGS, orient="row").head(self.most_findings))

    def assess(self, counts: pl.DataFrame, settings: Settings) -> tuple[Figure, ...]:
        return (Figure("loudness", 1.0, maximum=0.5 if self.hears else 2.0),)

    def plants(self, rows: pl.DataFrame, kind: Kind, settings: Settings, rng: random.Random) -> Iterator[Plant]:
        yield Plant("shouted", change_asked(rows.head(20), kind, str.upper), "in capitals", any_code=self.any_code)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    said = [
        {
            "id": f"r{number}",
            "messages": [{"role": "user", "content": f"why {number}?"}, {"role": "assistant", "content": "so"}],
        }
        for number in range(900)
    ]
    pl.DataFrame(said).write_parquet(tmp_path / "train.parquet")
    return tmp_path


def measured(monkeypatch: pytest.MonkeyPatch, dataset: Path, check: Toy) -> SelfTest:
    monkeypatch.setattr(registry, "names", lambda room: ["toy"])
    monkeypatch.setattr("openmed_data.validate.all_of", lambda room: {"toy": check})
    return self_test.self_test(open_dataset(str(dataset)), content_digest="abc")


@pytest.mark.parametrize(("hears", "found"), [(1.0, 20), (0.5, 10), (0.0, 0)])
def test_recall_is_counted_beyond_what_a_report_would_show(
    hears: float, found: int, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = measured(monkeypatch, dataset, Toy(hears))
    assert result.recalls == (Recall("toy", "shouted", "in capitals", 20, found),)
    assert result.rows == self_test.ROWS
    assert Toy.most_findings == 5


def test_rows_named_before_anything_is_planted_are_told_and_not_planted_into(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = measured(monkeypatch, dataset, Toy(alarms=7))
    assert result.unplanted == {"toy": 7}
    assert result.recalls[0].found == 20


def test_a_finding_that_nothing_acts_on_does_not_catch_a_row(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [measured(monkeypatch, dataset, Toy(level=level, any_code=True)).recalls[0].found for level in (1, 2)]
    assert found == [0, 20]


def test_a_figure_that_was_out_of_range_before_tells_nothing(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def together(self: Toy, rows: pl.DataFrame, kind: Kind, settings: Settings, rng: random.Random) -> Iterator[Plant]:
        yield Plant("loudness", rows, together=True)

    monkeypatch.setattr(Toy, "plants", together)
    assert measured(monkeypatch, dataset, Toy()).recalls[0].found == 0


def test_the_rows_do_not_depend_on_their_order_and_files_are_left_alone(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = hashlib.sha256((dataset / "train.parquet").read_bytes()).hexdigest()
    drawn = self_test._draw(open_dataset(str(dataset)))
    assert hashlib.sha256((dataset / "train.parquet").read_bytes()).hexdigest() == before
    pl.read_parquet(dataset / "train.parquet").reverse().write_parquet(dataset / "train.parquet")
    assert self_test._draw(open_dataset(str(dataset)))["id"].to_list() == drawn["id"].to_list()


def test_what_is_written_is_read_again_for_the_same_rows_only(tmp_path: Path) -> None:
    result = SelfTest(5, (Recall("toy", "shouted", "so", 4, 3),), {"toy": 1}, {"chat": "no tokenizer"}, "abc")
    write_self_test(result, tmp_path)
    assert read_self_test(tmp_path, "abc") == result
    assert read_self_test(tmp_path, "other") is None
    (tmp_path / "self_test.json").write_text("[]")
    assert read_self_test(tmp_path, "abc") is None
    assert read_self_test(tmp_path / "absent", "abc") is None


def test_recalls_are_summed_by_code_and_by_check() -> None:
    recalls = (Recall("a", "x", "one", 4, 3), Recall("a", "x", "two", 4, 4), Recall("b", "y", "one", 1, 1))
    result = SelfTest(5, recalls, {})
    assert result.by_code()[0] == Recall("a", "x", "one; two", 8, 7)
    assert {name: len(every) for name, every in result.by_check().items()} == {"a": 1, "b": 1}


def test_changes_touch_the_last_message_of_their_side_alone() -> None:
    turns = [{"role": role, "content": text} for role, text in zip(["user", "assistant"] * 2, "abcd", strict=True)]
    rows = pl.DataFrame({"messages": [turns]})

    def said(frame: pl.DataFrame) -> str:
        return "".join(one["content"] for one in frame["messages"][0])

    assert said(change_asked(rows, Kind.SFT, str.upper)) == "abCd"
    assert said(change_told(rows, Kind.SFT, str.upper)) == "abcD"
    assert said(rows) == "abcd"


@pytest.mark.slow
def test_the_checks_find_what_they_plant_into_the_sample(tmp_path: Path) -> None:
    """Every sort of fault is found at least in part, and nothing is named in the sample as it is."""
    from typer.testing import CliRunner

    from openmed_data.api import build_dataset
    from openmed_data.card import render
    from openmed_data.cli import app

    build = build_dataset("medmcqa-prefs", "sample", tmp_path / "prefs", validation=False).path
    done = CliRunner().invoke(app, ["validate", str(build), "--self-test"])
    assert done.exit_code == 0, done.output
    held: dict[str, Any] = json.loads((build / "validation" / "self_test.json").read_text(encoding="utf-8"))
    assert not any(held["unplanted"].values())
    assert {one["check"] for one in held["recalls"]} >= {"pairs", "quality", "schema", "turns", "phi", "duplicates"}
    assert [one for one in held["recalls"] if not one["found"]] == []
    exact = {"schema", "turns", "pairs"}
    assert [one for one in held["recalls"] if one["check"] in exact and one["found"] < one["planted"]] == []
    report = json.loads((build / "validation" / "report.json").read_text(encoding="utf-8"))
    assert report["self_test"] == held
    for name in ("report.md", "report.html"):
        assert "Planted faults" in (build / "validation" / name).read_text(encoding="utf-8")
    assert "What the checks would have found" in render(build)
    assert "chat was not tested: no tokenizer" in done.output
    again = CliRunner().invoke(app, ["validate", str(build), "--quiet"])
    assert again.exit_code == 0
    assert json.loads((build / "validation" / "report.json").read_text(encoding="utf-8"))["self_test"] == held


def test_checks_plant_for_every_kind(memory_rows: Any) -> None:
    """What a check plants keeps the columns and their types, and puts the fault into rows that were there."""
    kind, rows = memory_rows
    for name, check in registry.all_of(registry.CHECKS).items():
        if kind not in check.kinds or check.not_run(check.settings_model()):
            continue
        for plant in check.plants(rows, kind, check.settings_model(), random.Random(1)):
            assert plant.rows.schema == rows.schema, (name, plant.code)
            assert plant.rows.height
            assert not plant.rows.equals(rows.head(plant.rows.height)), (name, plant.code)


def message(role: str, content: str, *calls: str) -> dict[str, Any]:
    return {"role": role, "content": content, "tool_calls": list(calls), "tool_call_id": None, "name": None}


CALL = json.dumps({"id": "c", "function": {"name": "search", "arguments": {"query": "x"}}})
TOOLS = json.dumps([{"type": "function", "function": {"name": "search", "parameters": {"properties": {"query": {}}}}}])
ROWS: dict[Kind, dict[str, Any]] = {
    Kind.SFT: {"messages": [message("user", "Which vein drains the liver?"), message("assistant", "Hepatic veins.")],
               "tools": "", "domain": "", "origin": ""},
    Kind.REWARDS: {"prompt": [{"role": "user", "content": "Which vein drains it?"}], "answer": "Hepatic",
                   "answer_type": "choice"},
    Kind.TRACES: {"messages": [message("user", "Find out what sepsis is."), message("assistant", "", CALL),
                               message("tool", "found"), message("assistant", "It is grave.")],
                  "tools": TOOLS, "format": "openai", "n_calls": 1},
}  # fmt: skip


@pytest.fixture(params=sorted(ROWS))
def memory_rows(request: pytest.FixtureRequest) -> tuple[Kind, pl.DataFrame]:
    row = ROWS[Kind(request.param)]
    return Kind(request.param), pl.DataFrame([{"id": f"r{number}"} | row for number in range(60)])
