"""Checks as filters: candidate rows that one takes out are kept aside, with the reason and the row as it was made."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import polars as pl

from openmed_data import tally
from openmed_data.builder import ROW, Builder
from openmed_data.check import REJECTED, Check, Settings, parse_settings
from openmed_data.errors import BooksError
from openmed_data.pipeline.blame import blaming
from openmed_data.registry import CHECKS, find


@dataclass(frozen=True, slots=True)
class Filter:
    """A check that candidate rows must pass, and the settings it is called with."""

    check: str
    settings: Settings

    @property
    def part(self) -> Check[Any]:
        """The check itself; found by name, so that workers need not be sent it."""
        return find(CHECKS, self.check)

    @property
    def record(self) -> dict[str, Any]:
        """What recipe and manifest say of the settings."""
        return dict(self.part.record(self.settings))


def plan(builder: Builder[Any, Any], given: Mapping[str, Mapping[str, Any]]) -> tuple[Filter, ...]:
    """Return the filters of a builder with its own settings, over which those `given` by check and name go.

    Raises
    ------
    UsageError
        A check or a setting does not exist, or has a value of the wrong kind.
    """
    return tuple(
        Filter(use.check, parse_settings(find(CHECKS, use.check), {**use.settings, **given.get(use.check, {})}))
        for use in builder.filters
    )


def prepare(filters: Sequence[Filter], source: Iterable[pl.DataFrame]) -> tuple[Filter, ...]:
    """Let every filter settle what the whole source tells; `source` may be iterated more than once."""
    return tuple(replace(one, settings=one.part.prepare(one.settings, source)) for one in filters)


@dataclass(frozen=True, slots=True)
class Passed:
    """What filters leave of candidate rows.

    Attributes
    ----------
    kept
        The rest, maybe mended.
    rejected
        `ROW`, `id`, `reason`, `detail` and `record`, the candidate as JSON text, as its builder made it.
    counts
        What was mended; the tables are named ``CHECK: TABLE``.
    """

    kept: pl.DataFrame
    rejected: pl.DataFrame
    counts: pl.DataFrame


def apply(
    filters: Sequence[Filter], candidates: pl.DataFrame, where: Callable[[pl.DataFrame], str] = lambda _: "some row"
) -> Passed:
    """Run the filters one after another.

    Parameters
    ----------
    where
        Names the place of candidates in the source, for the error of a filter that fails on them.

    Raises
    ------
    BooksError
        A filter lost a row, or gave one twice.
    BuildError
        A filter failed.
    """
    kept, counts = candidates, [tally.empty()]
    rejected = [pl.DataFrame(schema=REJECTED)]
    for one in filters if candidates.height else ():
        done = blaming(f"check '{one.check}'", partial(one.part.filter, settings=one.settings), kept, where=where)
        _require_all(one.check, kept, done.kept, done.rejected)
        kept = done.kept
        rejected.append(done.rejected.cast(REJECTED))
        counts.append(done.mended.with_columns(pl.format(f"{one.check}: {{}}", "table").alias("table")))
    return Passed(kept, _with_candidates(pl.concat(rejected), candidates), tally.merge(counts))


def _require_all(check: str, before: pl.DataFrame, kept: pl.DataFrame, rejected: pl.DataFrame) -> None:
    by = [ROW, "id"]
    after = pl.concat([kept.select(by), rejected.select(by)])
    if not after.sort(by).equals(before.select(by).sort(by)):
        raise BooksError(
            f"check '{check}' does not account for its rows: {before.height} candidates, "
            f"{kept.height} kept, {rejected.height} rejected"
        )


def _with_candidates(rejected: pl.DataFrame, candidates: pl.DataFrame) -> pl.DataFrame:
    hit = candidates.join(rejected, on=[ROW, "id"], how="inner", maintain_order="left")
    columns = [name for name in candidates.columns if name != ROW]
    return hit.select(ROW, "id", "reason", "detail", pl.struct(columns).struct.json_encode().alias("record"))


def facts(filters: Sequence[Filter], prepared: Sequence[Filter], counts: pl.DataFrame) -> list[dict[str, Any]]:
    """Return what the manifest says of each filter: settings as given, as used, and what it mended, table by table."""
    return [
        {
            "check": given.check,
            "given": given.record,
            "used": used.record,
            "mended": {
                name.removeprefix(f"{given.check}: "): tally.table(counts, name)
                for name in counts["table"].unique().sort()
                if name.startswith(f"{given.check}: ")
            },
        }
        for given, used in zip(filters, prepared, strict=True)
    ]
