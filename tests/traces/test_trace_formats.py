"""What each format looks like in the wild."""

from typing import Any

import pytest
from trace_records import DOSE, OPENAI_CALL, chat, said, turns

from openmed_data import registry
from openmed_data.errors import UsageError
from openmed_data.traces.codec import dumps
from openmed_data.traces.convert import read
from openmed_data.traces.detect import formats, sure
from openmed_data.traces.export import writer
from openmed_data.traces.format import FORMATS, Format, Record
from openmed_data.traces.reasons import Unfit
from openmed_data.traces.trace import Message, Trace


@pytest.mark.parametrize(
    ("name", "record"),
    [
        (
            "openai",
            chat(
                said("user", [{"type": "text", "text": "Dose?"}]),
                {"role": "assistant", "content": None, "tool_calls": [OPENAI_CALL]},
                {"role": "tool", "tool_call_id": "a", "content": "5"},
                said("assistant", "5."),
            ),
        ),
        (
            "openai",
            {
                "traj": [
                    said("user", "Dose?"),
                    {"role": "assistant", "function_call": {"name": "dose", "arguments": {"drug": "x"}}},
                    {"role": "function", "name": "dose", "content": "5"},
                    said("assistant", "5."),
                ],
                "reward": 1.0,
            },
        ),
        (
            "openai",
            {
                "messages": dumps(
                    [
                        said("user", "Dose?"),
                        {**said("assistant", ""), "tool_calls": [OPENAI_CALL]},
                        {"role": "tool", "content": "5"},
                        said("assistant", "5."),
                    ]
                )
            },
        ),
        (
            "anthropic",
            chat(
                said("user", "Dose?"),
                said("assistant", [{"type": "tool_use", "id": "a", "name": "dose", "input": {"drug": "x"}}]),
                said("user", [{"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text", "text": "5"}]}]),
                said("assistant", [{"type": "thinking", "thinking": "5"}, {"type": "text", "text": "5."}]),
            ),
        ),
        (
            "sharegpt",
            {
                "conversations": [
                    {"from": "human", "value": "Dose?"},
                    {"from": "function_call", "value": '[{"name": "dose", "arguments": "{\\"drug\\": \\"x\\"}"}]'},
                    {"from": "observation", "value": "5"},
                    {"from": "gpt", "value": "5."},
                ],
                "tools": "",
            },
        ),
        (
            "hermes",
            chat(
                said("user", "Dose?"),
                said("assistant", '<tool_call>{"arguments": {"drug": "x"}, "name": "dose"}</tool_call>'),
                said("tool", "<tool_response>\n5\n</tool_response>"),
                said("assistant", "5."),
            ),
        ),
        (
            "hermes",
            {
                "text": "USER: Dose?\nASSISTANT:\n<tool_call>\n"
                '{"name": "dose", "arguments": {"drug": "x"}}\n</tool_call>\nFUNCTION RESPONSE: 5\nASSISTANT: 5.\n'
            },
        ),
        (
            "hermes",
            {
                "text": "<|im_start|>user\nDose?<|im_end|>\n<|im_start|>assistant\n"
                '<tool_call>{"name": "dose", "arguments": {"drug": "x"}}</tool_call><|im_end|>\n<|im_start|>tool\n'
                '<tool_response>{"name": "dose", "content": 5}</tool_response><|im_end|>\n<|im_start|>assistant\n5.'
            },
        ),
    ],
)
def test_one_trace_in_many_forms(name: str, record: Record) -> None:
    assert turns(name, record) == DOSE
    assert max(sure(record), key=sure(record).__getitem__) == name


def test_react_in_one_text_with_instructions_and_examples() -> None:
    text = (
        "Answer with Thought, Action and Observation.\nQuestion: An example?\nThought 1: Look.\nAction 1: Search[a]\n"
        "Observation 1: b\nThought 2: So.\nAction 2: Finish[b]\n\nQuestion: Which gene?\nThought 1: Look.\n"
        "Action 1: Search[gene]\nObservation 1: ATP7B\nThought 2: Found.\nAction 2: Finish[ATP7B]\n"
    )
    assert turns("react", {"text": text}) == [
        ("user", "Which gene?", []),
        ("assistant", "Look.", [("search", {"query": "gene"})]),
        ("tool", "ATP7B", []),
        ("assistant", "Found.\n\nAnswer: ATP7B", []),
    ]


def test_react_with_an_input_of_its_own_line() -> None:
    first = 'Thought: Compute.\nAction: bmi\nAction Input: {"kg": 70, "m": 1.75}'
    last = "Thought: I know.\nFinal Answer: 22.9"
    record = chat(
        said("user", "BMI?"), said("assistant", first), said("user", "Observation: 22.9"), said("assistant", last)
    )
    assert turns("react", record) == [
        ("user", "BMI?", []),
        ("assistant", "Compute.", [("bmi", {"kg": 70, "m": 1.75})]),
        ("tool", "22.9", []),
        ("assistant", "I know.\n\nAnswer: 22.9", []),
    ]


@pytest.mark.parametrize(
    ("words", "passed"), [("True", True), ("False", False), ("0", False), ("1.0", True), ("0.0", False)]
)
def test_react_reads_the_verdict_and_leaves_its_words_out(words: str, passed: bool) -> None:
    end = said("user", f"Observation: Episode finished, reward = {words}")
    record = chat(said("user", "Q?"), said("assistant", "Thought: Easy.\nAction: finish[A]"), end)
    trace = read(dumps(record), formats()["react"])
    assert trace.passed is passed
    assert "reward" not in "".join(message.content for message in trace.messages)


@pytest.mark.parametrize("number", [0, 1])
def test_openai_ids_may_be_numbers(number: int) -> None:
    record = chat(
        said("user", "Dose?"),
        {"role": "assistant", "tool_calls": [OPENAI_CALL | {"id": number}]},
        {"role": "tool", "tool_call_id": number, "content": "5"},
        said("assistant", "5."),
    )
    assert turns("openai", record) == DOSE


def test_a_json_rpc_log_with_pages_of_tools_and_an_error() -> None:
    def rpc(**fields: Any) -> Record:
        return {"direction": "x", "payload": {"jsonrpc": "2.0", **fields}}

    listed = [{"name": f"t{page}", "inputSchema": {"type": "object", "properties": {}}} for page in (1, 2)]
    events = [
        rpc(id=1, method="tools/list"),
        rpc(id=1, result={"tools": listed[:1], "nextCursor": "2"}),
        rpc(id=2, method="tools/list", params={"cursor": "2"}),
        rpc(id=2, result={"tools": listed}),
        said("user", "Go."),
        rpc(id=3, method="tools/call", params={"name": "t1"}),
        rpc(method="notifications/progress"),
        rpc(id=3, error={"code": 1, "message": "down"}),
        said("assistant", "It is down."),
    ]
    trace = read(dumps({"session": "s", "events": events}), formats()["mcp"])
    assert trace.tools is not None
    assert trace.tools.names == ("t1", "t2")
    assert [message.content for message in trace.messages] == ["Go.", "", "Error: down", "It is down."]


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ({"type": "resource", "resource": {"uri": "lab://4", "mimeType": "text/plain", "text": "4.1"}}, "4.1"),
        ({"type": "resource", "resource": {"uri": "scan://4", "blob": "AAAA"}}, None),
        ({"type": "resource", "resource": None}, None),
        ({"type": "resource_link", "uri": "lab://4"}, None),
        ({"type": "image", "data": "AAAA"}, None),
    ],
)
def test_a_resource_in_a_result_is_read_where_it_is_text(part: Record, told: str | None) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "lab"}}
    answered = {"jsonrpc": "2.0", "id": 1, "result": {"content": [part]}}
    record = {"events": [said("user", "Lab?"), call, answered, said("assistant", "4.1.")]}
    if told is None:
        with pytest.raises(Unfit, match=r"not_text.*events\[2\].result.content\[0\]"):
            turns("mcp", record)
    else:
        assert turns("mcp", record)[2] == ("tool", told, [])


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_what_a_reasoning_model_thought_is_left_out_and_counted(name: str) -> None:
    thought = said("assistant", "5.") | {name: "Is it five?"}
    trace = read(dumps(chat(said("user", "Dose?"), thought)), formats()["openai"])
    assert (trace.messages[1].content, trace.mended) == ("5.", ("thinking blocks left out",))
    assert read(dumps(chat(said("user", "Dose?"), thought | {name: None})), formats()["openai"]).mended == ()


_QUOTED = {
    "rooms": {"type": "int"},
    "guests": {"type": "list(str)"},
    "late": {"type": "bool"},
    "code": {"type": "str"},
    "beds": {"type": ["integer", "string"]},
}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"rooms": "2", "guests": "['Ann', 'Bo']", "late": "True", "code": "12"},
            {"rooms": 2, "guests": ["Ann", "Bo"], "late": True, "code": "12"},
        ),
        ({"rooms": "two", "late": "1"}, {"rooms": "two", "late": "1"}),  # no literals of their types
        ({"rooms": "True", "guests": "{1, 2}"}, {"rooms": "True", "guests": "{1, 2}"}),
        ({"rooms": "(" * 9000, "guests": "[{1: 2}]"}, {"rooms": "(" * 9000, "guests": "[{1: 2}]"}),
        ({"rooms": "2", "late": True}, {"rooms": "2", "late": True}),  # it can tell text from the rest
        ({"beds": "2"}, {"beds": "2"}),  # text is allowed
    ],
)
def test_arguments_that_are_all_text_have_the_declared_types(given: Record, expected: Record) -> None:
    tools = [{"name": "book", "parameters": _QUOTED}]
    record = {"query": "Book it.", "tools": tools, "answers": [{"name": "book", "arguments": given}]}
    trace = read(dumps(record), formats()["xlam"])
    assert trace.messages[1].calls[0].arguments == expected
    assert bool(trace.mended) == (given != expected)


def test_only_formats_without_loss_write() -> None:
    assert writer("hermes").name == "hermes"
    with pytest.raises(UsageError, match="cannot hold every trace") as caught:
        writer("xlam")
    assert caught.value.hint == "These can: anthropic, hermes, openai, sharegpt."
    with pytest.raises(UsageError, match="no trace format is called 'opnai'"):
        writer("opnai")


def test_another_package_offers_a_format_by_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lines(Format):
        name, summary = "lines", "a line for each turn"

        def detect(self, record: Record) -> float:
            return float("lines" in record)

        def read(self, record: Record) -> Trace:
            roles = ("user", "assistant")
            return Trace(tuple(Message(roles[at % 2], text) for at, text in enumerate(record["lines"])))

    class Point:
        name = "lines"

        def load(self) -> Format:
            return Lines()

    monkeypatch.setattr(registry, "_entry_points", lambda room: {"lines": Point()} if room is FORMATS else {})
    formats.cache_clear()
    try:
        assert sure({"lines": ["Dose?", "5 mg."]}) == {"lines": 1.0}
        assert turns("lines", {"lines": ["Dose?", "5 mg."]}) == [("user", "Dose?", []), ("assistant", "5 mg.", [])]
    finally:
        formats.cache_clear()
