"""Read source files as a stream of parts: a fixed number of rows each, every column as text.

A builder receives each source column as a string, nested values as JSON text. One rule for all formats means that a
file and its copy in another format give the same rows, and that nothing is inferred from the first rows of a file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import polars as pl

from openmed_data.errors import Problem, SourceError
from openmed_data.sources import documents, lines
from openmed_data.sources.delimited import read_csv
from openmed_data.sources.resolve import COMPRESSED, SourceFile, data_suffix
from openmed_data.sources.shapes import Shapes, shape_of
from openmed_data.sources.streams import DAMAGED, open_bytes, require_utf_8

# The most rows of a part, and what a part has where its builder does not say.
PART_ROWS = 32_768
USUAL_ROWS = 16_384


class Part(Protocol):
    """Up to `PART_ROWS` consecutive rows of one file, not parsed yet."""

    @property
    def file(self) -> str:
        """Name of the file."""
        ...

    @property
    def shape(self) -> str:
        """Name of the shape that its columns have."""
        ...

    @property
    def first_row(self) -> int:
        """1-based number of the first row."""
        ...

    @property
    def rows(self) -> int:
        """How many rows it holds."""
        ...

    def load(self) -> pl.DataFrame:
        """Parse the rows; may be called in another thread or process."""
        ...


@dataclass(frozen=True, slots=True)
class FramePart:
    """Rows of a format that is parsed as it is read."""

    file: str
    shape: str
    first_row: int
    frame: pl.DataFrame

    @property
    def rows(self) -> int:
        """How many rows it holds."""
        return self.frame.height

    def load(self) -> pl.DataFrame:
        """Return the rows."""
        return self.frame


def parts(file: SourceFile, columns: Sequence[str], shapes: Shapes, rows: int = USUAL_ROWS) -> Iterator[Part]:
    """Yield the parts of `file` in order, with exactly `columns`, all of them strings.

    Parameters
    ----------
    file
        The file to read; its suffixes tell format and compression.
    columns
        Columns to keep; those that the file lacks are null.
    shapes
        The sets of columns of which one must be there, by name.
    rows
        Rows in a part, at most `PART_ROWS`; the last one of a file may have fewer.

    Raises
    ------
    SourceError
        The file is empty, is not what its suffix says, or has none of the shapes.
    """
    suffix = data_suffix(file.path)
    if suffix != ".parquet":
        require_utf_8(file)
    if suffix in {".jsonl", ".ndjson", ".json"}:
        document = suffix == ".json" and documents.is_document(file)
        blocks = documents.as_lines(file) if document else lines.blocks(file)
        yield from lines.parts(file.name, blocks, columns, shapes, rows)
        return
    frames = read_csv(file, rows) if suffix == ".csv" else _read_parquet(file, rows)
    first, shape = 1, ""
    for frame in _rebatch(frames, rows):
        if first == 1:
            shape = shape_of(file.name, frame.columns, shapes)
        yield FramePart(file.name, shape, first, _as_text(frame, columns))
        first += frame.height
    if first == 1:
        raise lines.empty(file.name)


def _read_parquet(file: SourceFile, rows: int) -> Iterator[pl.DataFrame]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    source: Any = file.path
    if file.path.suffix in COMPRESSED:
        with open_bytes(file) as stream:
            source = pa.BufferReader(stream.read())
    try:
        with pq.ParquetFile(source) as reader:
            for batch in reader.iter_batches(batch_size=rows):
                yield cast(pl.DataFrame, pl.from_arrow(batch))
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # of the disk, not of the content
            raise
        problem = Problem(file.name, str(error).splitlines()[0], "a complete Parquet file")
        raise SourceError(f"'{file.name}' is not valid Parquet", [problem], hint=DAMAGED) from error


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
    """Return `columns` as text, as the same values would come out of JSON lines."""
    texts: list[pl.Series] = []
    for name in columns:
        held = frame[name] if name in frame.columns else pl.Series(name, [None] * frame.height, dtype=pl.String)
        if held.dtype.is_nested():
            texts_of = [None if value is None else lines.json_text(value) for value in held.to_list()]
            held = pl.Series(name, texts_of, dtype=pl.String)
        elif held.dtype.is_float():
            held = held.cast(pl.String).str.replace(r"\.0$", "")
        texts.append(held.cast(pl.String))
    return pl.DataFrame(texts)
