"""Choices that depend on a row's identity and the seed, never on its place or its neighbours.

The mixing function is SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014),
written over numpy arrays so that a million rows are decided at once and the same on every machine.
"""

import hashlib

import numpy as np
import numpy.typing as npt

U64 = npt.NDArray[np.uint64]


def _mix(values: U64) -> U64:
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def salt(seed: int, purpose: str) -> np.uint64:
    """Return the number that sets one purpose's choices apart from every other's under the same seed."""
    digest = hashlib.blake2b(f"{seed}:{purpose}".encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def draw(identities: U64, seed: int, purpose: str) -> U64:
    """Return one 64-bit random number for each identity, independent between purposes.

    Parameters
    ----------
    identities
        Row identities, shape (n,), such as the leading 64 bits of the row's id.
    seed
        The build's seed.
    purpose
        What the number decides, for example ``"split"``.

    Examples
    --------
    >>> ids = np.array([1, 2, 3], dtype=np.uint64)
    >>> bool((draw(ids, 7, "split") == draw(ids, 7, "split")).all())
    True
    >>> bool((draw(ids, 7, "split") == draw(ids, 7, "letter")).any())
    False
    """
    with np.errstate(over="ignore"):
        return _mix(identities + np.uint64(0x9E3779B97F4A7C15) * _mix(identities ^ salt(seed, purpose)))


def uniform(identities: U64, seed: int, purpose: str) -> npt.NDArray[np.float64]:
    """Return one number in [0, 1) for each identity; see `draw`."""
    return (draw(identities, seed, purpose) >> np.uint64(11)).astype(np.float64) * 2.0**-53
