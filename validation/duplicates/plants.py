"""Repeated questions to plant."""

import random
import re
from collections.abc import Iterator
from typing import Any

import polars as pl

from openmed_data.check import Plant
from openmed_data.kinds import Kind
from openmed_data.planting import change_asked, change_rows, renamed
from openmed_data.text.rows import asked

_EACH = 40
_LETTERED = re.compile(r"[A-J]\. ")
_FEWEST_WORDS = 20
_LIST_COMMA = re.compile(r"(?<!\d),|,(?!\d)")  # "1,000" is one number


def plants(rows: pl.DataFrame, kind: Kind, rng: random.Random) -> Iterator[Plant]:
    """Plant copies, near copies, copies in another split, and copies with the other answer."""
    some = renamed(rows.head(_EACH))
    noisy = change_asked(some, kind, lambda text: _LIST_COMMA.sub(" ,", text.upper()))
    yield Plant("repeated_rows", some, "the same row again, with another id")
    yield Plant("repeated_rows", noisy, "the same row again in capitals")
    yield Plant("repeated_rows", change_asked(some, kind, _options_moved), "the same row again, its options moved")
    yield Plant("across_splits", some, "the same row in the other split", split="validation")
    if (wordy := renamed(rows.filter(_is_wordy(rows, kind)).head(_EACH))).height:
        near = change_asked(wordy, kind, lambda text: _drop_word(text, rng))
        how = "the same row in the other split, without a word of its longest line"
        yield Plant("nearly_across_splits", near, how, split="validation")
    if kind is Kind.PREFERENCES:
        yield Plant("conflicting_answers", change_rows(some, _turn_round), "the key flipped in a copy")


def _is_wordy(rows: pl.DataFrame, kind: Kind) -> pl.Series:
    """Tell the rows of whose longest line a word can be left out, and it still says nearly the same."""
    lines = (text.split("\n") for text in asked(rows, kind).fill_null(""))
    return pl.Series([len(max(one, key=len).split()) >= _FEWEST_WORDS for one in lines], dtype=pl.Boolean)


def _drop_word(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    longest = max(range(len(lines)), key=lambda at: len(lines[at]))
    words = lines[longest].split()
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
