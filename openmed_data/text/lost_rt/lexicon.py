"""From counted words to a lexicon: which damaged form becomes which word, and on what evidence."""

import json
import re
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cache, cached_property
from typing import Self

import polars as pl

from openmed_data.text.lost_rt.wordlist import load_word_list

# Of the occurrences of a word that loses letters about 60% are damaged (11,505 `aery` to 7,140 `artery`, 26 `hea` to 15
# `heart`). A form many times more frequent than its intact word is a word of that corpus in its own right.
_MOST_DAMAGED_PER_INTACT = 10
_UNSEEN = 10


class Rule(StrEnum):
    """What decided an entry."""

    WORD = "word"
    PIECE = "piece"
    CORPUS = "corpus"
    CONTEXT = "context"


@dataclass(frozen=True)
class Entry:
    """One damaged form and its repair, lower case, with the evidence for it.

    Attributes
    ----------
    form, repaired
        What stands in the text and what it is repaired to.
    damaged, intact
        How often the corpus holds the one and the other. For a context entry `damaged` counts deciding contexts only.
    rule
        ``word``: the whole word is listed; ``piece``: it contains a listed piece; ``corpus``: several listed words lose
        letters to this form and the corpus chose; ``context``: its neighbours decide at each place.
    """

    form: str
    repaired: str
    damaged: int
    intact: int
    rule: Rule


@dataclass(frozen=True)
class Lexicon:
    """What one corpus decides: its repairs, and the damaged-looking forms that it uses as words of their own.

    Forms that the corpus did not count (a rare word outside a sample) are decided by the word list alone.
    """

    entries: tuple[Entry, ...]
    declined: frozenset[str] = frozenset()

    @cached_property
    def _words(self) -> dict[str, str]:
        return {entry.form: entry.repaired for entry in self.entries if entry.rule is not Rule.CONTEXT}

    def repaired(self, form: str) -> str | None:
        """Return what a lower-case form is repaired to without looking at its neighbours, or None."""
        if form in self._words:
            return self._words[form]
        known = () if form in self.declined else readings(form)
        return known[0] if known else None

    def to_json(self) -> str:
        """Write every decision as JSON."""
        entries = [asdict(entry) for entry in self.entries]
        return json.dumps({"entries": entries, "declined": sorted(self.declined)}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        Raises
        ------
        KeyError, TypeError, ValueError
            When `text` is something else.
        """
        document = json.loads(text)
        entries = (
            Entry(item["form"], item["repaired"], item["damaged"], item["intact"], Rule(item["rule"]))
            for item in document["entries"]
        )
        return cls(tuple(entries), frozenset(document["declined"]))


def build_lexicon(counts: pl.DataFrame) -> Lexicon:
    """Decide every damaged form that was counted.

    Parameters
    ----------
    counts
        The concatenated results of `count` over all batches, in any order: ``word`` (lower case), ``count``.

    Examples
    --------
    >>> counts = pl.DataFrame({"word": ["aery", "artery", "main"], "count": [3, 2, 9]})
    >>> [(entry.form, entry.repaired, entry.damaged, entry.intact) for entry in build_lexicon(counts).entries]
    [('aery', 'artery', 3, 2)]
    """
    total = dict(counts.group_by("word").agg(pl.col("count").sum()).iter_rows())
    decided = {word: _decide(word, total) for word in sorted(total)}
    entries = tuple(entry for entry in decided.values() if entry is not None)
    return Lexicon(entries, frozenset(word for word, entry in decided.items() if entry is None))


def _decide(form: str, total: dict[str, int]) -> Entry | None:
    damaged = total[form]
    if form in load_word_list().guards:
        context = next((context for context in load_word_list().contexts if context.form == form), None)
        return context and Entry(form, context.repaired, damaged, total.get(context.repaired, 0), Rule.CONTEXT)
    candidates = readings(form)
    if not candidates:
        return None
    repaired = max(candidates, key=lambda word: total.get(word, 0))
    intact = total.get(repaired, 0)
    listed = form in load_word_list().words
    if listed and damaged > _MOST_DAMAGED_PER_INTACT * (intact + _UNSEEN):
        return None
    rule = Rule.CORPUS if len(candidates) > 1 else Rule.WORD if listed else Rule.PIECE
    return Entry(form, repaired, damaged, intact, rule)


def readings(form: str) -> tuple[str, ...]:
    """Give the intact words that a lower-case `form` can come from, most likely first; none when it is not damaged.

    Examples
    --------
    >>> readings("antihypeensives"), readings("hea"), readings("main")
    (('antihypertensives',), ('heart',), ())
    """
    known = load_word_list()
    if form in known.guards:
        return ()
    if form in known.words:
        return known.words[form]
    repaired = _repair_pieces(form)
    return (repaired,) if repaired != form else ()


def _repair_pieces(word: str) -> str:
    """Repair until nothing changes: one repair can complete the damaged piece of the next."""
    pieces, pattern = load_word_list().pieces, _piece_pattern()
    while (repaired := pattern.sub(lambda piece: pieces[piece[0]], word)) != word:
        word = repaired
    return word


@cache
def _piece_pattern() -> re.Pattern[str]:
    return re.compile("|".join(sorted(load_word_list().pieces, key=lambda piece: (-len(piece), piece))))
