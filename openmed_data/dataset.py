"""Open a build, or any Parquet or JSON-lines files of the four kinds, and read it in batches."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import polars as pl

from openmed_data import manifest
from openmed_data.errors import Problem, SourceError, UsageError
from openmed_data.kinds import Kind, kind_of
from openmed_data.sources.resolve import data_suffix, declared_split

BATCH_ROWS = 16_384


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of a dataset and the split it belongs to."""

    path: Path
    name: str
    split: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset on disk.

    Attributes
    ----------
    root
        The build's folder, or the file or folder that was named.
    kind
        What it is for: the manifest's word, or told from the columns.
    manifest
        The build's manifest; None for files that this project did not build.
    """

    root: Path
    kind: Kind
    files: tuple[DataFile, ...]
    manifest: Mapping[str, Any] | None = None

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits, in the order of the files."""
        return tuple(dict.fromkeys(file.split for file in self.files))

    def batches(self, split: str | None = None) -> Iterator[tuple[str, pl.DataFrame]]:
        """Yield split name and rows, at most `BATCH_ROWS` at a time, in the order of the files.

        Raises
        ------
        SourceError
            A file is damaged.
        """
        for file in self.files:
            if split in {None, file.split}:
                for batch in _read(file):
                    yield file.split, batch


def open_dataset(text: str) -> Dataset:
    """Open the build, file or folder of files at `text`.

    Raises
    ------
    UsageError
        Nothing readable stands there, or its columns fit none of the four kinds.
    SourceError
        The first file is damaged or empty.
    """
    root = Path(text)
    if not root.exists():
        raise UsageError(f"'{text}' does not exist", hint="Give a build's folder, or a Parquet or JSON-lines file.")
    if (root / manifest.NAME).is_file():
        document = manifest.read(root)
        files = tuple(DataFile(root / file["name"], file["name"], file["split"]) for file in document["files"])
        missing = [Problem(file.name, "no file", "a file of the build") for file in files if not file.path.is_file()]
        if missing:
            raise SourceError(f"'{text}' lacks files that its manifest names", missing, hint="Build it again.")
        return Dataset(root, Kind(document["kind"]), files, document)
    if root.is_dir() and manifest.interrupted(root):
        manifest.read(root)
    files = _loose_files(root)
    first = next(_read(files[0]), None)
    if first is None:
        problem = Problem(files[0].name, "no rows", "one row at least")
        raise SourceError(f"'{text}' is empty", [problem], hint="Fetch or build it again.")
    columns = set(first.columns)
    kind = kind_of(columns)
    if kind is None:
        raise UsageError(
            f"'{text}' is none of the four kinds of dataset: its columns are {', '.join(sorted(columns))}",
            hint="Expected prompt/chosen/rejected, prompt/answer/answer_type, or messages.",
        )
    return Dataset(root, kind, files)


def _loose_files(root: Path) -> tuple[DataFile, ...]:
    readable = {".parquet", ".jsonl", ".ndjson", ".json"}
    paths = [root] if root.is_file() else sorted((root / "data" if (root / "data").is_dir() else root).glob("*"))
    found = [path for path in paths if path.is_file() and data_suffix(path) in readable]
    if not found:
        raise UsageError(f"'{root}' holds no file that can be read", hint=f"Expected {', '.join(sorted(readable))}.")
    return tuple(DataFile(path, path.name, declared_split(path.name) or "train") for path in found)


def _read(file: DataFile) -> Iterator[pl.DataFrame]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if data_suffix(file.path) == ".parquet":
            with pq.ParquetFile(file.path) as reader:
                for batch in reader.iter_batches(batch_size=BATCH_ROWS):
                    yield cast(pl.DataFrame, pl.from_arrow(batch))
        else:
            yield from pl.scan_ndjson(file.path, infer_schema_length=None).collect_batches(chunk_size=BATCH_ROWS)
    except (pa.ArrowInvalid, pl.exceptions.PolarsError, json.JSONDecodeError) as error:
        problem = Problem(file.name, f"bytes that end in {type(error).__name__}", "a complete, valid file")
        raise SourceError(f"'{file.name}' cannot be read", [problem], hint="Fetch or build it again.") from error
