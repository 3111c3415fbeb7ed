"""xLAM's rows of `query`, `tools` and `answers`; the answer is the call. API-Bank's rows have turns for a query."""

import re
from typing import Any, cast

from openmed_data.traces.codec import loads
from openmed_data.traces.fields import call_of, calls_of, id_of, role_of, tools_of, verdict_of
from openmed_data.traces.format import Format, Record
from openmed_data.traces.literals import UNQUOTED, unquoted
from openmed_data.traces.reasons import Law, Unfit, unreadable
from openmed_data.traces.trace import Call, Message, Trace

_ROLES = {"user": "user", "agent": "assistant", "assistant": "assistant", "tool": "tool", "system": "system"}
_FENCE = re.compile(r"^```(?:json)?\s*(\[.*\])\s*```$", re.DOTALL)
# What API-Bank puts after the conversation for its own prompt.
_CUE = "Generate API Request:"
CUE_CUT = "a cue for a call after the conversation cut"


class XLam(Format):
    """Queries answered with calls."""

    name = "xlam"
    summary = "rows of query, tools and answers, where the answers are calls"

    def detect(self, record: Record) -> float:
        """Its three columns are its own."""
        return 1.0 if {"query", "tools", "answers"} <= record.keys() else 0.0

    def read(self, record: Record) -> Trace:
        """Read the query and put the answers after it as the assistant's calls."""
        query = record.get("query")
        if isinstance(query, str):
            messages = [Message("user", query)]
        elif isinstance(query, list):
            listed = cast("list[Any]", query)
            messages = [_message(turn, f"query[{place}]") for place, turn in enumerate(listed)]
        else:
            raise unreadable("query", query, "text, or a list of turns")
        messages.append(Message("assistant", calls=tuple(_answers(record.get("answers")))))
        tools = tools_of(record, "tools")
        typed = unquoted(messages, tools) if tools else tuple(messages)
        cued = isinstance(query, list) and any(_is_cued(turn["content"]) for turn in cast("list[Record]", query))
        mended = (UNQUOTED,) * (typed != tuple(messages)) + (CUE_CUT,) * cued
        return Trace(typed, tools, verdict_of(record), id_of(record), mended)


def _message(turn: Any, field: str) -> Message:
    if not isinstance(turn, dict):
        raise unreadable(field, turn, "an object")
    who: Any = cast(Record, turn).get("role")
    said: Any = cast(Record, turn).get("content")
    role = role_of(who, _ROLES, f"{field}.role")
    if not isinstance(said, str):
        raise unreadable(f"{field}.content", said, "text")
    if role == "assistant" and (fenced := _FENCE.match(said.strip())):
        return Message("assistant", calls=tuple(calls_of(fenced[1], f"{field}.content")))
    return Message(role, said.rstrip().removesuffix(_CUE).rstrip() if _is_cued(said) else said)


def _is_cued(said: str) -> bool:
    return _CUE in said and said.rstrip().endswith(_CUE)  # whoever spoke last


def _answers(held: Any) -> list[Call]:
    if isinstance(held, str):
        try:
            held = loads(held)
        except ValueError as error:
            raise Unfit(Law.UNREADABLE, "answers: found broken JSON; expected a list of calls") from error
    if not isinstance(held, list):
        raise unreadable("answers", held, "a list of calls")
    calls = [call_of(one, f"answers[{place}]") for place, one in enumerate(cast("list[Any]", held))]
    if not calls:
        raise Unfit(Law.NO_FINAL_ANSWER, "answers: the list is empty")
    return calls


FORMAT = XLam()
