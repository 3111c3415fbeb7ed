"""Light keys for millions of texts: equal questions have equal keys, and words become numbers.

`openmed_data.text.normalize.answer_key` also folds spelling (Greek letters, units, `+ve`) and is the one to compare
answers with; it costs fifty passes over the text. Here a whole column is one array of bytes, and each rule is a mask.
"""

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]

_DROP = 0
_SPACE = ord(" ")
CODE_BYTES = 8
SHORTEST = 3
_MASKS = np.array([(1 << 8 * length) - 1 for length in range(CODE_BYTES + 1)], dtype=np.uint64)


def _table(kept: str, *, beyond_ascii: bool) -> Bytes:
    """Return the byte → byte map that keeps lower-case letters, digits and `kept`, and drops the rest."""
    table = np.zeros(256, dtype=np.uint8)
    for char in "abcdefghijklmnopqrstuvwxyz0123456789" + kept:
        table[ord(char)] = ord(char)
        table[ord(char.upper())] = ord(char)
    if beyond_ascii:
        table[128:] = np.arange(128, 256)
    return table


_KEY = _table("+<>=%/^", beyond_ascii=True)
_WORD = _table("", beyond_ascii=False)
_IS_LETTER = np.zeros(256, dtype=bool)
_IS_LETTER[[*range(ord("a"), ord("z") + 1), *range(ord("A"), ord("Z") + 1)]] = True
_IS_DIGIT = np.zeros(256, dtype=bool)
_IS_DIGIT[ord("0") : ord("9") + 1] = True
_IS_VOWEL = np.isin(np.arange(256), list(b"aeiouy"))
# Dashes and signs that are typed in several ways; folded before anything else, in the few texts that hold one.
_FOLDED = {"\u2013": "-", "\u2014": "-", "\u2212": "-", "≤": "<=", "≥": ">=", "\u00a0": " ", "(-)": "-", "(+)": "+"}


def _columns_bytes(texts: pl.Series) -> tuple[Bytes, Places]:
    """Return all texts as one array of bytes, a space after each, and where each begins (n + 1 places)."""
    spaced = (texts.fill_null("") + " ").to_arrow().cast(pa.large_string())
    _, ends, data = spaced.buffers()
    places = np.frombuffer(memoryview(ends or b""), dtype=np.int64)[spaced.offset : spaced.offset + len(spaced) + 1]
    held = np.frombuffer(memoryview(data or b""), dtype=np.uint8)[places[0] : places[-1]]
    return held, places - places[0]


def question_key(texts: pl.Series) -> pl.Series:
    """Return the key of each text: case, spacing and punctuation fold, signs never do; null counts as empty.

    Letters, digits and the signs ``+ < > = % / ^`` stay; a hyphen stays before a digit, at the end of a word and in
    ``-ve``; a point stays between digits.

    Examples
    --------
    >>> question_key(pl.Series(["Rh-ve", "RH -VE.", "Rh+ve", "< 0.9", ">0.9", "T-cell", "t cell:"])).to_list()
    ['rh-ve', 'rh-ve', 'rh+ve', '<0.9', '>0.9', 'tcell', 'tcell']
    """
    odd = texts.str.contains_any(list(_FOLDED)).fill_null(value=False)
    if odd.any():
        folded = texts.filter(odd).str.replace_many(list(_FOLDED), list(_FOLDED.values()))
        texts = texts.clone().scatter(odd.arg_true(), folded)  # scatter writes in place
    data, places = _columns_bytes(texts)
    mapped = _KEY[data]
    _keep_signs(data, mapped)
    kept = mapped != _DROP
    ends = _running(kept)[places].astype(np.int64)
    index, text = (pa.py_buffer(array.tobytes()) for array in (ends, mapped[kept]))
    array = pa.LargeStringArray.from_buffers(len(places) - 1, index, text)
    return pl.Series(texts.name, array, dtype=pl.String)


def _keep_signs(data: Bytes, mapped: Bytes) -> None:
    """Write the hyphens and points that are signs into `mapped`. Every text ends in a space, so `+ 1` stays inside."""
    at = np.flatnonzero(data == ord("-"))
    after = data[at + 1]
    follows = np.append(data, [_SPACE, _SPACE, _SPACE])
    positive_negative = ((after | 32) == ord("v")) & ((follows[at + 2] | 32) == ord("e")) & ~_IS_LETTER[follows[at + 3]]
    ends_word = ~_IS_LETTER[after]
    mapped[at[ends_word | positive_negative]] = ord("-")
    at = np.flatnonzero(data == ord("."))
    before = data[np.maximum(at - 1, 0)]
    mapped[at[_IS_DIGIT[data[at + 1]] & _IS_DIGIT[before]]] = ord(".")


def word_codes(texts: pl.Series) -> tuple[Places, npt.NDArray[np.uint64]]:
    """Return every word of every text as a code: which text it stands in, and its leading consonants and digits.

    Vowels (and `y`) and a final `s` are left out, so spellings and plurals share a code: `tumour`, `tumors`. Words of
    one or two letters have none, unless they hold a digit.

    Returns
    -------
    texts
        Row of each word, ascending; shape (words,).
    codes
        Up to `CODE_BYTES` bytes as one number; shape (words,).

    Examples
    --------
    >>> rows, codes = word_codes(pl.Series(["The tumour of B12", "tumors"]))
    >>> rows.tolist(), bool(codes[1] == codes[3])
    ([0, 0, 0, 1], True)
    """
    data, places = _columns_bytes(texts)
    mapped = _WORD[data]
    inside = mapped != _DROP
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inside]).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    digits = _running(_IS_DIGIT[mapped])
    worth = (ends - starts >= SHORTEST) | (digits[ends] > digits[starts])
    starts, ends = starts[worth], ends[worth]
    final_s = (mapped[ends - 1] == ord("s")) & (ends - starts > SHORTEST)
    sounds = inside & ~_IS_VOWEL[mapped]
    passed = _running(sounds)
    consonants = np.append(mapped[sounds], np.zeros(CODE_BYTES, dtype=np.uint8))
    first, length = passed[starts], passed[ends - final_s] - passed[starts]
    # Every position of the consonants read as the start of an eight-byte number, cut to the word's own length.
    numbers = np.ndarray(len(consonants) - CODE_BYTES + 1, dtype="<u8", buffer=consonants, strides=(1,))
    codes = numbers[first] & _MASKS[np.minimum(length, CODE_BYTES)]
    words_before = np.searchsorted(starts, places)
    return np.repeat(np.arange(len(texts)), np.diff(words_before)), codes


def _running(flags: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    """Return how many flags are set before each position, and in all; shape (n + 1,)."""
    total = np.zeros(len(flags) + 1, dtype=np.int32)
    np.cumsum(flags, dtype=np.int32, out=total[1:])
    return total
