"""Find duplicates among rows that do not fit into memory; the same ones as `find_duplicates`.

Six steps, each a set of tasks that workers may share, all through files:

1. lay: each batch's texts and keys go to disk, with the lines that may be shared by many rows;
2. count: how many rows have these lines; what is shared is no part of what is compared;
3. sketch: light keys, shingles and the hashes of MinHash bands of each batch;
4. exact: rows with equal light keys, by partition of the hashes, then by their full keys;
5. pairs: rows with an equal band, by band and partition of its hashes;
6. near: the pairs' true similarity, by partition of their first rows.

Memory is set by `AT_ONCE` entries and by how many duplicates there are.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from math import ceil
from pathlib import Path

import numpy as np
import polars as pl

from openmed_data.spread import Spread
from openmed_data.text.keys import question_key
from openmed_data.text.near.candidates import BANDS, band_hashes, contents, pairs_of_equal
from openmed_data.text.near.differences import difference
from openmed_data.text.near.find import PAIRS, Kind, tidy
from openmed_data.text.near.shingles import Shingles, shingle, sorted_unique
from openmed_data.text.near.verify import jaccard
from openmed_data.text.normalize import answer_key_expr
from openmed_data.text.word_hashes import Ints, UInts

from ._disk import NOTHING, Batch, gather, gather_shingles
from ._lines import count_lines, frequent_lines, shared_lines, without_lines

AT_ONCE = 2_000_000


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found: `pairs` as in `Duplicates`, and the batches on disk, to look rows up."""

    pairs: pl.DataFrame
    batches: tuple[Batch, ...]

    @property
    def rows(self) -> int:
        """How many rows were compared."""
        return sum(batch.rows for batch in self.batches)

    def look_up(self, rows: Ints, columns: list[str]) -> pl.DataFrame:
        """Return columns of the frames that were compared, for some rows; these are sorted."""
        return gather(self.batches, rows, "rows", columns)


@dataclass(frozen=True, slots=True)
class Laid:
    """A batch on disk, and the lines that a large share of its rows have."""

    folder: Path
    rows: int
    lines: tuple[str, ...]


def lay(folder: Path, frame: pl.DataFrame) -> Laid:
    """Write one batch: `frame` has `asked` and whatever will be looked up."""
    own = folder / uuid.uuid4().hex
    own.mkdir()
    batch = Batch(own, 0, frame.height)
    batch.write_frame("asked", frame.select("asked"))
    batch.write_frame("rows", frame.drop("asked"))
    return Laid(own, frame.height, tuple(frequent_lines(frame["asked"])))


def compare(rows: Spread, laid: Sequence[Laid], threshold: float) -> Comparison:
    """Compare all rows that were laid out, in the order of `laid`."""
    starts = np.cumsum([0, *(one.rows for one in laid)]).tolist()
    batches = tuple(Batch(one.folder, first, one.rows) for one, first in zip(laid, starts[:-1], strict=True))
    total = starts[-1]
    if not total:
        return Comparison(pl.DataFrame(schema=PAIRS), batches)
    lines = sorted(frozenset[str]().union(*(one.lines for one in laid)))
    counts: dict[str, int] = {}
    for counted in rows.map(partial(_count, lines=lines), batches) if lines else ():
        for line, count in counted.items():
            counts[line] = counts.get(line, 0) + count
    for _ in rows.map(partial(_sketch, shared=shared_lines(counts, total)), batches):
        pass
    exact = _exact(rows, batches, total)
    near = _near(rows, batches, total, exact["right"], threshold)
    return Comparison(pl.concat([exact, near]).sort("left", "right"), batches)


def _count(batch: Batch, lines: list[str]) -> dict[str, int]:
    return count_lines(batch.read_frame("asked")["asked"], lines)


def _sketch(batch: Batch, shared: list[str]) -> int:
    """Write what a batch is compared by, in place of its texts as they came."""
    texts = tidy(without_lines(batch.read_frame("asked")["asked"], shared))
    batch.write_frame("texts", texts.to_frame("text"))
    keys = question_key(texts.clone())  # a clone, because the key folds signs in the series it is given
    light = keys.hash(seed=1).to_numpy() | np.uint64(1)
    light[(keys == "").to_numpy()] = NOTHING
    batch.save("light", light)
    batch.save_sorted("light", light)
    shingles = shingle(texts.to_list())
    filled = np.flatnonzero(np.diff(shingles.bounds) > 0)
    bands = band_hashes(shingles.of(filled))
    batch.save("shingles", shingles.hashes)
    batch.save("bounds", shingles.bounds)
    batch.save("filled", filled)
    batch.save("contents", contents(bands))
    batch.save_sorted("bands", np.ascontiguousarray(bands.T))
    batch.remove("asked")
    return batch.rows


def _ranges(parts: int) -> list[tuple[np.uint64, np.uint64]]:
    """Cut the hashes into so many ranges, both ends within."""
    edges = [(1 << 64) * part // parts for part in range(parts + 1)]
    return [(np.uint64(low), np.uint64(high - 1)) for low, high in pairwise(edges)]


@dataclass(frozen=True, slots=True)
class _LightTask:
    batches: tuple[Batch, ...]
    within: tuple[np.uint64, np.uint64]


def _light(task: _LightTask) -> Ints:
    """Return the rows of one partition whose light key another row has."""
    low, high = task.within
    keys: list[UInts] = []
    rows: list[Ints] = []
    for batch in task.batches:
        light, places = batch.load_between("light", max(low, NOTHING + np.uint64(1)), high)
        keys.append(light)
        rows.append(places + batch.first)
    every = np.concatenate(keys)
    order = np.argsort(every, kind="stable")
    same = np.diff(every[order]) == 0
    again = np.zeros(len(every), np.bool_)
    again[order[1:]] |= same
    again[order[:-1]] |= same
    return np.concatenate(rows)[again]


@dataclass(frozen=True, slots=True)
class _FullTask:
    batch: Batch
    rows: Ints


def _full(task: _FullTask) -> pl.DataFrame:
    """Return the full keys, as hashes, of rows that are repeated by their light keys."""
    places = task.rows - task.batch.first
    texts = task.batch.read_frame("texts")[places]
    key = answer_key_expr(pl.col("text"))
    return texts.select(
        pl.Series("right", task.rows, dtype=pl.Int64),
        pl.Series("light", np.asarray(task.batch.load("light")[places])),
        key.hash(seed=1).alias("a"),
        key.hash(seed=2).alias("b"),
    )


def _exact(rows: Spread, batches: tuple[Batch, ...], total: int) -> pl.DataFrame:
    """Link every exact duplicate to the first row of its text."""
    tasks = [_LightTask(batches, within) for within in _ranges(ceil(total / AT_ONCE))]
    repeated = np.sort(np.concatenate(list(rows.map(_light, tasks))))
    spans = np.searchsorted(repeated, [*(batch.first for batch in batches), total]).tolist()
    of_batches = zip(batches, spans[:-1], spans[1:], strict=True)
    full = [_FullTask(batch, repeated[start:stop]) for batch, start, stop in of_batches if stop > start]
    keys = list(rows.map(_full, full))
    if not keys:
        return pl.DataFrame(schema=PAIRS)
    # The light key joins words and digits, so what it holds equal is confirmed by the full one.
    linked = pl.concat(keys).with_columns(left=pl.col("right").min().over("light", "a", "b"))
    links = linked.filter(pl.col("left") < pl.col("right"))
    alike = links.select("left", "right", kind=pl.lit(Kind.EXACT.value), similarity=1.0, differs=pl.lit(None))
    return alike.cast(PAIRS)


@dataclass(frozen=True, slots=True)
class _PairsTask:
    """Some bands, within a range of their hashes; a pair of rows is written as ``first * total + second``."""

    batches: tuple[Batch, ...]
    bands: tuple[int, ...]
    within: tuple[np.uint64, np.uint64]
    left_out: Ints
    total: int
    path: Path


def _pairs(task: _PairsTask) -> Path | None:
    """Write the pairs of rows that share one of the bands: int64[n], sorted, each once, the smaller row first."""
    pairs = sorted_unique(np.concatenate([_pairs_of(task, band) for band in task.bands]))
    if not len(pairs):
        return None
    np.save(task.path, pairs)
    return task.path


def _pairs_of(task: _PairsTask, band: int) -> Ints:
    low, high = task.within
    parts: list[tuple[UInts, UInts, Ints]] = []
    for batch in task.batches:
        hashes, places = batch.load_between("bands", low, high, row=band)
        rows = batch.load("filled").view(np.int64)[places] + batch.first
        stays = ~_among(rows, task.left_out)
        parts.append((hashes[stays], batch.load("contents")[places[stays]], rows[stays]))
    hashes, content, rows = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(content, kind="stable")
    hashes, rows = hashes[order], rows[order]
    if not len(rows):
        return rows
    linked = pairs_of_equal(hashes)
    one, other = rows[linked // len(rows)], rows[linked % len(rows)]
    return np.minimum(one, other) * task.total + np.maximum(one, other)


def _among(rows: Ints, known: Ints) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    if not len(known):
        return np.zeros(len(rows), np.bool_)
    return known[np.minimum(np.searchsorted(known, rows), len(known) - 1)] == rows


@dataclass(frozen=True, slots=True)
class _NearTask:
    """The pairs whose first row lies in a range."""

    batches: tuple[Batch, ...]
    pairs: tuple[Path, ...]
    low: int
    high: int
    total: int
    threshold: float


def _verified(task: _NearTask) -> pl.DataFrame:
    """Return the pairs that are alike, as `PAIRS`."""
    found = [np.zeros(0, np.int64)]
    for path in task.pairs:
        pairs = np.load(path, mmap_mode="r")
        start, stop = np.searchsorted(pairs, [task.low * task.total, task.high * task.total])
        found.append(pairs[start:stop])
    every = sorted_unique(np.concatenate(found))
    parts = (every[start : start + _PAIRS_AT_ONCE] for start in range(0, len(every), _PAIRS_AT_ONCE))
    alike = [_alike(task, np.stack((some // task.total, some % task.total), axis=1)) for some in parts]
    return pl.concat([pl.DataFrame(schema=PAIRS), *alike])


_PAIRS_AT_ONCE = 1 << 18


def _alike(task: _NearTask, pairs: Ints) -> pl.DataFrame:
    rows = sorted_unique(pairs.ravel())
    shingles: Shingles = gather_shingles(task.batches, rows)
    similarity = jaccard(shingles, np.searchsorted(rows, pairs))
    alike = similarity >= task.threshold
    kept = pairs[alike]
    if not len(kept):
        return pl.DataFrame(schema=PAIRS)
    named = sorted_unique(kept.ravel())
    texts = gather(task.batches, named, "texts", ["text"])["text"]
    left, right = (texts.gather(np.searchsorted(named, kept[:, side])).to_list() for side in (0, 1))
    notes = ["+".join(difference(a, b)) or None for a, b in zip(left, right, strict=True)]
    columns = {"left": kept[:, 0], "right": kept[:, 1], "similarity": similarity[alike], "differs": notes}
    near = pl.DataFrame(columns, schema_overrides={"differs": pl.String})
    return near.with_columns(kind=pl.lit(Kind.NEAR.value)).select(PAIRS.names()).cast(PAIRS)


def _near(rows: Spread, batches: tuple[Batch, ...], total: int, repeated: pl.Series, threshold: float) -> pl.DataFrame:
    """Link near duplicates, between the first rows of their texts."""
    left_out = np.sort(repeated.to_numpy())
    pairs = tuple(path for path in rows.map(_pairs, _pairs_tasks(rows.folder, batches, total, left_out)) if path)
    most = sum(int(np.load(path, mmap_mode="r").shape[0]) for path in pairs)
    parts = max(1, ceil(most / AT_ONCE))
    edges = [total * part // parts for part in range(parts + 1)]
    tasks = [_NearTask(batches, pairs, low, high, total, threshold) for low, high in pairwise(edges)]
    return pl.concat([pl.DataFrame(schema=PAIRS), *rows.map(_verified, tasks)])


def _pairs_tasks(folder: Path, batches: tuple[Batch, ...], total: int, left_out: Ints) -> Iterator[_PairsTask]:
    """Divide the bands among tasks, or the hashes of each band, so that a task holds about `AT_ONCE` of them."""
    together = max(1, min(BANDS, AT_ONCE // total))
    ranges = _ranges(ceil(total / AT_ONCE))
    number = 0
    for start in range(0, BANDS, together):
        for within in ranges:
            bands = tuple(range(start, min(start + together, BANDS)))
            yield _PairsTask(batches, bands, within, left_out, total, folder / f"pairs-{number:05d}.npy")
            number += 1
