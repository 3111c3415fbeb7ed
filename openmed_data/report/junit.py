"""The report as JUnit XML: one test suite for each check, one test case for each figure."""

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from openmed_data.check import CheckResult, Figure
from openmed_data.report.model import Report
from openmed_data.report.words import allowed, number, state

# Characters that XML 1.0 cannot hold, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_junit(report: Report) -> str:
    """Return the report as JUnit XML; figures of severity `warn` never fail."""
    figures = [figure for result in report.results for figure in result.figures]
    root = Element("testsuites", name=_clean(f"openmed-data validate {report.name}"))
    _count(root, figures, skipped=len(report.not_run))
    for result in report.results:
        suite = SubElement(root, "testsuite", name=_clean(result.check))
        _count(suite, result.figures, skipped=1 if result.not_run else 0)
        if result.not_run:
            _add_skipped(suite, report, result)
        for figure in result.figures:
            _add_case(suite, report, result, figure)
    indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _count(element: Element, figures: Sequence[Figure], *, skipped: int) -> None:
    element.set("tests", str(len(figures) + skipped))
    element.set("failures", str(sum(state(one) == "fail" for one in figures)))
    element.set("errors", "0")
    element.set("skipped", str(skipped))


def _add_skipped(suite: Element, report: Report, result: CheckResult) -> None:
    case = SubElement(suite, "testcase", name="run", classname=_clean(f"{report.name}.{result.check}"), time="0")
    SubElement(case, "skipped", message=_clean(result.not_run))


def _add_case(suite: Element, report: Report, result: CheckResult, figure: Figure) -> None:
    case = SubElement(
        suite, "testcase", name=_clean(figure.name), classname=_clean(f"{report.name}.{result.check}"), time="0"
    )
    said = f"{number(figure.value)}, allowed {allowed(figure)}"
    if state(figure) == "fail":
        SubElement(case, "failure", message=_clean(said), type="threshold").text = _clean(figure.meaning)
    else:
        SubElement(case, "system-out").text = _clean(f"{state(figure)}: {said}")


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
