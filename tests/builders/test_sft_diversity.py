"""Figures of diversity: against plain counting, on texts that repeat, and whatever the order of the counts."""

from collections import Counter

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmed_data import tally
from openmed_data.builders.sft_synthetic.diversity import (
    SAMPLE,
    count_ngrams,
    distinct,
    sample_texts,
    sampled,
    self_bleu,
)

rng = np.random.default_rng(7)


def corpus(rows: int, vocabulary: int, words: int = 40) -> list[str]:
    ranks = np.minimum(rng.zipf(1.3, (rows, words)), vocabulary)
    return [" ".join(f"w{rank}" for rank in row) for row in ranks]


def plainly(texts: list[str], n: int) -> float:
    grams = [gram for text in texts for gram in zip(*(text.split()[start:] for start in range(n)), strict=False)]
    return len(set(grams)) / len(grams)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_counting_a_share_of_hashes_estimates_distinct_n(n: int) -> None:
    texts = corpus(3_000, 20_000)
    found = distinct(count_ngrams(pl.Series(texts)))[f"distinct-{n}"]
    assert found == pytest.approx(plainly(texts, n), rel=0.08)


def test_copies_are_not_distinct_and_varied_texts_are() -> None:
    copies = distinct(count_ngrams(pl.Series(corpus(1, 5_000) * 2_000)))
    varied = distinct(count_ngrams(pl.Series(corpus(2_000, 5_000))))
    assert copies["distinct-3"] < 0.01 < varied["distinct-2"] < varied["distinct-3"]
    assert distinct(count_ngrams(pl.Series([], dtype=pl.String))) == {"distinct-1": 0, "distinct-2": 0, "distinct-3": 0}


@given(st.lists(st.text("ab cd", max_size=30), max_size=12), st.integers(0, 12))
def test_counts_merge(texts: list[str], at: int) -> None:
    whole = count_ngrams(pl.Series(texts, dtype=pl.String))
    halves = [count_ngrams(pl.Series(part, dtype=pl.String)) for part in (texts[at:], texts[:at])]
    assert tally.merge(halves).equals(whole)


def test_the_sample_does_not_depend_on_how_rows_lie() -> None:
    ids = [f"row-{number}" for number in range(900)]
    texts = [f"text {number}" for number in range(900)]
    whole = sampled(sample_texts(pl.Series(ids), pl.Series(texts)))
    parts = [sample_texts(pl.Series(ids[at::3]), pl.Series(texts[at::3])) for at in range(3)]
    assert sampled(tally.merge(parts)) == whole
    assert len(set(whole)) == SAMPLE


def test_self_bleu_is_one_for_copies_and_low_for_unlike_texts() -> None:
    text = "The rash fades within five to seven days of rest."
    assert self_bleu([text] * 4) == 1.0
    unlike = [" ".join(f"{letter}{number}" for number in range(20)) for letter in "abcdef"]
    assert self_bleu(unlike) < 0.02
    assert self_bleu([text, *unlike]) < self_bleu([text, text, *unlike]) < 1
    assert self_bleu([text]) == self_bleu([]) == 0.0


def test_self_bleu_agrees_with_its_definition() -> None:
    texts = ["the skin of the arm is red", "the skin of the leg is red and warm", "a red arm is warm"]
    assert self_bleu(texts) == pytest.approx(sum(map(_bleu, range(3), [texts] * 3)) / 3, abs=1e-3)


def _bleu(at: int, texts: list[str]) -> float:
    own, others = texts[at].split(), [text.split() for place, text in enumerate(texts) if place != at]
    logs = []
    for n in range(1, 5):
        counts, *theirs = (Counter(zip(*(words[k:] for k in range(n)), strict=False)) for words in [own, *others])
        clipped = sum(min(count, max(other[gram] for other in theirs)) for gram, count in counts.items())
        logs.append(np.log(max(clipped, 0.1) / sum(counts.values())))
    nearest = min((len(words) for words in others), key=lambda length: (abs(length - len(own)), length))
    return float(np.exp(np.mean(logs)) * (1 if len(own) >= nearest else np.exp(1 - nearest / len(own))))
