"""Count what search traces are, as written, and how many hold up against their own evidence."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from openmed_data import tally

from .evidence import faults_of, quotes_of
from .rows import FORMAT

_TABLE = "search traces"


def count_search(kept: pl.DataFrame) -> pl.DataFrame:
    """Count calls, quotations, and rows whose last message says nothing without evidence."""
    counts: Counter[tuple[str, str]] = Counter()
    for (messages,) in kept.filter(pl.col("format") == FORMAT).select("messages").iter_rows():
        counts.update(_facts(messages))
    rows = [(_TABLE, key, detail, count) for (key, detail), count in counts.items()]
    return tally.merge([pl.DataFrame(rows, schema=tally.SCHEMA, orient="row")])


def _facts(messages: list[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    names = [json.loads(call)["function"]["name"] for turn in messages for call in turn["tool_calls"] or ()]
    quotes = quotes_of(messages[-1]["content"])
    yield "rows", ""
    yield "searches", str(names.count("search"))
    yield "opens", str(names.count("open"))
    yield "quotations", str(len(quotes))
    if quotes:
        yield "quoting", "supported" if not faults_of(messages) else "unsupported"


def search_figures(counts: pl.DataFrame) -> Mapping[str, Any]:
    """Return the figures of a build's search traces from its merged counts; empty where it has none."""
    own = counts.filter(pl.col("table") == _TABLE)
    if not own.height:
        return {}
    quoting = _details(own, "quoting")
    return {
        "rows": sum(_details(own, "rows").values()),
        "answer_in_evidence": round(quoting.get("supported", 0) / max(1, sum(quoting.values())), 4),
        **{name: _details(own, name) for name in ("searches", "opens", "quotations")},
        "endings_before_filters": tally.table(counts, "search endings"),
    }


def _details(counts: pl.DataFrame, key: str) -> dict[str, int]:
    rows = counts.filter(pl.col("key") == key).sort("detail").select("detail", "count")
    return dict(rows.iter_rows())
