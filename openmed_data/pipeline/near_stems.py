"""Pairs of nearly identical stems, all of them, among millions.

Two stems are near when their sets of words overlap by a Jaccard similarity of at least `NEAR`. Words are compared by
their consonants, so `haemorrhage` and `hemorrhage` are one word. The search is exact, not sampled. Sets ordered by the
rarity of their words that are so similar must share one of the few rarest words of both (prefix filtering; Bayardo, Ma
and Srikant, "Scaling up all pairs similarity search", WWW 2007), and two of the few rarest and one more (Wang, Li and
Feng, "Can we beat the prefix filtering?", SIGMOD 2012). A rare word is telling by itself; of words that thousands of
stems share only pairs are looked up, or the work would grow with the square of the rows.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt
import polars as pl

from openmed_data.builder import ROW
from openmed_data.text.keys import word_codes

NEAR = 0.7
Side = Literal["held", "other"]

# Words that every exam question is made of; stems that share only these are not near.
BOILERPLATE = """
    about above according all among and are both cause caused causes common commonest correct does except false
    following for from has have incorrect likely more most not one regarding seen statement statements than that the
    these this true used what when which who with
"""

# A word that more of the held stems have is looked up in pairs only.
RARE = 32
_KEYS_AT_ONCE = 500_000
_MIX = 0x9E3779B97F4A7C15


def words(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the words of each stem as codes (see `openmed_data.text.keys.word_codes`), maybe more than once.

    Exam boilerplate is left out unless a stem holds nothing else. A stem without any word, such as one in another
    script, has a single code of its own, so that it is near to its copies and to nothing else.

    Parameters
    ----------
    rows
        `ROW` and `stem`.

    Returns
    -------
    pl.DataFrame
        `ROW` and `code`, one row for each word; with them the stem's `size` in words and its `signature`, 64 bits of
        which every word sets one.

    Examples
    --------
    >>> stems = pl.DataFrame({"_row": [0, 1], "stem": ["The tumour of an ovary", "Ovaries, the tumors"]})
    >>> a, b = words(stems).group_by("_row").agg(pl.col("code").sort()).sort("_row")["code"]
    >>> a.equals(b)
    True
    """
    places, codes = word_codes(rows["stem"])
    telling = ~np.isin(codes, _boilerplate_codes())
    has_telling = np.bincount(places[telling], minlength=rows.height) > 0
    kept = telling | ~has_telling[places]
    places, codes = _with_wordless(rows["stem"], places[kept], codes[kept])
    bits = np.uint64(1) << ((codes * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(58))
    sizes = np.bincount(places, minlength=rows.height)
    starts = np.concatenate([[0], np.cumsum(sizes)])[:-1]
    signatures = np.zeros(rows.height, dtype=np.uint64)
    filled = sizes > 0
    signatures[filled] = np.bitwise_or.reduceat(bits, starts[filled]) if filled.any() else 0
    return pl.DataFrame(
        {ROW: rows[ROW].gather(places), "code": codes, "size": sizes[places], "signature": signatures[places]}
    )


def _with_wordless(
    stems: pl.Series, places: npt.NDArray[np.int64], codes: npt.NDArray[np.uint64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
    """Add a code for every stem that has none; places stay ascending."""
    wordless = np.flatnonzero(np.bincount(places, minlength=len(stems)) == 0)
    if not wordless.size:
        return places, codes
    whole = stems.gather(wordless).fill_null("").str.strip_chars().str.to_lowercase().hash().to_numpy()
    places, codes = np.concatenate([places, wordless]), np.concatenate([codes, whole])
    order = np.argsort(places, kind="stable")
    return places[order], codes[order]


@cache
def _boilerplate_codes() -> npt.NDArray[np.uint64]:
    return np.unique(word_codes(pl.Series([BOILERPLATE]))[1])


@dataclass(frozen=True, slots=True)
class Index:
    """Held stems, ready to be searched.

    Attributes
    ----------
    words
        `held`, the row number, and each of its words once: `code`, with `size` and `signature` as `words` gives them.
    rarity
        `code` and how many held stems have it, `seen`.
    keys
        `held`, `key`, `size` and `signature`: what each stem is looked up by.
    """

    words: pl.DataFrame
    rarity: pl.DataFrame
    keys: pl.DataFrame


def index(held: pl.DataFrame) -> Index:
    """Make stems, as `words` returns them, ready to be searched."""
    once = held.unique([ROW, "code"]).rename({ROW: "held"})
    rarity = once.group_by("code").len("seen").with_columns(pl.col("seen").cast(pl.UInt32))
    keys = [frame for part in _slices(once, "held") for frame in _keys(part, rarity, "held")]
    return Index(once, rarity, pl.concat(keys) if keys else pl.DataFrame(schema=_KEYS))


_KEYS = pl.Schema({"held": pl.UInt64, "key": pl.UInt64, "size": pl.Int64, "signature": pl.UInt64})


def _slices(once: pl.DataFrame, row: str, most: int = 400_000) -> Iterator[pl.DataFrame]:
    """Cut words into pieces of about `most`, each with whole stems."""
    ordered = once.sort(row)
    rows = ordered[row]
    start = 0
    while start < rows.len():
        stop: int = cast(Any, rows).search_sorted(rows[min(start + most, rows.len()) - 1], side="right")
        yield ordered[start:stop]
        start = stop


def _keys(once: pl.DataFrame, rarity: pl.DataFrame, row: str) -> Iterator[pl.DataFrame]:
    """Yield what stems are looked up by: rare words of the prefix, and pairs of common ones of the longer prefix.

    If two stems are near, their shared word that is first by rarity stands in both prefixes. If it is rare it is a
    key. If not, no shared word of the longer prefixes is rare, and they share two of these.
    """
    ranked = (
        once.join(rarity, on="code", how="left")
        .with_columns(pl.col("seen").fill_null(0))
        .sort(row, "seen", "code")
        .with_columns(pl.int_range(pl.len()).over(row).alias("place"), pl.len().over(row).alias("distinct"))
    )
    # Integers, for 0.7 * n may lie a hair above a whole number.
    shared = (pl.col("distinct") * round(NEAR * 100) + 99) // 100
    ranked = ranked.with_columns((pl.col("distinct") - shared + 1).alias("prefix"))
    alone = pl.col("distinct") == 1
    told = [pl.col(row), "key", "size", "signature"]
    by_itself = (pl.col("seen") > 0) & (alone | ((pl.col("seen") <= RARE) & (pl.col("place") < pl.col("prefix"))))
    yield ranked.filter(by_itself).with_columns(key="code").select(told)
    common = ranked.filter((pl.col("seen") > RARE) & (pl.col("place") <= pl.col("prefix")) & ~alone)
    yield from _paired(common, row, told)


def _paired(common: pl.DataFrame, row: str, told: list[pl.Expr | str]) -> Iterator[pl.DataFrame]:
    """Yield a key for every two words of a stem, a bounded number at a time."""
    counts = common.group_by(row, maintain_order=True).len("words")
    pairs = (counts["words"].cast(pl.Int64) ** 2).cum_sum() // _KEYS_AT_ONCE
    batches = counts.select(row, pairs.alias("batch"))
    numbered = common.join(batches, on=row, how="left", maintain_order="left")
    for some in numbered.partition_by("batch", maintain_order=True, include_key=False):
        words_ = some.select(row, "place", "code", "size", "signature")
        both = words_.join(words_.select(row, "place", "code"), on=row, suffix="_2").filter(
            pl.col("place") < pl.col("place_2")
        )
        mixed = (both["code"].to_numpy() * np.uint64(_MIX)) ^ both["code_2"].to_numpy()
        yield both.with_columns(pl.Series("key", mixed)).select(told)


def matches(found: Index, others: pl.DataFrame, *, settle: Side) -> pl.DataFrame:
    """Return pairs of near stems between those of an index and `others`; see `near`."""
    against = "other" if settle == "held" else "held"
    once = others.unique([ROW, "code"]).rename({ROW: "other"})
    done = [pl.DataFrame(schema={"held": pl.UInt64, "other": pl.UInt64})]
    for part in _slices(once, "other"):
        candidates = pl.concat(
            [done[0], *(_candidates(found.keys, keys) for keys in _keys(part, found.rarity, "other"))]
        ).unique()
        # One candidate for each row first: where copies abound, that settles nearly all of them.
        first = _verified(candidates.group_by(settle).agg(pl.col(against).min()), found.words, part)
        rest = candidates.join(first, on=settle, how="anti")
        done += [frame.select("held", "other") for frame in (first, _verified(rest, found.words, part))]
    return pl.concat(done)


def near(held: pl.DataFrame, others: Iterable[pl.DataFrame], *, settle: Side) -> Iterator[pl.DataFrame]:
    """Yield pairs of near stems between `held` rows and each frame of `others`.

    Parameters
    ----------
    held, others
        What `words` returns.
    settle
        The side of which each row is wanted once: it is left alone as soon as a near row is found for it. Sets full of
        near copies would otherwise give pairs without end.

    Yields
    ------
    pl.DataFrame
        `held` and `other`, row numbers; at least one pair for every row of the settled side that has any.
    """
    found = index(held)
    for other in others:
        yield matches(found, other, settle=settle)


def _candidates(held: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs that share a key and whose signatures do not rule them out.

    Sets x and y with a Jaccard similarity of at least t differ in at most (1 - t) / (1 + t) of |x| + |y| words, and
    signatures differ in at most as many bits as the sets in words.
    """
    bits = (pl.col("signature") ^ pl.col("signature_right")).bitwise_count_ones()
    most = (1 - NEAR) / (1 + NEAR) * (pl.col("size") + pl.col("size_right"))
    joined = held.lazy().join(others.lazy(), on="key").filter(bits <= most)
    return joined.select("held", "other").unique().collect()


def _verified(candidates: pl.DataFrame, held: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Return the candidate pairs whose Jaccard similarity is at least `NEAR`."""
    mine = held.join(candidates, on="held", how="semi").group_by("held").agg(pl.col("code").alias("mine"))
    theirs = others.join(candidates, on="other", how="semi").group_by("other").agg(pl.col("code").alias("theirs"))
    both = candidates.join(mine, on="held").join(theirs, on="other")
    shared = pl.col("mine").list.set_intersection("theirs").list.len()
    union = pl.col("mine").list.len() + pl.col("theirs").list.len() - shared
    return both.filter(shared >= NEAR * union).select("held", "other")
