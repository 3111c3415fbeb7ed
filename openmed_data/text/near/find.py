"""Find exact and near duplicates and the clusters that they form."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import polars as pl
from numpy.typing import NDArray

from openmed_data.text.keys import question_key
from openmed_data.text.near.candidates import candidate_pairs
from openmed_data.text.near.differences import difference
from openmed_data.text.near.shingles import shingle
from openmed_data.text.near.verify import jaccard
from openmed_data.text.normalize import answer_key_expr

PAIRS = pl.Schema(
    {"left": pl.Int64, "right": pl.Int64, "kind": pl.String, "similarity": pl.Float64, "differs": pl.String}
)
CLUSTERS = pl.Schema(
    {
        "cluster": pl.Int64,
        "row": pl.Int64,
        "kind": pl.String,
        "similarity": pl.Float64,
        "differs": pl.String,
    }
)
# "The treatment of choice is:-" ends in a dash that is no sign; "Rh-", "Cl-" and "IgM -" are left alone.
_DANGLING_DASH = (
    r"(?m)([A-Za-z][a-z]{3}|\b(?:are|as|at|by|for|from|in|is|not|of|on|the|to|was)|[:;.?])\s*[-\x{2013}\x{2014}]+\s*$"
)


class Kind(StrEnum):
    """How alike two rows are."""

    EXACT = "exact"
    NEAR = "near"


@dataclass(frozen=True)
class Duplicates:
    """What was found.

    Attributes
    ----------
    clusters : pl.DataFrame
        One line per row that has a duplicate, ordered by cluster and row: `cluster` (numbered by first row), `row`,
        and of the row's closest duplicate `kind`, `similarity` (Jaccard, of word pairs) and `differs`.
    pairs : pl.DataFrame
        The links: `left` < `right`, `kind`, `similarity`, `differs`. Exact duplicates are linked to the first row of
        their text, near ones between the first rows of two texts. In a crowd of dozens of near
        duplicates not every pair is listed, but all are in one cluster.

    `differs` names what alone sets two near duplicates apart (`Difference`, joined by "+"): with a note there, they
    are different questions in an exam. It is null where the words are the same or differ otherwise.
    """

    clusters: pl.DataFrame
    pairs: pl.DataFrame


def find_duplicates(texts: Sequence[str], *, threshold: float = 0.7) -> Duplicates:
    """Find rows whose texts are equal, or nearly.

    Texts are equal when they have the same `question_key` and the same `answer_key_expr`: case, spacing and
    punctuation do not count, signs do. They are near when the Jaccard similarity of their sets of word pairs, computed
    in full for every candidate that MinHash finds, is at least `threshold`. Texts without a letter, digit or sign
    equal nothing. The result depends on the texts alone, not on the order of the rows.

    Parameters
    ----------
    texts : sequence of str
        One per row; for a question, the stem and its options.
    threshold : float
        Between 0.5, below which the sketches miss pairs, and 1.

    Raises
    ------
    ValueError
        If `threshold` is out of range.

    Examples
    --------
    >>> found = find_duplicates(["Seen in Rh+ve babies", "seen in RH+VE babies!", "seen in Rh-ve babies", "Gout is"])
    >>> found.clusters.select("cluster", "row", "kind", "differs").rows()
    [(0, 0, 'exact', None), (0, 1, 'exact', None)]
    """
    if not 0.5 <= threshold <= 1:
        raise ValueError(f"threshold must be between 0.5 and 1, got {threshold}")
    compared = tidy(pl.Series(texts, dtype=pl.String))
    exact, first_rows = _exact(compared)
    pairs = pl.concat([exact, _near(compared.to_list(), first_rows, threshold)]).sort("left", "right")
    return Duplicates(_clusters(pairs), pairs)


def tidy(texts: pl.Series) -> pl.Series:
    """Return texts as they are compared: without a dash at a line's end that is no sign."""
    return texts.str.replace_all(_DANGLING_DASH, "${1}")


def _exact(texts: pl.Series) -> tuple[pl.DataFrame, NDArray[np.int64]]:
    """Links to the first row of each text, and those first rows (of texts that are not empty)."""
    # A clone, because the key folds signs in the series it is given.
    keys = question_key(texts.clone())
    filled, repeated = keys != "", keys.is_duplicated()
    frame = pl.DataFrame({"key": keys, "text": texts}).with_row_index("right").filter(repeated & filled)
    # The light key joins words and digits, so what it holds equal is confirmed by the full one.
    full = frame.with_columns(full=answer_key_expr(pl.col("text")))
    linked = full.with_columns(left=pl.col("right").min().over("key", "full")).filter(pl.col("left") < pl.col("right"))
    links = linked.select("left", "right", kind=pl.lit(Kind.EXACT.value), similarity=1.0, differs=pl.lit(None))
    first = filled.to_numpy().copy()
    first[linked["right"].to_numpy()] = False
    return links.cast(PAIRS), np.flatnonzero(first)


def _near(texts: Sequence[str], rows: NDArray[np.int64], threshold: float) -> pl.DataFrame:
    places: list[int] = rows.tolist()
    shingles = shingle([texts[place] for place in places])
    candidates = candidate_pairs(shingles)
    similarity = jaccard(shingles, candidates)
    alike = similarity >= threshold
    left: list[int] = rows[candidates[alike, 0]].tolist()
    right: list[int] = rows[candidates[alike, 1]].tolist()
    notes = ["+".join(difference(texts[a], texts[b])) or None for a, b in zip(left, right, strict=True)]
    columns = {"left": left, "right": right, "similarity": similarity[alike], "differs": notes}
    near = pl.DataFrame(columns, schema_overrides={"differs": pl.String})
    return near.with_columns(kind=pl.lit(Kind.NEAR.value)).select(PAIRS.names()).cast(PAIRS)


def _clusters(pairs: pl.DataFrame) -> pl.DataFrame:
    both = pl.concat([pairs, pairs.rename({"left": "right", "right": "left"}).select(PAIRS.names())])
    # Of a row's links, the closest speaks for it; at equal similarity one without a note, which is the stronger claim.
    closest = both.sort("left", "kind", pl.col("similarity") * -1, "differs").unique("left", keep="first")
    rows = closest["left"].to_numpy()
    table = closest.with_columns(
        row=pl.col("left"),
        first=pl.Series(_first_of_component(pairs, rows), dtype=pl.Int64),
    )
    return (
        table.with_columns(cluster=pl.col("first").rank("dense") - 1)
        .select(CLUSTERS.names())
        .cast(CLUSTERS)
        .sort("cluster", "row")
    )


def _first_of_component(pairs: pl.DataFrame, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Smallest row that each of `rows` is linked to, directly or through others."""
    order = np.argsort(rows)
    known = rows[order]
    left = np.searchsorted(known, pairs["left"].to_numpy())
    right = np.searchsorted(known, pairs["right"].to_numpy())
    label = np.arange(len(known))
    while True:
        lowest = np.minimum(label[left], label[right])
        spread = label.copy()
        np.minimum.at(spread, left, lowest)
        np.minimum.at(spread, right, lowest)
        np.minimum.at(spread, label, spread)  # a label's own row learns what its bearers learnt
        spread = spread[spread]
        if (spread == label).all():
            break
        label = spread
    result = np.empty_like(rows)
    result[order] = known[label]
    return result
