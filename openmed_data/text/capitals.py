"""Tell a capital that begins a sentence from that of a name, by how the source writes the word elsewhere.

Explanations of examinations lose the stop between sentences and the line break behind a heading: "Apoptosis spares the
membrane Apoptosis shrinks the cell". What is left is a capital inside a sentence, on a word that is no name.
"""

import re
from collections.abc import Iterable

import polars as pl

from openmed_data import tally

_SMALL, _INSIDE = "written small", "capital inside"
_FEWEST, _MOST_WITH_CAPITAL = 2, 1 / 3  # of as many without: whoever likes capitals writes them on many words
# Articles, prepositions, conjunctions and forms of "be" and "have": no sentence ends with one.
_NO_END = (
    "a|all|also|an|and|any|are|as|at|be|between|against|but|by|called|for|from|has|have|in|into|is|like|most|named|no|not|"
    "of|on|only|or|per|than|that|the|these|this|to|via|versus|vs|was|were|when|which|with"
)
_AFTER_WORD = re.compile(rf"(?:(?<![\w-])(?!(?:{_NO_END})\b)[a-z][a-z/-]{{2,}}|\)) ([A-Z][a-z]+)\b")
_AFTER_ANY = re.compile(rf"(?:(?<![\w-])(?!(?:{_NO_END})\b)[a-z][a-z/-]{{2,}}|[)%\d]) [A-Z][a-z]{{2}}")
_FEWEST_OF_LIST = 3


def count_capitals(texts: Iterable[pl.Series]) -> pl.DataFrame:
    """Count words written small, and words with a capital inside a sentence, as a tally."""
    told = pl.concat([series.drop_nulls() for series in texts])
    small = told.str.extract_all(r"\b[a-z]+\b").explode(empty_as_null=False)
    inside = told.str.extract_all(r"[a-z,;] [A-Z][a-z]+\b").explode(empty_as_null=False).str.slice(2)
    tables = {_SMALL: small, _INSIDE: inside.str.to_lowercase()}
    return tally.merge(
        tally.tally(name, words.alias("word").to_frame().group_by("word").len("count"), key="word")
        for name, words in tables.items()
    )


def small_words(evidence: pl.DataFrame) -> frozenset[str]:
    """Decide from the merged counts of `count_capitals` which words are no names.

    Examples
    --------
    >>> texts = pl.Series(["The drug acts. It is a drug of choice in Crohn disease", "a Drug, and for Crohn disease"])
    >>> sorted(small_words(count_capitals([texts, texts])))
    ['a', 'acts', 'and', 'choice', 'disease', 'for', 'in', 'is', 'of']
    """
    inside = tally.table(evidence, _INSIDE)
    return frozenset(
        word
        for word, count in tally.table(evidence, _SMALL).items()
        if count >= _FEWEST and inside.get(word, 0) <= _MOST_WITH_CAPITAL * count
    )


def runs_on(text: str, small: frozenset[str]) -> bool:
    """Say whether only capitals tell where a sentence, or an item of a list, begins.

    Parameters
    ----------
    small
        Words that are no names, in lower case; see `small_words`.

    Examples
    --------
    >>> runs_on("The cell shrinks Apoptosis spares its neighbours.", frozenset({"apoptosis"}))
    True
    >>> runs_on("The Golgi organ of the muscle feels force.", frozenset({"muscle"}))
    False
    """
    if len(_AFTER_ANY.findall(text)) >= _FEWEST_OF_LIST:
        return True
    return any(word.lower() in small for word in _AFTER_WORD.findall(text))
