"""Calls, results and thoughts between tags, in the formats that write them into texts."""

import pytest
from trace_records import DOSE, TOOL, USER, chat, said, turns

from openmed_data.traces.codec import dumps
from openmed_data.traces.convert import read
from openmed_data.traces.detect import formats
from openmed_data.traces.format import Record
from openmed_data.traces.reasons import Unfit
from openmed_data.traces.trace import Message


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


def test_what_a_user_says_between_results_is_not_lost() -> None:
    call = '<tool_call>{"name": "dose", "arguments": {"drug": "x"}}</tool_call>'
    mixed = "<tool_response>5</tool_response> Of y too? <tool_response>6</tool_response>"
    with pytest.raises(Unfit, match="call_without_result"):
        read(
            dumps(chat(USER, said("assistant", call * 2), said("user", mixed), said("assistant", "5."))),
            formats()["hermes"],
        )
