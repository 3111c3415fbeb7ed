"""What changed since a former report: figures, rows, and the shape of every distribution."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import fsum
from typing import Any

from openmed_data.check import Figure
from openmed_data.errors import UsageError
from openmed_data.report.model import Report


@dataclass(frozen=True, slots=True)
class FigureDrift:
    """One figure then and now; None on the side that does not have it."""

    check: str
    figure: str
    then: float | None
    now: float | None


@dataclass(frozen=True, slots=True)
class TableDrift:
    """How far a distribution moved.

    Attributes
    ----------
    distance
        Total variation: the share of rows that stand under another label, from 0 to 1.
    most
        The label whose share moved most, and by how much.
    """

    title: str
    distance: float
    most: str
    moved: float


@dataclass(frozen=True, slots=True)
class Drift:
    """A report held against a former one.

    Attributes
    ----------
    same_content
        Whether both are about the same set of rows.
    then_passed
        The former verdict.
    rows
        Rows of each split, then and now.
    figures
        Those that changed, came or went.
    tables
        Distributions that both have and that moved, furthest first.
    """

    same_content: bool
    then_passed: bool
    rows: Mapping[str, tuple[int, int]]
    figures: tuple[FigureDrift, ...]
    tables: tuple[TableDrift, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the drift as JSON values."""
        return {
            "same_content": self.same_content,
            "then_passed": self.then_passed,
            "rows": {split: list(pair) for split, pair in self.rows.items()},
            "figures": [asdict(one) for one in self.figures],
            "tables": [asdict(one) for one in self.tables],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Drift":
        """Return the drift that `to_json` gave `document` for."""
        return cls(
            document["same_content"],
            document["then_passed"],
            {split: (then, now) for split, (then, now) in document["rows"].items()},
            tuple(FigureDrift(**one) for one in document["figures"]),
            tuple(TableDrift(**one) for one in document["tables"]),
        )


def compare(now: Report, then: Report) -> Drift:
    """Hold `now` against the former report `then`.

    Raises
    ------
    UsageError
        The reports are about datasets of different kinds.
    """
    if now.kind != then.kind:
        raise UsageError(
            f"the baseline is about a dataset of kind '{then.kind}', this one is of kind '{now.kind}'",
            hint="Give the report of an earlier version of the same dataset.",
        )
    splits = [*now.rows, *(split for split in then.rows if split not in now.rows)]
    tables = [_table_drift(title, old, new) for title, old, new in _shared_tables(now, then)]
    return Drift(
        now.content_digest == then.content_digest,
        then.passed,
        {split: (then.rows.get(split, 0), now.rows.get(split, 0)) for split in splits},
        _figure_drifts(_figures(now), _figures(then)),
        tuple(sorted((one for one in tables if one.distance), key=lambda one: (-one.distance, one.title))),
    )


def _figures(report: Report) -> dict[tuple[str, str], Figure]:
    return {(result.check, figure.name): figure for result in report.results for figure in result.figures}


def _figure_drifts(
    now: Mapping[tuple[str, str], Figure], then: Mapping[tuple[str, str], Figure]
) -> tuple[FigureDrift, ...]:
    keys = [*now, *(key for key in then if key not in now)]
    pairs = [(*key, _value(then.get(key)), _value(now.get(key))) for key in keys]
    return tuple(FigureDrift(check, name, old, new) for check, name, old, new in pairs if old != new)


def _value(figure: Figure | None) -> float | None:
    """Return the value; a NaN counts as none, so that two of them are equal."""
    return figure.value if figure is not None and figure.value == figure.value else None


def _shared_tables(now: Report, then: Report) -> list[tuple[str, Mapping[str, float], Mapping[str, float]]]:
    former = {(one.check, title): table for one in then.results for title, table in one.tables.items()}
    return [
        (title, former[one.check, title], table)
        for one in now.results
        for title, table in one.tables.items()
        if (one.check, title) in former
    ]


def _table_drift(title: str, then: Mapping[str, float], now: Mapping[str, float]) -> TableDrift:
    """Return the total variation distance of two tables of counts.

    Examples
    --------
    >>> _table_drift("letter", {"A": 5, "B": 5}, {"A": 10})
    TableDrift(title='letter', distance=0.5, most='A', moved=0.5)
    """
    old, new = sum(then.values()) or 1, sum(now.values()) or 1
    moved = {label: now.get(label, 0) / new - then.get(label, 0) / old for label in [*now, *then]}
    most = max(moved, key=lambda label: abs(moved[label]), default="")
    # `fsum` does not depend on the order of the labels, so that there and back is equally far.
    return TableDrift(title, round(fsum(map(abs, moved.values())) / 2, 4), most, round(moved.get(most, 0.0), 4))
