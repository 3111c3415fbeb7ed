"""How varied texts are: distinct n-grams and self-BLEU, from counts that merge.

distinct-n (Li et al., "A Diversity-Promoting Objective Function for Neural Conversation Models", NAACL 2016) is the
share of different n-grams among all. It falls as a set grows, so it compares sets of one size. Only n-grams whose hash
falls into a fixed share are counted, which estimates both numbers and keeps the tally small; those of one word are
counted more fully than those of three, of which there are more.

self-BLEU (Zhu et al., "Texygen", SIGIR 2018) is the mean BLEU-4 of each text of a sample against all the others: 1 says
that all are the same. The sample is made of the texts with the smallest hashes, so it does not depend on how rows are
laid out in files.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import polars as pl
import xxhash

from openmed_data import tally
from openmed_data.text.word_hashes import Ints, UInts, Words, byte_table, hash_words

LENGTHS = (1, 2, 3)
_ONE_IN = {1: 4, 2: 32, 3: 64}
SAMPLE = 200
_SAMPLED_WORDS = 200  # of each text
_BLEU = 4
_SMOOTHING = 0.1  # of a count of zero; method 1 of Chen and Cherry, WMT 2014
_TABLE = byte_table("%<>=+")
_MIX = np.uint64(0x9E3779B97F4A7C15)
_WORD = re.compile(r"\w+")


def count_ngrams(texts: pl.Series) -> pl.DataFrame:
    """Count the n-grams of texts, those of a fixed share of hashes one by one, as a tally."""
    words = hash_words([text.encode() for text in texts.fill_null("").to_list()], _TABLE)
    counts = [tally.empty()]
    for n in LENGTHS:
        grams = _ngrams(words, n)
        kept = grams[grams % np.uint64(_ONE_IN[n]) == 0]
        frame = pl.DataFrame({"key": kept}).group_by("key").len("count")
        counts += [tally.tally(f"{n}-grams", frame, key="key"), _one("n-grams", str(n), len(grams))]
    return tally.merge(counts)


def distinct(counts: pl.DataFrame) -> dict[str, float]:
    """Return distinct-1, distinct-2 and distinct-3 from the merged counts of `count_ngrams`.

    Examples
    --------
    >>> distinct(count_ngrams(pl.Series(["a rash"] * 50)))["distinct-3"]
    0.0
    """
    totals = tally.table(counts, "n-grams")
    found: dict[str, float] = {}
    for n in LENGTHS:
        different = counts.filter(pl.col("table") == f"{n}-grams").height * _ONE_IN[n]
        total = totals.get(str(n), 0)
        found[f"distinct-{n}"] = round(min(1.0, different / total), 4) if total else 0.0
    return found


def sample_texts(ids: pl.Series, texts: pl.Series) -> pl.DataFrame:
    """Return the texts with the smallest hashes of their ids, as a tally whose details are these hashes."""
    hashes = [f"{xxhash.xxh3_64_intdigest(name.encode()):016x}" for name in ids.to_list()]
    frame = pl.DataFrame({"key": texts, "detail": hashes}).sort("detail").head(SAMPLE).with_columns(count=pl.lit(1))
    return tally.tally("sampled texts", frame, key="key", detail="detail")


def sampled(counts: pl.DataFrame) -> list[str]:
    """Return the sample of the whole set from the merged counts of `sample_texts`."""
    rows = counts.filter(pl.col("table") == "sampled texts").sort("detail").head(SAMPLE)
    return rows["key"].to_list()


def self_bleu(texts: Sequence[str]) -> float:
    """Return the mean BLEU-4 of each text against all the others, by their first 200 words; 0 for fewer than two.

    Examples
    --------
    >>> self_bleu(["The rash fades within days."] * 3), self_bleu(["a b c d e", "f g h i j"]) < 0.1
    (1.0, True)
    """
    words = [_WORD.findall(text.lower())[:_SAMPLED_WORDS] for text in texts]
    held = [one for one in words if len(one) >= _BLEU]
    if len(held) < 2:
        return 0.0
    logs = [_log_precisions(held, n) for n in range(1, _BLEU + 1)]
    scores = [math.exp(sum(log[place] for log in logs) / _BLEU) * _brevity(place, held) for place in range(len(held))]
    return round(sum(scores) / len(scores), 4)


def _log_precisions(texts: Sequence[Sequence[str]], n: int) -> list[float]:
    """Return the logarithm of each text's clipped precision against the others."""
    counts = [Counter(zip(*(text[start:] for start in range(n)), strict=False)) for text in texts]
    most: dict[tuple[str, ...], tuple[int, int, int]] = {}  # n-gram → largest count, whose it is, second largest
    for owner, counter in enumerate(counts):
        for gram, count in counter.items():
            first, whose, second = most.get(gram, (0, -1, 0))
            most[gram] = (count, owner, first) if count > first else (first, whose, max(second, count))
    logs: list[float] = []
    for owner, counter in enumerate(counts):
        clipped = 0
        for gram, count in counter.items():
            first, whose, second = most[gram]
            clipped += min(count, second if whose == owner else first)
        logs.append(math.log(max(clipped, _SMOOTHING) / counter.total()))
    return logs


def _brevity(place: int, texts: Sequence[Sequence[str]]) -> float:
    own = len(texts[place])
    others = [len(text) for at, text in enumerate(texts) if at != place]
    nearest = min(others, key=lambda length: (abs(length - own), length))
    return 1.0 if own >= nearest else math.exp(1 - nearest / own)


def _ngrams(words: Words, n: int) -> UInts:
    """Return a hash for each n neighbouring words of one text."""
    if n == 1:
        return words.hashes
    owner: Ints = words.text_of
    places = np.arange(max(0, len(owner) - n + 1))
    inside = places[owner[places] == owner[places + n - 1]]
    grams = words.hashes[inside]
    for step in range(1, n):
        grams = (grams ^ (grams >> np.uint64(29))) * _MIX + words.hashes[inside + step]
    return (grams ^ (grams >> np.uint64(32))) * _MIX >> np.uint64(3)


def _one(table: str, key: str, count: int) -> pl.DataFrame:
    return pl.DataFrame([(table, key, "", count)], schema=tally.SCHEMA, orient="row")
