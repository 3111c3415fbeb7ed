"""The word lists of the rules, read from the package's ``words/`` folder when first asked for."""

import re
from functools import cache
from importlib.resources import files

__all__ = ["alternation", "phrases", "table", "words"]


def _lines(name: str) -> list[str]:
    text = files(__package__ or "").joinpath("words", name).read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@cache
def words(name: str) -> frozenset[str]:
    """Return a space-separated list as a set.

    Examples
    --------
    >>> "Smith" in words("surnames")
    True
    """
    return frozenset(word for line in _lines(f"{name}.txt") for word in line.split())


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


def alternation(items: frozenset[str]) -> str:
    """Return a regular expression that matches any of ``items``, the longest first, in a fixed order.

    Examples
    --------
    >>> alternation(frozenset({"St", "St. Louis"}))
    '(?:St\\\\.\\\\ Louis|St)'
    """
    ordered = sorted(items, key=lambda item: (-len(item), item))
    return f"(?:{'|'.join(re.escape(item) for item in ordered)})"
