"""Great Expectations' known pitfalls, each provoked."""

import json
import math
import subprocess
import sys
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openmed_data import verdict
from openmed_data.check import FINDINGS, CheckResult, Figure, Severity
from openmed_data.kinds import Kind
from openmed_data.verdict import (
    JUDGED_ROWS,
    ColumnJudge,
    Outcome,
    Rule,
    VerdictError,
    figure_rules,
    judge,
    load_suite,
    run_suite,
    suite_document,
)

NOT_NULL = Rule("expect_column_values_to_not_be_null", {"column": "id"})
IN_SET = Rule("expect_column_values_to_be_in_set", {"column": "label", "value_set": ["A", "B"]})


def result(*figures: Figure) -> CheckResult:
    return CheckResult("made", figures, pl.DataFrame(schema=FINDINGS))


def test_an_unknown_type_is_an_error_and_not_dropped():
    document = suite_document("made", [NOT_NULL, Rule("expect_nothing_to_be_noticed", {})])
    with pytest.raises(VerdictError, match="expect_nothing_to_be_noticed"):
        load_suite(document)


def test_a_suite_survives_json_with_every_expectation():
    rules = figure_rules([result(Figure("nulls", 1, maximum=0), Figure("w", 2, 0.5, 1, Severity.WARN))])
    document = json.loads(json.dumps(suite_document("made", rules)))
    suite = load_suite(document)
    assert len(suite.expectations) == len(rules) == 4
    frame = pl.DataFrame({"check": ["made"] * 2, "figure": ["nulls", "w"], "value": [1.0, 2.0]})
    assert [one.success for one in run_suite(document, frame)] == [True, True, False, False]
    assert load_suite(json.loads(json.dumps(suite.to_json_dict()))).expectations == suite.expectations


def test_no_figures_and_an_empty_frame_do_not_pass():
    assert not judge(Kind.SFT, []).passed
    outcomes = run_suite(
        suite_document("made", figure_rules([result(Figure("nulls", 0, maximum=0))])),
        pl.DataFrame(schema={"check": pl.String, "figure": pl.String, "value": pl.Float64}),
    )
    assert not outcomes[0].success, "the number of rows is an expectation"
    assert not outcomes[2].success, "an absent figure lies in no range"
    assert not any(one.success for one in ColumnJudge([NOT_NULL]).finish()), "a rule that met no row is not met"


def test_a_figure_named_twice_is_refused():
    with pytest.raises(VerdictError):
        judge(Kind.SFT, [result(Figure("rows", 1), Figure("rows", 2))])


def test_a_missing_column_counts_every_row_and_says_why():
    judge_ = ColumnJudge([NOT_NULL, IN_SET])
    judge_.add(pl.DataFrame({"label": ["A", "C", None]}))
    missing, labels = judge_.finish()
    assert (missing.success, missing.rows, missing.unexpected, missing.error) == (False, 3, 3, "the column is missing")
    assert (labels.success, labels.unexpected, labels.error) == (False, 1, "")


def test_failing_values_never_leave(capfd: pytest.CaptureFixture[str]):
    judge_ = ColumnJudge([IN_SET, Rule("expect_column_values_to_be_between", {"column": "label", "min_value": 3})])
    judge_.add(pl.DataFrame({"label": ["SENTINEL", "SENTINEL", "A"]}))
    outcomes = judge_.finish()
    assert outcomes[0].unexpected == 2
    assert outcomes[1].error, "text cannot be compared with a number"
    heard = capfd.readouterr()
    assert "SENTINEL" not in f"{outcomes}{heard.out}{heard.err}"


def test_great_expectations_is_asked_for_no_values(monkeypatch: pytest.MonkeyPatch):
    raw: list[Any] = []
    monkeypatch.setattr(verdict, "_outcome", lambda rule, result: raw.append(result) or Outcome(rule, success=False))
    run_suite(suite_document("made", [IN_SET]), pl.DataFrame({"label": ["SENTINEL"] * 3}))
    assert raw[0]["result"]["unexpected_count"] == 3
    assert "SENTINEL" not in str(raw)


@settings(max_examples=5, deadline=None)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=4))
def test_counts_add_up_over_batches_and_unlike_frames(sizes: list[int]):
    judge_ = ColumnJudge([IN_SET])
    for number, size in enumerate(sizes):
        frame = pl.DataFrame({"label": ["A", "x"] * size})
        judge_.add(frame.with_columns(pl.lit(1).alias("other")) if number % 2 else frame)
    (outcome,) = judge_.finish()
    assert (outcome.rows, outcome.unexpected) == (2 * sum(sizes), sum(sizes))


def test_rows_wait_in_bounded_memory():
    judge_ = ColumnJudge([NOT_NULL])
    judge_.add(pl.DataFrame({"id": [None] * JUDGED_ROWS}, schema={"id": pl.String}))
    assert not judge_._waiting
    judge_.add(pl.DataFrame({"id": ["a"]}))
    assert judge_.finish()[0].unexpected == JUDGED_ROWS


bounds = st.none() | st.floats(-5, 5)
values = st.floats(-6, 6) | st.just(math.nan) | st.just(math.inf)


@settings(max_examples=8, deadline=None)
@given(st.lists(st.tuples(values, bounds, bounds, st.sampled_from(Severity)), min_size=1, max_size=8))
def test_the_verdict_is_that_of_the_ranges(made: list[tuple[float, float | None, float | None, Severity]]):
    figures = [Figure(f"f{place}", *facts) for place, facts in enumerate(made)]
    found = judge(Kind.REWARDS, [result(*figures)])
    missed = [figure for figure in figures if not figure.passed]
    assert found.failed == sum(figure.severity is Severity.FAIL for figure in missed)
    assert found.warned == sum(figure.severity is Severity.WARN for figure in missed)
    assert found.passed == (found.failed == 0)
    assert found.expectations == len(figures) + 2


def test_great_expectations_is_loaded_for_a_verdict_only_and_reports_to_nobody():
    code = """
import sys
from typing import Any
import openmed_data.validate, openmed_data.validation.schema, openmed_data.validation.pairs, openmed_data.report
assert "great_expectations" not in sys.modules
from openmed_data.verdict import judge
from openmed_data.kinds import Kind
judge(Kind.SFT, [])
import os
assert os.environ["GX_ANALYTICS_ENABLED"] == "False"
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
