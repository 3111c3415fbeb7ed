"""Pay for a rationale that says what the reference reasoning says."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from openmed_data.rewards.completion import Column, Completion, Payment, rationale_of, text_of
from openmed_data.rewards.correct import judge
from openmed_data.text.normalize import answer_key

_WORD = re.compile(r"[a-z][a-z0-9]{3,}")
# Long words that carry no medicine.
_COMMON_TEXT = """
about above after also among answer because been before being best between both cause caused causes choice common
commonly correct could does during each either example finding following from given have however important include
including into involves itself known less likely made mainly many more most much often only option options other over
path paths patient patients presents process question reasoning related result seen should since some such than that
their them then there therefore these they this those through thus under used usually very well were what when where
which while will with without would
"""
_COMMON = frozenset(_COMMON_TEXT.split())


@dataclass(frozen=True)
class Faithful:
    """Pay, under a right answer, the overlap of the rationale's content words with the reference's (F1, 0 to 1).

    F1 and not recall, so that a list of every word there is earns nothing. None where the row has no reference or its
    gold cannot be verified.

    Examples
    --------
    >>> columns = {"answer": ["yes"], "answer_type": ["boolean"], "reference_reasoning": ["Fever suggests malaria."]}
    >>> Faithful()(["<think>Malaria explains the fever.</think><answer>yes</answer>"], **columns)
    [0.6666666666666666]
    """

    __name__ = "faithful"

    def __call__(
        self,
        completions: Sequence[Completion],
        reference_reasoning: Sequence[str | None] | None = None,
        **columns: Column,
    ) -> list[Payment]:
        """Pay every completion; ``columns`` are those of a rewards dataset."""
        references = reference_reasoning or [None] * len(completions)
        verdicts = judge(completions, columns)
        return [
            None if verdict is None or not reference else _overlap(text_of(completion), reference) if verdict else 0.0
            for completion, verdict, reference in zip(completions, verdicts, references, strict=True)
        ]


def _overlap(text: str, reference: str) -> float:
    said, expected = content_words(rationale_of(text) or ""), _reference_words(reference)
    shared = len(said & expected)
    return 2 * shared / (len(said) + len(expected)) if shared else 0.0


def content_words(text: str) -> frozenset[str]:
    """Return the words that carry the medicine: four letters or more, none of the common ones."""
    return frozenset(_WORD.findall(answer_key(text))) - _COMMON


_reference_words = lru_cache(maxsize=4096)(content_words)
