"""Drift between two reports."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from openmed_data.check import FINDINGS, CheckResult, Figure
from openmed_data.errors import UsageError
from openmed_data.kinds import Kind
from openmed_data.report import edited, write_report
from openmed_data.report.drift import FigureDrift, compare
from openmed_data.report.drift import _table_drift as table_drift


def test_a_report_does_not_drift_from_itself(report: Any):
    drift = compare(report(), report())
    assert drift.same_content
    assert (drift.figures, drift.tables) == ((), ())
    assert drift.rows == {"train": (10, 10), "validation": (2, 2)}


def test_what_changed_came_and_went_is_named(report: Any, tmp_path: Path):
    before = report()
    (result,) = before.results
    figures = (*result.figures[1:], Figure("new", 1))
    tables = {**result.tables, "subject": {"Surgery": 6, "Anatomy": 6}}
    after = replace(
        before,
        content_digest="c" * 64,
        rows={"train": 12},
        results=(CheckResult("schema", figures, pl.DataFrame(schema=FINDINGS), tables, 12),),
    )
    drift = compare(after, before)
    assert not drift.same_content
    assert drift.rows == {"train": (10, 12), "validation": (2, 0)}
    assert drift.figures == (FigureDrift("schema", "new", None, 1), FigureDrift("schema", "rows", 12, None))
    assert [(one.title, one.distance) for one in drift.tables] == [("subject", 0.5)]
    write_report(before, tmp_path / "before")
    write_report(after, tmp_path / "after", baseline=tmp_path / "before")
    for name in ("report.html", "report.md"):
        assert "Since the baseline" in (tmp_path / "after" / name).read_text(encoding="utf-8")
    written = json.loads((tmp_path / "after" / "report.json").read_text(encoding="utf-8"))
    assert written["drift"] == json.loads(json.dumps(drift.to_json()))
    assert edited(tmp_path / "before") == edited(tmp_path / "after") == []
    page = tmp_path / "after" / "report.html"
    page.write_text(page.read_text(encoding="utf-8").replace("Since the baseline", "Since then"), encoding="utf-8")
    assert edited(tmp_path / "after") == ["report.html"]


def test_another_kind_is_no_baseline(report: Any):
    with pytest.raises(UsageError, match="rewards"):
        compare(report(), report(kind=Kind.REWARDS))


tables = st.dictionaries(st.sampled_from("ABCDE"), st.integers(1, 50), min_size=1)


@given(tables, tables)
@example({"A": 9, "C": 11, "D": 49, "B": 41}, {"B": 11, "C": 21})
def test_distance_is_one(then: dict[str, float], now: dict[str, float]):
    forth, back = table_drift("t", then, now), table_drift("t", now, then)
    assert forth.distance == back.distance
    assert 0 <= forth.distance <= 1
    assert (forth.distance == 1) == (not then.keys() & now.keys())
    assert table_drift("t", then, {label: 2 * count for label, count in then.items()}).distance == 0
