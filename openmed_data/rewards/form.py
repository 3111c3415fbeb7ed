"""Pay for the form of a completion: its tags, a short rationale; charge for repetition and length."""

from collections.abc import Sequence
from dataclasses import dataclass

from openmed_data.rewards.completion import Column, Completion, Payment, rationale_of, text_of
from openmed_data.rewards.correct import judge


def answer_format(completions: Sequence[Completion], **_: Column) -> list[Payment]:
    """Pay 1 for ``<think>…</think><answer>…</answer>`` and nothing else around it, 0 otherwise.

    Whole or nothing: paying each tag by itself (four times 0.25 in open-r1) pays for tags without an answer.

    Examples
    --------
    >>> answer_format(["<think>Fever.</think><answer>B</answer>", "<think></think><answer>B</answer>"])
    [1.0, 0.0]
    """
    return [float(rationale_of(text_of(completion)) is not None) for completion in completions]


@dataclass(frozen=True)
class Brevity:
    """Pay for a short rationale under a right answer.

    1 up to ``full`` words, falling linearly to 0 at ``none`` words. A wrong answer earns nothing by being short, nor
    does a right one without a rationale of at least ``least`` words; None where the gold cannot be verified.

    Examples
    --------
    >>> columns = {"answer": ["yes"], "answer_type": ["boolean"]}
    >>> Brevity(full=4, none=8, least=2)(["<think>a b c d e f</think><answer>yes</answer>"], **columns)
    [0.5]
    """

    full: int = 120
    none: int = 400
    least: int = 5
    __name__ = "brevity"

    def __call__(self, completions: Sequence[Completion], **columns: Column) -> list[Payment]:
        """Pay every completion; ``columns`` are those of a rewards dataset."""
        verdicts = judge(completions, columns)
        return [
            None if verdict is None else self._pay(text_of(completion)) if verdict else 0.0
            for completion, verdict in zip(completions, verdicts, strict=True)
        ]

    def _pay(self, text: str) -> float:
        words = len((rationale_of(text) or "").split())
        if words < self.least:
            return 0.0
        return min(1.0, max(0.0, (self.none - words) / (self.none - self.full)))


@dataclass(frozen=True)
class NoRepetition:
    """Charge for repeated word n-grams: minus the share of n-grams seen before, times ``penalty`` (open-r1's shape).

    Examples
    --------
    >>> NoRepetition(size=1)(["fever fever fever fever", "fever and rash"])
    [-0.75, 0.0]
    """

    size: int = 4
    penalty: float = 1.0
    __name__ = "no_repetition"

    def __call__(self, completions: Sequence[Completion], **_: Column) -> list[Payment]:
        """Charge every completion, between minus ``penalty`` and 0."""
        return [self._charge(text_of(completion).lower().split()) for completion in completions]

    def _charge(self, words: list[str]) -> float:
        total = len(words) - self.size + 1
        if total < 1:
            return 0.0
        unique = len(set(zip(*(words[start:] for start in range(self.size)), strict=False)))
        return 0.0 if unique == total else -self.penalty * (1 - unique / total)


@dataclass(frozen=True)
class Overlong:
    """Charge for length as DAPO does (equation 13): 0, then linear over the last ``cache`` tokens, then -1.

    Lengths are in tokens, from the ``completion_ids`` the trainer passes; None without them.

    Examples
    --------
    >>> Overlong(limit=100, cache=20)(["…"] * 3, completion_ids=[[0] * 80, [0] * 90, [0] * 101])
    [0.0, -0.5, -1.0]
    """

    limit: int = 512
    cache: int = 128
    __name__ = "overlong"

    def __call__(
        self, completions: Sequence[Completion], completion_ids: Sequence[Sequence[int]] | None = None, **_: Column
    ) -> list[Payment]:
        """Charge every completion, between -1 and 0."""
        if completion_ids is None:
            return [None] * len(completions)
        return [self._charge(len(ids)) for ids in completion_ids]

    def _charge(self, tokens: int) -> float:
        if tokens > self.limit:
            return -1.0
        return min(0.0, (self.limit - self.cache - tokens) / self.cache)
