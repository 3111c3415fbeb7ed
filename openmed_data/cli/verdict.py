"""Say what the checks found, whether a dataset passed, and where to look."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from openmed_data.console import Cell, Console, Styled, Table

if TYPE_CHECKING:
    from openmed_data.check import CheckResult, Figure
    from openmed_data.report import Report

PASSED = Styled("passed", "bold green")
WARNED = Styled("passed, with warnings", "bold yellow")
FAILED = Styled("FAILED", "bold red")


def print_report(console: Console, report: "Report", directory: Path | None) -> None:
    """Print one line for each check, one for each figure out of its range, and the verdict."""
    rows: list[tuple[Cell, ...]] = [
        (one.check, _verdict(one), f"{sum(figure.passed for figure in one.figures)} of {len(one.figures)}")
        for one in report.results
    ]
    console.table(Table(("CHECK", "VERDICT", "FIGURES IN RANGE"), rows))
    if report.failures:
        missed: list[tuple[Cell, ...]] = [
            (Styled(f"{check}: {figure.name}", "yellow"), f"{figure.value:,.6g}", allowed(figure), figure.meaning)
            for check, figure in report.failures
        ]
        console.line("")
        console.table(Table(("OUT OF RANGE", "IS", "ALLOWED", "MEANING"), missed, right=frozenset({"IS"})))
    console.line("")
    verdict = FAILED if not report.passed else WARNED if report.warnings else PASSED
    where = [("report", str(directory / "report.html"))] if directory is not None else []
    console.fields([("verdict", verdict), ("rows", f"{sum(report.rows.values()):,}"), *where])


def _verdict(result: "CheckResult") -> Styled:
    missed = [figure for figure in result.figures if not figure.passed]
    if not missed:
        return PASSED
    return FAILED if any(figure.severity == "fail" for figure in missed) else WARNED


def allowed(figure: "Figure") -> str:
    """Return a figure's range in words."""
    low, high = figure.minimum, figure.maximum
    if low is not None and high is not None:
        return f"{low:g}" if low == high else f"{low:g} to {high:g}"
    return f"at least {low:g}" if low is not None else f"at most {high:g}" if high is not None else "anything"


def annotations(report: "Report") -> Iterator[str]:
    """Yield the workflow commands that make GitHub Actions show each figure out of its range."""
    for check, figure in report.failures:
        level = "error" if figure.severity == "fail" else "warning"
        text = f"{figure.value:,.6g}, allowed is {allowed(figure)}. {figure.meaning}"
        escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        yield f"::{level} title={report.name}%3A {check} {figure.name}::{escaped}"
