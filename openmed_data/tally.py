"""Counts that merge: the one shape in which batches hand small statistics to the engine.

A tally is a frame of `table`, `key`, `detail`, `count`. Merging is a sum by the first three columns, so the order of
batches and the number of workers cannot change the result.
"""

from collections.abc import Iterable

import polars as pl

SCHEMA: dict[str, type[pl.DataType]] = {"table": pl.String, "key": pl.String, "detail": pl.String, "count": pl.Int64}


def empty() -> pl.DataFrame:
    """Return a tally that counts nothing."""
    return pl.DataFrame(schema=SCHEMA)


def tally(
    table: str, counts: pl.DataFrame, *, key: str, detail: str | None = None, count: str = "count"
) -> pl.DataFrame:
    """Shape `counts` as a tally.

    Parameters
    ----------
    table
        Name of what is counted.
    counts
        One row for each thing counted.
    key, detail, count
        Columns of `counts` to take; without `detail` it is the empty string.

    Examples
    --------
    >>> frame = pl.DataFrame({"letter": ["A", "B"], "count": [2, 1]})
    >>> tally("letters", frame, key="letter").rows()
    [('letters', 'A', '', 2), ('letters', 'B', '', 1)]
    """
    return counts.select(
        pl.lit(table).alias("table"),
        pl.col(key).cast(pl.String).alias("key"),
        (pl.lit("") if detail is None else pl.col(detail).cast(pl.String)).alias("detail"),
        pl.col(count).cast(pl.Int64).alias("count"),
    )


def merge(tallies: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Add tallies up; the result is sorted, so equal counts are equal frames.

    Examples
    --------
    >>> one = tally("letters", pl.DataFrame({"letter": ["A"], "count": [2]}), key="letter")
    >>> merge([one, one]).rows()
    [('letters', 'A', '', 4)]
    """
    frames = [empty(), *tallies]
    by = ["table", "key", "detail"]
    return pl.concat(frames).group_by(by).agg(pl.col("count").sum()).sort(by)


def table(merged: pl.DataFrame, name: str) -> dict[str, int]:
    """Return one table of a merged tally as key → count, details added up.

    Examples
    --------
    >>> counts = tally("letters", pl.DataFrame({"letter": ["A"], "count": [2]}), key="letter")
    >>> table(counts, "letters")
    {'A': 2}
    """
    rows = merged.filter(pl.col("table") == name).group_by("key").agg(pl.col("count").sum()).sort("key")
    return dict(rows.iter_rows())
