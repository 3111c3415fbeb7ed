"""The rule: when a document and a benchmark item are the same thing.

Three figures of a (document, item) pair decide, each a share of information (inverse document frequency):

stem
    the mean of two coverages of the item's stem: by its rare word pairs, which see order, and by its words,
    which survive a replaced word;
options, answer
    the share of the option texts, and of the right answer, that stand near the stem (words of the stem not counted).

How much of the stem must be found depends on how much the stem says. Boilerplate weighs next to nothing, so
"Which of the following is true?" (9 nats) is never enough, while half of a case vignette (300 nats) is.

The idea of weighing n-grams by rarity, of asking more of short texts and of looking for the answer nearby is
that of decon (Allen Institute for AI, 2025, https://github.com/allenai/decon); pairs instead of longer n-grams,
the two-coverage score and every threshold here are our own, fitted to one half of the items (see
``benchmarks/contamination.py``).
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Information of the stem in nats -> share of it that must be found when nothing else is; below the first point no
# share is enough. In prose on the same subject a short stem stands by chance ("a tumor suppressor gene"), so more
# is asked where the stem is less than half of the document and options or answer could have shown it to be the item.
_STEM_POINTS = ((20.0, 45.0, 70.0, 120.0), (0.95, 0.70, 0.60, 0.50))
_STEM_POINTS_IN_LONG_TEXT = ((35.0, 60.0, 90.0, 120.0), (0.95, 0.70, 0.60, 0.50))
LITTLE_MORE = 0.5

# Stem and options; here too the stem may be looser where the document is little more than the item.
WITH_OPTIONS = (0.40, 0.60)
WITH_OPTIONS_IN_LONG_TEXT = 0.75
WITH_ANSWER = (0.90, 0.90)  # stem, right answer
ANSWER_SAYS = 8.0  # nats: "yes", "4" or "both" near a short stem prove nothing
TOGETHER_SAY = 25.0  # nats found in stem and options

BARE_STEM = 0.95
BARE_SPARE_WORDS = 2

FRAGMENT_SAYS = 60.0  # nats of rare pairs, about ten of them
FRAGMENT_SHARE = 0.85

# Pairs below this share of an item's rare word pairs are not looked at.
CANDIDATE_SHARE = 0.25
_TINY = 1e-9


class Rule(StrEnum):
    """Why a document was held to contain an item; the first that applies is reported."""

    STEM = "stem"
    STEM_OPTIONS = "stem+options"
    STEM_ANSWER = "stem+answer"
    BARE_STEM = "bare-stem"
    FRAGMENT = "fragment"


RULES = tuple(Rule)


@dataclass(frozen=True)
class Evidence:
    """What was found of each item in its document; one entry per (document, item) pair.

    Attributes
    ----------
    pairs, words : float64[n]
        Coverage of the stem by rare pairs and by words, 0 to 1.
    pairs_mass, stem_mass : float64[n]
        Information of the found pairs, and of the whole stem's words, in nats.
    options, answer : float64[n]
        Coverage, 0 to 1; 0 where the item has none.
    options_mass, answer_mass : float64[n]
        Information of the whole, in nats.
    of_document : float64[n]
        Share of the document's words that stand in the item.
    spare_words : float64[n]
        Words of the document beyond the length of the stem.
    stem_length : float64[n]
        Words of the item's stem over words of the document.
    item_length : float64[n]
        Words of the item's stem and options over words of the document.
    """

    pairs: Floats
    words: Floats
    pairs_mass: Floats
    stem_mass: Floats
    options: Floats
    options_mass: Floats
    answer: Floats
    answer_mass: Floats
    of_document: Floats
    spare_words: Floats
    stem_length: Floats
    item_length: Floats

    @property
    def stem(self) -> Floats:
        """Coverage of the stem, 0 to 1."""
        return (self.pairs + self.words) / 2


def stem_needed(mass: Floats, alone: NDArray[np.bool_]) -> Floats:
    """Share of a stem that must be found when nothing else is.

    Parameters
    ----------
    mass : float64[n]
        Information of the stem, in nats.
    alone : bool[n]
        Whether the document is little more than the stem, or the item is nothing more.

    Examples
    --------
    >>> stem_needed(np.array([10.0, 30.0, 30.0, 300.0]), np.array([True, True, False, False])).round(2).tolist()
    [inf, 0.85, inf, 0.5]
    """
    return np.where(
        alone,
        np.where(mass < _STEM_POINTS[0][0], np.inf, np.interp(mass, *_STEM_POINTS)),
        np.where(mass < _STEM_POINTS_IN_LONG_TEXT[0][0], np.inf, np.interp(mass, *_STEM_POINTS_IN_LONG_TEXT)),
    )


def decide(evidence: Evidence) -> tuple[NDArray[np.int64], Floats]:
    """Apply the rule.

    Returns
    -------
    rule : int64[n]
        Place in `RULES`, or -1 where the document does not contain the item.
    score : float64[n]
        The share of information found in the parts that the rule looked at, 0 to 1.
    """
    stem = evidence.stem
    found = stem * evidence.stem_mass
    joint = found + evidence.options * evidence.options_mass
    with_answer = found + evidence.answer * evidence.answer_mass
    alone = (evidence.stem_length >= LITTLE_MORE) | (evidence.options_mass < ANSWER_SAYS)
    conditions = [
        stem >= stem_needed(evidence.stem_mass, alone),
        (stem >= np.where(evidence.item_length >= LITTLE_MORE, WITH_OPTIONS[0], WITH_OPTIONS_IN_LONG_TEXT))
        & (evidence.options >= WITH_OPTIONS[1])
        & (joint >= TOGETHER_SAY),
        (stem >= WITH_ANSWER[0])
        & (evidence.answer >= WITH_ANSWER[1])
        & (evidence.answer_mass >= ANSWER_SAYS)
        & (with_answer >= TOGETHER_SAY),
        (stem >= BARE_STEM) & (evidence.spare_words <= BARE_SPARE_WORDS) & (evidence.pairs_mass > 0),
        (evidence.pairs_mass >= FRAGMENT_SAYS) & (evidence.of_document >= FRAGMENT_SHARE),
    ]
    scores = [
        stem,
        joint / np.maximum(evidence.stem_mass + evidence.options_mass, _TINY),
        with_answer / np.maximum(evidence.stem_mass + evidence.answer_mass, _TINY),
        stem,
        evidence.of_document,
    ]
    rule = np.select(conditions, list(range(len(RULES))), -1).astype(np.int64)
    return rule, np.select(conditions, scores, 0.0)
