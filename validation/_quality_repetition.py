"""Tell texts that say the same words over and over, as a model does that is caught in a loop.

The measure is the share of a text's word n-grams that stood in it before (Rae et al. 2021, "Scaling Language Models",
appendix A1.1, arXiv:2112.11446): of ten words in long texts, of three in short ones, where ten never repeat.
"""

import polars as pl

_SHORT, _LONG = 12, 50  # words
_FEWEST_CHARACTERS = 2 * _SHORT


def repetitive(texts: pl.Series) -> pl.Series:
    """Return whether each text repeats itself.

    Examples
    --------
    >>> loop = "The liver is enlarged. " * 12
    >>> repetitive(pl.Series([loop, "pain " * 12, "The liver is enlarged and the spleen is not."])).to_list()
    [True, True, False]
    """
    long_enough = texts.str.len_chars() >= _FEWEST_CHARACTERS
    places = long_enough.arg_true()
    found = [_repeats(text) for text in texts.gather(places)]
    return pl.repeat(value=False, n=texts.len(), dtype=pl.Boolean, eager=True).scatter(
        places.filter(pl.Series(found, dtype=pl.Boolean)), values=True
    )


def _repeats(text: str) -> bool:
    words = text.lower().split()
    if len(words) >= _LONG:
        return repeated_share(words, 10) > 0.3
    return len(words) >= _SHORT and repeated_share(words, 3) > 0.5


def repeated_share(words: list[str], n: int) -> float:
    """Return the share of the n-grams of `words` that stood before.

    Examples
    --------
    >>> repeated_share("a b c a b c a b c".split(), 3)
    0.5714285714285714
    """
    grams = list(zip(*(words[start:] for start in range(n)), strict=False))
    return 1 - len(set(grams)) / len(grams) if grams else 0.0
