"""Whether the report that lies in a build vouches for these very files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from openmed_data import planted
from openmed_data.check import Check, Severity
from openmed_data.errors import Problem
from openmed_data.registry import CHECKS, all_of
from openmed_data.report.model import Report, read_report
from openmed_data.report.writing import edited

FOLDER = "validation"
REPORTS = tuple(f"{FOLDER}/{name}" for name in ("report.json", "report.md", "report.html", "junit.xml"))
SELF_TEST = f"{FOLDER}/{planted.NAME}"  # where there is one


class Validation(StrEnum):
    """What is known of a build's validation."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Gate:
    """What a build's report says of the build.

    Attributes
    ----------
    report
        The report; None where none lies there.
    problems
        Why the build is not vouched for; none where its validation passed.
    """

    validation: Validation
    report: Report | None = None
    problems: tuple[Problem, ...] = ()


def read_gate(build: Path, digest: str) -> Gate:
    """Read the report of the build whose manifest has the SHA-256 `digest`.

    A report about another manifest says nothing of these files, and one of some of the checks too little: they were not
    validated. A report that was edited counts as failed.

    Raises
    ------
    UsageError
        The report is not one that this version reads.
    """
    name = REPORTS[0]
    if not (build / name).is_file():
        missing = Problem(name, "no file", "the report of a validation that passed")
        return Gate(Validation.NOT_RUN, problems=(missing,))
    report = read_report(build / name)
    problems = tuple(_faults(build, report))
    if report.manifest_digest != digest:
        other = Problem(name, "a report about other files", "one about these: validate the build again")
        return Gate(Validation.NOT_RUN, report, (other, *problems))
    if problems:
        return Gate(Validation.FAILED, report, problems)
    unasked = tuple(_unasked(report))
    return Gate(Validation.NOT_RUN if unasked else Validation.PASSED, report, unasked)


def _faults(build: Path, report: Report) -> Iterator[Problem]:
    missed = [f"{check} {figure.name}" for check, figure in report.failures if figure.severity is Severity.FAIL]
    if missed or not report.passed:
        found = ": ".join(["a verdict that failed", *([", ".join(missed[:5])] if missed else [])])
        yield Problem(REPORTS[0], found, "a verdict that passed")
    if report.self_test not in (None, planted.read_self_test(build / FOLDER, report.content_digest)):
        yield Problem(SELF_TEST, "not the self-test that the report tells of", "that one: validate --self-test")
    if all((build / one).is_file() for one in REPORTS):
        for one in edited(build / FOLDER):
            yield Problem(f"{FOLDER}/{one}", "text that its report.json does not give", "what a validation wrote")


def _unasked(report: Report) -> Iterator[Problem]:
    known: Mapping[str, Check[Any]] = all_of(CHECKS)
    asked = {one.check for one in report.results}
    if left_out := sorted(name for name, one in known.items() if report.kind in one.kinds and name not in asked):
        yield Problem(
            REPORTS[0], f"no word of {', '.join(left_out)}", "the report of all checks: validate the build again"
        )
