"""Measure what a preference set gives away without being read: lengths and letters.

Shared by the builders that make pairs and by the check that judges any set of pairs.
"""

import math
from typing import Any

import polars as pl

from openmed_data import tally

# Classes of length difference in characters; a classifier may learn a direction for each.
_EDGES = (1, 2, 3, 4, 6, 9, 13, 19, 30, 50, 100)
_FOLDS = 5
Z_95 = 1.959964


def measure_pairs(pairs: pl.DataFrame) -> pl.DataFrame:
    """Count the length differences and the letters of preference pairs, as a tally.

    Parameters
    ----------
    pairs
        `id`, `chosen`, `rejected` (message lists) and, where there are letters, `chosen_label`, `rejected_label`.
    """
    sides = pairs.select("id", *(_characters(side).alias(side) for side in ("chosen", "rejected")))
    difference = pl.col("chosen").cast(pl.Int64) - pl.col("rejected").cast(pl.Int64)
    classed = sides.select(
        # The last hexadecimal digit of the id: folds that do not depend on the order of rows.
        pl.col("id").str.slice(-1).alias("fold"),
        (difference.sign() * _length_class(difference.abs())).alias("class"),
        difference.alias("difference"),
    )
    counted = classed.group_by("class", "fold").agg(pl.len().alias("count"))
    total = pl.DataFrame({"key": ["chosen minus rejected"], "count": [classed["difference"].sum()]})
    tallies = [
        tally.tally("length class", counted, key="class", detail="fold"),
        tally.tally("characters", total, key="key"),
    ]
    for side in ("chosen", "rejected"):
        if f"{side}_label" in pairs.columns:
            letters = pairs.group_by(f"{side}_label").agg(pl.len().alias("count"))
            tallies.append(tally.tally(f"{side} letter", letters, key=f"{side}_label"))
    return pl.concat(tallies)


def _length_class(difference: pl.Expr) -> pl.Expr:
    """Return how many of `_EDGES` a difference reaches."""
    return pl.lit(pl.Series(_EDGES)).search_sorted(difference, side="right").cast(pl.Int64)


def _characters(side: str) -> pl.Expr:
    return pl.col(side).list.last().struct.field("content").str.len_chars()


def bias_figures(counts: pl.DataFrame) -> dict[str, Any]:
    """Turn merged counts of `measure_pairs` into figures.

    Returns
    -------
    dict
        `length_classifier_accuracy`: how often a classifier that knows nothing but both lengths picks the chosen side,
        a direction learnt for each class of difference on other rows (five folds); 0.5 is ideal.
        `length_classifier_interval`: its 95% interval. `longer_is_chosen`: how often the longer side is the chosen one,
        ties counting half. `chosen_letters`, `rejected_letters`: share of each letter.

    Examples
    --------
    >>> reply = lambda text: [{"role": "assistant", "content": text}]
    >>> sides = {"chosen": [reply("yes"), reply("no")], "rejected": [reply("no"), reply("yes")]}
    >>> pairs = pl.DataFrame({"id": ["a", "b"], **sides})
    >>> bias_figures(measure_pairs(pairs))["longer_is_chosen"]
    0.5
    """
    classes = _by_class(counts)
    total = sum(sum(folds.values()) for folds in classes.values())
    if not total:
        return {}
    longer = sum(
        sum(folds.values()) * (1.0 if name > 0 else 0.5 if name == 0 else 0.0) for name, folds in classes.items()
    )
    accuracy = _classifier_hits(classes) / total
    figures: dict[str, Any] = {
        "pairs": total,
        "length_classifier_accuracy": round(accuracy, 4),
        "length_classifier_interval": [round(bound, 4) for bound in wilson_interval(accuracy, total)],
        "longer_is_chosen": round(longer / total, 4),
        "mean_length_difference": round(tally.table(counts, "characters").get("chosen minus rejected", 0) / total, 2),
    }
    for side in ("chosen", "rejected"):
        letters = tally.table(counts, f"{side} letter")
        if letters:
            figures[f"{side}_letters"] = {
                name: round(count / sum(letters.values()), 4) for name, count in letters.items()
            }
    return figures


def wilson_interval(share: float, total: int) -> tuple[float, float]:
    """Return the 95% interval of a share, which never leaves 0 to 1 (E. B. Wilson, JASA 22:209-212, 1927).

    Examples
    --------
    >>> [[round(bound, 3) for bound in wilson_interval(0.5, total)] for total in (1, 4000)]
    [[0.055, 0.945], [0.485, 0.515]]
    """
    spread = Z_95**2 / total
    centre = (share + spread / 2) / (1 + spread)
    margin = math.sqrt(spread * (share * (1 - share) + spread / 4)) / (1 + spread)
    return centre - margin, centre + margin


def _by_class(counts: pl.DataFrame) -> dict[int, dict[int, int]]:
    """Return signed class → fold → count; folds are dealt from the id's last digit."""
    classes: dict[int, dict[int, int]] = {}
    rows = counts.filter(pl.col("table") == "length class")
    for name, digit, count in rows.select("key", "detail", "count").iter_rows():
        fold = ord(digit[-1]) % _FOLDS if digit else 0
        held = classes.setdefault(int(name), {})
        held[fold] = held.get(fold, 0) + count
    return classes


def _classifier_hits(classes: dict[int, dict[int, int]]) -> float:
    hits = 0.5 * sum(classes.get(0, {}).values())
    for size in {abs(name) for name in classes} - {0}:
        longer, shorter = classes.get(size, {}), classes.get(-size, {})
        for fold in range(_FOLDS):
            learnt = sum(count for other, count in longer.items() if other != fold) - sum(
                count for other, count in shorter.items() if other != fold
            )
            seen_longer, seen_shorter = longer.get(fold, 0), shorter.get(fold, 0)
            hits += seen_longer if learnt > 0 else seen_shorter if learnt < 0 else (seen_longer + seen_shorter) / 2
    return hits
