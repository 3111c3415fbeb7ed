"""Records that are not what they say are rejected by a law, with the field and what stands in it."""

from typing import Any

import pytest

from openmed_data.traces.codec import dumps
from openmed_data.traces.convert import read
from openmed_data.traces.detect import formats
from openmed_data.traces.format import Record
from openmed_data.traces.reasons import Law, Unfit

TOOL = {
    "name": "dose",
    "description": "d",
    "parameters": {"type": "object", "properties": {"drug": {"type": "string"}}},
}


def law(name: str, record: Record) -> tuple[Law, str]:
    with pytest.raises(Unfit) as caught:
        read(dumps(record), formats()[name])
    return caught.value.law, caught.value.detail


def chat(*messages: Any) -> Record:
    return {"messages": list(messages)}


def said(role: str, content: Any) -> Record:
    return {"role": role, "content": content}


USER = said("user", "Dose?")


@pytest.mark.parametrize(
    ("name", "record", "expected"),
    [
        ("openai", {"messages": 3}, (Law.UNREADABLE, "messages: found nothing; expected a list of turns")),
        ("openai", chat(USER, 3), (Law.UNREADABLE, "messages[1]: found a number; expected an object")),
        ("openai", chat({"content": "x"}), (Law.UNREADABLE, "messages[0].role: found nothing; expected one of system")),
        ("openai", chat(said("user", 5)), (Law.UNREADABLE, "messages[0].content: found a number; expected text")),
        ("openai", chat(USER, {"role": "assistant", "tool_calls": {}} | {"tool_calls": "x"}),
         (Law.UNREADABLE, "messages[1].tool_calls: found a string; expected a list")),
        ("openai", chat(USER, {"role": "assistant", "tool_calls": [{"function": {"arguments": "{}"}}]}),
         (Law.UNREADABLE, "messages[1].tool_calls[0].function.name: found nothing")),
        ("openai", chat(USER, {"role": "assistant", "tool_calls": [{"function": {"name": "a", "arguments": "{"}}]}),
         (Law.ARGUMENTS, "messages[1].tool_calls[0].function.arguments: found broken JSON")),
        ("openai", chat(USER, {"role": "assistant", "tool_calls": [{"function": {"name": "a", "arguments": [1]}}]}),
         (Law.ARGUMENTS, "messages[1].tool_calls[0].function.arguments: found an array; expected an object")),
        ("openai", chat(said("user", [{"type": "image_url", "image_url": {}}])),
         (Law.NOT_TEXT, "messages[0].content[0]: image_url")),
        ("openai", {"messages": [USER], "tools": "["}, (Law.UNREADABLE, "tools: found broken JSON")),
        ("openai", {"messages": [USER], "tools": [3]}, (Law.UNREADABLE, "tools[0]: found a number")),
        ("openai", {"messages": [USER], "tools": [{"name": ""}]}, (Law.BAD_TOOLS, "tools[0].name: found no name")),
        ("openai", {"messages": [USER], "tools": [TOOL, TOOL]}, (Law.BAD_TOOLS, "tools[1].name: a second tool")),
        ("openai", {"messages": [USER], "tools": [{"name": "a", "parameters": {"$ref": "http://127.0.0.1:9/x"}}]},
         (Law.BAD_TOOLS, "tools[0].parameters: ")),
        ("anthropic", chat(said("user", [3])), (Law.UNREADABLE, "messages[0].content[0]: found a number")),
        ("anthropic", chat(USER, said("assistant", [{"type": "tool_use"}])),
         (Law.UNREADABLE, "messages[1].content[0].name: found nothing")),
        ("anthropic", chat(USER, said("user", [{"type": "tool_result"}])),
         (Law.UNREADABLE, "messages[1].content[0].tool_use_id: found nothing")),
        ("anthropic", {"events": [{"type": "user", "message": "x"}]},
         (Law.UNREADABLE, "events[0].message: found a string; expected an object")),
        ("anthropic", {"events": [{"silly": 1}]}, (Law.UNREADABLE, "events[0].type: found nothing")),
        ("sharegpt", {"conversations": [{"from": "who", "value": ""}]},
         (Law.UNREADABLE, "conversations[0].from: found a string; expected one of")),
        ("sharegpt", {"conversations": [{"from": "human", "value": None}]},
         (Law.UNREADABLE, "conversations[0].value: found nothing; expected text")),
        ("sharegpt", {"conversations": [{"from": "function_call", "value": "dose()"}]},
         (Law.UNREADABLE, "conversations[0].value: found broken JSON")),
        ("hermes", {"a": "x", "b": "y"}, (Law.UNREADABLE, "text: found nothing; expected one text")),
        ("hermes", chat(said("oracle", "<tool_call>")), (Law.UNREADABLE, "messages[0].role: found a string")),
        ("hermes", chat(USER, said("assistant", "<tool_call>{</tool_call>")),
         (Law.UNREADABLE, "messages[1].content: found broken JSON")),
        ("xlam", {"query": 3, "tools": [], "answers": []}, (Law.UNREADABLE, "query: found a number")),
        ("xlam", {"query": "q", "tools": [], "answers": "["}, (Law.UNREADABLE, "answers: found broken JSON")),
        ("xlam", {"query": "q", "tools": [], "answers": [{"arguments": {}}]},
         (Law.UNREADABLE, "answers[0].name: found nothing")),
        ("xlam", {"query": [{"role": "user"}], "tools": [], "answers": []},
         (Law.UNREADABLE, "query[0].content: found nothing")),
        ("react", chat(USER, said("assistant", "Thought: x\nAction: search for it")),
         (Law.UNREADABLE, "messages[1].content: found a string; expected an action")),
        ("react", {"text": "Question: q"}, (Law.UNREADABLE, "text: found a string; expected a question and thoughts")),
        ("search-tags", {"question": "q", "text": "nothing"}, (Law.UNREADABLE, "text: found nothing")),
        ("search-tags", chat(said("oracle", "")), (Law.UNREADABLE, "messages[0]: found an object")),
        ("mcp", {"events": 3}, (Law.UNREADABLE, "events: found a number; expected a list of events")),
        ("mcp", {"events": [{"x": 1}]}, (Law.UNREADABLE, "events[0]: found an object; expected a JSON-RPC message")),
        ("mcp", {"events": [{"jsonrpc": "2.0", "id": 1, "result": {}}]},
         (Law.RESULT_WITHOUT_CALL, "events[0]: no request has this id")),
        ("mcp", {"events": [{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {}}]},
         (Law.UNREADABLE, "events[0].params.name: found nothing")),
    ],
)  # fmt: skip
def test_a_malformed_record_is_named_with_its_field(name: str, record: Record, expected: tuple[Law, str]) -> None:
    found, detail = law(name, record)
    assert found is expected[0]
    assert detail.startswith(expected[1])


def test_every_format_names_its_malformed_records() -> None:
    marks = test_a_malformed_record_is_named_with_its_field.pytestmark
    assert {case[0] for case in marks[0].args[1]} == set(formats())
