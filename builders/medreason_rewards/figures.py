"""Count what the rows are, and turn the counts into the manifest's figures."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from openmed_data import tally

from .judge import Rejection
from .reasons import Reason

_PERCENTILES = (5, 50, 95, 99, 100)


def count_rows(kept: pl.DataFrame) -> pl.DataFrame:
    """Count answer types, datasets, letters by number of choices, and characters of prompts."""
    characters = pl.col("prompt").list.eval(pl.element().struct.field("content").str.len_chars()).list.sum()
    facts = kept.select(
        "answer_type",
        "dataset",
        pl.col("answer_label").alias("letter"),
        pl.col("choices").list.len().alias("choices"),
        characters.alias("characters"),
        pl.col("reference_reasoning").is_not_null().alias("reasoning"),
    )

    def counted(table: str, key: str, detail: str | None = None) -> pl.DataFrame:
        by = [key] if detail is None else [key, detail]
        return tally.tally(table, facts.drop_nulls(key).group_by(by).len("count"), key=key, detail=detail)

    return pl.concat(
        [
            counted("answer types", "answer_type"),
            counted("datasets", "dataset"),
            counted("letters", "letter", "choices"),
            counted("prompt characters", "characters"),
            counted("reference reasoning", "reasoning"),
        ]
    )


def count_test_splits(rejected: Iterable[Rejection]) -> pl.DataFrame:
    """Count the rows of test splits that were left out, by dataset."""
    counts = Counter(row.detail for row in rejected if row.reason is Reason.TEST_SPLIT)
    frame = pl.DataFrame({"key": list(counts), "count": list(counts.values())}, {"key": pl.String, "count": pl.Int64})
    return tally.tally("test splits", frame, key="key")


def figures_of(counts: pl.DataFrame) -> Mapping[str, Any]:
    """Return the figures of a build from its merged counts."""
    repairs = counts.filter(pl.col("table") == "repairs").sort("count", "key", descending=[True, False])
    verified = tally.table(counts, "verified completions")
    return {
        "answer_types": tally.table(counts, "answer types"),
        "datasets": tally.table(counts, "datasets"),
        "letters": _letters(counts),
        "prompt_characters": _percentiles(tally.table(counts, "prompt characters")),
        "with_reference_reasoning": tally.table(counts, "reference reasoning").get("true", 0),
        "verified_completions": {
            "right_answers_paid_in_full": verified.get("right", 0),
            "wrong_options_paid_nothing": verified.get("wrong", 0),
        },
        "rejected_test_split_rows": tally.table(counts, "test splits"),
        "repaired_words": int(repairs["count"].sum()),
        "repairs": [
            {"before": before, "after": after, "count": number}
            for before, after, number in repairs.select("key", "detail", "count").iter_rows()
        ],
    }


def _letters(counts: pl.DataFrame) -> dict[str, dict[str, float]]:
    """Return number of choices → letter → share."""
    rows = counts.filter(pl.col("table") == "letters").sort(pl.col("detail").cast(pl.Int64), "key")
    shares: dict[str, dict[str, float]] = {}
    for letter, choices, share in rows.select(
        "key", "detail", pl.col("count") / pl.col("count").sum().over("detail")
    ).iter_rows():
        shares.setdefault(choices, {})[letter] = round(share, 4)
    return shares


def _percentiles(lengths: Mapping[str, int]) -> dict[str, int]:
    """Return percentile → length, where at least so many per cent of the prompts are no longer."""
    ordered = sorted((int(length), number) for length, number in lengths.items())
    total = sum(number for _, number in ordered)
    found: dict[str, int] = {}
    passed = 0
    for length, number in ordered:
        passed += number
        for percent in _PERCENTILES:
            if passed * 100 >= percent * total:
                found.setdefault(f"p{percent}", length)
    return found
