"""Put faults into copies of rows: what checks plant to be measured by `openmed_data.self_test`."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import polars as pl

from openmed_data.kinds import Kind

Change = Callable[[str], str]

_ASKED = {Kind.PREFERENCES: "prompt", Kind.REWARDS: "prompt", Kind.SFT: "messages", Kind.TRACES: "messages"}
_TOLD = {Kind.PREFERENCES: "chosen", Kind.SFT: "messages", Kind.TRACES: "messages"}


def change_rows(rows: pl.DataFrame, change: Callable[[dict[str, Any]], None]) -> pl.DataFrame:
    """Return a copy of `rows` that `change` was let loose on, row by row; columns keep their types."""
    held = rows.to_dicts()
    for row in held:
        change(row)
    return pl.DataFrame(held, schema=rows.schema)


def change_asked(rows: pl.DataFrame, kind: Kind, change: Change) -> pl.DataFrame:
    """Change what the user says last.

    Examples
    --------
    >>> rows = pl.DataFrame({"messages": [[{"role": "user", "content": "Why?"}]]})
    >>> change_asked(rows, Kind.SFT, str.upper)["messages"][0][0]
    {'role': 'user', 'content': 'WHY?'}
    """
    return change_rows(rows, lambda row: _change_last(row[_ASKED[kind]], "user", change))


def change_told(rows: pl.DataFrame, kind: Kind, change: Change) -> pl.DataFrame:
    """Change what the model should say last: the chosen reply, the last message, or the answer."""
    if kind is Kind.REWARDS:
        return rows.with_columns(pl.col("answer").map_elements(change, pl.String))
    return change_rows(rows, lambda row: _change_last(row[_TOLD[kind]], "assistant", change))


def groups(rows: pl.DataFrame, count: int, size: int) -> Iterator[pl.DataFrame]:
    """Yield `count` groups of at most `size` rows, one after another, beginning again at the end.

    Examples
    --------
    >>> [part["id"].to_list() for part in groups(pl.DataFrame({"id": [1, 2, 3]}), 3, 2)]
    [[1, 2], [3, 1], [2, 3]]
    """
    for number in range(count):
        places = [(number * size + at) % rows.height for at in range(min(size, rows.height))]
        yield rows[places]


def renamed(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with new ids, as if they were others."""
    return rows.with_columns(pl.format("{}-planted", "id").alias("id"))


def any_of(rng: random.Random, *choices: str) -> Change:
    """Return a change that replaces a text with one of `choices`."""
    return lambda _: rng.choice(choices)


def _change_last(messages: list[dict[str, Any]], role: str, change: Change) -> None:
    for message in reversed(messages):
        if message["role"] == role:
            message["content"] = change(message["content"] or "")
            return
