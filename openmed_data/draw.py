"""Draw a few rows by a hash of what names them: the same ones however the rows lie, whatever others come or go."""

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import cast

import polars as pl

from openmed_data.spread import Batches


@dataclass(frozen=True, slots=True)
class Drawn:
    """One row, as a frame, with its number in what was looked through (from 1) and the split it stands in."""

    hash: bytes
    number: int
    split: str
    row: pl.DataFrame


def draw(
    batches: Batches, count: int, names: Callable[[pl.DataFrame], Iterable[str]], *, seed: str = "", before: int = 0
) -> list[Drawn]:
    """Return the rows whose names have the smallest hashes, smallest first, without holding more than a batch.

    Parameters
    ----------
    names
        Names the rows of a batch, in their order.
    seed
        Another one draws other rows.
    before
        How many rows come before the first one.

    Examples
    --------
    >>> frame = pl.DataFrame({"id": ["a", "b", "c"]})
    >>> forth = draw([("train", frame)], 2, lambda rows: rows["id"])
    >>> back = draw([("train", frame[::-1])], 2, lambda rows: rows["id"])
    >>> [one.row["id"].item() for one in forth] == [one.row["id"].item() for one in back]
    True
    """
    held: list[Drawn] = []
    for split, batch in batches:
        hashes = [blake2b(f"{seed}{name}".encode(), digest_size=8).digest() for name in names(batch)]
        near = [at for at, one in enumerate(hashes) if not held or len(held) < count or one < held[-1].hash]
        nearest = heapq.nsmallest(count, near, key=hashes.__getitem__)
        held = first(
            count, [*held, *(Drawn(hashes[at], before + at + 1, split, _alone(batch[[at]])) for at in nearest)]
        )
        before += batch.height
    return held


def first(count: int, drawn: Iterable[Drawn]) -> list[Drawn]:
    """Return the first `count` of rows that were drawn from several parts of the same rows."""
    return heapq.nsmallest(count, drawn, key=lambda one: (one.hash, one.number))


def _alone(row: pl.DataFrame) -> pl.DataFrame:
    """Return a copy that does not keep the batch in memory which `row` was cut from."""
    return cast(pl.DataFrame, pl.from_arrow(row.to_arrow(compat_level=pl.CompatLevel.oldest())))
