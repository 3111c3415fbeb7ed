"""The words that contain "rt", the real words a repair must leave alone, and what decides the ambiguous ones.

Three files stand beside this one: ``words.txt`` (intact words), ``guards.tsv`` (real words that look damaged, each with
its reason) and ``contexts.tsv`` (neighbours that decide for a guarded form). Damaged forms are never written down: they
follow from the intact words.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from itertools import chain, combinations

LOST = "rt"
_HERE = files("openmed_data.text.lost_rt")


def damaged_forms(word: str) -> frozenset[str]:
    """Every form that `word` takes when one or more of its "rt" are lost.

    Examples
    --------
    >>> sorted(damaged_forms("thirty-fourth"))
    ['thirty-fouh', 'thiy-fouh', 'thiy-fourth']
    >>> damaged_forms("vein")
    frozenset()
    """
    pieces = word.split(LOST)
    gaps = range(len(pieces) - 1)
    losses = chain.from_iterable(combinations(gaps, size) for size in range(1, len(pieces)))
    return frozenset(_join(pieces, frozenset(lost)) for lost in losses)


def _join(pieces: list[str], lost: frozenset[int]) -> str:
    glued = (piece + ("" if gap in lost else LOST) for gap, piece in enumerate(pieces[:-1]))
    return "".join(glued) + pieces[-1]


@dataclass(frozen=True)
class Context:
    """Neighbours that make an ambiguous form certain.

    Attributes
    ----------
    form, repaired
        The guarded form, lower case, and the word that it stands for here.
    pattern
        Neighbours and the form; group 1 is the form. Without look-around, so that polars can search for it too.
    not_after, not_before
        What must not stand before and after the match; the first of fixed width.
    """

    form: str
    repaired: str
    pattern: str
    not_after: str
    not_before: str

    @cached_property
    def exact(self) -> re.Pattern[str]:
        """The pattern with its exceptions, for Python."""
        after = f"(?<!{self.not_after})" if self.not_after else ""
        before = f"(?!{self.not_before})" if self.not_before else ""
        return re.compile(after + self.pattern + before)

    @cached_property
    def _spellings(self) -> tuple[str, ...]:
        return tuple(self.pattern.split(r"\b(")[1].split(")")[0].split("|"))

    def may_stand_in(self, text: str) -> bool:
        """Tell at little cost that `exact` cannot match."""
        return any(spelling in text for spelling in self._spellings)


@dataclass(frozen=True)
class WordList:
    """What is known about lost letters before any corpus is read.

    Attributes
    ----------
    pieces
        Damaged piece of a word -> intact piece; repaired wherever it stands inside a word.
    words
        Damaged whole word -> intact words that it can come from, most likely first.
    guards
        Real words that look damaged -> why they are left alone.
    contexts
        Neighbours that overrule a guard.
    """

    pieces: dict[str, str]
    words: dict[str, tuple[str, ...]]
    guards: dict[str, str]
    contexts: tuple[Context, ...]


@cache
def load_word_list() -> WordList:
    """Read the three files; the result is cached."""
    guards = {row["form"]: row["reason"] for row in _table("guards.tsv")}
    pieces: dict[str, str] = {}
    words: dict[str, tuple[str, ...]] = {}
    for anywhere, intact in _intact_words():
        for form in damaged_forms(intact):
            if anywhere:
                pieces.setdefault(form, intact)
            elif form not in guards:
                words[form] = (*words.get(form, ()), intact)
    # What holds a piece is repaired by the piece.
    holds_piece = re.compile("|".join(sorted(pieces)))
    words = {form: intact for form, intact in words.items() if not holds_piece.search(form)}
    return WordList(pieces, words, guards, tuple(_contexts()))


def _intact_words() -> Iterator[tuple[bool, str]]:
    anywhere = False
    for line in (_HERE / "words.txt").read_text(encoding="utf-8").splitlines():
        stem, *endings = line.split("#")[0].split() or [""]
        if stem.startswith("["):
            anywhere = stem == "[anywhere]"
        elif anywhere:
            yield from ((True, piece) for piece in (stem, *endings) if piece)
        elif stem:
            base = stem.removesuffix("-")
            yield from ((False, base + ending) for ending in (*([""] if base == stem else []), *endings))


def _contexts() -> Iterator[Context]:
    for row in _table("contexts.tsv"):
        pattern = re.sub(r"\{([^}]+)\}", r"\\b(\1)\\b", row["pattern"])
        yield Context(row["form"], row["repaired"], pattern, row["not_after"], row["not_before"])


def _table(name: str) -> list[dict[str, str]]:
    lines = (_HERE / name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
