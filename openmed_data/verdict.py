"""The verdict, given by Great Expectations: one suite of expectations over the figures of every check.

Two kinds of suite run here. Row-level rules that Great Expectations knows natively (no nulls, values of a set, numbers
in a range) run over columns of the data, a bounded number of rows at a time, and their counts add up. Everything that
a check worked out itself comes as a figure with a range, each one an `ExpectFigureToBeInRange` of its own.

What goes wrong with Great Expectations (1.24, measured) if nobody looks, and what is done here:

- an expectation whose type is not registered is dropped from a suite on load, and an empty suite succeeds: ours is
  registered first, and expectations are counted on load and again in the results;
- column rules pass on an empty frame: the number of rows is an expectation of the verdict, and no figures is a failure;
- results hold failing values: they are asked for none (`RESULT_FORMAT`), and only counts and booleans leave here;
- a missing column is no exception, but a failed result with one inside: it becomes `Outcome.error`;
- usage is reported to its makers, progress bars are drawn, warnings leak: all are off.
"""

import importlib
import logging
import os
import warnings
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from openmed_data.check import CheckResult, Severity
from openmed_data.errors import OpenMedError
from openmed_data.kinds import Kind

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

RESULT_FORMAT = {"result_format": "SUMMARY", "partial_unexpected_count": 0}
JUDGED_ROWS = 131_072
_GX_SEVERITY = {Severity.FAIL: "critical", Severity.WARN: "warning"}


class VerdictError(OpenMedError):
    """Great Expectations did not evaluate what it was given: a defect of the set-up, never of the data."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One expectation as data: its registered type and its arguments."""

    type: str
    kwargs: Mapping[str, Any]
    severity: Severity = Severity.FAIL


@dataclass(frozen=True, slots=True)
class Outcome:
    """What Great Expectations says of one rule.

    Attributes
    ----------
    rows, unexpected
        Rows looked at and rows that break the rule; 0 for rules that are not about rows.
    error
        Why the rule could not be evaluated, as for a column that is not there; a rule with an error is not met.
    """

    rule: Rule
    success: bool
    rows: int = 0
    unexpected: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the expectations come to; `passed` is about those of severity `fail`."""

    passed: bool
    expectations: int
    failed: int
    warned: int


def judge(kind: Kind, results: Sequence[CheckResult]) -> Verdict:
    """Hold every figure of every check against its range.

    Raises
    ------
    VerdictError
        A figure was not evaluated, or came out otherwise than its own range says.

    Examples
    --------
    >>> from openmed_data.check import FINDINGS, Figure
    >>> figures = (Figure("rows", 12, minimum=1), Figure("nulls", 3, maximum=0))
    >>> judge(Kind.SFT, [CheckResult("schema", figures, pl.DataFrame(schema=FINDINGS))])
    Verdict(passed=False, expectations=4, failed=1, warned=0)
    """
    figures = [(result.check, figure) for result in results for figure in result.figures]
    frame = pl.DataFrame(
        [(check, figure.name, float(figure.value)) for check, figure in figures],
        schema={"check": pl.String, "figure": pl.String, "value": pl.Float64},
        orient="row",
    )
    outcomes = run_suite(suite_document(f"openmed-data {kind}", figure_rules(results)), frame)
    *about_frame, judged = outcomes[0], outcomes[1], outcomes[2:]
    for (check, figure), outcome in zip(figures, judged, strict=True):
        if outcome.error or outcome.success != figure.passed:
            raise VerdictError(f"{check}: {figure.name} could not be judged: {outcome.error or 'two verdicts differ'}")
    failed = sum(not outcome.success and outcome.rule.severity is Severity.FAIL for outcome in outcomes)
    warned = sum(not outcome.success and outcome.rule.severity is Severity.WARN for outcome in outcomes)
    return Verdict(
        bool(figures) and not failed and all(one.success for one in about_frame), len(outcomes), failed, warned
    )


def figure_rules(results: Sequence[CheckResult]) -> tuple[Rule, ...]:
    """Return the rules of the verdict: two about the frame of figures, then one for each figure."""
    figures = [(result.check, figure) for result in results for figure in result.figures]
    return (
        Rule("expect_table_row_count_to_equal", {"value": len(figures)}),
        Rule("expect_compound_columns_to_be_unique", {"column_list": ["check", "figure"]}),
        *(
            Rule(
                "expect_figure_to_be_in_range",
                {"check": check, "figure": figure.name, "minimum": figure.minimum, "maximum": figure.maximum},
                figure.severity,
            )
            for check, figure in figures
        ),
    )


def suite_document(name: str, rules: Sequence[Rule]) -> dict[str, Any]:
    """Return a suite as Great Expectations writes it to JSON; `meta.rule` numbers the rules."""
    return {
        "name": name,
        "expectations": [
            {
                "type": rule.type,
                "kwargs": dict(rule.kwargs),
                "severity": _GX_SEVERITY[rule.severity],
                "meta": {"rule": number},
            }
            for number, rule in enumerate(rules)
        ],
    }


def load_suite(document: Mapping[str, Any]) -> "ExpectationSuite":
    """Return the suite of a document, with every expectation it names.

    Raises
    ------
    VerdictError
        Great Expectations dropped an expectation, because it knows no such type.
    """
    with _quietly():
        gx = _great_expectations()
        suite: ExpectationSuite = gx.ExpectationSuite(
            name=document["name"], expectations=list(document["expectations"])
        )
    loaded: set[int] = {one.meta["rule"] for one in suite.expectations if one.meta}
    lost = [one["type"] for one in document["expectations"] if one["meta"]["rule"] not in loaded]
    if lost:
        raise VerdictError(f"Great Expectations knows no {', '.join(sorted(set(lost)))}")
    return suite


def run_suite(document: Mapping[str, Any], frame: pl.DataFrame) -> tuple[Outcome, ...]:
    """Evaluate a suite over `frame` and return one outcome for each of its rules, in their order.

    Raises
    ------
    VerdictError
        An expectation was dropped on load, or has no result.
    """
    suite = load_suite(document)
    with _quietly():
        context = _great_expectations().get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        source = context.data_sources.add_pandas("figures")
        whole = source.add_dataframe_asset("frame").add_batch_definition_whole_dataframe("whole")
        batch = whole.get_batch({"dataframe": frame.to_pandas()})
        results: list[Any] = batch.validate(suite, result_format=RESULT_FORMAT).results
    rules = [Rule(one["type"], one["kwargs"], _severity(one)) for one in document["expectations"]]
    found: dict[int, Any] = {result.expectation_config.meta["rule"]: result.to_json_dict() for result in results}
    if found.keys() != set(range(len(rules))):
        raise VerdictError(f"Great Expectations evaluated {len(found)} of {len(rules)} expectations")
    return tuple(_outcome(rule, found[number]) for number, rule in enumerate(rules))


@dataclass(slots=True)
class ColumnJudge:
    """Count the rows that break native column rules, over any number of batches in bounded memory.

    Examples
    --------
    >>> rule = Rule("expect_column_values_to_not_be_null", {"column": "id"})
    >>> judge = ColumnJudge([rule])
    >>> judge.add(pl.DataFrame({"id": ["a", None]}))
    >>> [outcome.unexpected for outcome in judge.finish()]
    [1]
    """

    rules: Sequence[Rule]
    _waiting: list[pl.DataFrame] = field(default_factory=list[pl.DataFrame])
    _totals: list[Outcome] = field(default_factory=list[Outcome])

    def add(self, frame: pl.DataFrame) -> None:
        """Take rows in; frames of unlike columns may follow one another."""
        if self._waiting and self._waiting[0].schema != frame.schema:
            self._flush()
        self._waiting.append(frame)
        if sum(one.height for one in self._waiting) >= JUDGED_ROWS:
            self._flush()

    def finish(self) -> tuple[Outcome, ...]:
        """Return one outcome for each rule, counts added up; a rule that never met a row is not met."""
        self._flush()
        return tuple(self._totals) or tuple(Outcome(rule, success=False, error="no rows") for rule in self.rules)

    def _flush(self) -> None:
        if not self._waiting or not self.rules:
            return
        frame = pl.concat(self._waiting)
        self._waiting = []
        # Where a column is missing, every row lacks what the rule asks for.
        outcomes = [
            replace(outcome, rows=frame.height, unexpected=frame.height) if outcome.error else outcome
            for outcome in run_suite(suite_document("columns", self.rules), frame)
        ]
        totals = self._totals or [Outcome(rule, success=True) for rule in self.rules]
        self._totals = [_added(*pair) for pair in zip(totals, outcomes, strict=True)]


def _added(one: Outcome, other: Outcome) -> Outcome:
    return Outcome(
        one.rule,
        one.success and other.success,
        one.rows + other.rows,
        one.unexpected + other.unexpected,
        one.error or other.error,
    )


def _severity(expectation: Mapping[str, Any]) -> Severity:
    return next(ours for ours, theirs in _GX_SEVERITY.items() if theirs == expectation["severity"])


def _outcome(rule: Rule, result: Mapping[str, Any]) -> Outcome:
    """Take the counts out of a result, and nothing else: never a value."""
    details = result["result"]
    return Outcome(
        rule,
        bool(result["success"]),
        int(details.get("element_count", 0)),
        int(details.get("unexpected_count", 0)),
        _error(result["exception_info"]),
    )


def _error(info: Mapping[str, Any]) -> str:
    """Return why an expectation could not be evaluated; metrics report one by one, keyed by their identity."""
    if info.get("raised_exception"):
        return "raised an exception"
    each: list[Mapping[str, Any]] = [one for one in info.values() if isinstance(one, dict)]
    missing = any("does not exist" in str(one.get("exception_message", "")) for one in each)
    return "the column is missing" if missing else "raised an exception" if each else ""


def _great_expectations() -> Any:
    """Import Great Expectations, which is typed only in part, and register our own expectation."""
    importlib.import_module("openmed_data.expectations")
    return importlib.import_module("great_expectations")


@contextmanager
def _quietly() -> Generator[None]:
    """Keep Great Expectations from reporting usage, and its warnings and logs (which may quote data) from anyone."""
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    logger = logging.getLogger("great_expectations")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
