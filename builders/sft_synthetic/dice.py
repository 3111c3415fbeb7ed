"""Choices that depend on a row's content and the seed alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import xxhash

Choice = TypeVar("Choice")


@dataclass(frozen=True, slots=True)
class Dice:
    """Random numbers of one row, one for each purpose.

    Examples
    --------
    >>> dice = Dice(42, 7)
    >>> dice.unit("task") == dice.unit("task") != dice.unit("system")
    True
    """

    seed: int
    uid: int

    def unit(self, purpose: str) -> float:
        """Return a number in [0, 1)."""
        return (xxhash.xxh3_64_intdigest(f"{self.seed}:{self.uid}:{purpose}".encode()) >> 11) * 2.0**-53

    def pick(self, purpose: str, choices: Sequence[Choice]) -> Choice:
        """Return one of the choices, each as likely as the others."""
        return choices[int(self.unit(purpose) * len(choices))]

    def weigh(self, purpose: str, weights: dict[Choice, float]) -> Choice:
        """Return one of the keys, each as likely as its weight says."""
        left = self.unit(purpose) * sum(weights.values())
        for choice, weight in weights.items():
            left -= weight
            if left < 0:
                return choice
        return next(reversed(weights))
