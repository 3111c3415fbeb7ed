"""What two nearly equal texts differ in: in exams a sign, a number or a "not" makes another question."""

import re
from collections import Counter
from enum import StrEnum

from openmed_data.text.normalize import answer_key

_SIGNS = re.compile(r"[-+<>=~/±%°↑↓→←]")
_NUMBER = re.compile(r"\d+(?:[.:,/x^]\d+)*|[ivx]+")
_SIGN_WORDS = frozenset({"positive", "negative", "plus", "minus", "+", "-"})
_NEGATIONS = frozenset(
    "all always cannot correct except false incorrect least most neither never no non none nor not true without".split()
)
_OPPOSITES = (
    ("increased", "decreased"), ("increase", "decrease"), ("increases", "decreases"), ("high", "low"),
    ("higher", "lower"), ("highest", "lowest"), ("maximum", "minimum"), ("left", "right"), ("anterior", "posterior"),
    ("superior", "inferior"), ("medial", "lateral"), ("upper", "lower"), ("acute", "chronic"), ("before", "after"),
    ("male", "female"), ("artery", "vein"), ("arteries", "veins"), ("afferent", "efferent"), ("first", "second"),
)  # fmt: skip
_OPPOSITE_OF = dict(_OPPOSITES) | {b: a for a, b in _OPPOSITES}
_STARTS = (("hyper", "hypo"), ("macro", "micro"), ("intra", "extra"), ("sym", "asym"), ("", "non"), ("", "un"))
_OPPOSITE_STARTS = _STARTS + tuple((second, first) for first, second in _STARTS)


class Difference(StrEnum):
    """The only kind of word in which two texts differ."""

    SIGN = "sign"
    NUMBER = "number"
    NEGATION = "negation"
    OPPOSITE = "opposite"


def difference(left: str, right: str) -> tuple[Difference, ...]:
    """Kinds of words in which two texts differ, if they differ in no other words.

    Returns
    -------
    tuple of Difference
        In the order of the class; empty if the texts have the same words, or differ in other words as well.

    Examples
    --------
    >>> difference("Seen in Rh+ve mothers", "Seen in Rh-ve mothers")
    (<Difference.SIGN: 'sign'>,)
    >>> difference("Give 5 mg daily", "Give 50 mg daily")
    (<Difference.NUMBER: 'number'>,)
    >>> difference("Which of these is true?", "Which of these is not true?")
    (<Difference.NEGATION: 'negation'>,)
    >>> difference("Seen in gout", "Seen in scurvy")
    ()
    """
    # Only what differs as written is worth a full key, which folds spelling but takes fifty passes.
    only_left, only_right = _rests(left.lower().split(), right.lower().split())
    only_left, only_right = _rests(answer_key(" ".join(only_left)).split(), answer_key(" ".join(only_right)).split())
    kinds: set[Difference] = set()
    for word in only_left:
        partner = next((other for other in only_right if _pair_kind(word, other)), None)
        kind = _single_kind(word) if partner is None else _pair_kind(word, partner)
        if kind is None:
            return ()
        kinds.add(kind)
        if partner is not None:
            only_right.remove(partner)
    for word in only_right:
        kind = _single_kind(word)
        if kind is None:
            return ()
        kinds.add(kind)
    return tuple(kind for kind in Difference if kind in kinds)


def _rests(left: list[str], right: list[str]) -> tuple[list[str], list[str]]:
    """Take away from each list the words of the other, in their order."""
    ours, theirs = Counter(left), Counter(right)
    return list((ours - theirs).elements()), list((theirs - ours).elements())


def _pair_kind(word: str, other: str) -> Difference | None:
    """Kind of difference between two words that stand for each other."""
    if word in _SIGN_WORDS and other in _SIGN_WORDS:
        return Difference.SIGN
    if _SIGNS.sub("", word) == _SIGNS.sub("", other):
        return Difference.SIGN
    if word in _NEGATIONS and other in _NEGATIONS:
        return Difference.NEGATION
    if _OPPOSITE_OF.get(word) == other or _opposite_starts(word, other):
        return Difference.OPPOSITE
    if _NUMBER.search(word) and _without_numbers(word) == _without_numbers(other):
        return Difference.NUMBER
    return None


def _single_kind(word: str) -> Difference | None:
    """Kind of a word that only one of the texts has."""
    if word in _SIGN_WORDS or not _SIGNS.sub("", word):
        return Difference.SIGN
    if word in _NEGATIONS:
        return Difference.NEGATION
    if _NUMBER.fullmatch(_SIGNS.sub("", word)):
        return Difference.NUMBER
    return None


def _without_numbers(word: str) -> str:
    """Put one mark for every number; a Roman numeral counts only as a whole word."""
    return "#" if _NUMBER.fullmatch(word) else re.sub(r"\d+(?:[.:,/x^]\d+)*", "#", word)


def _opposite_starts(word: str, other: str) -> bool:
    for first, second in _OPPOSITE_STARTS:
        rest = word[len(first) :]
        if word.startswith(first) and len(rest) > 3 and other == second + rest:
            return True
    return False
