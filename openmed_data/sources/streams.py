"""Open source files as plain bytes; a damaged or foreign one gets a clear error."""

import io
from collections.abc import Generator
from contextlib import contextmanager
from typing import IO, Any, Literal, cast

import pyarrow as pa

from openmed_data.errors import Problem, SourceError
from openmed_data.sources.resolve import SourceFile

DAMAGED = "The file looks cut short or damaged: fetch it again, or mend the rows named above."
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_COMPRESSIONS: dict[str, Literal["gzip", "zstd"]] = {".gz": "gzip", ".zst": "zstd"}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@contextmanager
def open_bytes(file: SourceFile) -> Generator[IO[bytes]]:
    """Open a file for reading, decompressed.

    pyarrow decompresses because it alone tells a stream that was cut short from one that is whole: a truncated zstd
    file ends silently in the other readers.

    Raises
    ------
    SourceError
        The compressed file is cut short or damaged; also while it is read.
    """
    compression = _COMPRESSIONS.get(file.path.suffix)
    if compression is None:
        with file.path.open("rb") as stream:
            yield stream
        return
    try:
        with pa.input_stream(str(file.path), compression=compression) as stream:
            yield io.BufferedReader(cast(Any, stream))
    except OSError as error:
        if error.errno is not None:  # of the disk, not of the content
            raise
        problem = Problem(file.name, str(error), f"a complete {compression} file")
        raise SourceError(f"'{file.name}' cannot be decompressed", [problem], hint=DAMAGED) from error


def require_utf_8(file: SourceFile) -> None:
    """Raise `SourceError` where a text starts as UTF-16 or UTF-32 does; every other fault is found row by row."""
    with open_bytes(file) as stream:
        head = stream.read(4)
    if head.startswith(_UTF_16) or b"\0" in head:
        problem = Problem(file.name, f"bytes {head.hex(' ')} at its start, as UTF-16 has", "UTF-8 text")
        raise SourceError(
            f"'{file.name}' is not UTF-8 text", [problem], hint="Convert it: iconv -f UTF-16 -t UTF-8 OLD > NEW"
        )
