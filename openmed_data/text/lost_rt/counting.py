"""The evidence of one batch: how often damaged and intact words stand in it."""

from collections import Counter
from collections.abc import Iterable, Sequence

import polars as pl

from openmed_data.text.lost_rt.finding import candidate_tokens, candidates, context_texts, damaged_segments, one_column
from openmed_data.text.lost_rt.segments import segments
from openmed_data.text.lost_rt.wordlist import LOST, load_word_list

_INTACT = r"[A-Za-z]*[rR][tT][A-Za-z]*"


def count(texts: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Count the words that decide a repair: damaged candidates, words that contain "rt", deciding contexts.

    Parameters
    ----------
    texts
        A batch of rows.
    columns
        The string columns to read; nulls are skipped.

    Returns
    -------
    pl.DataFrame
        ``word`` (lower case) and ``count``, sorted by word. Batches are merged by concatenation, in any order.

    Examples
    --------
    >>> count(pl.DataFrame({"text": ["Coronary aery of the heart", "Vein"]}), ["text"]).rows()
    [('aery', 1), ('heart', 1)]
    """
    every = one_column(texts, columns)
    words = _count_intact(every) + _count_damaged(every.gather(candidates(every)))
    ordered = sorted(words.items())
    return pl.DataFrame(ordered, schema={"word": pl.String, "count": pl.Int64}, orient="row")


def _count_intact(texts: pl.Series) -> Counter[str]:
    words: Counter[str] = Counter()
    holding = texts.filter(texts.str.contains_any(["rt", "rT", "Rt", "RT"]))
    for token, number in _tally(holding.str.extract_all(_INTACT)):
        for segment in segments(token):
            if LOST in (word := segment.lower()):
                words[word] += number
    return words


def _count_damaged(texts: pl.Series) -> Counter[str]:
    words: Counter[str] = Counter()
    for token, number in _tally(candidate_tokens(texts)):
        for _, word in damaged_segments(token):
            if LOST not in word:
                words[word] += number
    near = texts.gather(context_texts(texts)).to_list()
    for context in load_word_list().contexts:
        words[context.form] += sum(len(context.exact.findall(text)) for text in near if context.may_stand_in(text))
    return +words


def _tally(tokens: pl.Series) -> Iterable[tuple[str, int]]:
    return tokens.explode().drop_nulls().value_counts(name="number").iter_rows()
