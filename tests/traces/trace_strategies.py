"""Strategies for traces with the strings that formats stumble over."""

from typing import Any

from hypothesis import strategies as st

from openmed_data.traces.settle import settle
from openmed_data.traces.toolbox import toolbox
from openmed_data.traces.trace import Call, Message, Trace

NASTY = (
    "<tool_call>",
    "</tool_call>",
    "<tools>",
    "</tools>",
    "<tool_response>",
    "<think>",
    "</think>",
    "&lt;tool_call>",
    "&amp;lt;/tools>",
    "&amp;amp;lt;tool_call>",
    '{"name": "x", "arguments": {}}',
    "\n\n",
    "\n",
    "\t",
    "\\n",
    "\\u003c",
    '"',
    "'",
    "```",
    "<|im_end|>",
    "Observation: 5",
    "é中文🎉\u2028\u0000\x1f",
    "# Tools\n\n",
    "null",
)
texts = st.lists(st.sampled_from(NASTY) | st.text(max_size=8), max_size=5).map("".join)
said = texts.filter(lambda text: text.strip() != "").map(str.strip)
replies = said.filter(lambda text: text.rpartition("</think>")[2].strip() != "")
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
arguments = st.dictionaries(texts, values, max_size=3)
names = st.sampled_from(["search", "open_chart", "type", "name", "Get-Dose.v2"])
schemas = st.fixed_dictionaries(
    {"type": st.just("object"), "properties": st.dictionaries(
        texts | st.sampled_from(["type", "properties", "required", "items", "default"]),
        st.sampled_from([{"type": "string"}, {"type": ["integer", "null"]}, {"enum": ["<tools>", 1, None]}, {}]),
        max_size=3,
    )},
    optional={"required": st.lists(texts, max_size=2, unique=True), "additionalProperties": st.booleans()},
)  # fmt: skip
functions = st.builds(
    lambda name, description, schema, extra: {"name": name, **description, "parameters": schema, **extra},
    names,
    st.just({}) | said.map(lambda text: {"description": text}),
    schemas,
    st.sampled_from([{}, {"strict": True}, {"return": {"type": "string"}}]),
)
tools = st.lists(functions, max_size=3, unique_by=lambda function: function["name"])


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    """Return a settled trace: turns in order, parallel calls, maybe a call at the end."""
    messages = [Message("system", draw(said))] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(1, 3))):
        messages.append(Message("user", draw(said)))
        for _ in range(draw(st.integers(0, 2))):
            messages += _acting(draw, answered=True)
        messages.append(Message("assistant", draw(replies)))
    if draw(st.booleans()):
        messages += [Message("user", draw(said)), *_acting(draw, answered=False)]
    return settle(Trace(tuple(messages), toolbox([{"type": "function", "function": one} for one in draw(tools)])))


def _acting(draw: st.DrawFn, *, answered: bool) -> list[Message]:
    calls = tuple(Call(draw(names), draw(arguments)) for _ in range(draw(st.integers(1, 3))))
    words = draw(replies) if draw(st.booleans()) else ""
    results = [Message("tool", draw(texts)) for _ in calls] if answered else []
    return [Message("assistant", words, calls), *results]
