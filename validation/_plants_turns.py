"""Faults of turns and tools to plant."""

import json
from collections.abc import Iterator
from typing import Any

import polars as pl

from openmed_data.check import Plant
from openmed_data.kinds import Kind
from openmed_data.planting import change_rows, groups

_EACH = 40
_COLUMN = {Kind.PREFERENCES: "prompt", Kind.REWARDS: "prompt", Kind.SFT: "messages", Kind.TRACES: "messages"}


def plants(rows: pl.DataFrame, kind: Kind) -> Iterator[Plant]:
    """Plant roles out of order, wrong counts and, into rows that call tools, calls and tools that are broken."""
    name = _COLUMN[kind]

    def twice(row: dict[str, Any]) -> None:
        row[name].insert(0, row[name][0])

    def model_first(row: dict[str, Any]) -> None:
        row[name].insert(0, row[name][0] | {"role": "assistant"})

    parts = groups(rows, 3, _EACH)
    for how, change in (("the first message twice", twice), ("the model begins", model_first)):
        yield Plant("roles_out_of_order", change_rows(next(parts), change), how)
    if {"messages", "tools"} <= set(rows.columns):
        yield from _of_tools(rows)
    if kind is Kind.TRACES:
        more = next(parts).with_columns(pl.col("n_calls") + 1)
        yield Plant("miscounted_calls", more, "one call more than the messages have")


def _of_tools(rows: pl.DataFrame) -> Iterator[Plant]:
    calling = rows.filter(pl.Series([_calls(messages) is not None for messages in rows["messages"].to_list()]))
    if not calling.height:
        return
    some = calling.head(_EACH)
    yield Plant("broken_tools", some.with_columns(tools=pl.col("tools").str.head(20)), "tools cut after 20 characters")
    for code, how, change in (
        ("broken_calls", "arguments that are a list", {"arguments": ["x"]}),
        ("broken_calls", "a call without a name", {"name": None}),
        ("unknown_tools", "a tool that is not declared", {"name": "order_pizza"}),
        ("undeclared_arguments", "an argument that is not declared", {"arguments": {"zzz_planted": 1}}),
    ):
        yield Plant(code, change_rows(some, lambda row, change=change: _spoil(row, change)), how)
    typed = change_rows(some, _declare_otherwise)
    yield Plant("unfit_arguments", typed, "every argument declared as a list of numbers")
    yield Plant("calls_as_text", change_rows(some, _write_call), "a call in tags before what the model says")
    yield from _of_results(calling)


def _of_results(calling: pl.DataFrame) -> Iterator[Plant]:
    first = [_result(messages) for messages in calling["messages"].to_list()]
    answered = calling.filter(pl.Series([one is not None for one in first])).head(_EACH)
    if answered.height:
        yield Plant("unanswered_calls", change_rows(answered, _answer_twice), "a result twice")
        how = "a quotation, with its document, that nothing holds"
        yield Plant("false_quotes", change_rows(answered, _misquote), how)
    named = calling.filter(pl.Series([bool(one and one.get("name")) for one in first])).head(_EACH)
    if named.height:
        yield Plant("misnamed_results", change_rows(named, _misname), "a result under another tool's name")


def _declare_otherwise(row: dict[str, Any]) -> None:
    """Say of every argument of the first call's tool that it is a list of numbers, as none is."""
    message = _calls(row["messages"])
    call: Any = json.loads(message["tool_calls"][0])["function"] if message else {"name": "", "arguments": {}}
    given = json.loads(call["arguments"]) if isinstance(call["arguments"], str) else call["arguments"]
    tools: Any = json.loads(row["tools"])
    for tool in tools:
        function = tool.get("function", tool)
        if function["name"] == call["name"]:
            numbers = {"type": "array", "items": {"type": "number"}, "minItems": 9}
            function["parameters"] = {"type": "object", "properties": dict.fromkeys(given or ["none"], numbers)}
            function["parameters"]["required"] = [] if given else ["none"]
    row["tools"] = json.dumps(tools)


def _calls(messages: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the first message that calls a tool."""
    return next((one for one in messages if one.get("tool_calls")), None)


def _result(messages: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the first result of a tool."""
    return next((one for one in messages if one["role"] == "tool"), None)


def _answer_twice(row: dict[str, Any]) -> None:
    messages: list[dict[str, Any]] = row["messages"]
    place = next(place for place, one in enumerate(messages) if one["role"] == "tool")
    messages.insert(place, messages[place])


def _misname(row: dict[str, Any]) -> None:
    if result := _result(row["messages"]):
        result["name"] = "order_pizza"


def _misquote(row: dict[str, Any]) -> None:
    row["messages"][-1] = row["messages"][0] | {"role": "assistant", "content": "“Lemons cure it within a day.” [d1]"}


def _write_call(row: dict[str, Any]) -> None:
    message = next(one for one in row["messages"] if one["role"] == "assistant")
    message["content"] = f'<tool_call>{{"name": "order_pizza"}}</tool_call>{message["content"] or ""}'


def _spoil(row: dict[str, Any], change: dict[str, Any]) -> None:
    message = _calls(row["messages"])
    if message is None:
        return
    call: Any = json.loads(message["tool_calls"][0])
    call["function"] = call["function"] | change
    message["tool_calls"][0] = json.dumps(call)
