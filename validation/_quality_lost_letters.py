"""Tell texts whose words lost the letters "rt", without a corpus to learn from."""

import polars as pl

from openmed_data.text.lost_rt.finding import candidate_tokens, candidates, damaged_segments

# Shorter forms (pa, hea, cos) are words or abbreviations too; a builder decides them by its whole source.
_FEWEST_LETTERS = 4


def lost_rt(texts: pl.Series) -> pl.Series:
    """Return whether each text holds a word that can only be one that lost "rt".

    Examples
    --------
    >>> lost_rt(pl.Series(["Coronary aery", "The main artery", "It is impoant"])).to_list()
    [True, False, True]
    """
    places = candidates(texts)
    tokens = candidate_tokens(texts.gather(places)).to_list()
    damaged = [any(_is_damaged(token) for token in found) for found in tokens]
    every = pl.repeat(value=False, n=texts.len(), dtype=pl.Boolean, eager=True)
    return every.scatter(places.filter(pl.Series(damaged, dtype=pl.Boolean)), values=True)


def _is_damaged(token: str) -> bool:
    return any(len(word) >= _FEWEST_LETTERS for _, word in damaged_segments(token))
