"""An index as one file: a line with a checksum, then an Arrow IPC file that is mapped into memory; no pickle."""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from numpy.typing import NDArray

_FORMAT = b"openmed-data contamination index 1"
_HEADER_SIZE = 128  # a multiple of 64, so that the arrays behind it stay aligned


class IndexFileError(ValueError):
    """An index file is damaged, cut short, or not an index of this version."""


@dataclass(frozen=True)
class Stored:
    """What one file holds.

    Attributes
    ----------
    arrays : mapping of str to array
        Numbers, one-dimensional, of any lengths.
    texts : mapping of str to sequence of str
    facts : mapping of str to str
    """

    arrays: Mapping[str, NDArray[Any]]
    texts: Mapping[str, Sequence[str]]
    facts: Mapping[str, str]


def write_file(path: Path, stored: Stored) -> None:
    """Write `stored`, whole or not at all; the same input gives the same bytes."""
    payload = _encode(stored)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as sink:
            sink.write(_header(payload))
            sink.write(payload)
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def read_file(path: Path) -> Stored:
    """Map a file into memory; nothing of it is interpreted before its checksum has been found right.

    Raises
    ------
    IndexFileError
        If the file is not an index of this version, or its content does not match its checksum.
    FileNotFoundError
        If there is no such file.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no contamination index at {path}")
    with path.open("rb") as start:
        header = start.read(_HEADER_SIZE)
    if not header.startswith(_FORMAT):
        raise IndexFileError(f"{path} is not a {_FORMAT.decode()!r} file; delete it and it is built anew")
    whole: Any = pa.memory_map(str(path)).read_buffer()
    payload = whole[_HEADER_SIZE:]
    if header != _header(payload):
        raise IndexFileError(f"{path} is damaged: its checksum does not match; delete it and it is built anew")
    return _decode(payload)


def _header(payload: Any) -> bytes:
    line = b"%s sha256 %s" % (_FORMAT, hashlib.sha256(payload).hexdigest().encode())
    return line.ljust(_HEADER_SIZE - 1) + b"\n"


def _encode(stored: Stored) -> bytes:
    """Make each array one cell of a one-row table, so that arrays of different lengths share a file."""
    columns: dict[str, Any] = {name: pa.array(array) for name, array in stored.arrays.items()}
    columns |= {name: pa.array(texts, pa.string()) for name, texts in stored.texts.items()}
    lists: Any = pa.LargeListArray
    cells = {name: lists.from_arrays(pa.array([0, len(col)], pa.int64()), col) for name, col in columns.items()}
    table: Any = pa.table(cells)
    table = table.replace_schema_metadata({b"facts": json.dumps(dict(stored.facts), sort_keys=True)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def _decode(payload: Any) -> Stored:
    table: Any = pa.ipc.open_file(pa.BufferReader(payload)).read_all()
    columns = {name: table.column(name).chunk(0).values for name in table.column_names}
    texts = {name: column.to_pylist() for name, column in columns.items() if column.type == pa.string()}
    arrays = {name: column.to_numpy() for name, column in columns.items() if name not in texts}
    return Stored(arrays, texts, json.loads(table.schema.metadata[b"facts"]))
