"""The choices by which traces differ in form: numbers that depend on a row's content and the seed alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from openmed_data.seeds import draw

_PURPOSES = ("kind", "question", "query", "results", "opens", "thought", "system", "lead", "second", "close")


@dataclass(frozen=True, slots=True)
class Picks:
    """One row's choices: purpose → 64 random bits."""

    drawn: Mapping[str, int]

    def __getitem__(self, purpose: str) -> int:
        """Return the number that decides `purpose`."""
        return self.drawn[purpose]

    def share(self, purpose: str) -> float:
        """Return the number as one in [0, 1)."""
        return self.drawn[purpose] / 2.0**64

    def among(self, purpose: str, ways: Sequence[str], time: int = 0) -> str:
        """Return one of several ways; each further time another one, until all were used."""
        return ways[(self.drawn[purpose] + time) % len(ways)]


def picks_of(identities: Sequence[int], seed: int) -> Iterator[Picks]:
    """Yield the choices of each row, by its 64 identifying bits."""
    ids = np.array(identities, dtype=np.uint64)
    columns = [draw(ids, seed, f"search:{purpose}").tolist() for purpose in _PURPOSES]
    return (Picks(dict(zip(_PURPOSES, row, strict=True))) for row in zip(*columns, strict=True))
