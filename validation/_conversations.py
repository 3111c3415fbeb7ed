"""Rows as the conversations that a trainer makes of them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import polars as pl

from openmed_data.kinds import Kind

Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Conversation:
    """One text that is trained on.

    Attributes
    ----------
    row
        Number of its row in the batch; the two sides of a pair have the same one.
    field
        Column that ends it.
    messages
        All messages, absent parts left out and tool calls parsed.
    asked
        How many of the messages are the prompt of a reply that is trained on; None where the whole is.
    replies
        Whether it ends with what the model should say; a prompt alone does not.
    broken
        Whether JSON in a tool call or in the tools cannot be parsed; the messages are then left out.
    """

    row: int
    field: str
    messages: list[Message]
    tools: list[Any] | None = None
    asked: int | None = None
    replies: bool = True
    broken: bool = False


def conversations(batch: pl.DataFrame, kind: Kind) -> Iterator[Conversation]:
    """Yield the conversations of a batch: two for a pair, one for any other row."""
    wanted = ["prompt", "chosen", "rejected", "messages", "tools"]
    for number, row in enumerate(batch.select(name for name in wanted if name in batch.columns).iter_rows(named=True)):
        try:
            yield from _of_row(number, row, kind)
        except ValueError:
            yield Conversation(number, "messages", [], broken=True)


def _of_row(number: int, row: Mapping[str, Any], kind: Kind) -> list[Conversation]:
    if kind is Kind.PREFERENCES:
        prompt = _messages(row["prompt"])
        sides = ("chosen", "rejected")
        return [Conversation(number, side, prompt + _messages(row[side]), asked=len(prompt)) for side in sides]
    if kind is Kind.REWARDS:
        return [Conversation(number, "prompt", _messages(row["prompt"]), replies=False)]
    return [Conversation(number, "messages", _messages(row["messages"]), parse_tools(row.get("tools")))]


def parse_tools(text: Any) -> list[Any] | None:
    """Return the tools of a row, which are JSON text; None where it has none.

    Examples
    --------
    >>> parse_tools('[{"type": "function"}]'), parse_tools(""), parse_tools("[]")
    ([{'type': 'function'}], None, None)
    """
    tools: Any = json.loads(text) if isinstance(text, str) and text.strip() else text
    return cast(list[Any], tools) if isinstance(tools, list) and tools else None


def _messages(held: Any) -> list[Message]:
    return [_message(one) for one in held or () if one is not None]


def _message(held: Mapping[str, Any]) -> Message:
    message = {name: value for name, value in held.items() if value is not None}
    if calls := message.pop("tool_calls", None):
        message["tool_calls"] = [json.loads(one) if isinstance(one, str) else one for one in calls]
    return message
