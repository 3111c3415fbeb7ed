"""Pairs of texts that are probably alike: MinHash sketches and locality-sensitive hashing by rensa.

rensa (https://github.com/beowolx/rensa, MIT, wheels for Linux and macOS) sketches whole batches of hashed shingles and
says which rows share a band with any other. Its index answers row by row, so the pairs among those few rows are read
from their sketches here, by the same bands.
"""

from typing import Any

import numpy as np
import rensa
from numpy.typing import NDArray

from openmed_data.text.near.shingles import Shingles, sorted_unique
from openmed_data.text.word_hashes import Ints, UInts

# 32 bands of 5: a pair with Jaccard similarity 0.7 is a candidate with probability 0.997, one of 0.8 with 0.99999, one
# of 0.3 with 0.07 (Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, 3.4.2: 1 - (1 - s^r)^b).
BANDS, BAND_SIZE = 32, 5
SIGNATURE = BANDS * BAND_SIZE
# In a crowd (a template filled in ten thousand ways) every row is compared with this many others of its band, not
# with all: enough to join the crowd into one cluster, and the work stays in proportion to the rows.
NEIGHBOURS = 16
_SEED = 42
_RENSA: Any = rensa  # a compiled module without types
_MIX = np.uint64(0x9E3779B97F4A7C15)


def candidate_pairs(shingles: Shingles) -> NDArray[np.int64]:
    """Distinct pairs of texts that share a band, smaller place first, sorted: int64[n_pairs, 2].

    Texts without shingles are in no pair.
    """
    filled = np.flatnonzero(np.diff(shingles.bounds) > 0)
    sketches = _sketch(shingles.of(filled))
    lsh = _RENSA.RMinHashLSH(0.5, SIGNATURE, BANDS)
    rows = filled[np.flatnonzero(np.array(lsh.query_duplicate_flags_matrix_one_shot(sketches), np.bool_))]
    if not len(rows):
        return np.zeros((0, 2), np.int64)
    bands = band_hashes(shingles.of(rows))
    # Neighbours in a crowd are chosen by content, so that the order of the rows does not matter.
    by_content = np.argsort(contents(bands), kind="stable")
    rows, bands = rows[by_content], bands[by_content]
    distinct = sorted_unique(np.concatenate([pairs_of_equal(bands[:, band]) for band in range(BANDS)]))
    ends = np.stack((rows[distinct // len(rows)], rows[distinct % len(rows)]), axis=1)
    ends.sort(axis=1)
    return ends[np.lexsort((ends[:, 1], ends[:, 0]))]


def _sketch(shingles: Shingles) -> Any:
    return _RENSA.RMinHash.digest_matrix_from_flat_token_hashes(
        shingles.hashes, shingles.bounds.astype(np.uint64), SIGNATURE, _SEED
    )


def band_hashes(shingles: Shingles) -> UInts:
    """One hash per text and band: uint64[n_texts, BANDS]."""
    digests = np.array(_sketch(shingles).to_rows(), np.uint64).reshape(-1, BANDS, BAND_SIZE)
    combined = digests[:, :, 0]
    for place in range(1, BAND_SIZE):
        combined = (combined ^ (combined >> np.uint64(29))) * _MIX + digests[:, :, place]
    return combined


def contents(bands: UInts) -> UInts:
    """Return a number for each text that equal sketches share, to put texts into an order that their rows do not tell.

    Parameters
    ----------
    bands : uint64[n_texts, BANDS]
    """
    mixed = bands[:, 0]
    for place in (1, 2):
        mixed = (mixed ^ (mixed >> np.uint64(29))) * _MIX + bands[:, place]
    return mixed


def pairs_of_equal(values: UInts) -> Ints:
    """Pairs of places with equal values, each with its next `NEIGHBOURS` at most, as first * n + second."""
    order = np.argsort(values, kind="stable")
    starts = np.flatnonzero(np.diff(values[order], prepend=values[order[:1]] ^ np.uint64(1)))
    sizes = np.diff(np.append(starts, len(values)))
    # How many of the same value follow each place, as far as they are taken.
    after = np.minimum(np.repeat(starts + sizes, sizes) - np.arange(len(values)) - 1, NEIGHBOURS)
    first = np.repeat(np.arange(len(values)), after)
    second = first + 1 + np.arange(len(first)) - np.repeat(np.cumsum(after) - after, after)
    return order[first] * len(values) + order[second]
