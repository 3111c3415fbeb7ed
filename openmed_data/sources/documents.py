"""One JSON value over a whole file, an array of objects or an object of objects, read record by record."""

import codecs
import json
import re
from collections.abc import Iterator
from typing import IO, Any, cast

from openmed_data.errors import Problem, SourceError
from openmed_data.sources.resolve import SourceFile
from openmed_data.sources.streams import BYTE_ORDER_MARK, DAMAGED, open_bytes

BLOCK_BYTES = 8 << 20

_HINT = "A source is a JSON array with one object for each row, an object of such objects, or JSON lines."
_BLANK = BYTE_ORDER_MARK + b" \t\r\n"
_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


def is_document(file: SourceFile) -> bool:
    """Tell one JSON value over the whole file from one JSON object per line."""
    with open_bytes(file) as stream:
        if stream.read(len(_BLANK)).lstrip(_BLANK).startswith(b"["):  # such a line may be the whole file
            return True
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


def as_lines(file: SourceFile) -> Iterator[bytes]:
    """Yield the records of a JSON document as JSON lines; an object's keys become the column `key`.

    Raises
    ------
    SourceError
        The document is cut short, is broken or is not UTF-8, or it is neither an array nor an object.
    """
    with open_bytes(file) as stream:
        text = _Text(file.name, stream)
        opening = text.next()
        if opening not in {"[", "{"}:
            problem = Problem(file.name, f"a JSON {type(text.value()).__name__}", "an array or an object of objects")
            raise SourceError(f"'{file.name}' does not hold rows", [problem], hint=_HINT)
        text.take(opening)
        closing = {"[": "]", "{": "}"}[opening]
        while text.next() != closing:
            if text.rows:
                text.take(",")
            yield json.dumps(_keyed(text) if opening == "{" else text.value()).encode() + b"\n"
            text.rows += 1
        text.take(closing)
        text.take("")


def _keyed(text: "_Text") -> Any:
    key: Any = text.value()
    text.take(":")
    value = text.value()
    return {"key": key, **cast(dict[str, Any], value)} if isinstance(value, dict) else value


class _Text:
    """The text of a JSON document, of which no more is held than a block, or a record where that is longer.

    Attributes
    ----------
    rows
        How many records were read.
    """

    def __init__(self, name: str, stream: IO[bytes]) -> None:
        self.rows = 0
        self._name, self._stream = name, stream
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._held, self._at, self._read = "", 0, 0

    def next(self) -> str:
        """Return the next character that is no white space, without taking it; the empty text at the end."""
        while True:
            self._at = cast(re.Match[str], _SPACE.match(self._held, self._at)).end()
            if self._at < len(self._held) or not self._more():
                return self._held[self._at : self._at + 1]

    def take(self, expected: str) -> None:
        """Take one character, or the end."""
        if self.next() != expected:
            raise self._broken(f"expecting {repr(expected) if expected else 'its end'}")
        self._at += 1

    def value(self) -> Any:
        """Take one value."""
        self.next()
        while True:
            try:
                value, self._at = _DECODER.raw_decode(self._held, self._at)
            except RecursionError:
                problem = Problem(self._name, "values nested too deeply", "an array of objects", row=self.rows + 1)
                raise SourceError(f"'{self._name}' is not valid JSON", [problem], hint=DAMAGED) from None
            except json.JSONDecodeError as error:
                if not self._more():  # else the value may only reach beyond the block
                    raise self._broken(error.msg) from error
            else:
                return value

    def _more(self) -> bool:
        """Read on, as much again as is held; return whether there was more."""
        left = self._held[self._at :]
        block = self._stream.read(max(BLOCK_BYTES, len(left)))
        waiting = len(self._decoder.getstate()[0])
        try:
            self._held, self._at = left + self._decoder.decode(block, final=not block), 0
        except UnicodeDecodeError as error:
            place = self._read - waiting + error.start + 1
            found = f"byte 0x{error.object[error.start]:02x} that is not UTF-8, at byte {place}"
            problem = Problem(self._name, found, "UTF-8 text")
            raise SourceError(f"'{self._name}' is not valid JSON", [problem], hint=DAMAGED) from error
        self._read += len(block)
        return bool(block)

    def _broken(self, why: str) -> SourceError:
        problem = Problem(self._name, f"broken JSON ({why})", "one complete JSON document", row=self.rows + 1)
        return SourceError(f"'{self._name}' is not valid JSON", [problem], hint=DAMAGED)
