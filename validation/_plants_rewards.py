"""Faults of prompts with verifiable answers to plant."""

from collections.abc import Callable, Iterator
from typing import Any

import polars as pl

from openmed_data.check import Plant
from openmed_data.planting import change_rows

_EACH = 40


def plants(rows: pl.DataFrame) -> Iterator[Plant]:
    """Plant answers that no reader can read, choices that the reward cannot tell apart, and prompts without choices."""
    if not {"choices", "accepted_answers"} <= set(rows.columns):
        return
    chosen = rows.filter(pl.col("answer_type") == "choice", pl.col("choices").list.len() > 1).head(_EACH)
    for code, how, change in _OF_A_CHOICE if chosen.height else ():
        yield Plant(code, change_rows(chosen, change), how)
    others = rows.filter(pl.col("answer_type").is_in(["number", "boolean"])).head(_EACH)
    if others.height:
        vague = others.with_columns(answer=pl.lit("it depends"))
        yield Plant("unsound_answers", vague, "a number or a decision that is none")


def _without_choices(row: dict[str, Any]) -> None:
    row["choices"] = []


def _all_alike(row: dict[str, Any]) -> None:
    row["choices"] = [row["answer"]] * len(row["choices"])


def _accept_another(row: dict[str, Any]) -> None:
    row["accepted_answers"] = [next(choice for choice in row["choices"] if choice != row["answer"])]


def _without_list(row: dict[str, Any]) -> None:
    last = row["prompt"][-1]
    last["content"] = last["content"].split("\n")[0][:40]


def _moved(row: dict[str, Any]) -> None:
    row["choices"] = row["choices"][1:] + row["choices"][:1]
    if row["answer_label"]:
        row["answer_label"] = "ABCDEFGHIJ"[row["choices"].index(row["answer"])]


_OF_A_CHOICE: tuple[tuple[str, str, Callable[[dict[str, Any]], None]], ...] = (
    ("unsound_answers", "an answer without the choices it is one of", _without_choices),
    ("unsound_answers", "every choice the same text", _all_alike),
    ("unsound_answers", "another choice among the accepted answers", _accept_another),
    ("hidden_choices", "a prompt cut before its options", _without_list),
    ("hidden_choices", "the choices moved by one letter, the prompt not", _moved),
)
