"""What a validation says, as one value, and its JSON form."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import polars as pl

from openmed_data.check import FINDINGS, CheckResult, Figure, Severity
from openmed_data.errors import UsageError
from openmed_data.kinds import Kind
from openmed_data.planted import SelfTest

NAME = "report.json"
FORMAT = 1

_ANEW = "`openmed-data validate PATH` writes another."


@dataclass(frozen=True, slots=True)
class Sample:
    """One row to show: its fields as a person reads them, masked throughout where a check found something in it."""

    id: str
    split: str
    fields: Mapping[str, str]
    masked: bool


@dataclass(frozen=True, slots=True)
class Report:
    """What the checks say of a dataset. Nothing in it depends on when or where the checks ran.

    Attributes
    ----------
    name
        The dataset's name, or that of the file or folder.
    manifest_digest
        SHA-256 of the manifest; None for files without one.
    content_digest
        Digest of the set of rows; see `openmed_data.digest`.
    rows
        Rows of each split.
    passed
        The verdict of Great Expectations over `expectations` expectations.
    books, figures
        The manifest's: where every source row went, and what the builder measured; empty without a manifest.
    versions
        Libraries that had a part in this.
    samples
        A few rows.
    self_test
        What the checks find of planted faults; None if nothing was planted.
    """

    name: str
    kind: Kind
    manifest_digest: str | None
    content_digest: str
    rows: Mapping[str, int]
    results: tuple[CheckResult, ...]
    passed: bool
    expectations: int
    books: Mapping[str, Any] = field(default_factory=dict[str, Any])
    figures: Mapping[str, Any] = field(default_factory=dict[str, Any])
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
    samples: tuple[Sample, ...] = ()
    self_test: SelfTest | None = None

    @property
    def failures(self) -> tuple[tuple[str, Figure], ...]:
        """Figures beyond their range, with their check, those that fail the gate first."""
        missed = [(one.check, figure) for one in self.results for figure in one.figures if not figure.passed]
        return tuple(sorted(missed, key=lambda pair: pair[1].severity is Severity.WARN))

    @property
    def warnings(self) -> int:
        """Number of figures beyond their range that do not fail the gate."""
        return sum(figure.severity is Severity.WARN for _, figure in self.failures)

    @property
    def not_run(self) -> Mapping[str, str]:
        """Checks that could not look at the rows, with the reason; the verdict says nothing of what they ask."""
        return {one.check: one.not_run for one in self.results if one.not_run}

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values; `docs/report.md` describes them."""
        return {
            "format": FORMAT,
            "dataset": self.name,
            "kind": str(self.kind),
            "passed": self.passed,
            "expectations": self.expectations,
            "manifest_sha256": self.manifest_digest,
            "content_digest": self.content_digest,
            "rows": dict(self.rows),
            "checks": [_result_to_json(result) for result in self.results],
            "books": dict(self.books),
            "figures": dict(self.figures),
            "samples": [
                {"id": one.id, "split": one.split, "masked": one.masked, "fields": dict(one.fields)}
                for one in self.samples
            ],
            "versions": dict(self.versions),
            "self_test": self.self_test.to_json() if self.self_test else None,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Report":
        """Return the report that `to_json` gave `document` for."""
        return cls(
            name=document["dataset"],
            kind=Kind(document["kind"]),
            manifest_digest=document["manifest_sha256"],
            content_digest=document["content_digest"],
            rows=document["rows"],
            results=tuple(_result_from_json(one) for one in document["checks"]),
            passed=document["passed"],
            expectations=document["expectations"],
            books=document["books"],
            figures=document["figures"],
            versions=document["versions"],
            samples=tuple(Sample(**one) for one in document["samples"]),
            self_test=SelfTest.from_json(planted) if (planted := document.get("self_test")) else None,
        )


def read_report(path: Path) -> Report:
    """Return the report at `path`, a `report.json` or the folder or build that holds one.

    Raises
    ------
    UsageError
        No report stands there, or not one that this version reads.
    """
    places = (path, path / NAME, path / "validation" / NAME)
    place = next((one for one in places if one.is_file()), None)
    if place is None:
        raise UsageError(f"'{path}' holds no {NAME}", hint="`openmed-data validate PATH --report-dir DIR` writes one.")
    try:
        document: Any = json.loads(place.read_bytes())
    except ValueError as error:
        raise UsageError(f"'{place}' is not JSON", hint="Give a report.json that openmed-data wrote.") from error
    found = cast(dict[str, Any], document).get("format") if isinstance(document, dict) else None
    if found != FORMAT:
        raise UsageError(f"'{place}' has format {found}, and this version reads reports of format {FORMAT}", hint=_ANEW)
    try:
        return Report.from_json(cast(dict[str, Any], document))
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"'{place}' is no whole report: {error!r}", hint=_ANEW) from error


def _result_to_json(result: CheckResult) -> dict[str, Any]:
    return {
        "check": result.check,
        "not_run": result.not_run,
        "rows": result.rows,
        "figures": [
            {
                "figure": one.name,
                "value": _number(one.value),
                "minimum": one.minimum,
                "maximum": one.maximum,
                "severity": str(one.severity),
                "passed": one.passed,
                "meaning": one.meaning,
            }
            for one in result.figures
        ],
        "findings": result.findings.to_dicts(),
        "tables": {title: dict(table) for title, table in result.tables.items()},
    }


def _result_from_json(document: Mapping[str, Any]) -> CheckResult:
    figures = tuple(
        Figure(
            one["figure"],
            math.nan if one["value"] is None else one["value"],
            one["minimum"],
            one["maximum"],
            Severity(one["severity"]),
            one["meaning"],
        )
        for one in document["figures"]
    )
    findings = pl.DataFrame(document["findings"], schema=FINDINGS)
    return CheckResult(document["check"], figures, findings, document["tables"], document["rows"], document["not_run"])


def _number(value: float) -> float | None:
    """JSON knows no NaN: a figure that could not be computed is null, which lies in no range."""
    return value if math.isfinite(value) else None
