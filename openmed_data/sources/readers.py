"""Read source files as a stream of parts: a fixed number of rows each, every column as text.

A builder receives each source column as a string, nested values as JSON text. One rule for all formats means that a
file and its copy in another format give the same rows, and that nothing is inferred from the first rows of a file.
"""

import gzip
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, cast

import polars as pl

from openmed_data.errors import Problem, SourceError
from openmed_data.sources import lines
from openmed_data.sources.resolve import SourceFile, data_suffix

PART_ROWS = 16_384


class Part(Protocol):
    """Up to `PART_ROWS` consecutive rows of one file, not parsed yet."""

    @property
    def file(self) -> str:
        """Name of the file."""
        ...

    @property
    def first_row(self) -> int:
        """1-based number of the first row."""
        ...

    @property
    def most_rows(self) -> int:
        """How many rows it holds, or a few more where lines are blank."""
        ...

    def load(self) -> pl.DataFrame:
        """Parse the rows; may be called in another thread or process."""
        ...


@dataclass(frozen=True, slots=True)
class FramePart:
    """Rows of a format that is parsed as it is read."""

    file: str
    first_row: int
    frame: pl.DataFrame

    @property
    def most_rows(self) -> int:
        """How many rows it holds."""
        return self.frame.height

    def load(self) -> pl.DataFrame:
        """Return the rows."""
        return self.frame


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def parts(file: SourceFile, columns: Sequence[str], required: Sequence[str], rows: int = PART_ROWS) -> Iterator[Part]:
    """Yield the parts of `file` in order, with exactly `columns`, all of them strings.

    Parameters
    ----------
    file
        The file to read; its suffixes tell format and compression.
    columns
        Columns to keep; those that the file lacks are null.
    required
        Columns that must be there.
    rows
        Rows in a part; the last one of a file may have fewer.

    Raises
    ------
    SourceError
        The file is empty, is not what its suffix says, or lacks a required column.
    """
    suffix = data_suffix(file.path)
    if suffix in {".jsonl", ".ndjson"} or (suffix == ".json" and not _is_json_document(file)):
        with _open(file.path) as stream:
            yield from lines.parts(file.name, stream, columns, required, rows)
        return
    frames = {".json": _read_json, ".csv": _read_csv, ".parquet": _read_parquet}[suffix](file)
    first = 1
    for frame in _rebatch(frames, rows):
        if first == 1:
            lines.require_columns(file.name, frame.columns, required)
        yield FramePart(file.name, first, _as_text(frame, columns))
        first += frame.height
    if first == 1:
        raise lines.empty(file.name)


def _open(path: Path) -> IO[bytes]:
    if path.suffix == ".gz":
        return cast(IO[bytes], gzip.open(path, "rb"))
    if path.suffix == ".zst":
        import zstandard

        return cast(IO[bytes], zstandard.open(path, "rb"))
    return path.open("rb")


def _is_json_document(file: SourceFile) -> bool:
    """Tell one JSON value over many lines from one JSON object per line."""
    with _open(file.path) as stream:
        head = stream.read(1 << 16).lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"["):
        return True
    first_line = head.split(b"\n", 1)[0].strip()
    try:
        return not isinstance(json.loads(first_line), dict)
    except ValueError:
        return first_line in {b"{", b""}


def _read_json(file: SourceFile) -> Iterator[pl.DataFrame]:
    """Read a JSON array of objects, or an object of objects whose keys become the column `key`."""
    with _open(file.path) as stream:
        raw = stream.read()
    try:
        document: Any = json.loads(raw)
    except ValueError as error:
        found = f"bytes that are not UTF-8 ({error})" if isinstance(error, UnicodeDecodeError) else f"{error}"
        problem = Problem(file.name, found, "one complete JSON document")
        raise SourceError(f"'{file.name}' is not valid JSON", [problem], hint=lines.DAMAGED) from error
    records = _records(document)
    problems = [
        Problem(file.name, f"a JSON {type(record).__name__}", "an object", row=index)
        for index, record in enumerate(records, start=1)
        if not isinstance(record, dict)
    ]
    if problems:
        raise SourceError(f"'{file.name}' does not hold one object per row", problems)
    yield pl.DataFrame(
        [{name: _text(value) for name, value in record.items()} for record in records], infer_schema_length=None
    )


def _records(document: Any) -> list[Any]:
    if not isinstance(document, dict):
        return document
    keyed = cast(dict[str, Any], document).items()
    return [{"key": key, **cast(dict[str, Any], value)} if isinstance(value, dict) else value for key, value in keyed]


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _read_csv(file: SourceFile) -> Iterator[pl.DataFrame]:
    source: Any = file.path
    if file.path.suffix == ".zst":
        with _open(file.path) as stream:
            source = stream.read()
    try:
        yield from pl.scan_csv(source, infer_schema=False).collect_batches(chunk_size=PART_ROWS)
    except pl.exceptions.NoDataError:
        return
    except pl.exceptions.PolarsError as error:
        raise SourceError(
            f"'{file.name}' is not valid CSV",
            [Problem(file.name, str(error).splitlines()[0], "UTF-8 CSV with a header")],
        ) from error


def _read_parquet(file: SourceFile) -> Iterator[pl.DataFrame]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file.path) as reader:
            for batch in reader.iter_batches(batch_size=PART_ROWS):
                yield cast(pl.DataFrame, pl.from_arrow(batch))
    except pa.ArrowInvalid as error:
        problem = Problem(file.name, str(error).splitlines()[0], "a complete Parquet file")
        raise SourceError(f"'{file.name}' is not valid Parquet", [problem], hint=lines.DAMAGED) from error


def _rebatch(frames: Iterator[pl.DataFrame], rows: int) -> Iterator[pl.DataFrame]:
    """Cut a stream of frames of any height into frames of exactly `rows`, the last one shorter."""
    held: list[pl.DataFrame] = []
    height = 0
    for frame in frames:
        held.append(frame)
        height += frame.height
        while height >= rows:
            whole = pl.concat(held, how="diagonal")
            yield whole.head(rows)
            held, height = [whole.slice(rows)], height - rows
    if height:
        yield pl.concat(held, how="diagonal")


def _as_text(frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    expressions: list[pl.Expr] = []
    for name in columns:
        dtype = frame.schema.get(name)
        if dtype is None:
            expressions.append(pl.lit(None, dtype=pl.String).alias(name))
        elif dtype.is_nested():
            wrapped = pl.struct(pl.col(name).alias("v")).struct.json_encode().str.slice(5).str.head(-1)
            expressions.append(pl.when(pl.col(name).is_not_null()).then(wrapped).alias(name))
        else:
            expressions.append(pl.col(name).cast(pl.String))
    return frame.select(expressions)
