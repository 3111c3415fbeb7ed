"""The steps that need the whole source: duplicates, conflicting keys, and the split of every row.

All work on small key files and by hash partition, so memory is set by `PARTITION_ROWS` and not by the source's size.
Hashes only group rows inside one run; none of them reaches an output.
"""

from collections.abc import Sequence
from math import ceil
from pathlib import Path

import polars as pl

from openmed_data.builder import ROW, GlobalReason
from openmed_data.pipeline.work import read_frame

PARTITION_ROWS = 4_000_000

# What is decided about a row: `detail` says `{}` where the place of the row `other` belongs.
DECIDED: dict[str, type[pl.DataType]] = {ROW: pl.UInt64, "reason": pl.String, "detail": pl.String, "other": pl.UInt64}


def repeated(keys: Sequence[Path], rows: int) -> pl.DataFrame:
    """Return the rows to reject because the same question stands elsewhere in the source.

    Rows with equal `identity` and unlike `answer` contradict each other: all of them go. Of rows with equal identity
    and answer the first in source order stays.

    Parameters
    ----------
    keys
        Key files, in source order.
    rows
        How many rows they hold together.

    Returns
    -------
    pl.DataFrame
        As `DECIDED`; sorted by row.
    """
    partitions = max(1, ceil(rows / PARTITION_ROWS))
    found = [_repeated_in(_partition(keys, index, partitions)) for index in range(partitions)]
    return pl.concat([pl.DataFrame(schema=DECIDED), *found]).sort(ROW)


def _partition(keys: Sequence[Path], index: int, partitions: int) -> pl.DataFrame:
    """Return the rows of one hash partition, the identity as 128 bits."""
    hashed = (
        read_frame(path, [ROW, "identity", "answer"]).select(
            ROW, pl.col("identity").hash(seed=1).alias("a"), pl.col("identity").hash(seed=2).alias("b"), "answer"
        )
        for path in keys
    )
    return pl.concat([frame.filter(pl.col("a") % partitions == index) for frame in hashed])


def _repeated_in(rows: pl.DataFrame) -> pl.DataFrame:
    group = ["a", "b"]
    members = rows.filter(pl.struct(group).is_duplicated())
    judged = members.with_columns(
        pl.col("answer").n_unique().over(group).alias("answers"),
        pl.col(ROW).min().over(group).alias("first"),
        pl.col("answer").unique().sort().str.join(" | ").over(group).alias("listed"),
    )
    conflict = pl.col("answers") > 1
    return judged.filter(conflict | (pl.col(ROW) != pl.col("first"))).select(
        ROW,
        pl.when(conflict)
        .then(pl.lit(GlobalReason.CONFLICT.value))
        .otherwise(pl.lit(GlobalReason.DUPLICATE.value))
        .alias("reason"),
        pl.when(conflict).then(pl.format("keys: {}", pl.col("listed"))).otherwise(pl.lit("same as {}")).alias("detail"),
        pl.when(~conflict).then("first").alias("other"),
    )
