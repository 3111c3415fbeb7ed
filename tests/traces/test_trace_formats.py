"""What each format looks like in the wild."""

from typing import Any

import pytest

from openmed_data import registry
from openmed_data.errors import UsageError
from openmed_data.traces.codec import dumps
from openmed_data.traces.convert import read
from openmed_data.traces.detect import formats, sure
from openmed_data.traces.export import writer
from openmed_data.traces.format import FORMATS, Format, Record
from openmed_data.traces.reasons import Unfit
from openmed_data.traces.trace import Message, Trace

Turns = list[tuple[str, str, list[tuple[str, Any]]]]
TOOL = {
    "name": "dose",
    "description": "d",
    "parameters": {"type": "object", "properties": {"drug": {"type": "string"}}},
}
OPENAI_CALL = {"id": "a", "type": "function", "function": {"name": "dose", "arguments": '{"drug": "x"}'}}


def turns(name: str, record: Record) -> Turns:
    """Return role, text and calls of each turn of a record."""
    trace = read(dumps(record), formats()[name])
    return [(one.role, one.content, [(call.name, call.arguments) for call in one.calls]) for one in trace.messages]


DOSE: Turns = [
    ("user", "Dose?", []),
    ("assistant", "", [("dose", {"drug": "x"})]),
    ("tool", "5", []),
    ("assistant", "5.", []),
]


def chat(*messages: Any) -> Record:
    return {"messages": list(messages)}


def said(role: str, content: Any) -> Record:
    return {"role": role, "content": content}


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


@pytest.mark.parametrize("tags", [("<search>", "</search>", "<information>", "</information>"),
                                  ("<|begin_of_query|>", "<|end_of_query|>", "<|begin_of_documents|>",
                                   "<|end_of_documents|>")])  # fmt: skip
def test_both_families_of_search_tags(tags: tuple[str, str, str, str]) -> None:
    ask, asked, found, end = tags
    text = (
        f"<think>Look.</think>\n{ask} gene {asked}\n{found}\nATP7B\n{end}\nSo it is.</think>\n<answer> ATP7B </answer>"
    )
    assert turns("search-tags", {"question": "Which gene?", "text": text}) == [
        ("user", "Which gene?", []),
        ("assistant", "Look.", [("search", {"query": "gene"})]),
        ("tool", "ATP7B", []),
        ("assistant", "So it is.\n\nAnswer: ATP7B", []),
    ]


def test_hermes_results_belong_to_the_calls_that_they_name() -> None:
    calls = [dumps({"name": name, "arguments": {}}) for name in ("weigh", "measure")]
    results = [dumps({"name": name, "content": said}) for name, said in (("measure", "170 cm"), ("weigh", "70 kg"))]
    record = chat(
        said("user", "How big?"),
        said("assistant", "".join(f"<tool_call>{one}</tool_call>" for one in calls)),
        said("tool", "".join(f"<tool_response>{one}</tool_response>" for one in results)),
        said("assistant", "70 kg and 170 cm."),
    )
    trace = read(dumps(record), formats()["hermes"])
    assert [(one.name, one.content) for one in trace.messages[2:4]] == [("weigh", "70 kg"), ("measure", "170 cm")]


def test_hermes_calls_and_tools_may_be_in_pythons_notation() -> None:
    tools = [{"type": "function", "function": TOOL | {"strict": True}}]
    record = chat(
        said("system", f"<tools>\n{tools}\n</tools>"),
        said("user", "Dose?"),
        said("assistant", "<tool_call>\\n{'arguments': {'drug': \"x's\"}, 'name': 'dose'}\\n</tool_call>"),
        said("tool", "<tool_response>5</tool_response>"),
        said("assistant", "5."),
    )
    trace = read(dumps(record), formats()["hermes"])
    assert [(call.name, call.arguments) for call in trace.messages[1].calls] == [("dose", {"drug": "x's"})]
    assert trace.tools is not None
    assert trace.tools.tools[0]["function"]["strict"] is True
    assert trace.mended == ("calls written in Python's notation read",)


def test_hermes_results_may_be_a_turn_of_the_user() -> None:
    record = chat(
        said("user", "Dose?"),
        said("assistant", '<tool_call>{"name": "dose", "arguments": {"drug": "x"}}</tool_call>'),
        said("user", "<tool_response>\n5\n</tool_response>"),
        said("assistant", "5."),
    )
    assert turns("hermes", record) == DOSE
    record["messages"][2]["content"] = "It gave <tool_response>5</tool_response>"
    with pytest.raises(Unfit, match="call_without_result"):
        turns("hermes", record)


def test_a_call_within_a_thought_is_not_made() -> None:
    call = '<tool_call>{"name": "dose", "arguments": {"drug": "x"}}</tool_call>'
    record = chat(
        said("user", "Dose?"),
        said("assistant", f"<think>Is {call.replace('x', 'y')} right?</think>\n{call}"),
        said("tool", "<tool_response>5</tool_response>"),
        said("assistant", "5."),
    )
    assert turns("hermes", record) == DOSE
    assert read(dumps(record), formats()["hermes"]).mended == ("thinking blocks left out",)


@pytest.mark.parametrize("number", [0, 1])
def test_openai_ids_may_be_numbers(number: int) -> None:
    record = chat(
        said("user", "Dose?"),
        {"role": "assistant", "tool_calls": [OPENAI_CALL | {"id": number}]},
        {"role": "tool", "tool_call_id": number, "content": "5"},
        said("assistant", "5."),
    )
    assert turns("openai", record) == DOSE


def test_hermes_instructions_leave_the_system_prompt_and_its_own_words_stay() -> None:
    system = (
        "You are a function calling AI model. You are provided with function signatures within <tools></tools> XML "
        "tags. Be kind to patients. Here are the available tools: <tools> " + dumps([TOOL]) + " </tools> Use the "
        'following pydantic model json schema for each tool call you will make: {"title": "FunctionCall"} '
        "For each function call return a json object within <tool_call></tool_call> XML tags as follows:\n"
        "<tool_call>\n{}\n</tool_call>"
    )
    record = chat(said("system", system), said("user", "Dose?"), said("assistant", "Of what?"))
    trace = read(dumps(record), formats()["hermes"])
    assert trace.messages[0] == Message("system", "Be kind to patients.")
    assert trace.tools is not None
    assert trace.tools.names == ("dose",)


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


def event(uuid: str, parent: str | None, role: str, content: Any, **more: Any) -> Record:
    return {"type": role, "uuid": uuid, "parentUuid": parent, "message": {"role": role, "content": content, **more}}


def test_what_the_program_wrote_into_a_log_is_left_out() -> None:
    events = [
        event("1", None, "user", "Dose?"),
        event("2", "1", "assistant", [{"type": "text", "text": "API Error: overloaded"}], model="<synthetic>"),
        event("3", "2", "user", [{"type": "text", "text": "[Request interrupted by user]"}]),
        event("4", "3", "user", "Of x."),
        event("5", "4", "assistant", [{"type": "text", "text": "5."}], model="m"),
    ]
    assert turns("anthropic", {"events": events}) == [("user", "Dose?\n\nOf x.", []), ("assistant", "5.", [])]
    mended = read(dumps({"events": events}), formats()["anthropic"]).mended
    assert mended == ("turns written by the program, not by the user or the model, left out",) * 2


def test_a_question_that_was_taken_back_is_left_out_with_its_answer() -> None:
    call = {"type": "tool_use", "name": "dose", "input": {}}
    events = [
        event("1", None, "user", "Hello"),
        event("2", "1", "assistant", [{"type": "text", "text": "Hello."}]),
        event("3", "2", "user", "Dose of y?"),
        event("4", "3", "assistant", [call | {"id": "a"}]),
        event("5", "4", "user", [{"type": "tool_result", "tool_use_id": "a", "content": "7"}]),
        event("6", "2", "user", "Dose of x?"),
        event("7", "6", "assistant", [call | {"id": "b"}]),
        event("8", "7", "assistant", [call | {"id": "c"}]),
        event("9", "7", "user", [{"type": "tool_result", "tool_use_id": "b", "content": "5"}]),
        event("10", "8", "user", [{"type": "tool_result", "tool_use_id": "c", "content": "6"}]),
        event("11", "10", "assistant", [{"type": "text", "text": "5."}]),
    ]
    trace = read(dumps({"events": events}), formats()["anthropic"])
    assert [one.content for one in trace.messages] == ["Hello", "Hello.", "Dose of x?", "", "5", "6", "5."]
    assert trace.mended == ("turns that the user took back to ask otherwise left out",) * 3


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


@pytest.mark.parametrize("strange", [[], {}, 7])
def test_ids_of_a_log_that_are_no_text_tie_nothing_together(strange: Any) -> None:
    asked = {"type": "user", "uuid": strange, "parentUuid": strange, "message": said("user", "Dose?")}
    told = {"type": "assistant", "uuid": "b", "parentUuid": strange, "message": said("assistant", "5 mg.")}
    assert turns("anthropic", {"events": [asked, told]}) == [("user", "Dose?", []), ("assistant", "5 mg.", [])]


def test_what_a_user_says_between_results_is_not_lost() -> None:
    call = '<tool_call>{"name": "dose", "arguments": {"drug": "x"}}</tool_call>'
    mixed = "<tool_response>5</tool_response> Of y too? <tool_response>6</tool_response>"
    with pytest.raises(Unfit, match="call_without_result"):
        read(
            dumps(chat(USER, said("assistant", call * 2), said("user", mixed), said("assistant", "5."))),
            formats()["hermes"],
        )


@pytest.mark.parametrize(
    ("body", "called"),
    [("{'name': 'dose', 'arguments': {'drug': 'x" + " " * 100_000 + "y'}}", True), ("\\n" * 50_000 + "x", False)],
    ids=["spaces", "line breaks"],
)
def test_a_long_call_is_read_in_one_pass(body: str, called: bool) -> None:
    record = chat(USER, said("assistant", f"<tool_call>{body}</tool_call>"))
    if called:
        assert turns("hermes", record)[1][2][0][0] == "dose"
    else:
        with pytest.raises(Unfit, match="broken JSON"):
            turns("hermes", record)


def test_a_long_thought_or_result_is_read_in_one_pass() -> None:
    reply = f"Five?</think>5{' ' * 300_000}mg.{'<think>' * 30_000}</think>So."
    assert turns("openai", chat(USER, said("assistant", reply)))[1][1] == f"5{' ' * 300_000}mg.\n\nSo."
    result = f"<tool_response>{' ' * 5_000}"
    assert turns("hermes", chat(USER, said("assistant", "5."), said("user", result), said("assistant", "5.")))


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("hermes", "<tool_call>"),
        ("hermes", "<tool_response>"),
        ("search-tags", "<search>"),
        ("search-tags", "<answer>"),
    ],
)
def test_tags_that_are_never_closed_are_read_in_one_pass(name: str, tag: str) -> None:
    many = tag * 200_000
    record = chat(said("system", "<tools>" * 200_000), said("user", f"Dose? {many}"), said("assistant", many))
    assert [text for _, text, _ in turns(name, record)][1:] == [f"Dose? {many}", many]


@pytest.mark.parametrize(
    ("inside", "told"),
    [
        ('{"name": "dose", "content": "5"}', "5"),
        ('{"tool_call_id": 1, "name": "dose", "content": {"mg": 5}}', '{"mg":5}'),
        ('{"name": "dose", "content": "5", "error": "stale"}', '{"name": "dose", "content": "5", "error": "stale"}'),
        ('{"content": "5", "error": "stale"}', '{"content": "5", "error": "stale"}'),
    ],
)
def test_nothing_of_a_hermes_result_is_lost(inside: str, told: str) -> None:
    call = said("assistant", '<tool_call>{"name": "dose", "arguments": {}}</tool_call>')
    result = f"<tool_response>{inside}</tool_response>"
    record = chat(USER, call, said("tool", result), said("assistant", "5."))
    assert turns("hermes", record)[2] == ("tool", told, [])
    record["messages"][2]["content"] = f"Warning: stale. {result}"
    with pytest.raises(Unfit, match=r"unreadable: messages\[2\]\.content: found words beside a result"):
        turns("hermes", record)


@pytest.mark.parametrize("name", ["hermes", "search-tags"])
def test_words_beside_the_turns_of_a_text_are_not_lost(name: str) -> None:
    text = "<|im_start|>user\nDose?<|im_end|>\n<|im_start|>assistant\n5 mg<|im_end|>\n"
    assert len(turns(name, {"text": f"<s>{text}<|endoftext|>"})) == 2
    with pytest.raises(Unfit, match="words beside its turns"):
        turns(name, {"text": text.replace("\n<|im_start|>a", "\nIn a child.\n<|im_start|>a")})
    with pytest.raises(Unfit, match="words before its turns"):
        turns("hermes", {"text": "In a child.\nUSER: Dose?\nASSISTANT: 5 mg"})


def test_what_is_moved_or_cut_is_counted() -> None:
    call = '<tool_call>{"name": "dose", "arguments": {}}</tool_call>'
    system = 'You are a nurse. Use the available tools. <tools>[{"name": "dose"}]</tools> Be kind.'
    moved, cut = "words after a call put before it", "instructions about tags cut from the system prompt"

    def mended(name: str, record: Record) -> tuple[str, ...]:
        return read(dumps(record), formats()[name]).mended

    talk = chat(said("system", system), USER, said("assistant", f"Wait. {call} I look."))
    assert mended("hermes", talk) == (cut, moved)
    example = '<tools>[{"name": "dose"}]</tools> <tool_call>{"name": "dose", "arguments": {}}</tool_call>'
    assert mended("hermes", chat(said("system", example), USER, said("assistant", call))) == (cut,)
    assert mended("hermes", chat(USER, said("assistant", f"Wait. {call}{call}"))) == ()
    use, text = {"type": "tool_use", "id": "a", "name": "dose", "input": {}}, {"type": "text", "text": "I look."}
    assert mended("anthropic", chat(USER, said("assistant", [use, text]))) == (moved,)
    assert mended("anthropic", chat(USER, said("assistant", [text, use]))) == ()
    query = [{"role": "user", "content": "Dose?\nGenerate API Request:"}]
    bank = {"query": query, "tools": [], "answers": [{"name": "dose", "arguments": {}}]}
    assert mended("xlam", bank) == ("a cue for a call after the conversation cut",)


@pytest.mark.parametrize("agent", [{}, {"agentId": None}, {"agentId": "a"}])
def test_side_chains_that_nothing_tells_apart_are_no_conversation(agent: Record) -> None:
    def aside(uuid: str, parent: str | None, role: str, text: str) -> Record:
        return event(uuid, parent, role, text) | {"isSidechain": True} | agent

    one = [aside("1", None, "user", "Dose of x?"), aside("2", "1", "assistant", "5.")]
    two = [aside("3", None, "user", "Dose of y?"), aside("4", "3", "assistant", "7.")]
    assert len(turns("anthropic", {"events": one})) == 2
    if agent.get("agentId"):
        assert len(turns("anthropic", {"events": [*one, *two]})) == 4
    else:
        with pytest.raises(Unfit, match="2 side chains in one session"):
            turns("anthropic", {"events": [*one, *two]})


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


USER = said("user", "Dose?")


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
