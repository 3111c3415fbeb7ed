"""Learn from all answers of a source which words stand glued together, and which words are written small."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from openmed_data import tally
from openmed_data.text.capitals import small_words

# Words that follow a dash which the page lost: "the anusthe opening"; and words that follow a lost space.
_AFTER_A_DASH = frozenset(
    """
    a an the which called also usually especially often such when but even particularly including mostly typically
    normally sometimes another large larger higher lower abnormal small tiny swelling substances inability removing
    loss those about
    """.split()
)
_AFTER_A_SPACE = frozenset(
    """
    and or is are can in to by for from with at that as of your you this it they should may has have will into through
    between during
    """.split()
)
# Words before a lost space, and letters that must follow them: "ascertain" and "forgiven" are one word.
_BEFORE_A_SPACE = dict.fromkeys("and or of the that have called include your than are".split(), 5) | dict.fromkeys(
    "as for is to".split(), 8
)
# Words that only look like two: transit, and what ends as Latin and agent nouns do (spiralis, hepatica, predictor).
_ONE_WORD = re.compile(r"(?:(?:al|ar|it|at|om)is|(?:ic|or|at)a|[tsl]or|(?:ns|ic|ib|ef|ys|um|rm)it|(?:ola|te|re)in)$")
# A glued word is written a few times, and its first part often: if more often, so much the more.
_FEWEST_LETTERS, _RARE, _MOST = 6, 3, 12
_COMMON, _TIMES = 15, 20
# Two words of any kind: each long, and so common that one word made of both would be no rarity if there were such.
# What many words begin or end with is a part of words: counterparts, friendships.
_WRITTEN, _SEEN, _BOTH_COMMON, _FEWEST_OF_EACH, _FEWEST_OF_BOTH, _MOST_BESIDE = 5, 2, 100, 4, 10, 5
_BOILERPLATE = r"(?s)What are the signs and symptoms of [^?]*\?|The Human Phenotype Ontology.*$"
# A word with a capital inside a sentence for every nine without is no name: capitals stand in titles too.
_MOST_WITH_CAPITAL = 1 / 9


@dataclass(frozen=True, slots=True)
class Language:
    """What the source's own words tell.

    Attributes
    ----------
    glued
        Words to be parted → as they should stand.
    small
        Words, in lower case, that are no names: a subject written with a capital may lose it.
    small_in_exams
        The same of all words of examinations: a capital inside a sentence begins another one.
    """

    glued: Mapping[str, str] = field(default_factory=dict[str, str])
    small: frozenset[str] = frozenset()
    small_in_exams: frozenset[str] = frozenset()


def count_words(answers: pl.Series, subjects: pl.Series) -> pl.DataFrame:
    """Count words written small, words with a capital inside a sentence, and the words of subjects, as a tally."""
    texts = answers.fill_null("").str.replace_all(_BOILERPLATE, "")
    small = texts.str.extract_all(r"\b[a-z]+\b").explode(empty_as_null=False)
    inside = texts.str.extract_all(r"[a-z,;] [A-Z][a-z]+\b").explode(empty_as_null=False).str.slice(2)
    named = subjects.fill_null("").str.extract_all(r"\b[A-Z][a-z]+\b").explode(empty_as_null=False)
    tables = {"small": small, "inside": inside.str.to_lowercase(), "subject": named.str.to_lowercase()}
    return tally.merge(
        tally.tally(name, words.alias("word").to_frame().group_by("word").len("count"), key="word")
        for name, words in tables.items()
    )


def learn(evidence: pl.DataFrame) -> Language:
    """Decide from the merged counts of `count_words` and `count_capitals`."""
    small = tally.table(evidence, "small")
    inside = tally.table(evidence, "inside")
    written_small = frozenset(
        word
        for word in tally.table(evidence, "subject")
        if small.get(word, 0) and inside.get(word, 0) <= _MOST_WITH_CAPITAL * small[word]
    )
    return Language(glued_words(small), written_small, small_words(evidence))


def glued_words(counts: Mapping[str, int]) -> dict[str, str]:
    r"""Find rare words that are a common word with another one stuck to its end, or to its beginning.

    Function words are parted wherever the other one is common; other words where both are far more common.

    Examples
    --------
    >>> glued_words({"antibody": 40, "antibodythe": 1, "sleepis": 1, "sleep": 30, "transit": 1, "trans": 50})
    {'antibodythe': 'antibody\u2014the', 'sleepis': 'sleep is'}
    >>> glued_words({"heart": 400, "andheart": 2, "certain": 90, "ascertain": 1})
    {'andheart': 'and heart'}
    >>> glued_words({"delay": 300, "coronary": 200, "delaycoronary": 1, "head": 90, "headache": 9})
    {'delaycoronary': 'delay coronary'}
    """
    found = {
        word: parted
        for word, count in counts.items()
        if count <= _MOST and len(word) >= _FEWEST_LETTERS and not _ONE_WORD.search(word[-6:])
        if (parted := _parted(word, counts))
    }
    return dict(sorted((_two_words(counts) | found).items()))


def _two_words(counts: Mapping[str, int]) -> dict[str, str]:
    """Find words written once or twice that are two common ones; a dash that stood between them is not known of."""
    written = [word for word, count in counts.items() if count >= _WRITTEN]
    begun = Counter(word[:at] for word in written for at in range(_FEWEST_OF_EACH, len(word)))
    ended = Counter(word[at:] for word in written for at in range(1, len(word) - _FEWEST_OF_EACH + 1))
    common = {word for word, count in counts.items() if count >= _BOTH_COMMON}
    heads = {word for word in common if begun[word] <= _MOST_BESIDE}
    tails = {word for word in common if ended[word] <= _MOST_BESIDE}
    return {
        word: f"{word[:at]} {word[at:]}"
        for word, count in counts.items()
        if count <= _SEEN and len(word) >= _FEWEST_OF_BOTH and not {word[:-1], f"{word}s"} & counts.keys()
        for at in range(_FEWEST_OF_EACH, len(word) - _FEWEST_OF_EACH + 1)
        if word[:at] in heads and word[at:] in tails
    }


def _parted(word: str, counts: Mapping[str, int]) -> str | None:
    needed = _COMMON if counts[word] <= _RARE else _TIMES * counts[word]
    for at in range(len(word) - 1, 3, -1):
        head, tail = word[:at], word[at:]
        if counts.get(head, 0) < needed:
            continue
        if tail in _AFTER_A_DASH:
            return f"{head}\u2014{tail}"
        if tail in _AFTER_A_SPACE:
            return f"{head} {tail}"
    for head, letters in _BEFORE_A_SPACE.items():
        tail = word.removeprefix(head)
        if tail != word and len(tail) >= letters and counts.get(tail, 0) >= needed:
            return f"{head} {tail}"
    return None
