"""Look up many 64-bit hashes at once in a sorted array of hashes."""

from dataclasses import dataclass

import numpy as np

from openmed_data.text.word_hashes import Ints, UInts


@dataclass(frozen=True)
class HashTable:
    """A sorted array of distinct hashes, with a directory of their leading bits.

    The directory turns a lookup into one or two reads: at about half a hash per directory entry, a vectorised
    probe is several times faster than a binary search over hundreds of thousands of hashes.
    """

    keys: UInts
    directory: Ints
    shift: np.uint64

    @classmethod
    def over(cls, keys: UInts) -> "HashTable":
        """Make the directory of sorted, distinct `keys`."""
        bits = max(1, len(keys).bit_length() + 1)
        shift = np.uint64(64 - bits)
        counts = np.bincount((keys >> shift).astype(np.int64), minlength=1 << bits)
        return cls(keys, np.concatenate((np.zeros(1, np.int64), np.cumsum(counts))), shift)

    def find(self, hashes: UInts) -> Ints:
        """Place of each hash in `keys`, or -1: int64[n].

        Examples
        --------
        >>> table = HashTable.over(np.array([3, 2**63], dtype=np.uint64))
        >>> table.find(np.array([2**63, 4, 3], dtype=np.uint64)).tolist()
        [1, -1, 0]
        """
        found = np.full(len(hashes), -1, np.int64)
        bucket = (hashes >> self.shift).astype(np.int64)
        place, end = self.directory[bucket], self.directory[bucket + 1]
        open_ = np.flatnonzero(place < end)
        while len(open_):
            at = place[open_]
            same = self.keys[at] == hashes[open_]
            found[open_[same]] = at[same]
            place[open_] += 1
            open_ = open_[~same & (at + 1 < end[open_])]
        return found
