"""Faults of form to plant: values that are missing or wrong, broken message lists, ids that come twice."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from openmed_data.check import Plant
from openmed_data.kinds import Kind
from openmed_data.planting import change_rows, groups

from ._form import REQUIRED, Fault

_EACH = 30
_FIRST = {Kind.PREFERENCES: "prompt", Kind.REWARDS: "prompt", Kind.SFT: "messages", Kind.TRACES: "messages"}
_WRONG = {
    Kind.PREFERENCES: ("chosen_label", "K"),
    Kind.REWARDS: ("answer_type", "essay"),
    Kind.TRACES: ("n_calls", -1),
}


def plants(rows: pl.DataFrame, kind: Kind) -> Iterator[Plant]:
    """Plant every fault of rows that `Fault` names."""
    parts = groups(rows, 16, _EACH)
    for name in REQUIRED[kind]:
        nothing = pl.lit(None, rows.schema[name]).alias(name)
        yield Plant(Fault.NULL, next(parts).with_columns(nothing), f"no {name}")
    name = _FIRST[kind]
    yield Plant(Fault.NO_MESSAGES, change_rows(next(parts), lambda row: row[name].clear()), f"no message in {name}")
    for fault, how, part, value in (
        (Fault.UNKNOWN_ROLE, "a role that no template knows", "role", "narrator"),
        (Fault.NO_CONTENT, "a message of white space", "content", " \n"),
        (Fault.LAST_ROLE, "the system has the last word", "role", "system"),
    ):
        yield Plant(
            fault, change_rows(next(parts), lambda row, part=part, value=value: _set(row[name], part, value)), how
        )
    if kind in _WRONG and _WRONG[kind][0] in rows.columns:
        column, wrong = _WRONG[kind]
        bad = next(parts).with_columns(pl.lit(wrong).cast(rows.schema[column]).alias(column))
        yield Plant(Fault.BAD_VALUE, bad, f"{column} is {wrong}")
    if kind is Kind.REWARDS and "choices" in rows.columns:
        keyed = next(parts).filter(pl.col("answer_type") == "choice", pl.col("choices").list.len() > 1)
        yield Plant(Fault.WRONG_ANSWER, change_rows(keyed, _mark_another), "the answer is another choice")
    twice = next(parts)
    yield Plant(Fault.DUPLICATE_ID, pl.concat([twice, twice]), "two rows with one id")


def _mark_another(row: dict[str, Any]) -> None:
    row["answer"] = next(choice for choice in row["choices"] if choice != row["answer"])


def _set(messages: list[dict[str, Any]], part: str, value: str) -> None:
    messages[-1][part] = value
    if part == "content" and "tool_calls" in messages[-1]:
        messages[-1]["tool_calls"] = None
