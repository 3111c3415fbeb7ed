"""Traces as the columns of the kind `traces`, and back."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import polars as pl
import pyarrow as pa

from openmed_data.traces.codec import dumps, loads
from openmed_data.traces.reasons import Law, Unfit
from openmed_data.traces.toolbox import toolbox
from openmed_data.traces.trace import Call, Message, Trace

_TEXT = pa.large_string()


def columns_of(traces: Sequence[Trace]) -> pl.DataFrame:
    """Return `messages`, `tools` and `n_calls` of settled traces.

    Examples
    --------
    >>> told = Trace((Message("user", "Dose?"), Message("assistant", "5 mg")))
    >>> columns_of([told])["tools"].to_list()
    [None]
    """
    spoken = [message for trace in traces for message in trace.messages]
    offsets = [0]
    for trace in traces:
        offsets.append(offsets[-1] + len(trace.messages))
    calls = [[_json(call) for call in message.calls] if message.calls else None for message in spoken]
    parts = {
        "role": pa.array([message.role for message in spoken], _TEXT),
        "content": pa.array([message.content for message in spoken], _TEXT),
        "tool_calls": pa.array(calls, pa.large_list(_TEXT)),
        "tool_call_id": pa.array([message.call_id or None for message in spoken], _TEXT),
        "name": pa.array([message.name or None for message in spoken], _TEXT),
    }
    structs = pa.StructArray.from_arrays(list(parts.values()), list(parts))
    messages = cast(Any, pa.LargeListArray).from_arrays(pa.array(offsets, pa.int64()), structs)
    tools = pa.array([trace.tools.text if trace.tools else None for trace in traces], _TEXT)
    counts = pa.array([trace.n_calls for trace in traces], pa.int32())
    table = pa.table({"messages": messages, "tools": tools, "n_calls": counts})
    return cast(pl.DataFrame, pl.from_arrow(table))


def _json(call: Call) -> str:
    function = {"name": call.name, "arguments": call.arguments}
    return dumps({"id": call.id, "type": "function", "function": function})


def trace_of(row: Mapping[str, Any]) -> Trace:
    """Return the trace in a row of a dataset: of the kind `traces`, or one with messages alone.

    Raises
    ------
    Unfit
        The row's tools or calls are not what the kind declares.
    """
    messages = tuple(_message(held) for held in row["messages"] or ())
    return Trace(messages, toolbox(row.get("tools") or "[]"), source_id=str(row.get("id") or ""))


def _message(held: Mapping[str, Any]) -> Message:
    calls = tuple(_call(one) for one in held.get("tool_calls") or ())
    call_id, name = held.get("tool_call_id") or "", held.get("name") or ""
    return Message(held["role"], held.get("content") or "", calls, call_id, name)


def _call(text: Any) -> Call:
    try:
        held: Any = text.decode() if isinstance(text, bytes) else text  # as polars reads JSON columns of Parquet
        held = loads(held) if isinstance(held, str) else held
        return Call(held["function"]["name"], held["function"]["arguments"], held.get("id") or "")
    except (ValueError, KeyError, TypeError) as error:
        raise Unfit(Law.UNREADABLE, "tool_calls: found no call of a function") from error
