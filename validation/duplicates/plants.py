"""Repeated questions to plant."""

import random
import re
from collections.abc import Iterator
from typing import Any

import polars as pl

from openmed_data.check import Plant
from openmed_data.kinds import Kind
from openmed_data.planting import change_asked, change_rows, renamed

_EACH = 40
_LETTERED = re.compile(r"[A-J]\. ")
_FEWEST_WORDS = 10


def plants(rows: pl.DataFrame, kind: Kind, rng: random.Random) -> Iterator[Plant]:
    """Plant copies, near copies, copies in another split, and copies with the other answer."""
    some = renamed(rows.head(_EACH))
    noisy = change_asked(some, kind, lambda text: text.upper().replace(",", " ,"))
    yield Plant("repeated_rows", some, "the same row again, with another id")
    yield Plant("repeated_rows", noisy, "the same row again in capitals")
    yield Plant("repeated_rows", change_asked(some, kind, _options_moved), "the same row again, its options moved")
    yield Plant("across_splits", some, "the same row in the other split", split="validation")
    yield Plant("nearly_across_splits", change_asked(some, kind, lambda text: _drop_word(text, rng)),
                "the same row in the other split, a word of the longest line left out", split="validation")  # fmt: skip
    if kind is Kind.PREFERENCES:
        yield Plant("conflicting_answers", change_rows(some, _turn_round), "the key flipped in a copy")


def _drop_word(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    longest = max(range(len(lines)), key=lambda at: len(lines[at]))
    words = lines[longest].split()
    if len(words) >= _FEWEST_WORDS:
        del words[rng.randrange(1, len(words) - 1)]
    lines[longest] = " ".join(words)
    return "\n".join(lines)


def _options_moved(text: str) -> str:
    """Put the text of each lettered option under the next letter."""
    lines = text.split("\n")
    places = [at for at, line in enumerate(lines) if _LETTERED.match(line)]
    texts = [lines[at][3:] for at in places]
    for at, moved in zip(places, texts[1:] + texts[:1], strict=True):
        lines[at] = lines[at][:3] + moved
    return "\n".join(lines)


def _turn_round(row: dict[str, Any]) -> None:
    for name in ("chosen", "rejected"), ("chosen_label", "rejected_label"):
        if name[0] in row:
            row[name[0]], row[name[1]] = row[name[1]], row[name[0]]
