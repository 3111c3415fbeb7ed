"""The content-addressed store: hf_xet's own `local://` one, so that the real client cuts, hashes and joins chunks.

A commit names a large file by its SHA-256, and the store knows it by its Xet hash. The store's shards tell one from
the other. Their layout (little-endian, entries of 48 bytes) is that of xet-core's `mdb_shard`: a header; for each file
a header (hash, flags, number of entries), its segments, as many verification entries where the flag is set, and
a metadata entry that begins with the SHA-256; a header of ones at the end.
"""

import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .wire import Response, answer_json

if TYPE_CHECKING:
    from .world import World

_ENTRY = 48
_VERIFIED, _DESCRIBED = 1 << 31, 1 << 30
_END = b"\xff" * 32


def token(folder: str) -> Response:
    """Return access to the store at `folder`, in both forms that clients read."""
    address, expires = f"local://{folder}", int(time.time()) + 3600
    headers = {
        "X-Xet-Cas-Url": address,
        "X-Xet-Access-Token": "xet-access",
        "X-Xet-Token-Expiration": str(expires),
    }
    return answer_json({"accessToken": "xet-access", "exp": expires, "casUrl": address}, **headers)


def hash_of(world: "World", sha256: str, size: int) -> str | None:
    """Return the Xet hash of the stored file with this SHA-256 and size in bytes; None where there is none."""
    shards = Path(world.xet).glob("xet/xorbs/shards/*.mdb") if world.xet else ()
    known = {(sha, length): xet for shard in shards for xet, sha, length in _files(shard.read_bytes())}
    return known.get((sha256, size))


def _files(shard: bytes) -> Iterator[tuple[str, str, int]]:
    """Yield Xet hash, SHA-256 and size of every file that a shard describes."""
    place = _ENTRY
    while shard[place : place + 32] != _END:
        flags, entries = struct.unpack_from("<II", shard, place + 32)
        segments = range(place + _ENTRY, place + _ENTRY * (entries + 1), _ENTRY)
        size = sum(struct.unpack_from("<I", shard, segment + 36)[0] for segment in segments)
        after = place + _ENTRY * (1 + entries * (2 if flags & _VERIFIED else 1))
        if flags & _DESCRIBED:
            yield _hex(shard[place : place + 32]), _hex(shard[after : after + 32]), size
            after += _ENTRY
        place = after


def _hex(raw: bytes) -> str:
    return "".join(f"{word:016x}" for word in struct.unpack("<4Q", raw))
