"""Undo the disguises of a text (zero-width, full-width, look-alike, accented, foreign digits), keeping its offsets.

Identifiers are written in ASCII by the rules; a name with Cyrillic letters in it, a number in full width or a
zero-width space inside a word must meet the same rules. Each character is folded on its own (NFKD without marks,
Unicode UAX #15; look-alikes after the confusables of UTS #39), so a position in the folded text leads back to one
character of the original.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from itertools import repeat

import polars as pl

from .words import table

__all__ = ["Normalised", "normalise", "normalise_rows"]

_LOOKALIKES = {chr(int(code, 16)): read for read, codes in table("lookalikes") for code in codes.split(" ")}
# Blocks in which a character can fold to ASCII: Latin to symbols, presentation and full-width forms, mathematical and
# enclosed letters. Scanning all of Unicode would cost a second for nothing.
_BLOCKS = (range(0x80, 0x3100), range(0xFB00, 0x10000), range(0x1D400, 0x1D800), range(0x1F110, 0x1F18A))
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
_NON_ASCII = re.compile(r"[^\x00-\x7F]")
_TAGS = range(0xE0000, 0xE0200)


@dataclass(frozen=True, slots=True)
class Normalised:
    """A folded text and the way back.

    ``origin[i]`` is the position in the original of folded character ``i``, with the original's length as last entry;
    ``None`` means that positions are unchanged.
    """

    text: str
    origin: tuple[int, ...] | None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the original's span of the folded span ``start:end`` (not empty)."""
        if self.origin is None:
            return start, end
        return self.origin[start], self.origin[end - 1] + 1


def _fold(char: str) -> str:
    if char in _LOOKALIKES:
        return _LOOKALIKES[char]
    if char.isdecimal():  # the digits of every script
        return str(unicodedata.decimal(char))
    if _INVISIBLE.match(char) or ord(char) in _TAGS or unicodedata.category(char) == "Mn":
        return ""
    plain = "".join(c for c in unicodedata.normalize("NFKD", char) if unicodedata.category(c) != "Mn")
    plain = "".join(_LOOKALIKES.get(c, c) for c in plain)
    return plain if plain.isascii() and "/" not in plain else char


@cache
def _table() -> dict[int, str]:
    """Return the fold of every character that has one: code point to ASCII text, empty for the invisible."""
    codes = [code for block in (*_BLOCKS, _TAGS) for code in block if not 0xD800 <= code < 0xE000]
    folds = {code: _fold(chr(code)) for code in codes}
    looks = {ord(char): fold for char, fold in _LOOKALIKES.items()}
    return {code: fold for code, fold in folds.items() if fold != chr(code)} | looks


def normalise(text: str) -> Normalised:
    r"""Fold a text to the ASCII its reader sees, as far as it has one.

    Examples
    --------
    >>> folded = normalise("J\u200bohn: \uff15\uff15\uff15")
    >>> folded.text, folded.span(0, 4)
    ('John: 555', (0, 5))
    """
    if text.isascii():
        return Normalised(text, None)
    table = _table()
    parts: list[str] = []
    origin: list[int] = []
    last = 0
    for found in _NON_ASCII.finditer(text):
        place = found.start()
        fold = table.get(ord(found[0]), found[0])
        parts += text[last:place], fold
        origin += *range(last, place), *repeat(place, len(fold))
        last = place + 1
    parts.append(text[last:])
    origin += range(last, len(text) + 1)
    return Normalised("".join(parts), tuple(origin))


def normalise_rows(texts: pl.Series) -> tuple[pl.Series, dict[int, Normalised]]:
    """Fold a column; the second result holds the rows (by position) whose character positions moved.

    Most rows are ASCII and are left as they are; rows with typographic or accented characters are folded one character
    for one inside polars; only what is invisible or expands is folded in Python.
    """
    others = (texts.str.len_bytes() != texts.str.len_chars()).fill_null(value=False).arg_true()
    if others.is_empty():
        return texts, {}
    subset = texts.gather(others)
    table = _table()
    present = set("".join(subset.str.replace_all(r"[\x00-\x7F]+", "").to_list()))
    folds = {char: table[ord(char)] for char in sorted(present) if ord(char) in table}
    one = {char: fold for char, fold in folds.items() if len(fold) == 1}
    folded = subset.str.replace_many(list(one), list(one.values())) if one else subset
    moving = [char for char in folds if char not in one]
    moved = subset.str.contains_any(moving).arg_true().to_list() if moving else []
    back = {int(others[place]): normalise(str(subset[place])) for place in moved}
    result = texts.clone().scatter(others, folded)
    if back:
        result = result.scatter(list(back), [item.text for item in back.values()])
    return result, back
