"""Say what the checks found, whether a dataset passed, and where to look."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from openmed_data.console import Cell, Console, Styled, Table

if TYPE_CHECKING:
    from openmed_data.check import CheckResult
    from openmed_data.planted import Recall, SelfTest
    from openmed_data.report import Report

PASSED = Styled("passed", "bold green")
WARNED = Styled("passed, with warnings", "bold yellow")
NOT_RUN = Styled("not run", "bold yellow")
FAILED = Styled("FAILED", "bold red")

_MOST_PLACES = 5  # of each check; the report lists more


def print_report(console: Console, report: "Report", places: Mapping[str, Path]) -> None:
    """Print one line for each check, one for each figure out of its range, the verdict, and where to look."""
    from openmed_data.report.words import allowed, number

    rows: list[tuple[Cell, ...]] = [
        (one.check, _verdict(one), f"{sum(figure.passed for figure in one.figures)} of {len(one.figures)}")
        for one in report.results
    ]
    console.table(Table(("CHECK", "VERDICT", "FIGURES IN RANGE"), rows))
    for check, reason in report.not_run.items():
        console.note(f"{check} did not run: {reason}")
    if report.failures:
        missed: list[tuple[Cell, ...]] = [
            (Styled(f"{check}.{figure.name}", "yellow"), number(figure.value), allowed(figure), figure.meaning)
            for check, figure in report.failures
        ]
        console.line("")
        console.table(Table(("OUT OF RANGE", "IS", "ALLOWED", "MEANING"), missed, right=frozenset({"IS"})))
        _print_places(console, report)
    if report.self_test is not None:
        _print_planted(console, report.self_test)
    console.line("")
    looked = ("rows", f"{sum(report.rows.values()):,}")
    console.fields([("verdict", _whole_verdict(report)), looked, *((name, str(path)) for name, path in places.items())])


def _whole_verdict(report: "Report") -> Styled:
    from openmed_data.report.words import verdict

    if not report.passed:
        return FAILED
    return Styled(verdict(report), "bold yellow" if report.warnings or report.not_run else "bold green")


def _print_places(console: Console, report: "Report") -> None:
    """Print where the checks that missed their ranges found what: the gravest places of each."""
    missed = {check for check, _ in report.failures}
    rows: list[tuple[Cell, ...]] = [
        (one["code"] if ":" in one["code"] else f"{result.check}:{one['code']}", one["id"], one["field"], one["masked"])
        for result in report.results
        if result.check in missed
        for one in result.findings.head(_MOST_PLACES).iter_rows(named=True)
    ]
    if rows:
        console.line("")
        console.table(Table(("FOUND", "ROW", "IN", "WHAT, MASKED"), rows))


def _print_planted(console: Console, found: "SelfTest") -> None:
    """Print how many planted faults each check found, and what it found least of."""
    rows: list[tuple[Cell, ...]] = [
        (check, f"{sum(one.planted for one in every):,}", f"{sum(one.found for one in every):,}", _least(every))
        for check, every in found.by_check().items()
    ]
    console.line("")
    console.table(Table(("SELF-TEST", "PLANTED", "FOUND", "LEAST FOUND"), rows, right=frozenset({"PLANTED", "FOUND"})))
    for check, reason in found.not_tested.items():
        console.note(f"{check} was not tested: {reason}")


def _least(recalls: "Sequence[Recall]") -> str:
    least = min(recalls, key=lambda one: one.share)
    return f"{least.code} {least.found} of {least.planted}" if least.missed else ""


def _verdict(result: "CheckResult") -> Styled:
    from openmed_data.report.words import state

    if result.not_run:
        return NOT_RUN
    states = {state(figure) for figure in result.figures}
    return FAILED if "fail" in states else WARNED if "warn" in states else PASSED
