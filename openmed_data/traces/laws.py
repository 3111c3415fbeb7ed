"""Hold settled traces against the laws; see `openmed_data.traces.reasons.Law`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import polars as pl

from openmed_data.text.refusals import REFUSAL, offers_a_tool
from openmed_data.traces.reasons import Law, Unfit
from openmed_data.traces.secrets import BEGINNING, secret_in
from openmed_data.traces.toolbox import Toolbox
from openmed_data.traces.trace import Trace

# The patterns are in the syntax that Python's `re` and polars share.
# What evaluators and simulated users of public environments write (FireAct, tau-bench, AutoGen).
_EVALUATOR = (
    r"(?im)\bEpisode finished\b|\breward\s*[=:]\s*(?:True|False|-?\d)|###(?:STOP|TRANSFER)###|\b(?-i:TERMINATE)\s*$"
)
# Results that a planner names instead of knowing them (ToolACE, API-Bank, ReWOO).
_REFERENCE = (
    r"\bAPI_call_\d+\b|<(?:result|output) of\b[^>]*>|\$\{?(?:function|call|step|tool)_?\d+(?:\.\w+)+\$?\}?|^#E\d+$"
)
_VARIABLE = r"\{\{\s*[\w.\[\]]+\s*\}\}|(?i:\[(?:your|user'?s?|recipient'?s?|patient'?s?|insert) [^\]\n]{1,40}\])"
# Arguments whose value nobody may make up.
_CREDENTIAL = re.compile(r"(?:passw(?:or)?d|passcode|token|api_?key|verification_?code|(?:^|_)pin)$", re.IGNORECASE)
# Text that a chat template would take for its own, whoever's it is: DeepSeek's has wide bars.
_CONTROL = r"<[|\uff5c][\w\u2581]{2,40}[|\uff5c]>|\[/?INST\]"
# Calls that a reader did not read: in tags or labels, as JSON, and as code (Llama 4, LFM2, ToolACE).
CALL_AS_TEXT = (
    r"(?m)</?tool_call>|<functioncall>|</?tool_response>|<\|(?:begin|end)_of_(?:query|documents)\|>|</?search>"
    r"|</?information>|^Action(?: \d+)?: ?\w+ ?\[|^Observation(?: \d+)?:|\[TOOL_CALLS\]|<\|python_tag\|>"
    r"|<function=\w|<invoke name=|<\uff5ctool\u2581call"
    r'|"name"\s*:\s*"[^"\n]+"\s*,\s*"(?:arguments|parameters)"\s*:\s*[{"]|"arguments"\s*:\s*\{[^{}]*\}\s*,\s*"name"\s*:\s*"'
    r"|^\[[\w.]+\((?:\w+=.*)?\)\]$"
)
# Law, pattern, and the roles in whose texts it is looked for.
_EVERYONE, _BESIDE_SYSTEM, _REPLIES = (
    frozenset({"system", "user", "assistant", "tool"}),
    frozenset({"user", "assistant", "tool"}),
    frozenset({"assistant"}),
)
_OF_TEXTS = (
    (Law.REWARD_LEAK, _EVALUATOR, _BESIDE_SYSTEM),
    (Law.MARKUP, _CONTROL, _EVERYONE),
    (Law.MARKUP, CALL_AS_TEXT, _REPLIES),
    (Law.MARKUP, r"</?think>", _REPLIES),
    (Law.UNRESOLVED, _REFERENCE, _REPLIES),
    (Law.REFUSAL, REFUSAL, _REPLIES),
)
_OF_ARGUMENTS = ((Law.UNRESOLVED, f"{_REFERENCE}|{_VARIABLE}"), (Law.MARKUP, _CONTROL))
_IN_TEXTS = tuple((law, re.compile(pattern), roles) for law, pattern, roles in _OF_TEXTS)
_IN_ARGUMENTS = tuple((law, re.compile(pattern)) for law, pattern in _OF_ARGUMENTS)


def uphold(trace: Trace, tools: Toolbox, *, may_end_with_call: bool) -> None:
    """Raise `Unfit` for the first law of tasks and calls that a settled trace breaks.

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
    if not tools.tools and not trace.n_calls:
        raise Unfit(Law.NO_TOOLS, "tools: found none")
    if trace.messages[-1].calls and not may_end_with_call:
        raise Unfit(Law.NO_FINAL_ANSWER, f"messages[{len(trace.messages) - 1}]: a call is the last turn")
    for place, message in enumerate(trace.messages):
        for number, call in enumerate(message.calls):
            field = f"messages[{place}].tool_calls[{number}]"
            if call.name not in tools.validators:
                raise Unfit(Law.UNDECLARED_TOOL, f"{field}: {call.name} is none of {', '.join(tools.names) or 'none'}")
            if misfit := tools.misfit(call.name, call.arguments):
                raise Unfit(Law.ARGUMENTS, f"{field} ({call.name}): {misfit}")
            _uphold_arguments(call.arguments, field)
            if made_up := _made_up(call.arguments, trace, place, tools):
                raise Unfit(Law.MADE_UP, f"{field} ({call.name}): {made_up}")


def uphold_texts(trace: Trace) -> None:
    """Raise `Unfit` for the first law of texts that a trace breaks."""
    for place, message in enumerate(trace.messages):
        field = f"messages[{place}].content"
        for law, pattern, roles in _IN_TEXTS:
            found = pattern.search(message.content) if message.role in roles else None
            if found and not (law is Law.REFUSAL and offers_a_tool(message.content, _names(trace))):
                raise Unfit(law, f"{field}: {found[0]}")
        if secret := secret_in(message.content):
            raise Unfit(Law.SECRET, f"{field}: {secret}")


def _names(trace: Trace) -> tuple[str, ...]:
    return trace.tools.names if trace.tools else ()


def suspects(traces: Sequence[Trace]) -> list[int]:
    """Return the places of traces that `uphold_texts` must look at: polars reads all texts in a fraction of the time.

    Examples
    --------
    >>> from openmed_data.traces.trace import Message
    >>> suspects([Trace((Message("user", "Hello"),)), Trace((Message("user", "Episode finished, reward = True"),))])
    [1]
    """
    spoken = [(place, message) for place, trace in enumerate(traces) for message in trace.messages if message.content]
    texts = pl.Series([message.content for _, message in spoken], dtype=pl.String)
    hit = set(_places(texts, BEGINNING))
    for where in (_EVERYONE, _BESIDE_SYSTEM, _REPLIES):
        some = [at for at, (_, message) in enumerate(spoken) if message.role in where]
        held = texts.gather(some)
        hit.update(some[at] for _, pattern, roles in _OF_TEXTS if roles is where for at in _places(held, pattern))
    return sorted({spoken[at][0] for at in hit})


def _places(texts: pl.Series, pattern: str) -> list[int]:
    return cast("list[int]", texts.str.contains(pattern).arg_true().to_list())


def _uphold_arguments(arguments: Mapping[str, Any], field: str) -> None:
    for text in _texts(arguments):
        for law, pattern in _IN_ARGUMENTS:
            if found := pattern.search(text):
                raise Unfit(law, f"{field}: {found[0]}")
        if secret := secret_in(text):
            raise Unfit(Law.SECRET, f"{field}: {secret}")


def _made_up(arguments: Mapping[str, Any], trace: Trace, place: int, tools: Toolbox) -> str | None:
    """Return which argument opens something and was said by nobody before the call, None where there is none."""
    given = {key: value for key, value in arguments.items() if isinstance(value, str) and _CREDENTIAL.search(key)}
    if not given:
        return None
    said = "\n".join([tools.text, *(message.content for message in trace.messages[: place + 1])])
    return next((key for key, value in given.items() if value not in said), None)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in cast("dict[str, Any]", value).values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in cast("list[Any]", value):
            yield from _texts(one)
