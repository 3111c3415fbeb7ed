"""Which split each row goes to, so that no nearly identical stems stand on both sides.

Two stems are near when their sets of words overlap by a Jaccard similarity of at least `NEAR`. Words are compared by
their consonants, so `haemorrhage` and `hemorrhage` are one word. The search is exact, not sampled: two sets that
similar must share one of the rarest words of either (prefix filtering; Bayardo, Ma and Srikant, "Scaling up all pairs
similarity search", WWW 2007), so only rows that share such a word, and whose bit signatures agree, are compared.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from openmed_data.builder import ROW, UID, GlobalReason
from openmed_data.pipeline.decide import DECIDED
from openmed_data.pipeline.work import read_frame
from openmed_data.seeds import uniform
from openmed_data.text.keys import word_codes

NEAR = 0.7
TRAIN, VALIDATION, TEST = "train", "validation", "test"

# Words that every exam question is made of; stems that share only these are not near.
BOILERPLATE = """
    about above according all among and are both cause caused causes common commonest correct does except false
    following for from has have incorrect likely more most not one regarding seen statement statements than that the
    these this true used what when which who with
"""

_PARTS_AT_ONCE = 8


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


def near(
    held: pl.DataFrame, others: Iterable[pl.DataFrame], *, settle: Literal["held", "other"]
) -> Iterator[pl.DataFrame]:
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
    held = held.unique([ROW, "code"]).rename({ROW: "held"})
    rarity = held.group_by("code").len("seen")
    ranked = held.join(rarity, on="code").with_columns(pl.len().over("held").alias("distinct"))
    place = pl.struct("seen", "code").rank("ordinal").over("held")
    prefix_length = pl.col("distinct") - (pl.col("distinct") * NEAR).ceil() + 1
    prefixes = ranked.filter(place <= prefix_length).select("held", "code", "size", "signature")
    against = "other" if settle == "held" else "held"
    for other in others:
        theirs = other.rename({ROW: "other"})
        candidates = _candidates(prefixes, theirs)
        # One candidate for each row first: where copies abound, that settles nearly all of them.
        found = _verified(candidates.group_by(settle).agg(pl.col(against).min()), held, theirs)
        rest = candidates.join(found, on=settle, how="anti")
        found = pl.concat([found, _verified(rest, held, theirs)])
        if settle == "held":
            prefixes = prefixes.join(found, on="held", how="anti")
        yield found


def _candidates(prefixes: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs that share a prefix word and whose signatures do not rule them out.

    Sets x and y with a Jaccard similarity of at least t differ in at most (1 - t) / (1 + t) of |x| + |y| words, and
    signatures differ in at most as many bits as the sets in words.
    """
    bits = (pl.col("signature") ^ pl.col("signature_right")).bitwise_count_ones()
    most = (1 - NEAR) / (1 + NEAR) * (pl.col("size") + pl.col("size_right"))
    joined = prefixes.lazy().join(others.lazy(), on="code").filter(bits <= most)
    return joined.select("held", "other").unique().collect()


def _verified(candidates: pl.DataFrame, held: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Return the candidate pairs whose Jaccard similarity is at least `NEAR`."""
    mine = held.join(candidates, on="held", how="semi").group_by("held").agg(pl.col("code").alias("mine"))
    theirs = (
        others.join(candidates, on="other", how="semi").group_by("other").agg(pl.col("code").unique().alias("theirs"))
    )
    both = candidates.join(mine, on="held").join(theirs, on="other")
    shared = pl.col("mine").list.set_intersection("theirs").list.len()
    union = pl.col("mine").list.len() + pl.col("theirs").list.len() - shared
    return both.filter(shared >= NEAR * union).select("held", "other")


def draw(keys: Sequence[Path], stems: Sequence[Path], gone: pl.Series, seed: int, fraction: float) -> pl.Series:
    """Return the rows of a source without splits that go to validation, sorted.

    Each row's own identity decides; then rows whose stem is near that of a training row move to training, until none
    is left. The share therefore ends a little under `fraction`.

    Parameters
    ----------
    keys, stems
        Files of keys and of what `words` returned for them, in source order.
    gone
        Rows already rejected.
    """
    drawn = _drawn(keys, gone, seed, fraction)
    held = pl.concat(_words_of(stems, drawn, inside=True))
    moved = _held(near(held, _words_of(stems, pl.concat([gone, drawn]), inside=False), settle="held"))
    while moved.len():
        drawn = drawn.filter(~drawn.is_in(moved.implode()))
        joined = held.filter(pl.col(ROW).is_in(moved.implode()))
        held = held.filter(~pl.col(ROW).is_in(moved.implode()))
        moved = _held(near(held, [joined], settle="held"))
    return drawn.sort()


def leaks(stems: Mapping[str, Sequence[Path]], gone: pl.Series) -> pl.DataFrame:
    """Return the rows to reject because a near stem stands in a split that is held out.

    Parameters
    ----------
    stems
        Files of what `words` returned, for each split of the source.
    gone
        Rows already rejected.

    Returns
    -------
    pl.DataFrame
        As `DECIDED`; training gives way to validation, and both give way to test.
    """
    found = pl.DataFrame(schema=DECIDED)
    for held_out, giving_way in ((TEST, (VALIDATION, TRAIN)), (VALIDATION, (TRAIN,))):
        left_out = pl.concat([gone, found[ROW]])
        held = list(_words_of(stems.get(held_out, ()), left_out, inside=False))
        if not held:
            continue
        others = [path for split in giving_way for path in stems.get(split, ())]
        pairs = near(pl.concat(held), _words_of(others, left_out, inside=False), settle="other")
        found = pl.concat([found, *(_leaked(some, held_out) for some in pairs)]).unique(ROW)
    return found.sort(ROW)


def _leaked(pairs: pl.DataFrame, split: str) -> pl.DataFrame:
    first = pairs.group_by("other").agg(pl.col("held").min())
    return first.select(
        pl.col("other").alias(ROW),
        pl.lit(GlobalReason.SPLIT_LEAK.value).alias("reason"),
        pl.lit(f"near {{}}, which is in {split}").alias("detail"),
        pl.col("held").alias("other"),
    )


def _drawn(keys: Sequence[Path], gone: pl.Series, seed: int, fraction: float) -> pl.Series:
    chosen = [pl.Series(ROW, [], dtype=pl.UInt64)]
    for path in keys:
        rows = read_frame(path, [ROW, UID])
        lucky = rows.filter(pl.Series(uniform(rows[UID].to_numpy(), seed, "split") < fraction))[ROW]
        chosen.append(lucky.filter(~lucky.is_in(gone.implode())))
    return pl.concat(chosen)


def _words_of(stems: Sequence[Path], rows: pl.Series, *, inside: bool) -> Iterator[pl.DataFrame]:
    """Yield the words of the rows that are (`inside`) or are not among `rows`, a few parts at a time."""
    for start in range(0, len(stems), _PARTS_AT_ONCE):
        some = pl.concat([read_frame(path) for path in stems[start : start + _PARTS_AT_ONCE]])
        hit = pl.col(ROW).is_in(rows.implode())
        yield some.filter(hit if inside else ~hit)


def _held(pairs: Iterable[pl.DataFrame]) -> pl.Series:
    found = [frame["held"] for frame in pairs]
    return pl.concat([pl.Series("held", [], dtype=pl.UInt64), *found]).unique()
