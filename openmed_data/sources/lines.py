"""JSON lines: cut into parts by counting line ends, parsed fast, diagnosed slowly only when something is wrong."""

import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
import polars as pl

from openmed_data.errors import Problem, SourceError
from openmed_data.sources.resolve import SourceFile
from openmed_data.sources.shapes import Shapes, shape_of
from openmed_data.sources.streams import BYTE_ORDER_MARK, DAMAGED, open_bytes

BLOCK_BYTES = 8 << 20

_SPACE = b" \t\r\n"
# White space from the end of a line to the end of a blank one. Begins with one byte, which is searched for fast.
_BLANK_LINES = re.compile(rb"\n[ \t\r\n]*(?=\n|\Z)")

# An escape for half of a surrogate pair; what it stands for is no text. May match where a backslash is escaped.
_HALF_PAIR = re.compile(rb"\\u[dD](?:[89abAB]..(?!\\u[dD][c-fC-F])|[c-fC-F]..(?<!\\u[dD][89abAB]..\\u[dD]...))")


def empty(name: str) -> SourceError:
    """Return the error for a file without rows."""
    problem = Problem(name, "an empty file", "at least one row")
    return SourceError(f"'{name}' holds no rows", [problem], hint="Name another file, or fetch this one again.")


def blocks(file: SourceFile) -> Iterator[bytes]:
    """Yield the bytes of a file, decompressed, some at a time."""
    with open_bytes(file) as stream:
        yield from iter(partial(stream.read, BLOCK_BYTES), b"")


def parts(
    name: str, blocks: Iterable[bytes], columns: Sequence[str], shapes: Shapes, rows: int
) -> "Iterator[LinesPart]":
    """Yield every `rows` lines as one part, less those that are blank; see `openmed_data.sources.readers.parts`."""
    first, shape = 1, ""
    for chunk, held in _chunks(blocks, rows):
        filled = _BLANK_LINES.sub(b"", chunk.removeprefix(BYTE_ORDER_MARK) if first == 1 else chunk).lstrip(_SPACE)
        if len(filled) < len(chunk):
            held = filled.count(b"\n") + 1  # noqa: PLW2901
        if not filled:
            continue
        if first == 1:
            shape = _shape(name, filled, shapes, rows)
        yield LinesPart(name, shape, first, filled, tuple(columns), held)
        first += held
    if first == 1:
        raise empty(name)


def _shape(name: str, chunk: bytes, shapes: Shapes, rows: int) -> str:
    found = _keys(name, chunk, some=8)
    if len(shapes) > 1 or not any(set(columns) <= set(found) for columns in shapes.values()):
        found = _keys(name, chunk, some=rows)  # writers that leave nulls out may name a column late
    return shape_of(name, found, shapes)


def _chunks(blocks: Iterable[bytes], rows: int) -> Iterator[tuple[bytes, int]]:
    """Cut a stream of bytes at the end of every `rows` lines; yield them without it, and how many lines they are."""
    held: list[bytes] = []
    wanted = rows
    for block in blocks:
        lines, start = block.count(b"\n"), 0
        if lines >= wanted:
            ends = np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == ord("\n"))
            for last in range(wanted - 1, lines, rows):
                stop = int(ends[last])
                yield b"".join([*held, block[start:stop]]), rows
                held, start, wanted = [], stop + 1, rows + last + 1
        held.append(block[start:])
        wanted -= lines
    rest = b"".join(held).rstrip(_SPACE)
    yield rest, rest.count(b"\n") + 1


def _keys(name: str, chunk: bytes, some: int) -> list[str]:
    """Return the keys of the first `some` lines, in order of first appearance."""
    found: dict[str, None] = {}
    for line in chunk.split(b"\n", some)[:some]:
        try:
            record: Any = json.loads(line)
        except ValueError:
            continue  # `LinesPart.load` reports it, with every other line that is wrong
        if isinstance(record, dict):
            found.update(dict.fromkeys(cast(dict[str, Any], record)))
    if not found:
        _raise_if_wrong(name, 1, chunk)
    return list(found)


@dataclass(frozen=True, slots=True)
class LinesPart:
    """Consecutive lines of one file; see `openmed_data.sources.readers.Part`."""

    file: str
    shape: str
    first_row: int
    chunk: bytes
    columns: tuple[str, ...]
    rows: int

    def load(self) -> pl.DataFrame:
        """Parse the lines.

        Raises
        ------
        SourceError
            A line is not a JSON object; every such line of the part is named.
        """
        schema = dict.fromkeys(self.columns, pl.String)
        try:
            frame = pl.read_ndjson(io.BytesIO(self.chunk), schema=schema)
        except pl.exceptions.PolarsError as error:
            _raise_if_wrong(self.file, self.first_row, self.chunk)
            found = f"{error} in this or a later row"
            problem = Problem(self.file, found, "one JSON object on each line", row=self.first_row)
            raise SourceError(f"'{self.file}' cannot be read", [problem], hint=DAMAGED) from error
        if frame.height != self.rows or _HALF_PAIR.search(self.chunk):
            _raise_if_wrong(self.file, self.first_row, self.chunk)
        return _with_exact_nested(frame, self.chunk)


# Bytes looked back over from an opened list or object, for the key that it may be the value of.
_REACH = 64
# All that is seen may be white space, before the colon or after it: then nobody knows.
_ENDS_A_KEY = re.compile(rb'(?:"|\A)\s*:\Z')


def json_text(value: Any) -> str:
    """Return a nested value as the JSON text that builders receive, in every format."""
    return json.dumps(value, ensure_ascii=False, default=str)


def _with_exact_nested(frame: pl.DataFrame, chunk: bytes) -> pl.DataFrame:
    """Write nested values anew: polars leaves backslashes, tabs and quotes in them unescaped (seen in 2.1)."""
    if not _may_nest(chunk):
        return frame
    opened = (pl.col(name).str.starts_with("{") | pl.col(name).str.starts_with("[") for name in frame.columns)
    suspects: list[int] = (
        frame.select(pl.any_horizontal(opened).fill_null(value=False)).to_series().arg_true().to_list()
    )
    split = chunk.split(b"\n")
    records: dict[int, dict[str, Any]] = {row: json.loads(split[row]) for row in suspects}
    columns: list[pl.Series] = []
    for name in frame.columns:
        nested = {row: record[name] for row, record in records.items() if isinstance(record.get(name), dict | list)}
        columns.append(frame[name].scatter(list(nested), [json_text(value) for value in nested.values()]))
    return frame.with_columns(columns)


def _may_nest(chunk: bytes) -> bool:
    """Return whether a key seems to be followed by an opened list or object; texts may look like that."""
    data = np.frombuffer(chunk, dtype=np.uint8)
    opened = np.flatnonzero((data == ord("[")) | (data == ord("{")))
    after_key = np.isin(data[opened - 1], list(b": \t\r"))
    windows = (chunk[max(0, at - _REACH) : at].rstrip() for at in opened[after_key].tolist())
    return any(not window or _ENDS_A_KEY.search(window) for window in windows)


def _raise_if_wrong(name: str, first_row: int, chunk: bytes) -> None:
    problems: list[Problem] = []
    for number, line in enumerate(chunk.split(b"\n"), start=first_row):
        try:
            record = json.loads(line.decode(), parse_constant=_refuse)
            json.dumps(record, ensure_ascii=False).encode()
        except UnicodeDecodeError as error:
            found = f"byte 0x{line[error.start]:02x} that is not UTF-8"
            problems.append(Problem(name, found, "UTF-8 text", row=number))
        except UnicodeEncodeError as error:
            found = f"\\u{ord(error.object[error.start]):04x}, half of a surrogate pair"
            problems.append(Problem(name, found, "whole characters", row=number))
        except (ValueError, RecursionError) as error:
            problems.append(Problem(name, f"broken JSON ({error})", "one JSON object on the line", row=number))
        else:
            if not isinstance(record, dict):
                problems.append(Problem(name, f"a JSON {type(record).__name__}", "a JSON object", row=number))
    if problems:
        raise SourceError(f"'{name}' has {len(problems)} row(s) that cannot be read", problems, hint=DAMAGED)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON value")
