"""Texts as sets of hashed word pairs."""

import itertools
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from openmed_data.text.word_hashes import Ints, UInts, Words, byte_table, hash_words, pair_hashes

# Signs stay with their words: Na+, <5, 10%.
_TABLE = byte_table("+<>=%")
_CHARACTERS = 1 << 20


@dataclass(frozen=True)
class Shingles:
    """The pairs of neighbouring words of several texts, repeats included.

    A text of one word has that word for its only shingle, so that it has a set at all.

    Attributes
    ----------
    hashes : uint64[n_shingles]
    bounds : int64[n_texts + 1]
        Text `i` has the shingles `bounds[i]:bounds[i + 1]`.
    """

    hashes: UInts
    bounds: Ints

    def of(self, rows: Ints) -> "Shingles":
        """Take some of the texts, in the order of `rows`."""
        sizes = np.diff(self.bounds)[rows]
        bounds = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
        places: Ints = np.repeat(self.bounds[rows] - bounds[:-1], sizes) + np.arange(int(bounds[-1]))
        return Shingles(self.hashes[places], bounds)


def shingle(texts: Sequence[str]) -> Shingles:
    """Shingle `texts`.

    Examples
    --------
    >>> shingle(["Rash of measles", "rash", ""]).bounds.tolist()
    [0, 2, 3, 3]
    """
    parts = [_shingle_batch(texts[start:stop]) for start, stop in _batches(texts)]
    sizes = np.concatenate([np.zeros(1, np.int64), *(np.diff(part.bounds) for part in parts)])
    return Shingles(np.concatenate([np.zeros(0, np.uint64), *(part.hashes for part in parts)]), np.cumsum(sizes))


def _batches(texts: Sequence[str]) -> list[tuple[int, int]]:
    """Cut into stretches of about `_CHARACTERS`, whose arrays stay in the processor's cache."""
    if not texts:
        return []
    batch = np.cumsum([len(text) for text in texts]) // _CHARACTERS
    cuts = [0, *(np.flatnonzero(np.diff(batch)) + 1).tolist(), len(texts)]
    return list(itertools.pairwise(cuts))


def _shingle_batch(texts: Sequence[str]) -> Shingles:
    words = hash_words([_fold(text).encode() for text in texts], _TABLE)
    hashes, positions = pair_hashes(words)
    counts = np.diff(words.bounds)
    sizes = np.where(counts == 1, 1, np.maximum(counts - 1, 0))
    bounds = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
    return Shingles(_with_single_words(words, hashes, positions), bounds)


def _with_single_words(words: Words, hashes: UInts, positions: Ints) -> UInts:
    single = words.bounds[:-1][np.diff(words.bounds) == 1]
    order = np.argsort(np.concatenate((positions, single)), kind="stable")
    return np.concatenate((hashes, words.hashes[single]))[order] if len(single) else hashes


def _fold(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFKC", text).lower()


def sorted_unique(values: Ints) -> Ints:
    """Sort and drop repeats; several times faster here than `numpy.unique`, which hashes first."""
    ordered = np.sort(values)
    return ordered[np.diff(ordered, prepend=ordered[:1] - 1) != 0]
