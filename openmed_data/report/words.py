"""How numbers and ranges are written, in every form of the report."""

import math

from openmed_data.check import Figure, Severity
from openmed_data.report.model import Report


def number(value: float | None) -> str:
    """Write a number as a person would.

    Examples
    --------
    >>> [number(value) for value in (4100, 0.5018, 1234567.0, float("nan"), None)]
    ['4,100', '0.5018', '1,234,567', 'not computed', '-']
    """
    if value is None:
        return "-"
    if not math.isfinite(value):
        return "not computed"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4f}".rstrip("0")


def allowed(figure: Figure) -> str:
    """Write the range of a figure.

    Examples
    --------
    >>> allowed(Figure("nulls", 0, maximum=0)), allowed(Figure("rows", 5, minimum=1)), allowed(Figure("mean", 5))
    ('0', '≥ 1', 'any')
    >>> allowed(Figure("accuracy", 0.5, 0.48, 0.52))
    '0.48 to 0.52'
    """
    low, high = figure.minimum, figure.maximum
    if low is None and high is None:
        return "any"
    if low is None or high is None:
        if high == 0:
            return "0"
        return f"≥ {number(low)}" if high is None else f"≤ {number(high)}"
    return f"{number(low)} to {number(high)}"


def state(figure: Figure) -> str:
    """Return ``pass``, ``warn`` or ``fail``; ``info`` for a figure without a range.

    Examples
    --------
    >>> state(Figure("nulls", 2, maximum=0)), state(Figure("mean", 5))
    ('fail', 'info')
    """
    if figure.passed:
        return "info" if figure.minimum is None and figure.maximum is None else "pass"
    return "warn" if figure.severity is Severity.WARN else "fail"


def plural(count: int, noun: str) -> str:
    """Write a count and its noun.

    Examples
    --------
    >>> plural(1, "check"), plural(3, "check")
    ('1 check', '3 checks')
    """
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def verdict(report: Report) -> str:
    """Write the verdict, with what a reader must not take for passed.

    Examples
    --------
    >>> from openmed_data.kinds import Kind
    >>> verdict(Report("made", Kind.SFT, None, "", {}, (), passed=True, expectations=1))
    'passed'
    """
    if not report.passed:
        return "failed"
    besides = [plural(report.warnings, "warning")] if report.warnings else []
    besides += [f"{plural(len(report.not_run), 'check')} not run"] if report.not_run else []
    return ", ".join(["passed", *besides])
