"""The steps that work on one part at a time: fit, rows, settle."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from openmed_data.builder import FILE, LICENSE, LINE, ROW, SAMPLE, SHAPE, SOURCE, UID, Builder, Options, Rows
from openmed_data.errors import BooksError
from openmed_data.pipeline.work import Work, read_frame, write_frame
from openmed_data.seeds import draw

REJECTED_SCHEMA = pl.Schema({ROW: pl.UInt64, "reason": pl.String, "detail": pl.String})
KEYS = (ROW, UID, "identity", "answer", "stem")


@dataclass(frozen=True, slots=True)
class FitTask:
    """Count one staged part's evidence."""

    builder: Builder[Any, Any]
    options: Options
    work: Work
    index: int
    sample_every: int


def fit_part(task: FitTask) -> int:
    """Write the evidence of one part; return 1, for progress."""
    out = task.work.part("fit", task.index)
    if not out.exists():
        batch = read_frame(task.work.part("stage", task.index))
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


@dataclass(frozen=True, slots=True)
class PartCounts:
    """How one part's source rows were used."""

    source: int
    used: int
    rejected: int


def rows_part(task: RowsTask) -> PartCounts:
    """Write what the builder makes of one part; a part that an earlier run finished is only counted.

    Raises
    ------
    BooksError
        The builder lost a source row, or used one twice.
    """
    staged, kept, rejected, keys, counts = (
        task.work.part(step, task.index) for step in ("stage", "kept", "rejected", "keys", "tally")
    )
    if kept.exists():  # written last
        heights = (read_frame(path, [ROW]).height for path in (staged, keys, rejected))
        return PartCounts(*heights)
    batch = read_frame(staged).with_columns(pl.lit(task.source).alias(SOURCE), pl.lit(task.license).alias(LICENSE))
    rows = task.builder.rows(batch, task.state, task.options)
    _check_books(task.builder.name, batch, rows)
    write_frame(rows.keys.select(KEYS), keys)
    write_frame(rows.rejected.cast(REJECTED_SCHEMA), rejected)
    write_frame(rows.tally, counts)
    write_frame(rows.kept, kept)
    return PartCounts(batch.height, rows.keys.height, rows.rejected.height)


def _check_books(name: str, batch: pl.DataFrame, rows: Rows) -> None:
    """Check that every source row is either used or rejected, once, and that every candidate comes from a used row."""
    accounted = pl.concat([rows.keys[ROW], rows.rejected[ROW]]).sort()
    if not accounted.equals(batch[ROW].sort()):
        lost = batch.height - accounted.n_unique()
        raise BooksError(
            f"builder '{name}' does not account for its rows: {batch.height} read, {rows.keys.height} used, "
            f"{rows.rejected.height} rejected, {lost} lost"
        )
    if not rows.kept[ROW].unique().sort().equals(rows.keys[ROW].sort()):
        raise BooksError(f"builder '{name}' gave candidates for other rows than it says it used")


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
    """What became of one part."""

    candidates: int
    rejected: int
    reasons: dict[str, int]
    splits: dict[str, int]


def settle_part(task: SettleTask) -> Settled:
    """Write the split of each candidate, null where its source row is gone, and the records of all rejected rows."""
    staged, kept, rejections, splits_out, records = (
        task.work.part(step, task.index) for step in ("stage", "kept", "rejected", "splits", "records")
    )
    drawn = pl.col(ROW).is_in(task.validation.implode())
    split = pl.when(drawn).then(pl.lit("validation")).otherwise(pl.lit(task.split))
    lives = ~pl.col(ROW).is_in(task.gone[ROW].implode())
    splits = read_frame(kept, [ROW]).select(pl.when(lives).then(split).alias("split"))
    write_frame(splits, splits_out)
    rejected = pl.concat([read_frame(rejections), task.gone]).sort(ROW)
    write_frame(_with_records(rejected, staged), records)
    living = splits["split"].drop_nulls()
    reasons = dict(rejected["reason"].value_counts().iter_rows())
    return Settled(living.len(), rejected.height, reasons, dict(living.value_counts().iter_rows()))


def _with_records(rejected: pl.DataFrame, staged: Path) -> pl.DataFrame:
    """Put each rejected row's place and its source record, as JSON text, beside the reason."""
    batch = read_frame(staged)
    columns = [name for name in batch.columns if name not in {ROW, FILE, LINE, SHAPE}]
    hit = rejected.join(batch, on=ROW, how="left", maintain_order="left")
    return hit.select(
        pl.lit("source").alias("level"),
        "reason",
        "detail",
        pl.col(FILE).alias("file"),
        pl.col(LINE).cast(pl.Int64).alias("line"),
        pl.struct(columns).struct.json_encode().alias("record"),
    )
