"""Lay the kept rows out as shards: a fixed number of rows each, in source order, every shard a task of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import polars as pl
import pyarrow as pa

from openmed_data.arrow import declared
from openmed_data.builder import Builder
from openmed_data.digest import row_digests
from openmed_data.files import write_bytes
from openmed_data.kinds import schema
from openmed_data.manifest import FileFacts, file_facts
from openmed_data.parquet import write_table
from openmed_data.pipeline.work import Work, read_frame, write_frame

SHARD_ROWS = 50_000

REJECTED = pa.schema(
    [
        pa.field("level", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("detail", pa.string()),
        pa.field("file", pa.string()),
        pa.field("line", pa.int64()),
        pa.field("record", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows `start` to `start + length` of one part's rows of a split."""

    part: int
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Shard:
    """One file to write: where, and out of what."""

    name: str
    split: str
    slices: tuple[Slice, ...]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return sum(piece.length for piece in self.slices)


def plan(folder: str, counts: Mapping[str, Sequence[int]], shard_rows: int = SHARD_ROWS) -> list[Shard]:
    """Cut the rows of every split into shards.

    Parameters
    ----------
    folder
        Folder of the shards within the build.
    counts
        For each split the number of rows that each part gives it.
    shard_rows
        Rows in every shard but a split's last.

    Examples
    --------
    >>> [(shard.name, shard.rows) for shard in plan("data", {"train": [3, 2]}, shard_rows=4)]
    [('data/train-00000-of-00002.parquet', 4), ('data/train-00001-of-00002.parquet', 1)]
    """
    shards: list[Shard] = []
    for split, per_part in counts.items():
        total = -(-sum(per_part) // shard_rows)
        groups = _cut(per_part, shard_rows)
        names = (f"{folder}/{split}-{index:05d}-of-{total:05d}.parquet" for index in range(total))
        shards += [Shard(name, split, tuple(group)) for name, group in zip(names, groups, strict=True)]
    return shards


def _cut(per_part: Sequence[int], shard_rows: int) -> list[list[Slice]]:
    groups: list[list[Slice]] = []
    room = 0
    for part, count in enumerate(per_part):
        start = 0
        while start < count:
            if room == 0:
                groups.append([])
                room = shard_rows
            length = min(room, count - start)
            groups[-1].append(Slice(part, start, length))
            start, room = start + length, room - length
    return groups


@dataclass(frozen=True, slots=True)
class ShardTask:
    """Write one data shard."""

    builder: Builder[Any, Any]
    work: Work
    shard: Shard
    index: int


@dataclass(frozen=True, slots=True)
class RejectedTask:
    """Write one shard of rejected rows."""

    work: Work
    shard: Shard


def write(task: ShardTask | RejectedTask) -> FileFacts:
    """Write one shard and return what the finished file holds; one that an earlier run finished is only read."""
    path = task.work.result / task.shard.name
    if isinstance(task, ShardTask):
        _write_rows(task, path)
    elif not path.exists():
        _write_rejected(task, path)
    return file_facts(task.work.result, task.shard.name, task.shard.split)


def _write_rows(task: ShardTask, path: Path) -> None:
    """Write data with its row digests and measures."""
    measures = task.work.part("measures", task.index)
    if not measures.exists():  # written last
        table = pa.concat_tables(_kept(piece, task) for piece in task.shard.slices)
        rows = cast(pl.DataFrame, pl.from_arrow(table))
        write_bytes(task.work.part("digests", task.index), row_digests(rows))
        write_table(declared(table, schema(task.builder.kind)), path)
        write_frame(task.builder.measure(rows), measures)


def _write_rejected(task: RejectedTask, path: Path) -> None:
    parts = (read_frame(task.work.part("records", piece.part)) for piece in task.shard.slices)
    pieces = [rows.slice(piece.start, piece.length) for rows, piece in zip(parts, task.shard.slices, strict=True)]
    write_table(declared(pl.concat(pieces).select(REJECTED.names).to_arrow(), REJECTED), path)


def _kept(piece: Slice, task: ShardTask) -> pa.Table:
    """Return the rows of one piece, copied: a shard of a small split takes a little of very many parts.

    A frame would keep every one of their files mapped, and soon all pages in memory.
    """
    splits = read_frame(task.work.part("splits", piece.part))["split"]
    kept = read_frame(task.work.part("kept", piece.part), schema(task.builder.kind).names)
    return kept.filter(splits == task.shard.split).slice(piece.start, piece.length).to_arrow()
