"""One JSON value over a whole file: an array of objects, or an object of objects."""

import io
import json
from typing import IO, Any, cast

from openmed_data.errors import Problem, SourceError
from openmed_data.sources.resolve import SourceFile
from openmed_data.sources.streams import BYTE_ORDER_MARK, DAMAGED, open_bytes

_HINT = "A source is a JSON array with one object for each row, an object of such objects, or JSON lines."
_BLANK = BYTE_ORDER_MARK + b" \t\r\n"


def is_document(file: SourceFile) -> bool:
    """Tell one JSON value over the whole file from one JSON object per line."""
    with open_bytes(file) as stream:
        filled = (line for line in stream if line.strip(_BLANK))
        first = next(filled, b"").strip(_BLANK)
        more = next(filled, None) is not None
    if first.startswith(b"["):
        return True
    try:
        record: Any = json.loads(first)
    except ValueError:
        return first == b"{"
    if not isinstance(record, dict):
        return True
    values = cast(dict[str, Any], record).values()
    return not more and bool(values) and all(isinstance(value, dict) for value in values)


def as_lines(file: SourceFile) -> IO[bytes]:
    """Return the records of a JSON document as JSON lines; an object's keys become the column `key`.

    Raises
    ------
    SourceError
        The document is cut short or is not UTF-8, or a record is no object.
    """
    records = _records(file.name, _document(file))
    problems = [
        Problem(file.name, f"a JSON {type(record).__name__}", "an object", row=index)
        for index, record in enumerate(records, start=1)
        if not isinstance(record, dict)
    ]
    if problems:
        raise SourceError(f"'{file.name}' does not hold one object per row", problems, hint=_HINT)
    return io.BytesIO("\n".join(map(json.dumps, records)).encode())


def _document(file: SourceFile) -> Any:
    with open_bytes(file) as stream:
        raw = stream.read()
    try:
        return json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        found = f"byte 0x{error.object[error.start]:02x} that is not UTF-8, at byte {error.start + 1}"
        problem = Problem(file.name, found, "UTF-8 text")
    except RecursionError:
        problem = Problem(file.name, "values nested too deeply", "an array of objects")
    except ValueError as error:
        problem = Problem(file.name, f"broken JSON ({error})", "one complete JSON document")
    raise SourceError(f"'{file.name}' is not valid JSON", [problem], hint=DAMAGED)


def _records(name: str, document: Any) -> list[Any]:
    if isinstance(document, list):
        return cast(list[Any], document)
    if not isinstance(document, dict):
        problem = Problem(name, f"a JSON {type(document).__name__}", "an array or an object of objects")
        raise SourceError(f"'{name}' does not hold rows", [problem], hint=_HINT)
    keyed = cast(dict[str, Any], document).items()
    return [{"key": key, **cast(dict[str, Any], value)} if isinstance(value, dict) else value for key, value in keyed]
