"""Find in a batch of documents the items of an index: vectorised over all documents of the batch.

1. Rare word pairs of the documents are looked up; each gives (document, item, place).
2. Pairs of document and item with too little in common are dropped.
3. The places of what is left fall into clusters; the best cluster says where in the document the stem would stand.
4. The words of stem, options and answer are looked for in and around that place only, so that a long document does
   not hold every item's words just by its length.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openmed_data.text.word_hashes import Ints, UInts, Words, pair_hashes

from ._build import Arrays, Members
from ._table import HashTable
from .rule import CANDIDATE_SHARE, FRAGMENT_SAYS, Evidence

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

# Places further apart than this many words are different clusters; exam boilerplate, which has no rare
# pairs, is seldom longer.
GAP = 24
# A replaced word at either end of a stem leaves no pair there, so the stem may reach a little further.
SLACK = 8
# Options and answer may stand this many words beyond their own length before or after the stem.
NEARBY = 16


@dataclass(frozen=True)
class Candidates:
    """(document, item) pairs and the place where the stem would stand.

    Attributes
    ----------
    document, item : int64[n]
    mass : float64[n]
        Information of the distinct rare pairs found there, in nats.
    first, stop : int64[n]
        The words of the batch from the first found pair to the end of the last.
    """

    document: Ints
    item: Ints
    mass: Floats
    first: Ints
    stop: Ints


def find_candidates(words: Words, arrays: Arrays, pairs: HashTable, allowed: Bools) -> Candidates:
    """Pairs of document and allowed item that share enough rare word pairs in one place."""
    anchors = arrays.anchors
    hashes, positions = pair_hashes(words)
    found = pairs.find(hashes)
    known = found >= 0
    gram_at = np.zeros(len(words.hashes), np.int64)
    gram_at[positions[known]] = found[known]
    places, items = _spread(positions[known], found[known], anchors.bounds, anchors.items)
    keep = allowed[items]
    places, items = _by_document_item_place(words, places[keep], items[keep], len(allowed))
    starts = _run_starts(words.text_of[places], items)
    mass = np.add.reduceat(anchors.information[gram_at[places]], starts) if len(starts) else np.zeros(0, np.float32)
    enough = mass >= np.minimum(CANDIDATE_SHARE * anchors.mass[items[starts]], FRAGMENT_SAYS)
    chosen = np.repeat(enough, np.diff(np.append(starts, len(places))))
    return _best_clusters(words, arrays, places[chosen], items[chosen], gram_at)


def weigh(words: Words, arrays: Arrays, vocabulary: HashTable, candidates: Candidates) -> Evidence:
    """Look for the words of stem, options and answer around each candidate's place."""
    item = candidates.item
    starts, ends = words.bounds[candidates.document], words.bounds[candidates.document + 1]
    reach = arrays.option_length[item] + NEARBY
    near = _Window(
        words.hashes,
        np.maximum(candidates.first - SLACK - reach, starts),
        np.minimum(candidates.stop + SLACK + reach, ends),
        vocabulary,
    )
    low = np.maximum(candidates.first - SLACK, starts)
    high = np.minimum(candidates.stop + SLACK, ends)
    at_stem = near.within(low, high)
    in_stem, stem_words = at_stem.coverage(arrays.stem, item, arrays)
    in_options, option_words = near.coverage(arrays.options, item, arrays)
    in_answer, _ = near.coverage(arrays.answer, item, arrays)
    length = ends - starts
    return Evidence(
        pairs=candidates.mass / arrays.anchors.mass[item],
        words=in_stem,
        pairs_mass=candidates.mass,
        stem_mass=arrays.stem.mass[item].astype(np.float64),
        options=in_options,
        options_mass=arrays.options.mass[item].astype(np.float64),
        answer=in_answer,
        answer_mass=arrays.answer.mass[item].astype(np.float64),
        of_document=(stem_words + option_words) / length,
        stem_length=arrays.stem_length[item] / length,
        item_length=(arrays.stem_length[item] + arrays.option_length[item]) / length,
        spare_words=(length - arrays.stem_length[item]).astype(np.float64),
    )


class _Window:
    """The known words of one stretch of words for each candidate."""

    def __init__(self, hashes: UInts, low: Ints, high: Ints, vocabulary: HashTable) -> None:
        sizes = high - low
        self.size = len(vocabulary.keys)
        place: Ints = np.repeat(low - (np.cumsum(sizes) - sizes), sizes) + np.arange(int(sizes.sum()))
        owner = np.repeat(np.arange(len(low)), sizes)
        word = vocabulary.find(hashes[place])
        known = word >= 0
        self._set(place[known], owner[known], word[known])

    def _set(self, place: Ints, owner: Ints, word: Ints) -> None:
        self.place, self.owner, self.word = place, owner, word
        self.sorted = np.sort(owner * self.size + word)

    def within(self, low: Ints, high: Ints) -> "_Window":
        """Keep the part of each stretch that lies in a narrower one."""
        inside = (self.place >= low[self.owner]) & (self.place < high[self.owner])
        part = object.__new__(_Window)
        part.size = self.size
        part._set(self.place[inside], self.owner[inside], self.word[inside])
        return part

    def coverage(self, members: Members, item: Ints, arrays: Arrays) -> tuple[Floats, Floats]:
        """Share of the information of the items' words that stands here, and how many words here are theirs."""
        owner, word = _spread(np.arange(len(item)), item, members.bounds, members.words)
        wanted = owner * self.size + word
        first = np.searchsorted(self.sorted, wanted)
        count = np.searchsorted(self.sorted, wanted, side="right") - first
        weight = np.where(count > 0, arrays.word_information[word], 0.0)
        total = np.maximum(members.mass[item], 1e-9)
        share = np.bincount(owner, weight, len(item)) / total
        return share, np.bincount(owner, count, len(item)).astype(np.float64)


def _spread(owners: Ints, rows: Ints, bounds: NDArray[np.uint32], values: NDArray[np.uint32]) -> tuple[Ints, Ints]:
    """Give each owner all values of its row: (owner, value), both int64[n]."""
    low = bounds[rows].astype(np.int64)
    sizes = bounds[rows + 1] - low
    places: Ints = np.repeat(low - (np.cumsum(sizes) - sizes), sizes) + np.arange(int(sizes.sum()))
    return np.repeat(owners, sizes), values[places].astype(np.int64)


def _by_document_item_place(words: Words, places: Ints, items: Ints, n_items: int) -> tuple[Ints, Ints]:
    """Sort by document, item, place: one sort of one packed number."""
    place_bits, item_bits = len(words.hashes).bit_length(), n_items.bit_length()
    packed = words.text_of[places] << (place_bits + item_bits) | items << place_bits | places
    packed.sort()
    return packed & ((1 << place_bits) - 1), (packed >> place_bits) & ((1 << item_bits) - 1)


def _run_starts(*columns: Ints) -> Ints:
    """Where a value differs from the one before, in any of the columns."""
    size = len(columns[0])
    change = np.zeros(size, np.bool_)
    change[:1] = True
    for column in columns:
        change[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(change)


def _best_clusters(words: Words, arrays: Arrays, places: Ints, items: Ints, gram_at: Ints) -> Candidates:
    documents = words.text_of[places]
    far = np.cumsum(np.diff(places, prepend=places[:1]) > GAP).astype(np.int64)
    starts = _run_starts(documents, items, far)
    cluster = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(places))))
    size = max(len(arrays.anchors.keys), 1)
    distinct = np.unique(cluster * size + gram_at[places])
    mass = np.bincount(distinct // size, arrays.anchors.information[distinct % size], len(starts)).astype(np.float64)
    stops = np.append(starts, len(places))[1:] - 1
    document, item = documents[starts], items[starts]
    order = np.lexsort((starts, -mass, item, document))
    best = order[_run_starts(document[order], item[order])]
    best = best[mass[best] >= np.minimum(CANDIDATE_SHARE * arrays.anchors.mass[item[best]], FRAGMENT_SAYS)]
    return Candidates(document[best], item[best], mass[best], places[starts[best]], places[stops[best]] + 2)
