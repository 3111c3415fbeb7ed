"""The step that needs the whole source: duplicates and conflicting keys.

Each part's keys are written in the order of their hashes; a partition is a range of hashes, read as one slice of every
part. So nothing is read twice, and memory is set by `PARTITION_ROWS` and not by the source's size. Hashes only group
rows inside one run; none of them reaches an output.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import ceil

import polars as pl

from openmed_data.builder import ROW, GlobalReason
from openmed_data.pipeline.work import Work, read_frame, write_frame
from openmed_data.pipeline.workers import Workers

PARTITION_ROWS = 1_000_000

# What is decided about a row: `detail` says `{}` where the place of the row `other` belongs.
DECIDED: dict[str, type[pl.DataType]] = {ROW: pl.UInt64, "reason": pl.String, "detail": pl.String, "other": pl.UInt64}


@dataclass(frozen=True, slots=True)
class HashTask:
    """Lay the keys of one part out so that a hash partition of them can be read by itself."""

    work: Work
    index: int


def hash_part(task: HashTask) -> int:
    """Write one part's keys in the order of their hashes; return how many there are."""
    out = task.work.part("hashes", task.index)
    if out.exists():
        return read_frame(out, [ROW]).height
    keys = read_frame(task.work.part("keys", task.index), [ROW, "identity", "answer"])
    identity = pl.col("identity")
    hashed = keys.select(ROW, identity.hash(seed=1).alias("a"), identity.hash(seed=2).alias("b"), "answer")
    write_frame(hashed.sort("a", ROW), out)
    return keys.height


@dataclass(frozen=True, slots=True)
class RepeatedTask:
    """Find the repeated questions of one hash partition: the rows with hashes from `low`, and below `high`."""

    work: Work
    index: int
    low: int
    high: int


def repeated_part(task: RepeatedTask) -> pl.DataFrame:
    """Return the rows of one partition to reject, as `DECIDED`."""
    files = task.work.parts("hashes")
    return _repeated_in(pl.concat([_between(read_frame(path), task.low, task.high) for path in files]))


def _between(hashed: pl.DataFrame, low: int, high: int) -> pl.DataFrame:
    start = hashed["a"].search_sorted(low, side="left")
    stop = hashed.height if high >> 64 else hashed["a"].search_sorted(high, side="left")
    return hashed[start:stop]


def repeated(work: Work, workers: Workers, parts: int) -> pl.DataFrame:
    """Return the rows to reject because the same question stands elsewhere in the source.

    Rows with equal `identity` and unlike `answer` contradict each other: all of them go. Of rows with equal identity
    and answer the first in source order stays.

    Parameters
    ----------
    parts
        How many parts have keys.

    Returns
    -------
    pl.DataFrame
        As `DECIDED`; sorted by row.
    """
    rows = sum(workers.map(hash_part, (HashTask(work, index) for index in range(parts))))
    partitions = max(1, ceil(rows / PARTITION_ROWS))
    edges = [(1 << 64) * index // partitions for index in range(partitions + 1)]
    tasks = [RepeatedTask(work, index, low, high) for index, (low, high) in enumerate(pairwise(edges))]
    return pl.concat([pl.DataFrame(schema=DECIDED), *workers.map(repeated_part, tasks)]).sort(ROW)


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
