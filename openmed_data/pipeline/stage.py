"""First step: read the source once, check that every row can be read, and lay it out as numbered parts."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path

import polars as pl

from openmed_data.builder import FILE, LINE, ROW, SHAPE
from openmed_data.errors import Problem, SourceError, UsageError
from openmed_data.files import sha256_of, write_text
from openmed_data.pipeline.work import Work, write_frame
from openmed_data.pipeline.workers import Workers
from openmed_data.sources import Source, SourceFile
from openmed_data.sources.readers import PART_ROWS, Part


@dataclass(frozen=True, slots=True)
class StagedFile:
    """One source file as it was read."""

    name: str
    split: str | None
    sha256: str
    rows: int
    parts: int


@dataclass(frozen=True, slots=True)
class _Task:
    part: Part
    index: int
    keep: int
    path: Path


@dataclass(frozen=True, slots=True)
class _Outcome:
    file: str
    rows: int
    problems: tuple[Problem, ...] = ()
    hint: str = ""


def stage(
    work: Work,
    source: Source,
    parts: Callable[[SourceFile], Iterator[Part]],
    workers: Workers,
    *,
    limit: int | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> tuple[StagedFile, ...]:
    """Write the source's rows as parts and return what was read, from an earlier run's record if it still holds.

    Parameters
    ----------
    parts
        Cuts a file into parts; see `openmed_data.builder.Builder.parts`.
    limit
        Stop after so many rows.
    advance
        Called with the number of rows of each finished part.

    Raises
    ------
    SourceError
        Rows or whole files cannot be read; every problem found is listed.
    UsageError
        The source is not the one that an interrupted run read.
    """
    hashes = tuple(sha256_of(file.path) for file in source.files)
    record = work.root / "stage.json"
    if record.exists():
        return _recorded(record, hashes)
    work.clear("stage")  # a run that did not finish may have read a longer source
    counts = _read(source, workers.map(_stage_part, _tasks(work, source, parts, limit)), advance)
    staged = tuple(
        StagedFile(file.name, file.split, digest, sum(counts[file.name]), len(counts[file.name]))
        for file, digest in zip(source.files, hashes, strict=True)
    )
    write_text(record, json.dumps([asdict(file) for file in staged]))
    return staged


def _recorded(record: Path, hashes: tuple[str, ...]) -> tuple[StagedFile, ...]:
    """Return what an earlier run read, where the files are still those."""
    staged = tuple(StagedFile(**entry) for entry in json.loads(record.read_text()))
    if tuple(file.sha256 for file in staged) == hashes:
        return staged
    raise UsageError(
        "the source changed since this build was interrupted", hint=f"Remove '{record.parent}' and build again."
    )


def _read(source: Source, outcomes: Iterable[_Outcome], advance: Callable[[int], None]) -> dict[str, list[int]]:
    """Return the rows of each part, by file; the problems of all parts are reported together."""
    counts: dict[str, list[int]] = {file.name: [] for file in source.files}
    problems: list[Problem] = []
    hint = ""
    for outcome in outcomes:
        counts[outcome.file].append(outcome.rows)
        problems += outcome.problems
        hint = hint or outcome.hint
        advance(outcome.rows)
    if problems:
        raise SourceError(f"the source has {len(problems)} row(s) that cannot be read", problems, hint=hint)
    return counts


def _tasks(
    work: Work, source: Source, parts: Callable[[SourceFile], Iterator[Part]], limit: int | None
) -> Iterator[_Task]:
    left = sys.maxsize if limit is None else limit
    every = chain.from_iterable(map(parts, source.files))
    for index, part in enumerate(every):
        if left == 0:
            return
        keep = min(left, part.rows)
        yield _Task(part, index, keep, work.part("stage", index))
        left -= keep


def _stage_part(task: _Task) -> _Outcome:
    try:
        frame = task.part.load().head(task.keep)
    except SourceError as error:
        return _Outcome(task.part.file, 0, error.problems, error.hint)
    place = pl.int_range(pl.len(), dtype=pl.UInt32)
    numbered = frame.with_columns(
        (place.cast(pl.UInt64) + task.index * PART_ROWS).alias(ROW),
        (place + task.part.first_row).alias(LINE),
        pl.lit(task.part.file).alias(FILE),
        pl.lit(task.part.shape).alias(SHAPE),
    )
    write_frame(numbered, task.path)
    return _Outcome(task.part.file, frame.height)
