r"""Hermes: tools in `<tools>`, calls in `<tool_call>`, results in `<tool_response>`, all inside the texts.

As messages, as ShareGPT turns, as ChatML text, or as text with ``USER:`` and ``ASSISTANT:``. A tag that is part of what
somebody says is written with ``&lt;`` for its first character (and ``&amp;lt;`` for that), and one inside JSON with
``\u003c``, so that nothing is lost; readers that do not know this see the tag escaped.
"""

import re
from collections.abc import Iterator
from typing import Any, cast

from openmed_data.traces.codec import dumps, loads
from openmed_data.traces.fields import (
    SAID_FIRST,
    THOUGHTS_LEFT,
    calls_of,
    id_of,
    parts_text,
    role_of,
    some_text,
    tools_of,
    turn_objects,
    turns_of,
    verdict_of,
    without_thoughts,
)
from openmed_data.traces.format import Format, Record
from openmed_data.traces.literals import LITERAL, as_json
from openmed_data.traces.reasons import Law, Unfit
from openmed_data.traces.texts import Tags, chatml_texts, chatml_turns, lone_text, without
from openmed_data.traces.toolbox import Toolbox, toolbox
from openmed_data.traces.trace import Call, Message, Trace

_ROLES = {
    "system": "system",
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "tool": "tool",
}
_SPOKEN = re.compile(r"^(SYSTEM|USER|ASSISTANT|FUNCTION RESPONSE|TOOL):[ \t]*", re.MULTILINE)
_SPEAKERS = {"SYSTEM": "system", "USER": "user", "ASSISTANT": "assistant", "FUNCTION RESPONSE": "tool", "TOOL": "tool"}
_FENCE = re.compile(r"^\s*```\w*\n(.*?)\n?```\s*$", re.DOTALL)
_TOOLS = Tags({"<tools>": "</tools>"})
_CALL = Tags({"<tool_call>": "</tool_call>"})
_RESPONSE = Tags({"<tool_response>": "</tool_response>"})
# Hundreds of the published set's rows have a backslash and an n for the line breaks around a call.
_LINE_BREAKS = re.compile(r"^(?:\s|\\n)++|(?<!\s)(?<!\\n)(?:\s|\\n)++$")
_TAGS = "tools|tool_call|tool_response|think"
_LITERAL = re.compile(rf"<(/?(?:{_TAGS})>)")
_WRITTEN = re.compile(rf"&((?:amp;)*)lt;(/?(?:{_TAGS})>)")
# Sentences that explain the tags, which every set of this format words a little differently.
_ABOUT_TAGS = re.compile(
    r"<tools>|<tool_call>|<tool_response>|</tools>|function calling AI model|function signatures"
    r"|call one or more functions"
    r"|assumptions about what values to plug|available tools|pydantic model json schema|For each function call return"
    r"|with function name and arguments",
    re.IGNORECASE,
)
ABOUT_TAGS_CUT = "instructions about tags cut from the system prompt"
# Beside a result's content: what says which call it answers, and whose turn it is.
_WRAPPED = frozenset({"name", "content", "tool_call_id", "id", "role"})
_HEADER = (
    "# Tools\n\nYou may call one or more functions to assist with the user query.\n\nHere are the functions:\n<tools>\n"
)
_FOOTER = (
    "\n</tools>\n\nFor each function call return a JSON object with function name and arguments within tags:\n"
    '<tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>'
)


class Hermes(Format):
    """Calls in tags."""

    name = "hermes"
    summary = "<tools>, <tool_call> and <tool_response> inside messages or ChatML text"
    writes = True

    def detect(self, record: Record) -> float:
        """Trust the tags where no API's own fields hold the calls."""
        if any(_has_own_fields(turn) for turn in turns_of(record) or []):
            return 0.0
        text = some_text(record)
        return 1.0 if "<tool_call>" in text or "<tools>" in text else 0.0

    def split(self, text: str) -> Iterator[str]:
        """Cut a text of several conversations."""
        if "<tool_call>" in text or "<tools>" in text:
            yield from chatml_texts(text)

    def read(self, record: Record) -> Trace:
        """Read turns or a text."""
        declared = tools_of(record, "tools")
        messages: list[Message] = []
        mended: list[str] = []
        for role, said, field in _turns(record):
            if role == "system":
                own, declared = _without_tools(said, declared, mended)
                messages.append(Message("system", _unescape(own)))
            elif role == "tool" or (role == "user" and _holds_only_results(said)):
                messages += _results(said, field)
            elif role == "assistant":
                messages.append(_reply(said, field, mended))
            else:
                messages.append(Message(role, _unescape(said)))
        return Trace(tuple(messages), declared, verdict_of(record), id_of(record), tuple(mended))

    def write(self, trace: Trace) -> Record:
        """Return `messages` with everything in tags, and `tools` once more, as the published sets have it."""
        messages: list[Record] = []
        functions = dumps([tool["function"] for tool in trace.tools.tools] if trace.tools else [])
        spoken = list(trace.messages)
        system = _escape(spoken.pop(0).content) if spoken and spoken[0].role == "system" else ""
        block = f"{_HEADER}{_in_json(functions)}{_FOOTER}" if functions != "[]" else ""
        if system or block:
            messages.append({"role": "system", "content": "\n\n".join(part for part in (system, block) if part)})
        messages += [{"role": message.role, "content": _content(message)} for message in spoken]
        return {"messages": messages, "tools": functions}


def _has_own_fields(turn: Any) -> bool:
    """Tell a turn of a format that has a place for calls."""
    held = cast(Record, turn) if isinstance(turn, dict) else {}
    return (
        "tool_calls" in held
        or held.get("from") in ("function_call", "observation")
        or isinstance(held.get("content"), list)
    )


def _turns(record: Record) -> Iterator[tuple[str, str, str]]:
    """Yield role, text and place of each turn."""
    if turns_of(record) is not None:
        for place, turn in enumerate(turn_objects(record)):
            who: Any = turn.get("role", turn.get("from"))
            role = role_of(who, _ROLES, f"messages[{place}].role")
            said = parts_text(turn.get("content", turn.get("value")), f"messages[{place}].content")
            yield role, said, f"messages[{place}].content"
        return
    text = lone_text(record)
    fenced = _FENCE.match(text)
    text = fenced[1] if fenced else text
    turns = chatml_turns(text) if "<|im_start|>" in text else _spoken_turns(text)
    for place, (who, said) in enumerate(turns):
        yield role_of(who, _ROLES, f"text, turn {place + 1}"), said, f"text, turn {place + 1}"


def _spoken_turns(text: str) -> list[tuple[str, str]]:
    before, *pieces = _SPOKEN.split(text)
    if before.strip():
        raise Unfit(Law.UNREADABLE, "text: found words before its turns; expected none")
    return [(_SPEAKERS[who], said.strip()) for who, said in zip(pieces[::2], pieces[1::2], strict=True)]


def _without_tools(system: str, declared: Toolbox | None, mended: list[str]) -> tuple[str, Toolbox | None]:
    """Part what a system prompt says from the tools in it and from the words that explain their tags."""
    if system.endswith(_FOOTER) and _HEADER in system:
        own, _, listed = system.partition(_HEADER)
        return own, declared or toolbox(listed.removesuffix(_FOOTER))
    # The words that explain the tags often hold an empty pair of them.
    found = max(_TOOLS.spans(system), key=lambda one: len(one.inside), default=None)
    if found is None:
        return system, declared
    after = system[found.end :]
    examples = list(_CALL.spans(after))
    around = f"{system[: found.start]}\n{without(after, examples)}"
    sentences = [one for one in re.split(r"(?<=[.:?!])[ \t]+|\n+", around) if one.strip()]
    own = [one for one in sentences if not _ABOUT_TAGS.search(one) and "{" not in one]
    mended += [ABOUT_TAGS_CUT] * (bool(examples) or own != sentences)
    return " ".join(own), declared or toolbox(as_json(_listed(found.inside.strip())))


def _listed(text: str) -> str:
    """Return the tools between the tags as one JSON list; some sets put one object on each line."""
    return text if text.startswith("[") else f"[{','.join(filter(None, map(str.strip, text.splitlines())))}]"


def _reply(written: str, field: str, mended: list[str]) -> Message:
    """Return what a reply says and calls; a call within a thought was only thought of."""
    said = without_thoughts(written)
    mended += [THOUGHTS_LEFT] * (said != written)
    tagged = list(_CALL.spans(said))
    calls = [call for span in tagged for call in _calls(span.inside, field, mended)]
    words = without(said, tagged)
    mended += [SAID_FIRST] * bool(tagged and words.strip() != said[: tagged[0].start].strip())
    return Message("assistant", _unescape(words if calls else said), tuple(calls))


def _calls(body: str, field: str, mended: list[str]) -> list[Call]:
    try:
        return calls_of(body, field)
    except Unfit:
        if (read := as_json(_LINE_BREAKS.sub("", body))) == body:
            raise
    mended.append(LITERAL)
    return calls_of(read, field)


def _holds_only_results(said: str) -> bool:
    """Tell whether a turn of the user is one of results, as Qwen's template writes them."""
    return "<tool_response>" in said and not without(said, _RESPONSE.spans(said)).strip()


def _results(said: str, field: str) -> Iterator[Message]:
    tagged = list(_RESPONSE.spans(said))
    if tagged and without(said, tagged).strip():
        raise Unfit(Law.UNREADABLE, f"{field}: found words beside a result in tags; expected one or the other")
    for text in [span.inside.strip() for span in tagged] or [said]:
        try:
            held: Any = loads(text)
        except ValueError:
            held = None
        result = cast(Record, held) if isinstance(held, dict) else {}
        name = result.get("name")
        told = text
        if {"name", "content"} <= result.keys() <= _WRAPPED:
            content = result["content"]
            told = content if isinstance(content, str) else dumps(content)
        yield Message("tool", told, name=name if isinstance(name, str) and "content" in result else "")


def _content(message: Message) -> str:
    if message.role == "tool":
        held = _in_json(dumps({"name": message.name, "content": message.content}))
        return f"<tool_response>\n{held}\n</tool_response>"
    calls = [_in_json(dumps({"name": call.name, "arguments": call.arguments})) for call in message.calls]
    tagged = [f"<tool_call>\n{call}\n</tool_call>" for call in calls]
    return "\n".join([*([_escape(message.content)] if message.content else []), *tagged])


def _in_json(text: str) -> str:
    return _LITERAL.sub(r"\\u003c\1", text)


def _escape(text: str) -> str:
    return _LITERAL.sub(r"&lt;\1", _WRITTEN.sub(r"&amp;\1lt;\2", text))


def _unescape(text: str) -> str:
    return _WRITTEN.sub(lambda found: f"&{found[1][4:]}lt;{found[2]}" if found[1] else f"<{found[2]}", text)


FORMAT = Hermes()
