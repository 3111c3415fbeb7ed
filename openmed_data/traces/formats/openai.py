"""Messages of OpenAI's chat API: `tool_calls`, the older `function_call`, and tau-bench's `traj`."""

from collections.abc import Iterator
from typing import Any, cast

from openmed_data.traces.codec import dumps
from openmed_data.traces.fields import (
    THOUGHTS_LEFT,
    call_of,
    id_of,
    parts_text,
    role_of,
    some_text,
    tools_of,
    turn_objects,
    turns_of,
    verdict_of,
)
from openmed_data.traces.format import Format, Record
from openmed_data.traces.reasons import unreadable
from openmed_data.traces.trace import Call, Message, Trace

# Where servers of reasoning models put what is no part of the reply.
_SILENT = ("reasoning_content", "reasoning")
_ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}


class OpenAI(Format):
    """OpenAI's chat messages."""

    name = "openai"
    summary = "chat messages with tool_calls or function_call, arguments as JSON text"
    writes = True

    def detect(self, record: Record) -> float:
        """Trust calls and results; turns that only talk may belong to several formats."""
        turns = turns_of(record)
        if not turns or not all(isinstance(turn, dict) and "role" in turn for turn in turns):
            return 0.0
        held = cast("list[Record]", turns)
        if any(turn.get("tool_calls") or turn.get("function_call") or "tool_call_id" in turn for turn in held):
            return 1.0
        if any(_has_blocks(turn.get("content")) for turn in held):
            return 0.2
        marked = any(sign in some_text(record) for sign in ("<tool_call>", "Action:", "<search>", "<|begin_of_query|>"))
        return 0.2 if marked else 0.8

    def read(self, record: Record) -> Trace:
        """Read the messages; results are linked by `tool_call_id`, or by their order."""
        turns = turn_objects(record)
        messages = tuple(_message(turn, f"messages[{place}]") for place, turn in enumerate(turns))
        mended = (THOUGHTS_LEFT,) * any(turn.get(name) for turn in turns for name in _SILENT)
        return Trace(messages, tools_of(record, "tools", "functions"), verdict_of(record), id_of(record), mended)

    def write(self, trace: Trace) -> Record:
        """Return `messages` and `tools`."""
        tools = list(trace.tools.tools) if trace.tools else []
        return {"messages": [_written(message) for message in trace.messages], "tools": tools}


def _has_blocks(content: Any) -> bool:
    return isinstance(content, list) and any(
        isinstance(part, dict) and cast(Record, part).get("type") in ("tool_use", "tool_result")
        for part in cast("list[Any]", content)
    )


def _message(turn: Record, field: str) -> Message:
    role = role_of(turn.get("role"), _ROLES, f"{field}.role")
    content = parts_text(turn.get("content"), f"{field}.content")
    if role == "tool":
        call_id, name = turn.get("tool_call_id"), turn.get("name")
        named = name if isinstance(name, str) else ""
        return Message("tool", content, call_id="" if call_id is None else str(call_id), name=named)
    return Message(role, content, tuple(_calls(turn, field)) if role == "assistant" else ())


def _calls(turn: Record, field: str) -> Iterator[Call]:
    listed: Any = turn.get("tool_calls") or []
    if not isinstance(listed, list):
        raise unreadable(f"{field}.tool_calls", listed, "a list")
    for number, held in enumerate(cast("list[Any]", listed)):
        place = f"{field}.tool_calls[{number}]"
        if not isinstance(held, dict):
            raise unreadable(place, held, "an object")
        call = cast(Record, held)
        yield call_of(call.get("function", call), f"{place}.function", call.get("id"))
    if older := turn.get("function_call"):
        yield call_of(older, f"{field}.function_call")


def _written(message: Message) -> Record:
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.call_id, "name": message.name, "content": message.content}
    written: Record = {"role": message.role, "content": message.content}
    if message.calls:
        written["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": dumps(call.arguments)}}
            for call in message.calls
        ]
    return written


FORMAT = OpenAI()
