"""A digest of a set of rows that does not depend on how they are laid out in files.

Each row becomes canonical JSON (columns in schema order, no spaces, UTF-8) and its SHA-256; the set's digest is the
SHA-256 of all row digests in ascending order. Anyone can recompute it with a JSON library and a hash.
"""

import hashlib
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

_RANGES_OF_ROWS = 250_000
_ENCODED_ROWS = 8_192  # their JSON stands in memory


def row_digests(rows: pl.DataFrame) -> bytes:
    """Return the SHA-256 of every row's canonical JSON, concatenated in ascending order.

    Examples
    --------
    >>> frame = pl.DataFrame({"id": ["a"], "n": [1]})
    >>> row_digests(frame) == hashlib.sha256(b'{"id":"a","n":1}').digest()
    True
    """
    sha256 = hashlib.sha256
    encoded = (_encoded(some) for some in rows.iter_slices(_ENCODED_ROWS))
    digests = b"".join([sha256(text).digest() for texts in encoded for text in texts])
    numbers = np.frombuffer(digests, dtype=">u8").reshape(-1, 4)
    return numbers[_order(numbers)].tobytes()


def _encoded(rows: pl.DataFrame) -> list[bytes]:
    return rows.select(pl.struct(pl.all()).struct.json_encode().cast(pl.Binary)).to_series().to_list()


def set_digest(parts: Sequence[Path]) -> str:
    """Return the digest of the set whose sorted row digests lie in `parts`, in hexadecimal.

    Works range by range of the digests' leading bits, so memory does not grow with the set.
    """
    held = [np.memmap(path, dtype=">u8", mode="r").reshape(-1, 4) for path in parts if path.stat().st_size]
    total = sum(part.shape[0] for part in held)
    digest = hashlib.sha256()
    for low, high in _ranges(max(1, -(-total // _RANGES_OF_ROWS))):
        rows = np.concatenate([_between(part, low, high) for part in held]) if held else np.empty((0, 4), dtype=">u8")
        order = _order(rows)
        # `concatenate` gives the machine's byte order, and a digest is a sequence of bytes.
        digest.update(rows[order].astype(">u8").tobytes())
    return digest.hexdigest()


def _order(rows: npt.NDArray[np.uint64]) -> npt.NDArray[np.intp]:
    """Return the ascending order of digests; all but a few are told apart by their first eight bytes."""
    order = np.argsort(rows[:, 0])
    leads = rows[order, 0]
    if (leads[1:] == leads[:-1]).any():
        return np.lexsort([rows[:, column] for column in (3, 2, 1, 0)])
    return order


def _ranges(count: int) -> Iterable[tuple[int, int]]:
    edges = [(1 << 64) * index // count for index in range(count + 1)]
    return pairwise(edges)


def _between(part: npt.NDArray[np.uint64], low: int, high: int) -> npt.NDArray[np.uint64]:
    lead = part[:, 0]
    start = int(np.searchsorted(lead, np.uint64(low)))
    stop = part.shape[0] if high >= 1 << 64 else int(np.searchsorted(lead, np.uint64(high)))
    return part[start:stop]
