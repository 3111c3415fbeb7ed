"""Lengths of texts in classes that a plot can show."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from openmed_data import tally

_EDGES = (10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000, 10_000)
LABELS = tuple(
    f"{low:,}-{high - 1:,}" if high else f"{low:,}+" for low, high in zip((0, *_EDGES), (*_EDGES, None), strict=True)
)


def count_lengths(characters: pl.DataFrame) -> pl.DataFrame:
    """Count the length classes of every column of `characters`, numbers of characters, as a tally.

    Examples
    --------
    >>> counts = count_lengths(pl.DataFrame({"chosen": [3, 12, None]}))
    >>> length_table(counts, "chosen")
    {'0-9': 1, '10-19': 1}
    """
    tallies: list[pl.DataFrame] = []
    for lengths in characters.iter_columns():
        classes = pl.Series("class", np.searchsorted(_EDGES, lengths.drop_nulls().to_numpy(), side="right"))
        counts = classes.to_frame().group_by("class").agg(pl.len().alias("count"))
        tallies.append(tally.tally(f"length {lengths.name}", counts, key="class"))
    return tally.merge(tallies)


def length_table(counts: pl.DataFrame, name: str) -> Mapping[str, int]:
    """Return label → rows for one column, shortest first, without empty classes at the ends."""
    held = {int(key): count for key, count in tally.table(counts, f"length {name}").items()}
    return {LABELS[at]: held.get(at, 0) for at in range(min(held), max(held) + 1)} if held else {}
