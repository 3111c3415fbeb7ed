"""`validate` judges a build by the settings by which the build filtered its rows, and says so."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from openmed_data.api import build_dataset
from openmed_data.check import CheckResult
from openmed_data.dataset import open_dataset
from openmed_data.report import Report
from openmed_data.validate import validate


class Heard:
    """A listener that keeps what it is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def step(self, name: str, total: int | None) -> Callable[..., None]:
        del name, total
        return lambda *_: None

    def note(self, text: str) -> None:
        self.notes.append(text)


def result(report: Report, check: str) -> CheckResult:
    return next(one for one in report.results if one.check == check)


@pytest.fixture
def build(tmp_path: Path) -> tuple[Path, Path, dict[str, Any]]:
    """Give a build that was told to keep rows with identifiers and to look for a benchmark, and where its index is."""
    quiz, cache = tmp_path / "quiz.jsonl", tmp_path / "cache"
    stem = "How long should a swimmer wait after an ear operation before diving from a pier into cold salt water?"
    quiz.write_text(json.dumps({"question": stem}) + "\n", encoding="utf-8")
    told = {"phi": {"action": "flag"}, "contamination": {"benchmarks": [str(quiz)], "cache": str(cache)}}
    build_dataset("medmcqa-prefs", "sample", tmp_path / "prefs", checks=told, validation=False)
    return tmp_path / "prefs", cache, told


def test_a_build_is_judged_by_what_it_was_told(build: tuple[Path, Path, dict[str, Any]]):
    path, cache, told = build
    heard = Heard()
    given = {"contamination": {"cache": str(cache)}}
    again = validate(open_dataset(str(path)), settings=given, progress=heard)
    assert again.to_json() == validate(open_dataset(str(path)), settings=told).to_json()
    assert result(again, "phi").figures[0].severity == "warn"
    assert result(again, "contamination").figures[1].name == "quiz"
    assert [note.partition(" as the build was told: ")[0] for note in heard.notes] == ["phi", "contamination"]
    assert "action=flag" in heard.notes[0]


def test_what_is_given_goes_over_what_the_build_was_told(build: tuple[Path, Path, dict[str, Any]]):
    heard = Heard()
    report = validate(open_dataset(str(build[0])), ["phi"], {"phi": {"action": "fail"}}, progress=heard)
    assert result(report, "phi").figures[0].severity == "fail"
    assert heard.notes == []


def test_benchmarks_that_are_gone_are_named(build: tuple[Path, Path, dict[str, Any]], tmp_path: Path):
    nowhere = {"contamination": {"cache": str(tmp_path / "empty")}}
    report = validate(open_dataset(str(build[0])), settings=nowhere)
    assert report.not_run["contamination"] == "the build looked for quiz: give these again, with --benchmarks PATH"
