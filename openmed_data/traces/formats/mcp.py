"""Session logs of the Model Context Protocol: JSON-RPC 2.0, one message per line, and the client's chat if it is there.

A line is a JSON-RPC message, or an envelope with one under `message`, `payload` or `data`; or a turn of the chat around
the session, with `role` and `content`. `tools/list` declares the tools, `tools/call` is a call, and the response with
the same `id` its result. Other methods and notifications say nothing that a model sees.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from openmed_data.traces.codec import dumps
from openmed_data.traces.fields import call_of, id_of, parts_text, verdict_of
from openmed_data.traces.format import Format, Record
from openmed_data.traces.reasons import Law, Unfit, unreadable
from openmed_data.traces.toolbox import toolbox
from openmed_data.traces.trace import Message, Trace

_ENVELOPES = ("message", "payload", "data")
_SESSIONS = ("session", "sessionId", "session_id")


class MCP(Format):
    """Logs of JSON-RPC messages."""

    name = "mcp"
    summary = "session logs of the Model Context Protocol: JSON-RPC lines, with the chat around them"
    may_end_with_call = False

    def detect(self, record: Record) -> float:
        """JSON-RPC is its own."""
        events: Any = record.get("events")
        if not isinstance(events, list):
            return 0.0
        return 1.0 if any(_rpc(one) is not None for one in cast("list[Any]", events)) else 0.0

    def session(self, record: Any) -> str | None:
        """Return the session that a line names; a line with a role and a content is a turn of the chat around it."""
        if not isinstance(record, dict) or (_rpc(record) is None and not {"role", "content"} <= record.keys()):
            return None
        named = cast(Record, record)
        return next((str(named[key]) for key in _SESSIONS if key in named), "")

    def read(self, record: Record) -> Trace:
        """Read the events of one session."""
        events: Any = record.get("events")
        if not isinstance(events, list):
            raise unreadable("events", events, "a list of events")
        reading = _Reading()
        for place, event in enumerate(cast("list[Any]", events)):
            reading.take(event, f"events[{place}]")
        tools = toolbox(dumps(reading.tools)) if reading.listed else None
        return Trace(tuple(reading.messages), tools, verdict_of(record), id_of(record))


def _rpc(event: Any) -> Record | None:
    """Return the JSON-RPC message of a line, None where it is none."""
    if not isinstance(event, dict):
        return None
    held = cast(Record, event)
    inner = [held, *(held.get(key) for key in _ENVELOPES)]
    return next((cast(Record, one) for one in inner if isinstance(one, dict) and "jsonrpc" in one), None)


@dataclass(slots=True)
class _Reading:
    """What was read so far, and the requests that wait for their responses."""

    messages: list[Message] = field(default_factory=list[Message])
    tools: list[Any] = field(default_factory=list[Any])
    listed: bool = False
    _methods: dict[str, str] = field(default_factory=dict[str, str])

    def take(self, event: Any, at: str) -> None:
        """Read the next line."""
        rpc = _rpc(event)
        if rpc is None:
            self.messages.append(_chat(event, at))
        elif isinstance(method := rpc.get("method"), str):
            self._request(method, rpc, at)
        elif "id" in rpc:
            self._response(rpc, at)
        else:
            raise unreadable(f"{at}.method", rpc.get("method"), "a method, or a response with an id")

    def _request(self, method: str, rpc: Record, at: str) -> None:
        if "id" not in rpc:
            return  # a notification
        self._methods[_key(rpc)] = method
        if method == "tools/call":
            call = call_of(rpc.get("params"), f"{at}.params", _key(rpc))
            self.messages.append(Message("assistant", calls=(call,)))

    def _response(self, rpc: Record, at: str) -> None:
        method = self._methods.pop(_key(rpc), "")
        result: Any = rpc.get("result")
        if method == "tools/list" and isinstance(result, dict):
            listed: Any = cast(Record, result).get("tools")
            if not isinstance(listed, list):
                raise unreadable(f"{at}.result.tools", listed, "a list of tools")
            known = [tool.get("name") for tool in self.tools]
            self.tools += [tool for tool in _objects(listed, f"{at}.result.tools") if tool.get("name") not in known]
            self.listed = True
        elif method == "tools/call":
            self.messages.append(Message("tool", _said(rpc, at), call_id=_key(rpc)))
        elif not method and "result" in rpc:
            raise Unfit(Law.RESULT_WITHOUT_CALL, f"{at}: no request has this id")


def _key(rpc: Record) -> str:
    return dumps(rpc["id"])


def _objects(held: Any, at: str) -> Iterator[Record]:
    for place, one in enumerate(cast("list[Any]", held)):
        if not isinstance(one, dict):
            raise unreadable(f"{at}[{place}]", one, "an object")
        yield {key: value for key, value in cast(Record, one).items() if key in {"name", "description", "inputSchema"}}


def _said(rpc: Record, at: str) -> str:
    """Return what a tool answered, or why it could not."""
    error: Any = rpc.get("error")
    if isinstance(error, dict):
        return f"Error: {cast(Record, error).get('message', '')}"
    result: Any = rpc.get("result")
    if not isinstance(result, dict):
        raise unreadable(f"{at}.result", result, "an object")
    held = cast(Record, result)
    said = parts_text(_embedded(held.get("content")), f"{at}.result.content")
    if not said and held.get("structuredContent") is not None:
        said = dumps(held["structuredContent"])
    return f"Error: {said}" if held.get("isError") is True and not said.lower().startswith("error") else said


def _embedded(content: Any) -> Any:
    """Return parts of a content with resources that are text in the place of what holds them."""
    if not isinstance(content, list):
        return content
    return [_resource(part) or part for part in cast("list[Any]", content)]


def _resource(part: Any) -> Record | None:
    held: Any = cast(Record, part).get("resource") if isinstance(part, dict) else None
    return cast(Record, held) if isinstance(held, dict) and isinstance(cast(Record, held).get("text"), str) else None


def _chat(event: Any, at: str) -> Message:
    turn = cast(Record, event) if isinstance(event, dict) else {}
    role: Any = turn.get("role")
    if role not in ("system", "user", "assistant"):
        raise unreadable(at, cast(Any, event), "a JSON-RPC message, or a turn with role and content")
    return Message(role, parts_text(turn.get("content"), f"{at}.content"))


FORMAT = MCP()
