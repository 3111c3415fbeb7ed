"""Plant known faults into a copy of a dataset and see which of them its checks find.

A passing report says that no check found anything; this says what the checks would have found. The faults are invented
by the checks (`Check.plants`), the rows are the dataset's own: a few hundred that a hash of their ids draws. Nothing of
the dataset itself is changed.
"""

import random
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

import polars as pl

from openmed_data.check import Check, CheckResult, Plant
from openmed_data.dataset import Dataset
from openmed_data.draw import draw
from openmed_data.kinds import Kind
from openmed_data.planted import Recall, SelfTest
from openmed_data.progress import Progress, Silent
from openmed_data.validate import Planned, plan, remembered

ROWS = 600
_SEED = 42
_ACTED_ON = 2  # level of a finding from which on a check fails a dataset, or a build drops the row


def self_test(
    dataset: Dataset,
    checks: Sequence[str] | None = None,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    content_digest: str = "",
    progress: Progress | None = None,
) -> SelfTest:
    """Plant faults into a copy of some rows of `dataset` and count what the checks find.

    Parameters
    ----------
    dataset, checks, settings
        As for `openmed_data.validate.validate`.
    content_digest
        Put into the result, which is then known to be about these rows.
    progress
        Told about every check.

    Raises
    ------
    UsageError, SourceError
        As in `openmed_data.validate.validate`.
    """
    progress = progress or Silent()
    rows = _draw(dataset)
    planned = plan(dataset.kind, checks, remembered(dataset, checks, settings or {}, Silent()))
    recalls: list[Recall] = []
    unplanted: dict[str, int] = {}
    not_tested: dict[str, str] = {}
    for one in planned:
        advance = progress.step(f"self-test: {one.check.name}", None)
        if reason := one.check.not_run(one.settings):
            not_tested[one.check.name] = reason
            continue
        with _every_finding(one.check):
            found, named = _measure(one, rows, dataset.kind)
        advance(1)
        recalls += found
        if found:
            unplanted[one.check.name] = named
        else:
            not_tested[one.check.name] = "with these settings it has nothing to plant into rows of this kind"
    return SelfTest(rows.height, tuple(recalls), unplanted, not_tested, content_digest)


@dataclass(frozen=True, slots=True)
class _Copy:
    """Rows in memory, as checks see them, without a manifest: what a build left out must count here."""

    kind: Kind
    parts: tuple[tuple[str, pl.DataFrame], ...]
    manifest: None = None

    def batches(self) -> Iterator[tuple[str, pl.DataFrame]]:
        yield from ((split, rows) for split, rows in self.parts if rows.height)


def _measure(one: Planned, rows: pl.DataFrame, kind: Kind) -> tuple[list[Recall], int]:
    """Return the recall of each plant, and how many rows the check names before anything is planted."""
    before = one.check.run(_Copy(kind, (("train", rows),)), one.settings)
    named = before.findings["id"].unique()
    clean = rows.filter(~pl.col("id").is_in(named.implode()))
    if not clean.height:
        return [], named.len()
    rng = random.Random(_SEED)  # noqa: S311 - a reproducible choice, not a secret
    recalls: list[Recall] = []
    for plant in one.check.plants(clean, kind, one.settings, rng):
        rest = rows.filter(~pl.col("id").is_in(plant.rows["id"].implode()))
        copy = _Copy(kind, (("train", rest), (plant.split, plant.rows)))
        recalls.append(_recall(one.check, plant, before, one.check.run(copy, one.settings)))
    return recalls, named.len()


def _recall(check: Check[Any], plant: Plant, before: CheckResult, after: CheckResult) -> Recall:
    if plant.together:
        failed = [{one.name for one in result.figures if not one.passed} for result in (before, after)]
        told = plant.code in failed[1] and plant.code not in failed[0]
        return Recall(check.name, plant.code, plant.how, 1, int(told))
    told = pl.col("level") >= _ACTED_ON if plant.any_code else pl.col("code") == str(plant.code)
    named = after.findings.filter(told)["id"].unique()
    found = plant.rows["id"].unique().is_in(named.implode()).sum()
    return Recall(check.name, str(plant.code), plant.how, plant.rows["id"].n_unique(), int(found))


@contextmanager
def _every_finding(check: Check[Any]) -> Generator[None]:
    """Let a check report all that it finds: what is cut from a report would count as missed."""
    kept = type(check).most_findings
    type(check).most_findings = 1_000_000
    try:
        yield
    finally:
        type(check).most_findings = kept


def _draw(dataset: Dataset) -> pl.DataFrame:
    named = chain.from_iterable(stretch.named() for stretch in dataset.stretches())
    drawn = draw(named, ROWS, lambda rows: rows["id"].cast(pl.String).fill_null(""), seed=f"{_SEED}:")
    return pl.concat([one.row for one in drawn])
