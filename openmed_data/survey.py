"""Read a dataset once: how many rows each split has, the digest of its content, and rows to show.

Where a manifest stands beside the files, the survey holds it against them. That is the engine's own question and no
plug-in's, so no choice of checks leaves it out: a passing report is about these exact bytes.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from openmed_data.books import Books
from openmed_data.check import FINDINGS, CheckResult, Figure
from openmed_data.dataset import DataFile, Dataset, Stretch, with_ids
from openmed_data.digest import row_digests, set_digest
from openmed_data.draw import Drawn, draw, first
from openmed_data.errors import BooksError
from openmed_data.files import sha256_of
from openmed_data.kinds import schema
from openmed_data.pipeline.workers import Workers
from openmed_data.progress import Advance, ignore

NAME = "integrity"
SHOWN_ROWS = 4
_MOST_FINDINGS = 200


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
    licenses
        Rows under each licence that the column ``license`` names.
    """

    rows: Mapping[str, int]
    content_digest: str
    sample: tuple[tuple[str, pl.DataFrame], ...]
    licenses: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SurveyTask:
    """Read one stretch; the digests of its rows go to a file in `folder`."""

    stretch: Stretch
    folder: Path


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What one stretch told: rows of each split and licence, the files of digests, the rows that may be shown."""

    rows: Mapping[str, int]
    licenses: Mapping[str, int]
    digests: tuple[Path, ...]
    sample: tuple[Drawn, ...]


def survey_stretch(task: SurveyTask) -> Surveyed:
    """Read every row of one stretch."""
    rows: Counter[str] = Counter()
    licenses: Counter[str] = Counter()
    sample: list[Drawn] = []
    parts: list[Path] = []
    seen = task.stretch.first
    for split, batch in task.stretch.batches():
        rows[split] += batch.height
        licenses.update(_licenses(batch))
        parts.append(task.folder / f"{seen:012d}.digests")
        parts[-1].write_bytes(row_digests(batch))
        sample += draw([(split, with_ids(batch, seen))], SHOWN_ROWS, _ids, before=seen)
        seen += batch.height
    return Surveyed(rows, licenses, tuple(parts), tuple(first(SHOWN_ROWS, sample)))


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
    licenses: Counter[str] = Counter()
    sample: list[Drawn] = []
    parts: list[Path] = []
    tasks = (SurveyTask(stretch, folder) for stretch in dataset.stretches())
    for surveyed in workers.map(survey_stretch, tasks):
        for split, count in surveyed.rows.items():
            rows[split] += count
            advance(count)
        licenses.update(surveyed.licenses)
        sample = first(SHOWN_ROWS, [*sample, *surveyed.sample])
        parts += surveyed.digests
    digest = set_digest(parts)
    for path in parts:
        path.unlink()
    return Survey(rows, digest, tuple((one.split, one.row) for one in sample), licenses)


def _ids(batch: pl.DataFrame) -> pl.Series:
    return batch["id"].cast(pl.String).fill_null("")


def _licenses(batch: pl.DataFrame) -> dict[str, int]:
    if "license" not in batch.columns:
        return {}
    named = pl.col("license").cast(pl.String).fill_null("")
    return dict(batch.group_by(named).len().iter_rows())


def integrity(dataset: Dataset, found: Survey) -> CheckResult | None:
    """Hold the manifest against the files; None where there is no manifest."""
    if dataset.manifest is None:
        return None
    files: Sequence[Mapping[str, Any]] = dataset.manifest["files"]
    here = [file for file in dataset.manifest["rejected_files"] if (dataset.root / file["name"]).is_file()]
    books, content = dataset.manifest["books"], dataset.manifest["content_digest"]
    faults = (
        _Fault("changed_files", "files whose SHA-256 is not the manifest's",
               _changed(dataset.root, [*files, *here])),
        _Fault("misstated_files", "files that hold other rows or bytes than the manifest says",
               _misstated(dataset.root, files)),
        _Fault("unknown_files", "files in data/ that the manifest does not name; loading the folder may read them",
               dict.fromkeys(_strangers(dataset.root, files), "not named by the manifest: remove it")),
        _Fault("linked_files", "links in the folder: what they point to is no part of it, and can change or be missing",
               _links(dataset.root)),
        _Fault("wrong_row_counts", "splits that do not hold as many rows as the manifest's books say",
               _unequal(found.rows, books["kept_rows"])),
        _Fault("unbalanced_books", "1 where the manifest's books do not add up", _unbalanced(books)),
        _Fault("undeclared_schemas", "files whose Arrow schema is not exactly that of the kind",
               {file.name: f"other columns or types than {dataset.kind} has"
                for file in dataset.files if _undeclared(file, dataset)}),
        _Fault("changed_content", "1 where the digest over all rows is not the manifest's",
               {} if found.content_digest == content else {"data/": _differs(found.content_digest, content)}),
        _Fault("unstated_licenses", "licences of rows that the manifest does not name",
               _unstated(found.licenses, dataset.manifest)),
    )  # fmt: skip
    figures = tuple(Figure(one.name, len(one.where), maximum=0, meaning=one.meaning) for one in faults)
    return CheckResult(NAME, figures, _findings(faults), rows=sum(found.rows.values()))


@dataclass(frozen=True, slots=True)
class _Fault:
    """One way in which files and manifest can differ, and in which places they do: file or split → what is found."""

    name: str
    meaning: str
    where: Mapping[str, str]


def _differs(found: str, stated: str) -> str:
    return f"{found[:12]}…; the manifest says {stated[:12]}…"


def _changed(root: Path, files: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    hashes = {file["name"]: (sha256_of(root / file["name"]), file["sha256"]) for file in files}
    return {name: _differs(found, stated) for name, (found, stated) in hashes.items() if found != stated}


def _misstated(root: Path, files: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    misstated: dict[str, str] = {}
    for file in files:
        path = root / file["name"]
        rows, size = pq.read_metadata(path).num_rows, path.stat().st_size
        if (rows, size) != (file["rows"], file["bytes"]):
            stated = f"{file['rows']:,} rows, {file['bytes']:,} bytes"
            misstated[file["name"]] = f"{rows:,} rows, {size:,} bytes; the manifest says {stated}"
    return misstated


def _strangers(root: Path, files: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return what stands in ``data/`` besides the files of the build."""
    found = {path.relative_to(root).as_posix() for path in (root / "data").rglob("*") if not path.is_dir()}
    return sorted(found - {file["name"] for file in files})


def _links(root: Path) -> dict[str, str]:
    """Return what is a link, but for those by which the Hub's cache lays a snapshot down: ``../../blobs/HASH``."""
    snapshots = root.resolve().parent
    cached = snapshots.with_name("blobs") if snapshots.name == "snapshots" else None
    links = (path for path in sorted(root.rglob("*")) if path.is_symlink())
    foreign = (path for path in links if cached is None or path.resolve().parent != cached)
    return {path.relative_to(root).as_posix(): "a link: put the file itself there" for path in foreign}


def _unequal(found: Mapping[str, int], stated: Mapping[str, int]) -> dict[str, str]:
    counts = {split: (found.get(split, 0), stated.get(split, 0)) for split in sorted({*found, *stated})}
    return {split: f"{now:,} rows; the manifest says {said:,}" for split, (now, said) in counts.items() if now != said}


def _unstated(found: Mapping[str, int], stated: Mapping[str, Any]) -> dict[str, str]:
    """Return the licences of rows besides those of the source and, in a mix, of its parts."""
    parts: Mapping[str, Any] = stated["state"].get("parts", {})
    known = {stated["source"].get("license"), *(one for part in parts.values() for one in part["licenses"])}
    return {f"license '{name}'": f"{rows:,} rows" for name, rows in sorted(found.items()) if name not in known}


def _unbalanced(books: Mapping[str, Any]) -> dict[str, str]:
    try:
        Books.from_json(books).check()
    except BooksError as error:
        return {"manifest.json": str(error)}
    return {}


def _findings(faults: Iterable[_Fault]) -> pl.DataFrame:
    rows = [("", "", place, 0, 0, fault.name, 3, found) for fault in faults for place, found in fault.where.items()]
    return pl.DataFrame(rows, schema=FINDINGS, orient="row").head(_MOST_FINDINGS)


def _undeclared(file: DataFile, dataset: Dataset) -> bool:
    return not pq.read_schema(file.path).equals(schema(dataset.kind))
