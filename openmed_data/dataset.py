"""Open a build, or any Parquet or JSON-lines files of the four kinds, and read it in batches."""

import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, cast

import polars as pl

from openmed_data import manifest
from openmed_data.errors import Problem, SourceError, UsageError
from openmed_data.kinds import Kind, kind_of
from openmed_data.sources.resolve import data_suffix, declared_split

BATCH_ROWS = 16_384
# Parquet files are cut and joined, between row groups, into stretches of at least so many rows.
STRETCH_ROWS = 50_000
_LINES = (".jsonl", ".ndjson", ".json")


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of a dataset and the split it belongs to."""

    path: Path
    name: str
    split: str


@dataclass(frozen=True, slots=True)
class Piece:
    """One file, or some row groups of a Parquet file, and how many rows these are known to hold."""

    file: DataFile
    groups: tuple[int, ...] | None = None
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive rows of a dataset that can be read by themselves.

    Attributes
    ----------
    first
        How many rows of the dataset come before.
    """

    pieces: tuple[Piece, ...]
    first: int

    def batches(self) -> Iterator[tuple[str, pl.DataFrame]]:
        """Yield split name and rows, at most `BATCH_ROWS` at a time.

        Raises
        ------
        SourceError
            A file is damaged.
        """
        for piece in self.pieces:
            for batch in _read(piece):
                yield piece.file.split, batch

    def named(self) -> Iterator[tuple[str, pl.DataFrame]]:
        """Yield the same batches, with ids: see `with_ids`."""
        before = self.first
        for split, batch in self.batches():
            yield split, with_ids(batch, before)
            before += batch.height


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
                for piece in _pieces(file):
                    for batch in _read(piece):
                        yield file.split, batch

    def stretches(self) -> Iterator[Stretch]:
        """Yield the stretches that the files are cut into, in order.

        Raises
        ------
        SourceError
            A file is damaged.
        """
        waiting: list[Piece] = []
        first = rows = 0
        for piece in chain.from_iterable(map(_pieces, self.files)):
            if waiting and rows >= STRETCH_ROWS:
                yield Stretch(tuple(waiting), first)
                waiting, first, rows = [], first + rows, 0
            waiting.append(piece)
            if len(self.files) > 1 or piece.rows is not None:  # a single file needs no counting
                rows += _rows(piece)
        if waiting:
            yield Stretch(tuple(waiting), first)


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
    first = next(_read(Piece(files[0])), None)
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


def with_ids(batch: pl.DataFrame, before: int) -> pl.DataFrame:
    """Return a batch with an `id`: if it has none, the number of each row in the dataset, as in ``row 7``."""
    if "id" in batch.columns:
        return batch
    number = pl.format("row {}", pl.int_range(before + 1, before + batch.height + 1))
    return batch.with_columns(number.alias("id"))


def _loose_files(root: Path) -> tuple[DataFile, ...]:
    readable = {".parquet", *_LINES}
    paths = [root] if root.is_file() else sorted((root / "data" if (root / "data").is_dir() else root).glob("*"))
    found = [path for path in paths if path.is_file() and data_suffix(path) in readable]
    if not found:
        raise UsageError(f"'{root}' holds no file that can be read", hint=f"Expected {', '.join(sorted(readable))}.")
    return tuple(DataFile(path, path.name, declared_split(path.name) or "train") for path in found)


def _pieces(file: DataFile) -> Iterator[Piece]:
    """Cut a Parquet file between row groups; batches do not reach across a cut, wherever they are read."""
    if data_suffix(file.path) != ".parquet":
        yield Piece(file)
        return
    import pyarrow.parquet as pq

    with told(file.name):
        footer = pq.read_metadata(file.path)
    groups: list[int] = []
    rows = 0
    for number in range(footer.num_row_groups):
        groups.append(number)
        rows += footer.row_group(number).num_rows
        if rows >= STRETCH_ROWS or number == footer.num_row_groups - 1:
            yield Piece(file, tuple(groups), rows)
            groups, rows = [], 0


def _rows(piece: Piece) -> int:
    if piece.rows is not None:
        return piece.rows
    with told(piece.file.name, piece.file.path):
        return _scan(piece.file.path).select(pl.len()).collect().item()


def _read(piece: Piece) -> Iterator[pl.DataFrame]:
    import pyarrow.parquet as pq

    path = piece.file.path
    with told(piece.file.name, path):
        if data_suffix(path) == ".parquet":
            # As an extension type, JSON would be no text to polars, and no check would look into calls of tools.
            with pq.ParquetFile(path, arrow_extensions_enabled=False) as reader:  # pyright: ignore[reportCallIssue]
                groups = None if piece.groups is None else list(piece.groups)
                for batch in reader.iter_batches(batch_size=BATCH_ROWS, row_groups=groups):
                    yield _as_text(cast(pl.DataFrame, pl.from_arrow(batch)))
        else:
            yield from _scan(path).collect_batches(chunk_size=BATCH_ROWS)


def _scan(path: Path) -> pl.LazyFrame:
    """Scan JSON lines; calls of tools and their schemas stay JSON text, as `openmed_data.kinds` has them.

    One type for the unlike arguments of all calls would give each of them the arguments of every other, as nulls.
    """
    inferred = pl.scan_ndjson(path, infer_schema_length=None).collect_schema()
    types = {name: pl.String() if name == "tools" else _with_calls_as_text(dtype) for name, dtype in inferred.items()}
    return pl.scan_ndjson(path, schema=types)


def _with_calls_as_text(dtype: pl.DataType) -> pl.DataType:
    if isinstance(dtype, pl.List):
        return pl.List(_with_calls_as_text(cast(pl.DataType, dtype.inner)))
    if not isinstance(dtype, pl.Struct):
        return dtype
    types = {part.name: cast(pl.DataType, part.dtype) for part in dtype.fields}
    return pl.Struct(
        {
            name: pl.List(pl.String)
            if name == "tool_calls" and isinstance(part, pl.List)
            else _with_calls_as_text(part)
            for name, part in types.items()
        }
    )


def _as_text(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with text for bytes, as which polars reads JSON columns and writes them again."""
    kinds = {name: kind for name, kind in rows.schema.items() if _textual(kind) != kind}
    return rows.cast({name: _textual(kind) for name, kind in kinds.items()}) if kinds else rows


def _textual(kind: pl.DataType) -> pl.DataType:
    if isinstance(kind, pl.List):
        return pl.List(_textual(cast(pl.DataType, kind.inner)))
    if isinstance(kind, pl.Struct):
        return pl.Struct({part.name: _textual(cast(pl.DataType, part.dtype)) for part in kind.fields})
    return pl.String() if kind == pl.Binary else kind


@contextmanager
def told(name: str, path: Path | None = None) -> Generator[None]:
    """Say which file is damaged: what a reader raises becomes a `SourceError` that names the file `name`.

    Of JSON lines at `path` the first that is broken is named too.
    """
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, pl.exceptions.PolarsError, json.JSONDecodeError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # of the disk, not of the content
            raise
        problem = Problem(name, f"bytes that end in {type(error).__name__}", "a complete, valid file")
        hint = "Fetch or build it again."
        if path is not None and path.suffix in _LINES:
            problem = next(_broken_lines(path, name), problem)
            hint = "Write one JSON object on each line; of an array: jq -c '.[]' OLD > NEW"
        raise SourceError(f"'{name}' cannot be read", [problem], hint=hint) from error


def _broken_lines(path: Path, name: str) -> Iterator[Problem]:
    """Yield the lines of a file that are no JSON object."""
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                value: Any = json.loads(line.decode()) if line.strip() else {}
            except ValueError as error:
                yield Problem(name, f"broken JSON ({error})", "one JSON object on each line", row=number)
            else:
                if not isinstance(value, dict):
                    yield Problem(name, f"a JSON {type(value).__name__}", "one JSON object on each line", row=number)
