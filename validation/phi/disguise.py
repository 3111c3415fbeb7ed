"""Ways to hide an identifier from a scanner but not from a reader, to test that it is found all the same."""

from collections.abc import Callable
from dataclasses import replace

from .planting import Plant
from .words import table

__all__ = ["DISGUISES", "disguised"]

_LOOKALIKE = {
    read: chr(int(codes.split(" ")[0], 16)) for read, codes in table("lookalikes") if read.isalpha() and len(read) == 1
}
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def _zero_width(text: str) -> str:
    """Put a zero-width space behind every second character."""
    return "".join(char + ("\u200b" if place % 2 else "") for place, char in enumerate(text))


def _full_width(text: str) -> str:
    return text.translate(_FULL_WIDTH)


def _homoglyphs(text: str) -> str:
    return "".join(_LOOKALIKE.get(char, char) for char in text)


def _soft_hyphens(text: str) -> str:
    return "\u00ad".join(text)


def _accents(text: str) -> str:
    """Put a combining acute accent on every letter."""
    return "".join(char + ("\u0301" if char.isalpha() else "") for char in text)


DISGUISES: dict[str, Callable[[str], str]] = {
    "zero-width": _zero_width,
    "full-width": _full_width,
    "homoglyphs": _homoglyphs,
    "soft hyphens": _soft_hyphens,
    "accents": _accents,
}
"""Functions that disguise a text, by name."""


def disguised(plant: Plant, name: str) -> Plant:
    """Return a plant whose value wears a disguise; the sentence around it is left alone.

    Examples
    --------
    >>> plant = disguised(Plant("p", "name", "Seen: Bob Lee.", 6, 13), "zero-width")
    >>> len(plant.text), plant.end
    (17, 16)
    """
    value = DISGUISES[name](plant.text[plant.start : plant.end])
    text = plant.text[: plant.start] + value + plant.text[plant.end :]
    return replace(plant, text=text, end=plant.start + len(value))
