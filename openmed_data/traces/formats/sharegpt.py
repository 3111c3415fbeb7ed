"""ShareGPT turns with `function_call` and `observation`, as the Glaive set has them; `tools` is JSON text."""

from typing import Any

from openmed_data.traces.codec import dumps
from openmed_data.traces.fields import calls_of, id_of, role_of, tools_of, turn_objects, turns_of, verdict_of
from openmed_data.traces.format import Format, Record
from openmed_data.traces.reasons import unreadable
from openmed_data.traces.trace import Message, Trace

_ROLES = {
    "system": "system",
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "model": "assistant",
    "observation": "tool",
    "tool": "tool",
    "function_response": "tool",
    "function_call": "assistant",
    "tool_call": "assistant",
}
_CALLS = ("function_call", "tool_call")


class ShareGPT(Format):
    """ShareGPT's turns."""

    name = "sharegpt"
    summary = "from/value turns with function_call and observation"
    writes = True

    def detect(self, record: Record) -> float:
        """`from` and `value` are its own, unless calls stand in tags."""
        turns = turns_of(record)
        if not turns or not all(isinstance(turn, dict) and {"from", "value"} <= turn.keys() for turn in turns):
            return 0.0
        if any(turn["from"] in (*_CALLS, "observation") for turn in turns):
            return 1.0
        return (
            0.1
            if any("<tool_call>" in str(turn["value"]) or "<tools>" in str(turn["value"]) for turn in turns)
            else 0.9
        )

    def read(self, record: Record) -> Trace:
        """Read the turns; results answer calls in order."""
        messages = [_message(turn, f"conversations[{place}]") for place, turn in enumerate(turn_objects(record))]
        if isinstance(system := record.get("system"), str):
            messages.insert(0, Message("system", system))
        return Trace(tuple(messages), tools_of(record, "tools"), verdict_of(record), id_of(record))

    def write(self, trace: Trace) -> Record:
        """Return `conversations` and `tools`; calls made at once are a list, and what is said with them comes first."""
        turns: list[Record] = []
        for message in trace.messages:
            role = {"user": "human", "assistant": "gpt", "tool": "observation"}.get(message.role, message.role)
            if message.content or not message.calls:
                turns.append({"from": role, "value": message.content})
            if message.calls:
                calls = [{"name": call.name, "arguments": call.arguments} for call in message.calls]
                turns.append({"from": "function_call", "value": dumps(calls[0] if len(calls) == 1 else calls)})
        functions = [tool["function"] for tool in trace.tools.tools] if trace.tools else []
        return {"conversations": turns, "tools": dumps(functions)}


def _message(turn: Record, field: str) -> Message:
    who: Any = turn.get("from")
    said: Any = turn.get("value")
    role = role_of(who, _ROLES, f"{field}.from")
    if not isinstance(said, str):
        raise unreadable(f"{field}.value", said, "text")
    if who in _CALLS:
        return Message("assistant", calls=tuple(calls_of(said, f"{field}.value")))
    return Message(role, said)


FORMAT = ShareGPT()
