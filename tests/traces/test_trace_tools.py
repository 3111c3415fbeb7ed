"""Dialects of tool schemas become JSON Schema; undeclared tools are inferred; beginnings of other traces are found."""

import json
from collections import Counter
from typing import Any

import jsonschema
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trace_strategies import arguments, traces

from openmed_data import tally
from openmed_data.traces.beginnings import beginning, beginnings, count_beginnings
from openmed_data.traces.dialect import parameters_of, schema_of
from openmed_data.traces.infer import count_calls, infer
from openmed_data.traces.settle import settle
from openmed_data.traces.toolbox import toolbox
from openmed_data.traces.trace import Call, Message, Trace


@pytest.mark.parametrize(
    ("written", "schema"),
    [
        ("str", {"type": "string"}),
        ("string", {"type": "string"}),
        ("int", {"type": "integer"}),
        ("float, optional", {"type": "number"}),
        ("bool (optional)", {"type": "boolean"}),
        ("dict", {"type": "object"}),
        ("list", {"type": "array"}),
        ("list(str)", {"type": "array", "items": {"type": "string"}}),
        ("List[int]", {"type": "array", "items": {"type": "integer"}}),
        ("List[List[float]]", {"type": "array", "items": {"type": "array", "items": {"type": "number"}}}),
        ("Tuple[int, int]", {"type": "array"}),
        ("Dict[str, Any]", {"type": "object"}),
        ("Optional[str]", {"type": ["string", "null"]}),
        ("Union[int, float]", {"type": ["integer", "number"]}),
        ("str or int", {"type": ["string", "integer"]}),
        ("Any", {}),
    ],
)
def test_types_of_other_languages(written: str, schema: dict[str, Any]) -> None:
    counts: Counter[str] = Counter()
    found = schema_of({"type": written, "description": "d"}, "x", counts)
    assert found == {**schema, "description": "d"}
    assert sum(counts.values()) == (written != "string")


def test_an_unknown_type_makes_the_tool_a_bad_one() -> None:
    with pytest.raises(Exception, match="bad_tools"):
        toolbox([{"name": "a", "parameters": {"type": "object", "properties": {"x": {"type": "haematoma"}}}}])


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"type": {"type": "string"}, "required": {"type": "string"}}},
        {"type": "object", "properties": {"x": {"enum": ["dict", "str"]}}, "required": ["x"]},
        {"type": "object", "properties": {"x": {"const": {"type": "dict"}}}},
        {"type": "object", "properties": {"x": {"default": {"type": "str"}, "type": "object"}}},
        {"type": "object", "properties": {}, "additionalProperties": {"type": "string"}},
        {"type": "object", "properties": {"x": {"anyOf": [{"type": "string"}, {"type": "null"}]}}},
    ],
)
def test_json_schema_stays_as_it_is(schema: dict[str, Any]) -> None:
    counts: Counter[str] = Counter()
    assert parameters_of(schema, "parameters", counts) == schema
    assert not counts


def test_required_at_a_property_moves_to_its_parent() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "required": True}, "b": {"type": "string"}}}
    found = parameters_of(schema, "parameters", Counter())
    assert found["required"] == ["a"]
    assert found["properties"]["a"] == {"type": "string"}


@given(traces())
def test_canonical_tools_are_a_fixed_point(trace: Trace) -> None:
    assert trace.tools is not None
    assert toolbox(trace.tools.text) == trace.tools
    assert not trace.tools.mapped


@given(arguments)
def test_fitting_agrees_with_another_library(given_: dict[str, Any]) -> None:
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "n": {"type": "integer"}},
        "required": ["name"],
        "additionalProperties": True,
    }
    held = {**given_, "name": next(iter(given_), 5)}
    fits = jsonschema.Draft202012Validator(schema).is_valid(held)
    assert (toolbox([{"name": "t", "parameters": schema}]).misfit("t", held) is None) == fits


values = st.recursive(
    st.booleans() | st.integers(-5, 5) | st.floats(0, 1) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
    max_leaves=4,
)
calls = st.lists(st.dictionaries(st.sampled_from("xyz"), values, max_size=3), min_size=1, max_size=5)


@settings(max_examples=60)
@given(calls, st.randoms())
def test_every_call_fits_what_was_inferred_from_it(held: list[dict[str, Any]], rng: Any) -> None:
    made = [("react", Trace((Message("assistant", calls=(Call("t", one),)),))) for one in held]
    evidence = tally.merge([count_calls(made)])
    tools = infer(evidence, "react", {"t": "What it does."})
    box = toolbox(tools)
    assert all(box.misfit("t", one) is None for one in held)
    required = set(tools[0]["function"]["parameters"].get("required", []))
    assert required == set.intersection(*(set(one) for one in held))
    rng.shuffle(made)
    assert tally.merge([count_calls([one]) for one in made]).equals(evidence)


def test_declared_tools_are_not_inferred() -> None:
    trace = Trace((Message("assistant", calls=(Call("t", {}),)),), toolbox([]))
    assert count_calls([("openai", trace)]).height == 0
    assert infer(tally.empty(), "openai", {}) == []


def _trace(*messages: Message, tools: str | None = None) -> Trace:
    return settle(Trace(messages, toolbox(tools) if tools else None))


def test_the_beginning_of_a_longer_trace_is_found() -> None:
    ask, call, result = Message("user", "Dose?"), Message("assistant", calls=(Call("t", {}),)), Message("tool", "5")
    short, long = _trace(ask, call), _trace(ask, call, result, Message("assistant", "5."))
    other = _trace(Message("user", "Which dose?"), call)
    counted = tally.merge([count_beginnings([one]) for one in (short, long, other)])
    found = beginnings(counted)
    assert [beginning(one) in found for one in (short, long, other)] == [True, False, False]


def test_a_longer_trace_that_will_be_rejected_takes_no_beginning_away() -> None:
    tools = json.dumps([{"name": "t", "parameters": {"type": "object", "properties": {"a": {"type": "string"}}}}])
    ask, call = Message("user", "Dose?"), Message("assistant", calls=(Call("t", {}),))
    wrong = Message("assistant", calls=(Call("t", {"a": 5}),))
    short = _trace(ask, call, tools=tools)
    long = _trace(ask, call, Message("tool", "5"), wrong, tools=tools)
    counted = tally.merge([count_beginnings([short, long])])
    assert beginnings(counted) == frozenset()
    assert isinstance(counted, pl.DataFrame)
