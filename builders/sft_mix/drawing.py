"""How many rows of each part and task are drawn: as many as the weights allow."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from openmed_data import tally
from openmed_data.builder import ReasonCode
from openmed_data.errors import UsageError

PARTS, TASKS = "parts", "part tasks"
Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Drawing:
    """What the whole source tells.

    Attributes
    ----------
    parts
        Name of each part → what the recipe and its manifest say of it, and its rows.
    rates
        Part and task → the chance of a row to be drawn.
    gone
        Rows that say what an earlier one says that is drawn → the reason, and where that one stands.
    """

    parts: Mapping[str, Facts] = field(default_factory=dict[str, Facts])
    rates: Mapping[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])
    gone: Mapping[int, tuple[ReasonCode, str]] = field(default_factory=dict[int, tuple[ReasonCode, str]])


def draw_from(evidence: pl.DataFrame) -> Drawing:
    """Turn the merged counts of parts and tasks into rates.

    Parts with weights stand to each other as these; the one that is scarcest for its weight is drawn whole. A part
    without a weight is drawn whole, up to its `max_rows`.

    Raises
    ------
    UsageError
        Not all rows of the parts were read, a part has no task of a name that the recipe weighs, or the weights leave
        it less than one row.
    """
    parts = {
        name: {**json.loads(facts), "rows": count}
        for name, facts, count in evidence.filter(pl.col("table") == PARTS).select("key", "detail", "count").iter_rows()
    }
    _require_all(parts)
    tasks: dict[str, dict[str, int]] = {}
    for name, task, count in evidence.filter(pl.col("table") == TASKS).select("key", "detail", "count").iter_rows():
        tasks.setdefault(name, {})[task] = count
    wanted = _wanted(parts)
    _require_rows(parts, tasks, wanted)
    rates = {
        (name, task): rate
        for name, counts in tasks.items()
        for task, rate in rates_of(counts, parts[name]["tasks"], wanted[name]).items()
    }
    return Drawing(parts, rates)


def _require_all(parts: Mapping[str, Facts]) -> None:
    """Raise `UsageError` where a limit cut the source: the first rows of a recipe are all of its first part."""
    read, held = (
        sum(facts["rows"] for facts in parts.values()),
        max(facts["rows_of_all_parts"] for facts in parts.values()),
    )
    if read < held:
        raise UsageError(
            f"a mixture is drawn from all {held:,} rows of its parts, and --limit leaves the first {read:,}",
            hint="Leave it out; `max_rows` in the recipe limits a part.",
        )


def _require_rows(
    parts: Mapping[str, Facts], tasks: Mapping[str, Mapping[str, int]], wanted: Mapping[str, float]
) -> None:
    """Raise `UsageError` where the recipe asks for tasks that are not there, or for next to nothing of a part."""
    for name, facts in parts.items():
        if unknown := sorted(facts["tasks"].keys() - tasks[name].keys()):
            raise UsageError(
                f"none of the {facts['rows']:,} rows read of part '{name}' is of the task '{unknown[0]}'",
                hint=f"They are of: {', '.join(sorted(tasks[name]))}.",
            )
        if wanted[name] < 1:
            raise UsageError(
                f"the weights leave part '{name}' {wanted[name]:.2g} of its {facts['rows']:,} rows",
                hint="Raise its weight, or leave the part out of the recipe.",
            )


def _wanted(parts: Mapping[str, Facts]) -> dict[str, float]:
    """Return how many rows of each part are wanted."""
    most = {name: min(facts["rows"], facts["max_rows"] or facts["rows"]) for name, facts in parts.items()}
    weighted = {name: facts["weight"] for name, facts in parts.items() if facts["weight"] is not None}
    unit = min((most[name] / weight for name, weight in weighted.items()), default=0.0)
    return {name: weighted[name] * unit if name in weighted else float(most[name]) for name in parts}


def rates_of(counts: Mapping[str, int], weights: Mapping[str, float], wanted: float) -> dict[str, float]:
    """Return the rate of each task, so that tasks are drawn by their weights and as many rows as wanted in all.

    A rate that would pass 1 is 1, and the other tasks make up for it.

    Examples
    --------
    >>> rates_of({"brief": 100, "direct": 100}, {"brief": 0.5}, 90)
    {'brief': 0.3, 'direct': 0.6}
    >>> rates_of({"brief": 100, "direct": 10}, {"direct": 100}, 60)
    {'brief': 0.5, 'direct': 1.0}
    """
    rates: dict[str, float] = {}
    left, free = wanted, sorted(counts, key=lambda task: (-weights.get(task, 1.0), task))
    while free:
        scale = left / (sum(counts[task] * weights.get(task, 1.0) for task in free) or 1.0)
        first = free[0]
        if scale * weights.get(first, 1.0) < 1:
            rates |= {task: max(0.0, scale * weights.get(task, 1.0)) for task in free}
            break
        rates[first] = 1.0
        left -= counts[first]
        free = free[1:]
    return {task: round(rates[task], 6) for task in sorted(rates)}


def count_parts(rows: pl.DataFrame) -> pl.DataFrame:
    """Count the rows of parts and of their tasks, as a tally; see `mixing.with_tasks` for the columns."""
    parts = rows.group_by("part", "facts").len("count")
    tasks = rows.group_by("part", "task").len("count")
    return tally.merge(
        [
            tally.tally(PARTS, parts, key="part", detail="facts"),
            tally.tally(TASKS, tasks, key="part", detail="task"),
        ]
    )
