"""What a comparison of all rows keeps on disk: one folder for each batch of rows.

Memory holds one batch, or one partition of the hashes, never a column of all rows; see `_compare` for the steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from openmed_data.pipeline.work import read_frame
from openmed_data.text.near.shingles import Shingles
from openmed_data.text.word_hashes import Ints, UInts

# A light key of nothing: the row equals no other.
NOTHING = np.uint64(0)
# Of an array file; nothing follows it where the array is empty, which cannot be mapped.
_HEADER = 128


@dataclass(frozen=True, slots=True)
class Batch:
    """Where the rows `first` to `first + rows` lie on disk."""

    folder: Path
    first: int
    rows: int

    def write_frame(self, name: str, frame: pl.DataFrame) -> None:
        """Write a frame with one line for each row."""
        frame.write_ipc(self.folder / f"{name}.arrow", compression="uncompressed")

    def read_frame(self, name: str, columns: list[str] | None = None) -> pl.DataFrame:
        """Map what `write_frame` wrote; only what is looked at is read."""
        return read_frame(self.folder / f"{name}.arrow", columns)

    def remove(self, name: str) -> None:
        """Remove what `write_frame` wrote."""
        (self.folder / f"{name}.arrow").unlink()

    def save(self, name: str, values: NDArray[np.uint64] | NDArray[np.int64] | NDArray[np.uint32]) -> None:
        """Write an array."""
        np.save(self.folder / f"{name}.npy", values)

    def load(self, name: str) -> NDArray[np.uint64]:
        """Map an array that `save` wrote; only what is looked at is read."""
        path = self.folder / f"{name}.npy"
        return np.load(path, mmap_mode="r" if path.stat().st_size > _HEADER else None)

    def save_sorted(self, name: str, values: UInts) -> None:
        """Write an array, each row of it sorted, and where each value stood, so that a range of values is one slice."""
        order = np.argsort(values, axis=-1, kind="stable")
        self.save(f"{name}-sorted", np.take_along_axis(values, order, axis=-1))
        self.save(f"{name}-places", order.astype(np.uint32))

    def load_between(self, name: str, low: np.uint64, high: np.uint64, row: int | None = None) -> tuple[UInts, Ints]:
        """Return the values from `low` to `high`, of one row of the array if it has any, and where each stood."""
        values, places = self.load(f"{name}-sorted"), self.load(f"{name}-places")
        if row is not None:
            values, places = values[row], places[row]
        within = slice(np.searchsorted(values, low), np.searchsorted(values, high, side="right"))
        return np.asarray(values[within]), places[within].astype(np.int64)


def batch_of(batches: Sequence[Batch], rows: Ints) -> list[tuple[Batch, Ints]]:
    """Return the batches that hold some of `rows`, which are sorted, each with its rows counted from its first."""
    edges = np.array([batch.first for batch in batches] + [batches[-1].first + batches[-1].rows])
    places = np.searchsorted(rows, edges)
    spans = zip(batches, places[:-1].tolist(), places[1:].tolist(), strict=True)
    return [(batch, rows[start:stop] - batch.first) for batch, start, stop in spans if stop > start]


def gather(batches: Sequence[Batch], rows: Ints, name: str, columns: list[str]) -> pl.DataFrame:
    """Read the lines of `rows`, which are sorted, out of all batches."""
    parts = [batch.read_frame(name, columns)[places] for batch, places in batch_of(batches, rows)]
    return pl.concat(parts)


def gather_shingles(batches: Sequence[Batch], rows: Ints) -> Shingles:
    """Read the shingles of `rows`, which are sorted."""
    parts = [
        Shingles(batch.load("shingles"), batch.load("bounds").view(np.int64)).of(places)
        for batch, places in batch_of(batches, rows)
    ]
    sizes = np.concatenate([np.zeros(1, np.int64), *(np.diff(part.bounds) for part in parts)])
    hashes: UInts = np.concatenate([np.zeros(0, np.uint64), *(part.hashes for part in parts)])
    return Shingles(hashes, np.cumsum(sizes))
