"""Place the options of multiple-choice questions so that every letter is right equally often.

Some rows must keep their options in place, and their right letters are not uniform. The other rows get their letters
by thresholds on a per-row random number, learnt from the whole source and set so that all rows together are uniform;
each row is then decided by its own identity alone.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from openmed_data.seeds import U64, draw, uniform

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

STEPS = 128  # resolution of the thresholds; small additions to a source leave them where they are


@dataclass(frozen=True, slots=True)
class Places:
    """Where options go: `order[i, k]` is the option that stands at letter k; `gold[i]` the right one's letter."""

    order: Ints
    gold: Ints


def steps_of(uid: U64, seed: int) -> Ints:
    """Return the step, 0 to `STEPS` - 1, of each row's random number; what `solve_letters` wants counted."""
    return (uniform(uid, seed, "letter") * STEPS).astype(np.int64)


def solve_letters(histogram: Ints, fixed: Ints) -> tuple[float, ...]:
    """Return the thresholds under which all rows together have uniform letters.

    Parameters
    ----------
    histogram
        How many free rows have their random number in each of `STEPS` equal steps of [0, 1).
    fixed
        How many rows that keep their options have each right letter; as long as there are letters.

    Returns
    -------
    tuple of float
        Where one letter ends and the next begins; one less than there are letters.

    Examples
    --------
    >>> solve_letters(np.full(STEPS, 10), np.array([320, 0, 0, 0]))
    (0.0625, 0.375, 0.6875)
    >>> solve_letters(np.zeros(STEPS), np.array([9, 1, 0]))
    (0.3333333333333333, 0.6666666666666666)
    """
    letters = len(fixed)
    free = int(histogram.sum())
    if not free:
        return tuple(place / letters for place in range(1, letters))
    wanted = np.maximum((free + fixed.sum()) / letters - fixed, 0.0)
    goals = np.cumsum(wanted)[:-1] / wanted.sum() * free
    edges = np.concatenate([[0], np.cumsum(histogram)])
    return tuple(float(np.abs(edges - goal).argmin() / STEPS) for goal in goals)


def place_options(uid: U64, gold: Ints, free: Flags, seed: int, thresholds: tuple[float, ...]) -> Places:
    """Decide the order of every question's options.

    Parameters
    ----------
    uid
        Identities of the questions, shape (n,).
    gold
        Position of the right option as it came, shape (n,).
    free
        Whether the options may move, shape (n,).
    thresholds
        What `solve_letters` returned; there is one more option than thresholds.
    """
    count = len(thresholds) + 1
    target = np.searchsorted(np.array(thresholds), uniform(uid, seed, "letter"), side="right")
    shuffled = np.argsort(np.stack([draw(uid, seed, f"option {place}") for place in range(count)], axis=1), axis=1)
    rows = np.arange(len(gold))
    at = np.argmax(shuffled == gold[:, None], axis=1)
    shuffled[rows, at] = shuffled[rows, target]
    shuffled[rows, target] = gold
    order = np.where(free[:, None], shuffled, np.arange(count))
    return Places(order, np.argmax(order == gold[:, None], axis=1))
