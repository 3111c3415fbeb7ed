"""An index as one Arrow IPC file: memory-mapped, checked, without pickle."""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_FORMAT = b"openmed-data contamination index 1"


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
    """Write `stored`, whole or not at all; the same input gives the same bytes.

    Each array becomes one cell of a one-row table, so that arrays of different lengths share a file.
    """
    columns: dict[str, Any] = {name: pa.array(array) for name, array in stored.arrays.items()}
    columns |= {name: pa.array(texts, pa.string()) for name, texts in stored.texts.items()}
    cells = {name: _cell(column) for name, column in columns.items()}
    facts = json.dumps(dict(stored.facts), sort_keys=True).encode()
    metadata = {b"format": _FORMAT, b"facts": facts, b"sha256": _checksum(stored, facts)}
    table = pa.table(cells).replace_schema_metadata(metadata)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def read_file(path: Path) -> Stored:
    """Map a file into memory and check it.

    Raises
    ------
    IndexFileError
        If the file is not an index of this version, or its content does not match its checksum.
    FileNotFoundError
        If there is no such file.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no contamination index at {path}")
    try:
        table: Any = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        columns = {name: table.column(name).chunk(0).values for name in table.column_names}
        texts = {name: column.to_pylist() for name, column in columns.items() if column.type == pa.string()}
        arrays = {name: column.to_numpy() for name, column in columns.items() if name not in texts}
    except (pa.ArrowException, OSError, IndexError, AttributeError, UnicodeDecodeError) as error:
        raise IndexFileError(_remedy(path, f"not readable as an Arrow file ({error})")) from error
    metadata: dict[bytes, bytes] = table.schema.metadata or {}
    if metadata.get(b"format") != _FORMAT:
        raise IndexFileError(_remedy(path, f"not a {_FORMAT.decode()!r} file"))
    stored = Stored(arrays, texts, json.loads(metadata[b"facts"]))
    if metadata.get(b"sha256") != _checksum(stored, metadata[b"facts"]):
        raise IndexFileError(_remedy(path, "its content does not match its checksum"))
    return stored


def _cell(column: Any) -> Any:  # noqa: ANN401 - pyarrow's arrays have no usable common type
    lists: Any = pa.LargeListArray
    return lists.from_arrays(pa.array([0, len(column)], pa.int64()), column)


def _remedy(path: Path, what: str) -> str:
    return f"contamination index {path} is damaged: {what}; delete it and it is built anew"


def _checksum(stored: Stored, facts: bytes) -> bytes:
    total = hashlib.sha256(facts)
    for name, array in sorted(stored.arrays.items()):
        total.update(f"{name} {array.dtype} {len(array)}".encode())
        total.update(np.ascontiguousarray(array).data)
    for name, texts in sorted(stored.texts.items()):
        total.update(json.dumps([name, list(texts)]).encode())
    return total.hexdigest().encode()
