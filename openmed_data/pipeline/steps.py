"""The steps that work on one part at a time: fit, rows, settle."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from openmed_data import tally
from openmed_data.builder import FILE, LICENSE, LINE, ROW, SAMPLE, SHAPE, SOURCE, Builder, Options
from openmed_data.pipeline import contract
from openmed_data.pipeline.blame import blaming, places
from openmed_data.pipeline.filters import Filter, apply
from openmed_data.pipeline.near_stems import words
from openmed_data.pipeline.work import Work, read_frame, write_frame
from openmed_data.seeds import draw


@dataclass(frozen=True, slots=True)
class FitTask:
    """Count the evidence of a few staged parts."""

    builder: Builder[Any, Any]
    options: Options
    work: Work
    parts: range
    sample_every: int


def fit_parts(task: FitTask) -> int:
    """Write the evidence of some parts; return 1, for progress."""
    out = task.work.part("fit", task.parts.start)
    if not out.exists():
        batch = pl.concat([read_frame(task.work.part("stage", index)) for index in task.parts])
        drawn = draw(batch[ROW].to_numpy(), 0, "fit") % np.uint64(task.sample_every) == 0
        write_frame(task.builder.fit(batch.with_columns(pl.Series(SAMPLE, drawn)), task.options), out)
    return 1


@dataclass(frozen=True, slots=True)
class RowsTask:
    """Make the candidate rows of one staged part."""

    builder: Builder[Any, Any]
    options: Options
    state: Any
    work: Work
    index: int
    source: str
    license: str
    filters: tuple[Filter, ...] = ()


def rows_part(task: RowsTask) -> int:
    """Write what the builder makes of one part and its filters leave; return 1, for progress.

    Raises
    ------
    BuildError
        The builder, or a filter, does not keep its contract: see `openmed_data.pipeline.contract`.
    """
    staged, kept, rejected, filtered, keys, counts = (
        task.work.part(step, task.index) for step in ("stage", "kept", "rejected", "filtered", "keys", "tally")
    )
    if kept.exists():  # written last
        return 1
    batch = read_frame(staged).with_columns(pl.lit(task.source).alias(SOURCE), pl.lit(task.license).alias(LICENSE))
    maker = f"builder '{task.builder.name}'"
    rows = blaming(maker, lambda some: task.builder.rows(some, task.state, task.options), batch)
    contract.hold(task.builder, batch, rows)
    passed = apply(task.filters, rows.kept, lambda some: places(batch.filter(pl.col(ROW).is_in(some[ROW].implode()))))
    # A row without a candidate left must not stand for its duplicates, nor decide where they go.
    living = rows.keys.filter(pl.col(ROW).is_in(passed.kept[ROW].implode()))
    write_frame(living.drop("stem"), keys)
    write_frame(words(living), task.work.part("words", task.index))
    write_frame(rows.rejected.select(contract.REJECTED.names()), rejected)
    write_frame(passed.rejected, filtered)
    write_frame(tally.merge([rows.tally, passed.counts]), counts)
    write_frame(passed.kept, kept)
    return 1


@dataclass(frozen=True, slots=True)
class SettleTask:
    """Apply the decisions about the whole source to one part.

    Attributes
    ----------
    split
        Split of the part's rows, unless they are in `validation`.
    gone
        Rows that were used and are now rejected: `ROW`, `reason`, `detail`.
    validation
        Rows drawn for validation.
    """

    work: Work
    index: int
    split: str
    gone: pl.DataFrame
    validation: pl.Series


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one part: source rows used, and rejected by reason; filtered candidates by reason, rows by split.

    A source row is used if it has candidates that live, be they kept or filtered out.
    """

    used: int
    rejected: dict[str, int]
    filtered: dict[str, int]
    splits: dict[str, int]

    @property
    def candidates(self) -> int:
        """Candidates of the source rows that are not rejected."""
        return sum(self.splits.values()) + sum(self.filtered.values())

    @property
    def records(self) -> int:
        """Lines among the rejected rows."""
        return sum(self.rejected.values()) + sum(self.filtered.values())


def settle_part(task: SettleTask) -> Settled:
    """Write the split of each candidate, null where its source row is gone, and the records of all rejected rows."""
    staged, kept, rejections, filtered_rows, splits_out, records = (
        task.work.part(step, task.index) for step in ("stage", "kept", "rejected", "filtered", "splits", "records")
    )
    drawn = pl.col(ROW).is_in(task.validation.implode())
    split = pl.when(drawn).then(pl.lit("validation")).otherwise(pl.lit(task.split))
    lives = ~pl.col(ROW).is_in(task.gone[ROW].implode())
    candidates = read_frame(kept, [ROW])
    splits = candidates.select(pl.when(lives).then(split).alias("split"))
    write_frame(splits, splits_out)
    rejected = pl.concat([read_frame(rejections), task.gone]).sort(ROW)
    filtered = read_frame(filtered_rows).filter(lives)
    write_frame(_records(rejected, filtered, staged), records)
    used = pl.concat([candidates.filter(lives)[ROW], filtered[ROW]]).n_unique()
    return Settled(used, *(_counted(column) for column in (rejected["reason"], filtered["reason"], splits["split"])))


def _counted(labels: pl.Series) -> dict[str, int]:
    return dict(labels.drop_nulls().value_counts().iter_rows())


def _records(rejected: pl.DataFrame, filtered: pl.DataFrame, staged: Path) -> pl.DataFrame:
    """Put each rejected row's place and its record, as JSON text, beside the reason.

    The record of a source row is the source's; that of a candidate is the row that was not written.
    """
    batch = read_frame(staged)
    columns = [name for name in batch.columns if name not in {ROW, FILE, LINE, SHAPE}]
    place = [pl.col(FILE).alias("file"), pl.col(LINE).cast(pl.Int64).alias("line")]
    told = ["level", "reason", "detail", *place, "record"]
    record = pl.struct(columns).struct.json_encode().alias("record")
    rows = rejected.join(batch, on=ROW, how="left", maintain_order="left").with_columns(record, level=pl.lit("source"))
    places = batch.select(ROW, FILE, LINE)
    candidates = filtered.join(places, on=ROW, how="left", maintain_order="left").with_columns(
        level=pl.lit("candidate")
    )
    return pl.concat([rows.select(ROW, *told), candidates.select(ROW, *told)]).sort(ROW, maintain_order=True).drop(ROW)
