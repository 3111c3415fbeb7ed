"""The word lists of the rules, read from the package's ``lists/`` folder when first asked for."""

import re
from functools import cache
from importlib.resources import files

__all__ = ["alternation", "cues", "phrases", "table", "words", "words_in_order"]


def _lines(name: str) -> list[str]:
    text = files(__package__ or "").joinpath("lists", name).read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@cache
def words(name: str) -> frozenset[str]:
    """Return a space-separated list as a set.

    Examples
    --------
    >>> "Smith" in words("surnames")
    True
    """
    return frozenset(words_in_order(name))


def words_in_order(name: str) -> tuple[str, ...]:
    """Return a space-separated list in the order of its file.

    Examples
    --------
    >>> words_in_order("months")[0]
    'January'
    """
    return tuple(word for line in _lines(f"{name}.txt") for word in line.split())


@cache
def phrases(name: str) -> frozenset[str]:
    """Return a ``|``-separated list as a set.

    Examples
    --------
    >>> "Charles Bonnet" in phrases("eponyms")
    True
    """
    return frozenset(phrase for line in _lines(f"{name}.txt") for phrase in line.split("|"))


@cache
def table(name: str) -> tuple[tuple[str, ...], ...]:
    """Return the rows of a tab-separated list.

    Examples
    --------
    >>> table("labels")[0][:3]
    ('SSN', '3', 'ssn')
    """
    return tuple(tuple(line.split("\t")) for line in _lines(f"{name}.tsv"))


def cues(*kinds: str) -> str:
    """Return an expression for any cue of the given kinds, from ``cues.tsv``; cased as its user says.

    Examples
    --------
    >>> cues("title").startswith("(?:Mr|Mrs")
    True
    """
    return "(?:" + "|".join(pattern for kind, pattern in table("cues") if kind in kinds) + ")"


def alternation(items: frozenset[str]) -> str:
    r"""Return a regular expression that matches any of ``items``, the longest first, in a fixed order.

    Examples
    --------
    >>> alternation(frozenset({"St", "St. Louis"}))
    '(?:St\\.\\ Louis|St)'
    """
    ordered = sorted(items, key=lambda item: (-len(item), item))
    return f"(?:{'|'.join(re.escape(item) for item in ordered)})"
