"""Count what became of the records, and turn the counts into the manifest's figures."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from openmed_data import tally
from openmed_data.traces.reasons import Unfit
from openmed_data.traces.trace import Trace

_KEPT = "kept"


def count_outcomes(outcomes: Iterable[tuple[str, Trace | Unfit]]) -> pl.DataFrame:
    """Count kept and rejected records by format, and what was changed on the way.

    Parameters
    ----------
    outcomes
        Format of each record, and what it became.
    """
    counts: Counter[tuple[str, str, str]] = Counter()
    for name, outcome in outcomes:
        if isinstance(outcome, Unfit):
            counts["outcomes", name, outcome.law] += 1
            continue
        counts["outcomes", name, _KEPT] += 1
        for words in set(outcome.mended):
            counts["mended", words, name] += 1
        if outcome.messages[-1].calls:
            counts["ending with a call", name, ""] += 1
        for words in outcome.tools.mapped if outcome.tools else ():
            counts["schema words mapped", words, name] += 1
    rows = [(*names, number) for names, number in counts.items()]
    return pl.DataFrame(rows, schema=tally.SCHEMA, orient="row")


def count_rows(kept: pl.DataFrame) -> pl.DataFrame:
    """Count formats, calls and turns of the rows as written."""
    turns = kept.select(pl.col("messages").list.len().alias("turns"), "n_calls", "format")
    return pl.concat(
        [
            tally.tally("formats", turns.group_by("format").len("count"), key="format"),
            tally.tally("calls", turns.group_by("n_calls").len("count"), key="n_calls"),
            tally.tally("turns", turns.group_by("turns").len("count"), key="turns"),
        ]
    )


def figures_of(counts: pl.DataFrame) -> Mapping[str, Any]:
    """Return the figures of a build from its merged counts."""
    return {
        "formats": tally.table(counts, "formats"),
        "calls_per_trace": _numbered(tally.table(counts, "calls")),
        "turns_per_trace": _numbered(tally.table(counts, "turns")),
        "records_by_format": _nested(counts, "outcomes"),
        "ending_with_a_call": tally.table(counts, "ending with a call"),
        "mended": tally.table(counts, "mended"),
        "schema_words_mapped": tally.table(counts, "schema words mapped"),
    }


def _numbered(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: int(pair[0])))


def _nested(counts: pl.DataFrame, table: str) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    held = counts.filter(pl.col("table") == table).sort("key", "detail")
    for key, detail, number in held.select("key", "detail", "count").iter_rows():
        found.setdefault(key, {})[detail] = number
    return found
