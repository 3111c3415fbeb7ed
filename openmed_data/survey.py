"""Read a dataset once: how many rows each split has, the digest of its content, and rows to show.

Where a manifest stands beside the files, the survey holds it against them. That is the engine's own question and no
plug-in's, so no choice of checks leaves it out: a passing report is about these exact bytes.
"""

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from openmed_data.check import FINDINGS, CheckResult, Figure
from openmed_data.dataset import DataFile, Dataset, Stretch
from openmed_data.digest import row_digests, set_digest
from openmed_data.kinds import schema
from openmed_data.pipeline.workers import Workers
from openmed_data.progress import Advance, ignore
from openmed_data.sources.readers import sha256

NAME = "integrity"
SHOWN_ROWS = 4

_Drawn = tuple[bytes, int, str, pl.DataFrame]  # hash of the id, place in the dataset, split, the row


@dataclass(frozen=True, slots=True)
class Survey:
    """What one reading of every row told.

    Attributes
    ----------
    rows
        Rows of each split, in the order of the files.
    content_digest
        Digest of the set of rows, whatever files they lie in; see `openmed_data.digest`.
    sample
        Split and row of a few rows that the ids choose: the same ones whatever the order of rows.
    """

    rows: Mapping[str, int]
    content_digest: str
    sample: tuple[tuple[str, pl.DataFrame], ...]


@dataclass(frozen=True, slots=True)
class SurveyTask:
    """Read one stretch; the digests of its rows go to a file in `folder`."""

    stretch: Stretch
    folder: Path


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What one stretch told: rows of each split, the files of digests, the rows that may be shown."""

    rows: Mapping[str, int]
    digests: tuple[Path, ...]
    sample: tuple[_Drawn, ...]


def survey_stretch(task: SurveyTask) -> Surveyed:
    """Read every row of one stretch."""
    rows: dict[str, int] = {}
    sample: list[_Drawn] = []
    parts: list[Path] = []
    seen = task.stretch.first
    for split, batch in task.stretch.batches():
        rows[split] = rows.get(split, 0) + batch.height
        parts.append(task.folder / f"{seen:012d}.digests")
        parts[-1].write_bytes(row_digests(batch))
        sample = heapq.nsmallest(SHOWN_ROWS, [*sample, *_smallest(split, batch, seen)])
        seen += batch.height
    return Surveyed(rows, tuple(parts), tuple(sample))


def survey(dataset: Dataset, workers: Workers, folder: Path, advance: Advance = ignore) -> Survey:
    """Read every row of `dataset` once.

    Parameters
    ----------
    folder
        Where digests go for the time being; all workers see it.

    Raises
    ------
    SourceError
        A file is damaged.
    """
    rows = dict.fromkeys(dataset.splits, 0)
    sample: list[_Drawn] = []
    parts: list[Path] = []
    tasks = (SurveyTask(stretch, folder) for stretch in dataset.stretches())
    for surveyed in workers.map(survey_stretch, tasks):
        for split, count in surveyed.rows.items():
            rows[split] += count
            advance(count)
        sample = heapq.nsmallest(SHOWN_ROWS, [*sample, *surveyed.sample])
        parts += surveyed.digests
    digest = set_digest(parts)
    for path in parts:
        path.unlink()
    return Survey(rows, digest, tuple((split, row) for _, _, split, row in sample))


def _smallest(split: str, batch: pl.DataFrame, seen: int) -> Iterable[_Drawn]:
    """Return the rows of `batch` whose ids have the smallest hashes, each with its hash and place."""
    named = "id" in batch.columns
    names = batch["id"].cast(pl.String).fill_null("") if named else map(str, range(seen, seen + batch.height))
    hashes = ((blake2b(name.encode(), digest_size=8).digest(), place) for place, name in enumerate(names))
    smallest = heapq.nsmallest(SHOWN_ROWS, hashes)
    return [(digest, seen + place, split, batch.slice(place, 1)) for digest, place in smallest]


def integrity(dataset: Dataset, found: Survey) -> CheckResult | None:
    """Hold the manifest against the files; None where there is no manifest."""
    if dataset.manifest is None:
        return None
    stated = {file["name"]: file for file in dataset.manifest["files"]}
    kept: Mapping[str, int] = dataset.manifest["books"]["kept_rows"]
    figures = (
        _none("changed_files", sum(_changed(file, stated[file.name]) for file in dataset.files),
              "files whose SHA-256 is not the manifest's"),
        _none("wrong_row_counts", sum(found.rows.get(split, 0) != kept.get(split, 0) for split in {*found.rows, *kept}),
              "splits that do not hold as many rows as the manifest's books say"),
        _none("undeclared_schemas", sum(_undeclared(file, dataset) for file in dataset.files),
              "files whose Arrow schema is not exactly that of the kind"),
        _none("changed_content", int(found.content_digest != dataset.manifest["content_digest"]),
              "1 where the digest over all rows is not the manifest's"),
    )  # fmt: skip
    return CheckResult(NAME, figures, pl.DataFrame(schema=FINDINGS), rows=sum(found.rows.values()))


def _none(name: str, value: int, meaning: str) -> Figure:
    return Figure(name, value, maximum=0, meaning=meaning)


def _changed(file: DataFile, stated: Mapping[str, Any]) -> bool:
    return sha256(file.path) != stated["sha256"]


def _undeclared(file: DataFile, dataset: Dataset) -> bool:
    return not pq.read_schema(file.path).equals(schema(dataset.kind))
