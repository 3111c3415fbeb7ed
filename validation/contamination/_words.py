"""Texts as arrays of word hashes: the one normalisation that benchmark items and scanned rows share.

A word is a maximal run of letters and digits after case, accents, ligatures and full-width forms are folded
(NFKD, character by character, so that every word keeps its place in the original text); everything else
separates words. Signs are dropped on purpose: a leaked item whose `<` became `>` is still leaked.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

UInts = NDArray[np.uint64]
Ints = NDArray[np.int64]

_SPACE = 0x20
_WORD = re.compile(r"\S+")
_ASCII_WORD = re.compile(r"[0-9A-Za-z]+")
# Odd 64-bit constants of the splitmix/xxhash family; any odd constants with mixed bits would serve.
_MULTIPLIER = np.uint64(0xD6E8FEB86659FD93)
_FIRST = np.uint64(0x9E3779B97F4A7C15)
_SECOND = np.uint64(0xC2B2AE3D27D4EB4F)
_HALF = np.uint64(32)
_HASHED_BYTES = 512  # longer words (base64, DNA) wrap round; they stay distinct in practice


@dataclass(frozen=True)
class Words:
    """The words of several texts, one after the other.

    Attributes
    ----------
    hashes : uint64[n_words]
        One hash per word.
    bounds : int64[n_texts + 1]
        Text `i` holds the words `bounds[i]:bounds[i + 1]`.
    """

    hashes: UInts
    bounds: Ints

    @property
    def text_of(self) -> Ints:
        """The text that each word belongs to, int64[n_words]."""
        return np.repeat(np.arange(len(self.bounds) - 1), np.diff(self.bounds))


def split_words(texts: Sequence[str]) -> Words:
    """Split and hash the words of `texts`.

    Examples
    --------
    >>> words = split_words(["Na+ channel", "", "NA-CHANNEL!"])
    >>> words.bounds.tolist()
    [0, 2, 2, 4]
    >>> bool((words.hashes[:2] == words.hashes[2:]).all())
    True
    """
    encoded = [_fold(text).encode() for text in texts]
    ends = np.cumsum([len(text) + 1 for text in encoded], dtype=np.int64)
    joined = b" " + b" ".join(encoded).translate(_BYTES) + b" "
    data = np.frombuffer(joined, np.uint8)
    inside = data != _SPACE
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    starts, stops = edges[0::2], edges[1::2]
    bounds = np.searchsorted(starts, np.concatenate(([0], ends)) + 1)
    return Words(_hash_runs(data[inside], stops - starts), bounds.astype(np.int64))


def pair_hashes(words: Words) -> tuple[UInts, Ints]:
    """Hash every two neighbouring words of one text.

    Returns
    -------
    hashes : uint64[n_pairs]
    positions : int64[n_pairs]
        The place of each pair's first word in `words.hashes`.
    """
    inner = np.ones(len(words.hashes), np.bool_)
    lengths = np.diff(words.bounds)
    inner[words.bounds[1:][lengths > 0] - 1] = False
    positions = np.flatnonzero(inner)
    first, second = words.hashes[positions], words.hashes[positions + 1]
    return _mix(first * _FIRST + second * _SECOND), positions


def sequence_hashes(words: Words) -> UInts:
    """Hash each text as a whole, by its words in order: uint64[n_texts]."""
    places = np.arange(len(words.hashes)) - np.repeat(words.bounds[:-1], np.diff(words.bounds))
    terms = _mix(words.hashes * _FIRST + places.astype(np.uint64) * _SECOND)
    totals = np.concatenate((np.zeros(1, np.uint64), np.cumsum(terms, dtype=np.uint64)))
    return totals[words.bounds[1:]] - totals[words.bounds[:-1]]


def word_spans(text: str) -> list[tuple[int, int]]:
    """Places (start, end) in `text`, in characters, of the words that `split_words` finds in it.

    Examples
    --------
    >>> word_spans("a ﬁne day")
    [(0, 1), (2, 5), (6, 9)]
    """
    if text.isascii():
        return [found.span() for found in _ASCII_WORD.finditer(text)]
    pieces = [_FOLD[ord(character)] for character in text]
    origin = [place for place, piece in enumerate(pieces) for _ in piece]
    folded = "".join(pieces)
    plain = "".join(character if ord(character) > 0x7F or character.isalnum() else " " for character in folded)
    return [(origin[found.start()], origin[found.end() - 1] + 1) for found in _WORD.finditer(plain)]


class _Folding(dict[int, str]):
    """Code point -> folded text, filled as characters are met."""

    def __missing__(self, code: int) -> str:
        parts = unicodedata.normalize("NFKD", chr(code).lower())
        folded = "".join(_fold_part(part) for part in parts)
        self[code] = folded
        return folded


def _fold_part(part: str) -> str:
    category = unicodedata.category(part)
    if category[0] == "M" or category == "Cf":  # accents, zero-width characters, soft hyphens
        return ""
    if not part.isalnum():
        return " "
    # Scripts without spaces: each character is a word.
    return f" {part} " if unicodedata.east_asian_width(part) == "W" else part


def _fold(text: str) -> str:
    # ASCII needs no folding beyond `_BYTES`, and is 95% of all exam text.
    return text if text.isascii() else text.translate(_FOLD)


def _byte_table() -> bytes:
    keep = {code: code for code in range(0x80, 0x100)}
    keep |= {ord(letter): ord(letter.lower()) for letter in map(chr, range(0x80)) if letter.isalnum()}
    return bytes(keep.get(code, _SPACE) for code in range(0x100))


def _mix(values: UInts) -> UInts:
    values = (values ^ (values >> _HALF)) * _MULTIPLIER
    return values ^ (values >> np.uint64(29))


def _constants(size: int, offset: int) -> UInts:
    """Make fixed odd numbers, the same on every machine and in every version of numpy."""
    counter = np.arange(1 + offset, 1 + offset + size, dtype=np.uint64)
    return _mix(_mix(counter * _FIRST) + _SECOND) | np.uint64(1)


def _hash_runs(data: NDArray[np.uint8], lengths: Ints) -> UInts:
    """Hash consecutive runs of `data`: the sum over bytes of constant[byte] * constant[place], mixed."""
    if not len(lengths):
        return np.zeros(0, np.uint64)
    starts = np.cumsum(lengths) - lengths
    places = np.arange(len(data)) - np.repeat(starts, lengths)
    terms = _OF_BYTE[data] * _OF_PLACE[places % _HASHED_BYTES]
    return _mix(np.add.reduceat(terms, starts))


_FOLD = _Folding()
_BYTES = _byte_table()
_OF_BYTE = _constants(0x100, 0)
_OF_PLACE = _constants(_HASHED_BYTES, 0x100)
