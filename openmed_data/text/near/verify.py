"""True Jaccard similarity of pairs of texts."""

import numpy as np
from numpy.typing import NDArray

from openmed_data.text.near.shingles import Shingles, sorted_unique

_PAIRS_AT_ONCE = 1 << 16


def jaccard(shingles: Shingles, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    """Jaccard similarity of the shingle sets of each pair: float64[n_pairs].

    Examples
    --------
    >>> from openmed_data.text.near.shingles import shingle
    >>> jaccard(shingle(["a b c d", "a b c e", "a b c d"]), np.array([[0, 1], [0, 2]])).tolist()
    [0.5, 1.0]
    """
    rows, places = np.unique(pairs, return_inverse=True)
    chosen = shingles.of(rows)
    vocabulary, words = np.unique(chosen.hashes, return_inverse=True)
    owner = np.repeat(np.arange(len(rows)), np.diff(chosen.bounds))
    members = sorted_unique(owner * len(vocabulary) + words)
    bounds = np.searchsorted(members, np.arange(len(rows) + 1) * len(vocabulary))
    ends = places.reshape(-1, 2)
    parts = [
        _similarities(members, bounds, len(vocabulary), ends[start : start + _PAIRS_AT_ONCE])
        for start in range(0, len(ends), _PAIRS_AT_ONCE)
    ]
    return np.concatenate([np.zeros(0), *parts])


def _similarities(
    members: NDArray[np.int64], bounds: NDArray[np.int64], size: int, pairs: NDArray[np.int64]
) -> NDArray[np.float64]:
    sizes = np.diff(bounds)
    left, right = pairs[:, 0], pairs[:, 1]
    counts = sizes[left]
    before = np.cumsum(counts) - counts
    places = np.repeat(bounds[left] - before, counts) + np.arange(int(counts.sum()))
    wanted = members[places] + np.repeat((right - left) * size, counts)
    found = np.searchsorted(members, wanted)
    found[found == len(members)] = 0
    pair = np.repeat(np.arange(len(pairs)), counts)
    shared = np.bincount(pair, members[found] == wanted, len(pairs))
    return shared / (sizes[left] + sizes[right] - shared)
