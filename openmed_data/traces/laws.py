"""Hold a settled trace against the laws; see `openmed_data.traces.reasons.Law`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from openmed_data.text.refusals import REFUSAL
from openmed_data.traces.reasons import Law, Unfit
from openmed_data.traces.secrets import secret_in
from openmed_data.traces.toolbox import Toolbox
from openmed_data.traces.trace import Message, Trace

# What evaluators and simulated users of public environments write (FireAct, tau-bench, AutoGen).
_EVALUATOR = re.compile(
    r"\bEpisode finished\b|\breward\s*[=:]\s*(?:True|False|-?\d)|###(?:STOP|TRANSFER)###|^TERMINATE$|\bTERMINATE\s*$",
    re.IGNORECASE | re.MULTILINE,
)
# Results that a planner names instead of knowing them (ToolACE, API-Bank, ReWOO).
_REFERENCE = re.compile(
    r"\bAPI_call_\d+\b|<(?:result|output) of\b[^>]*>|\$\{?(?:function|call|step|tool)_?\d+(?:\.\w+)+\$?\}?|^#E\d+$"
)
_TEMPLATE = re.compile(r"\{\{\s*[\w.\[\]]+\s*\}\}")
# Text that a chat template would take for its own, and calls that a reader did not read.
_CONTROL = re.compile(r"<\|(?:im_start|im_end|endoftext|eot_id|start_header_id|end_of_text|begin_of_text)\|>|\[/?INST\]")
_UNREAD = re.compile(
    r"</?tool_call>|<functioncall>|</?tool_response>|<\|(?:begin|end)_of_(?:query|documents)\|>|</?search>"
    r"|</?information>|^Action(?: \d+)?: ?\w+ ?\[|^Observation(?: \d+)?:|\[TOOL_CALLS\]|<\|python_tag\|>",
    re.MULTILINE,
)
_REFUSAL = re.compile(REFUSAL)


def uphold(trace: Trace, tools: Toolbox, *, may_end_with_call: bool) -> None:
    """Raise `Unfit` for the first law that a settled trace breaks.

    Parameters
    ----------
    trace
        The trace, as `openmed_data.traces.settle` returns it.
    tools
        Its declared tools, or those inferred for it.
    may_end_with_call
        Whether a call may be the last that the assistant says.
    """
    if trace.passed is False:
        raise Unfit(Law.FAILED, "the source's own verdict")
    if trace.messages[-1].calls and not may_end_with_call:
        raise Unfit(Law.NO_FINAL_ANSWER, f"messages[{len(trace.messages) - 1}]: a call is the last turn")
    for place, message in enumerate(trace.messages):
        if message.content:
            _uphold_text(message, place)
        for number, call in enumerate(message.calls):
            field = f"messages[{place}].tool_calls[{number}]"
            if call.name not in tools.validators:
                raise Unfit(Law.UNDECLARED_TOOL, f"{field}: {call.name} is none of {', '.join(tools.names) or 'none'}")
            if misfit := tools.misfit(call.name, call.arguments):
                raise Unfit(Law.ARGUMENTS, f"{field} ({call.name}): {misfit}")
            _uphold_arguments(call.arguments, field)


def _uphold_text(message: Message, place: int) -> None:
    text, field = message.content, f"messages[{place}].content"
    if message.role != "system" and (found := _EVALUATOR.search(text)):
        raise Unfit(Law.REWARD_LEAK, f"{field}: {found[0]}")
    if found := _CONTROL.search(text) or (message.role == "assistant" and _UNREAD.search(text)):
        raise Unfit(Law.MARKUP, f"{field}: {found[0]}")
    if message.role == "assistant" and (found := _REFERENCE.search(text)):
        raise Unfit(Law.UNRESOLVED, f"{field}: {found[0]}")
    if message.role == "assistant" and (found := _REFUSAL.search(text)):
        raise Unfit(Law.REFUSAL, f"{field}: {found[0]}")
    if secret := secret_in(text):
        raise Unfit(Law.SECRET, f"{field}: {secret}")


def _uphold_arguments(arguments: Mapping[str, Any], field: str) -> None:
    for text in _texts(arguments):
        if found := _REFERENCE.search(text) or _TEMPLATE.search(text):
            raise Unfit(Law.UNRESOLVED, f"{field}: {found[0]}")
        if secret := secret_in(text):
            raise Unfit(Law.SECRET, f"{field}: {secret}")
        if found := _CONTROL.search(text):
            raise Unfit(Law.MARKUP, f"{field}: {found[0]}")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, Sequence):
        for one in value:
            yield from _texts(one)
