"""The check `turns`: planted disorder and broken tools, conversations of every usual shape, and laws."""

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmed_data.kinds import Kind
from openmed_data.validation.turns import CHECK, Fault, TurnsSettings

TOOL = {
    "type": "function",
    "function": {
        "name": "search",
        "parameters": {
            "type": "object",
            "properties": {"query": {"type": "string"}, "limit": {"type": "integer"}},
            "required": ["query"],
        },
    },
}
READ = {"type": "function", "function": {"name": "read", "parameters": {"type": "object"}}}
SCHEMA = {
    "id": pl.String,
    "messages": pl.List(
        pl.Struct(
            {
                "role": pl.String,
                "content": pl.String,
                "tool_calls": pl.List(pl.String),
                "tool_call_id": pl.String,
                "name": pl.String,
            }
        )
    ),
    "tools": pl.String,
}


def call(arguments: Any = None, *, name: str = "search", id_: str = "c1") -> str:
    given = {"query": "sepsis"} if arguments is None else arguments
    return json.dumps({"id": id_, "type": "function", "function": {"name": name, "arguments": given}})


def say(
    role: str, content: str | None = "…", *calls: str, answers: str | None = None, name: str | None = None
) -> dict[str, Any]:
    return {"role": role, "content": content, "tool_calls": list(calls) or None, "tool_call_id": answers, "name": name}


def trace(*messages: dict[str, Any], tools: str | None = json.dumps([TOOL])) -> pl.DataFrame:
    return pl.DataFrame([{"id": "t", "messages": list(messages), "tools": tools}], schema=SCHEMA)


def found(frame: pl.DataFrame) -> dict[str, list[str]]:
    scan = CHECK.scan(frame, TurnsSettings())
    figures = {one.name for one in CHECK.assess(scan.counts, TurnsSettings()) if not one.passed}
    by_code = dict(scan.findings.group_by("code", maintain_order=True).agg("field").iter_rows())
    assert figures == by_code.keys()
    return by_code


def searched(*calls: str, answers: str | None = "c1") -> tuple[dict[str, Any], ...]:
    return (say("user"), say("assistant", None, *calls), say("tool", "found", answers=answers), say("assistant"))


CLEAN = [
    trace(say("user"), say("assistant")),
    trace(say("system"), say("user"), say("assistant"), say("user"), say("assistant")),
    trace(*searched(call())),
    trace(*searched(call(), answers=None)),
    trace(*searched(call('{"query": "sepsis", "limit": 3}'))),
    trace(say("user"), say("assistant", None, call(), call(id_="c2")), say("tool", answers="c1"),
          say("tool", answers="c2"), say("assistant", None, call(id_="c3")), say("tool", answers="c3"),
          say("assistant")),
    trace(say("user"), say("assistant", None, call())),
    trace(say("user"), say("assistant", None, call(), call(id_="c2")), say("tool", answers="c2"),
          say("tool", answers="c1", name="search"), say("assistant")),
    trace(say("user"), say("assistant", None, call(id_=""), call(id_="", name="read")), say("tool", name="read"),
          say("tool", name="search"), say("assistant"), tools=json.dumps([TOOL, READ])),
    trace(*searched(call()), say("user"), *searched(call())[1:]),
    trace(say("user", "What is <tool_call>?"), say("assistant", "A tag.")),
    trace(say("user"), say("assistant", "Observation: <search> is a tag."), tools="[ ]"),
    trace(*searched(call()), tools=json.dumps([TOOL["function"]])),
    trace(*searched(call())[:2], say("tool", '{"id": "d1", "text": "It is a\\nresponse."}', answers="c1"),
          say("assistant", "It says: “It is a response.” [d1]")),
    trace(say("user"), say("assistant", "Some call it “blood poisoning” for short."), tools=""),
    trace(say("user"), say("assistant", "Some call it “leaky gut” [3]."), tools=""),
    trace(say("user"), say("assistant"), tools=""),
    trace(say("user"), say("assistant"), tools=None),
]  # fmt: skip


@pytest.mark.parametrize("frame", CLEAN)
def test_usual_conversations_pass(frame: pl.DataFrame) -> None:
    assert found(frame) == {}


LOOSE = json.dumps([{**TOOL, "function": {**TOOL["function"], "parameters": {"type": "object"}}}])  # type: ignore[dict-item]

FAULTY = [
    (trace(say("user"), say("user"), say("assistant")), Fault.DISORDER, "messages"),
    (trace(say("user"), say("assistant"), say("assistant")), Fault.DISORDER, "messages"),
    (trace(say("assistant"), say("user"), say("assistant")), Fault.DISORDER, "messages"),
    (trace(say("user"), say("assistant"), say("user")), Fault.DISORDER, "messages"),
    (trace(say("user"), say("system"), say("assistant")), Fault.DISORDER, "messages"),
    (trace(say("user"), say("tool"), say("assistant")), Fault.DISORDER, "messages"),
    (trace(say("user"), say("narrator"), say("assistant")), Fault.DISORDER, "messages"),
    (trace(*searched(call()), tools="[{"), Fault.BROKEN_TOOLS, "tools"),
    (trace(*searched(call()), tools='[{"type": "function"}]'), Fault.BROKEN_TOOLS, "tools"),
    (trace(*searched(call()), tools='["search"]'), Fault.BROKEN_TOOLS, "tools"),
    (trace(*searched('{"function": {"name": "search"')), Fault.BROKEN_CALL, "messages[1].tool_calls[0]"),
    (trace(*searched('{"function": {"name": "search"}}')), Fault.BROKEN_CALL, "messages[1].tool_calls[0]"),
    (trace(*searched(call("sepsis"))), Fault.BROKEN_CALL, "messages[1].tool_calls[0]"),
    (trace(*searched(call(["sepsis"]))), Fault.BROKEN_CALL, "messages[1].tool_calls[0]"),
    (trace(*searched(call(name=""))), Fault.BROKEN_CALL, "messages[1].tool_calls[0]"),
    (trace(*searched(call(name="book"))), Fault.UNKNOWN_TOOL, "messages[1].tool_calls[0]"),
    (trace(*searched(call({"limit": 3}))), Fault.MISSING_ARGUMENT, "messages[1].tool_calls[0]"),
    (trace(*searched(call({"query": "x", "page": 3}))), Fault.WRONG_ARGUMENT, "messages[1].tool_calls[0]"),
    (trace(*searched(call(), answers="c9")), Fault.UNANSWERED, "messages[2].tool_call_id"),
    (trace(*searched(call({"query": 5}))), Fault.MISFIT, "messages[1].tool_calls[0]"),
    (trace(*searched(call(), call(id_="c2"))), Fault.UNANSWERED, "messages[3]"),
    (trace(*searched(call(), call(id_="c2"))[:3], say("tool", answers="c1"), say("assistant")),
     Fault.UNANSWERED, "messages[3].tool_call_id"),
    (trace(*searched(call()), say("user"), *searched(call(id_="c2"))[1:]),
     Fault.UNANSWERED, "messages[6].tool_call_id"),
    (trace(*searched(call(), call({"query": "y"}))[:3], say("tool", answers="c1"), say("assistant")),
     Fault.UNANSWERED, "messages[1].tool_calls[1]"),
    (trace(*searched(call())[:3], say("tool"), say("assistant")), Fault.UNANSWERED, "messages[3].tool_call_id"),
    (trace(*searched(call())[:2], say("tool", answers="c1", name="read"), say("assistant")),
     Fault.MISNAMED, "messages[2].name"),
    (trace(*searched(call(id_=""))[:2], say("tool", name="read"), say("assistant")),
     Fault.MISNAMED, "messages[2].name"),
    (trace(say("user"), say("assistant"), say("user"), say("assistant", '<tool_call>\n{"name": "search"}')),
     Fault.WRITTEN, "messages[3].content"),
    (trace(*searched(call())[:3], say("assistant", "Action: search[sepsis]")),
     Fault.WRITTEN, "messages[3].content"),
    (trace(*searched(call())[:3], say("assistant", "It says: “Sepsis kills within an hour.” [d1]")),
     Fault.MISQUOTED, "messages[3].content"),
]  # fmt: skip


@pytest.mark.parametrize(("frame", "fault", "field"), FAULTY)
def test_a_planted_fault_is_found_where_it_stands(frame: pl.DataFrame, fault: Fault, field: str) -> None:
    faults = found(frame)
    assert faults.pop(fault)[0] == field
    # A call that cannot be read can have no answer either, and a result without a call is out of order too.
    assert set(faults) <= ({Fault.UNANSWERED} if fault in {Fault.BROKEN_CALL, Fault.DISORDER} else set())


def test_a_tool_without_declared_arguments_takes_any() -> None:
    assert found(trace(*searched(call({"anything": 1})), tools=LOOSE)) == {}


@pytest.mark.parametrize("side", ["chosen", "rejected"])
def test_both_sides_of_a_pair_are_followed(side: str, pairs: Any) -> None:
    rows = pairs(4)
    assert found(pl.DataFrame(rows)) == {}
    rows[2][side] = [*rows[2][side], *rows[2][side]]
    assert found(pl.DataFrame(rows)) == {Fault.DISORDER: [side]}


def test_a_prompt_ends_with_the_user() -> None:
    rows = [{"id": "1", "prompt": [{"role": "user", "content": "?"}], "answer": "B", "answer_type": "choice"}]
    assert found(pl.DataFrame(rows)) == {}
    rows[0]["prompt"] = [{"role": "user", "content": "?"}, {"role": "assistant", "content": "B"}]
    assert found(pl.DataFrame(rows)) == {Fault.DISORDER: ["prompt"]}


def test_columns_that_hold_no_messages_are_left_to_the_check_schema() -> None:
    assert found(pl.DataFrame({"id": ["1"], "messages": ["text"]})) == {}


@given(st.lists(st.sampled_from(["user", "assistant"]), min_size=1, max_size=8))
def test_only_strict_turns_that_end_with_a_reply_pass(roles: list[str]) -> None:
    strict = roles == ["user", "assistant"] * (len(roles) // 2) and bool(roles)
    assert (found(trace(*(say(role) for role in roles))) == {}) is strict


def test_the_figures_count_rows(memory: Any) -> None:
    frames = [CLEAN[0], FAULTY[0][0], FAULTY[0][0]]
    rows = [frame.to_dicts()[0] for frame in frames]
    result = CHECK.run(memory(rows, 2, kind=Kind.SFT), TurnsSettings(max_faulty=1))
    assert {one.name: one.value for one in result.figures if not one.passed} == {"roles_out_of_order": 2}


@pytest.mark.parametrize("stated", range(5))
def test_a_count_that_the_messages_do_not_bear_out_is_named(stated: int) -> None:
    frame = pl.concat([trace(*searched(call())), trace(say("user"), say("assistant", None, call(), call(id_="c2")))])
    counted = frame.with_columns(pl.Series("n_calls", [1, stated], dtype=pl.Int32))
    assert found(counted).get(Fault.MISCOUNTED, []) == ([] if stated == 2 else ["n_calls"])


def test_messages_without_any_call_have_none() -> None:
    bare = [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]
    frame = pl.DataFrame({"id": ["a", "b", "c"], "messages": [bare, bare, None], "tools": "[]", "n_calls": [0, 1, 1]})
    assert found(frame)[Fault.MISCOUNTED] == ["n_calls"]
    assert Fault.MISCOUNTED not in found(frame.with_columns(pl.lit("1").alias("n_calls")))
    assert Fault.MISCOUNTED not in found(frame.with_columns(pl.lit(None, pl.Int32).alias("n_calls")))


def test_a_batch_in_which_nobody_says_a_word_is_checked():
    call = {"id": "1", "type": "function", "function": {"name": "dose", "arguments": "{}"}}
    said = [("user", None), ("assistant", [call])]
    row = {
        "id": "a",
        "messages": [{"role": role, "content": None, "tool_calls": calls} for role, calls in said],
        "tools": json.dumps([{"type": "function", "function": {"name": "weigh", "parameters": {}}}]),
    }
    codes = CHECK.scan(pl.DataFrame([row]), TurnsSettings()).findings["code"].to_list()
    assert codes == ["unknown_tools"]
