"""Several rewards as one, and the set the recipe uses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from openmed_data.rewards.completion import Column, Completion, Payment, Reward
from openmed_data.rewards.correct import correct_answer
from openmed_data.rewards.form import Brevity, answer_format


@dataclass(frozen=True)
class Weighted:
    """The weighted sum of rewards; a part that does not apply adds nothing, and no part applying gives None.

    Every part is logged by its own name and unweighted: its mean as a metric, its payments in the table of
    completions, where the trainer passes ``log_metric`` and ``log_extra`` (TRL 1.16 does).

    Examples
    --------
    >>> reward = Weighted(((correct_answer, 1.0), (answer_format, 0.2)))
    >>> reward(["<answer>yes</answer>"], answer=["yes"], answer_type=["boolean"])
    [1.0]
    """

    parts: tuple[tuple[Reward, float], ...]
    __name__ = "weighted"

    def __call__(
        self,
        completions: Sequence[Completion],
        log_extra: Callable[[str, list[Any]], None] | None = None,
        log_metric: Callable[[str, float], None] | None = None,
        **columns: Column,
    ) -> list[Payment]:
        """Pay every completion; ``columns`` go to every part."""
        payments = [part(completions, log_extra=log_extra, log_metric=log_metric, **columns) for part, _ in self.parts]
        for (part, _), paid in zip(self.parts, payments, strict=True):
            applied = [payment for payment in paid if payment is not None]
            if log_extra:
                log_extra(part.__name__, paid)
            if log_metric and applied:
                log_metric(f"rewards/{part.__name__}", sum(applied) / len(applied))
        weights = [weight for _, weight in self.parts]
        return [_total(row, weights) for row in zip(*payments, strict=True)]


def _total(payments: tuple[Payment, ...], weights: list[float]) -> Payment:
    applied = [weight * paid for weight, paid in zip(weights, payments, strict=True) if paid is not None]
    return sum(applied) if applied else None


def recipe_rewards() -> list[tuple[Reward, float]]:
    """Return the rewards of the GRPO recipe with their weights: right answer 1.0, format 0.2, brevity 0.1.

    Examples
    --------
    >>> [(reward.__name__, weight) for reward, weight in recipe_rewards()]
    [('correct_answer', 1.0), ('answer_format', 0.2), ('brevity', 0.1)]
    """
    return [(correct_answer, 1.0), (answer_format, 0.2), (Brevity(), 0.1)]
