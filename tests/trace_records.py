"""A record and its turns, as the tests of the trace formats write them."""

from typing import Any

from openmed_data.traces.codec import dumps
from openmed_data.traces.convert import read
from openmed_data.traces.detect import formats
from openmed_data.traces.format import Record

Turns = list[tuple[str, str, list[tuple[str, Any]]]]


TOOL = {
    "name": "dose",
    "description": "d",
    "parameters": {"type": "object", "properties": {"drug": {"type": "string"}}},
}


OPENAI_CALL = {"id": "a", "type": "function", "function": {"name": "dose", "arguments": '{"drug": "x"}'}}


def turns(name: str, record: Record) -> Turns:
    """Return role, text and calls of each turn of a record."""
    trace = read(dumps(record), formats()[name])
    return [(one.role, one.content, [(call.name, call.arguments) for call in one.calls]) for one in trace.messages]


DOSE: Turns = [
    ("user", "Dose?", []),
    ("assistant", "", [("dose", {"drug": "x"})]),
    ("tool", "5", []),
    ("assistant", "5.", []),
]


def chat(*messages: Any) -> Record:
    return {"messages": list(messages)}


def said(role: str, content: Any) -> Record:
    return {"role": role, "content": content}


USER = said("user", "Dose?")
