"""An index as one Arrow IPC file: memory-mapped, checked, without pickle."""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

_FORMAT = b"openmed-data contamination index 1"


class IndexFileError(ValueError):
    """An index file is damaged, cut short, or not an index of this version."""


def write_columns(path: Path, columns: Mapping[str, pa.Array], facts: Mapping[str, Any]) -> None:
    """Write arrays of different lengths, whole or not at all; the same input gives the same bytes.

    Each array becomes one cell of a one-row table.
    """
    cells = {name: pa.LargeListArray.from_arrays(pa.array([0, len(v)], pa.int64()), v) for name, v in columns.items()}
    metadata = {b"format": _FORMAT, b"facts": json.dumps(facts, sort_keys=True).encode()}
    metadata[b"sha256"] = _checksum(columns, metadata[b"facts"]).encode()
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


def read_columns(path: Path) -> tuple[dict[str, pa.Array], dict[str, Any]]:
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
        table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        metadata = table.schema.metadata or {}
        columns = {name: table.column(name).chunk(0).values for name in table.column_names}
    except (pa.ArrowException, OSError, IndexError, AttributeError) as error:
        raise IndexFileError(_remedy(path, f"not readable as an Arrow file ({error})")) from error
    if metadata.get(b"format") != _FORMAT:
        raise IndexFileError(_remedy(path, f"not a {_FORMAT.decode()!r} file"))
    if metadata.get(b"sha256") != _checksum(columns, metadata[b"facts"]).encode():
        raise IndexFileError(_remedy(path, "its content does not match its checksum"))
    return columns, json.loads(metadata[b"facts"])


def _remedy(path: Path, what: str) -> str:
    return f"contamination index {path} is damaged: {what}; delete it and it is built anew"


def _checksum(columns: Mapping[str, pa.Array], facts: bytes) -> str:
    total = hashlib.sha256(facts)
    for name in sorted(columns):
        column = columns[name]
        total.update(f"{name} {column.type} {len(column)}".encode())
        if pa.types.is_string(column.type):
            total.update(json.dumps(column.to_pylist()).encode())
        else:
            total.update(np.ascontiguousarray(column.to_numpy(zero_copy_only=True)).data)
    return total.hexdigest()
