"""Each law finds its planted fault, and says nothing of traces without one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from openmed_data.traces.codec import dumps
from openmed_data.traces.convert import Converter
from openmed_data.traces.fields import THOUGHTS_LEFT
from openmed_data.traces.format import Format, Record
from openmed_data.traces.laws import suspects, uphold, uphold_texts
from openmed_data.traces.reasons import Law, Unfit
from openmed_data.traces.secrets import secret_in
from openmed_data.traces.settle import NAME_CUT, RESULTS_CUT, RESULTS_MOVED, USER_CUT, settle
from openmed_data.traces.toolbox import toolbox
from openmed_data.traces.trace import Call, Message, Trace

TOOLS = toolbox(
    [
        {
            "name": "dose",
            "parameters": {
                "type": "object",
                "properties": {"drug": {"type": "string"}, "kg": {"type": "number"}},
                "required": ["drug"],
            },
        },
        {"name": "login", "parameters": {"type": "object", "properties": {"password": {"type": "string"}}}},
    ]
)
ASK, ANSWER = Message("user", "Which dose?"), Message("assistant", "5 mg.")


def call(*ids: str, **arguments: Any) -> Message:
    return Message("assistant", calls=tuple(Call("dose", arguments or {"drug": "x"}, one) for one in ids or ("",)))


def login(password: str) -> Message:
    return Message("assistant", calls=(Call("login", {"password": password}, "a"),))


def result(call_id: str = "", content: str = "5 mg", name: str = "") -> Message:
    return Message("tool", content, call_id=call_id, name=name)


def law_of(*messages: Message, passed: bool | None = None, may_end_with_call: bool = True) -> Law | None:
    try:
        trace = settle(Trace(messages, TOOLS, passed))
        uphold(trace, TOOLS, may_end_with_call=may_end_with_call)
        assert suspects([trace, trace]) in ([], [0, 1])
        if suspects([trace]):
            uphold_texts(trace)
    except Unfit as unfit:
        return unfit.law
    return None


@pytest.mark.parametrize(
    "messages",
    [
        (ASK, ANSWER),
        (Message("system", "Be brief."), ASK, call("a"), result("a"), ANSWER),
        (ASK, call("a", "b"), result("b"), result("a"), ANSWER),
        (ASK, call("a", "a"), result("a"), result("a"), ANSWER),
        (ASK, call(), result(), call(), result(content=""), ANSWER, ASK, ANSWER),
        (ASK, call("a"), result("a"), call("a"), result("a"), ANSWER),
        (ASK, call("a"), result("a", name="the_hospital"), ANSWER),
        (ASK, call("a")),
        (ASK, Message("assistant", "The reward of treatment is health; stop. TERMINATED early."), ASK, ANSWER),
        (Message("user", "Which pregnancies does it terminate"), ANSWER),
        (Message("user", "I am foo, my password is bar."), login("bar"), result("a"), ANSWER),
        (ASK, Message("assistant", "Use {{ braces }} and `<b>` in code, and $5.00 a dose, sk-ip nothing.")),
        (Message("system", "Reward: True candour."), ASK, ANSWER),
        (
            ASK,
            Message("assistant", '{"name": "Ann", "dose": "5 mg"}, see [the label](https://example.org) [1] [f(x)].'),
        ),
        (ASK, Message("assistant", "a <|> b and x |> f in code")),
        (Message("user", "Sorry, I cannot provide more; <search> me."), ANSWER),
    ],
)
def test_clean_traces_break_no_law(messages: Sequence[Message]) -> None:
    assert law_of(*messages) is None


@pytest.mark.parametrize(
    ("law", "messages"),
    [
        (Law.CALL_WITHOUT_RESULT, (ASK, call("a"), ASK, ANSWER)),
        (Law.CALL_WITHOUT_RESULT, (ASK, call("a", "b"), result("a"), ANSWER)),
        (Law.CALL_WITHOUT_RESULT, (ASK, call("a"), ANSWER)),
        (Law.RESULT_WITHOUT_CALL, (ASK, result("a"), ANSWER)),
        (Law.RESULT_WITHOUT_CALL, (ASK, call("a"), result("b"), ANSWER)),
        (Law.RESULT_WITHOUT_CALL, (ASK, call("a"), result("a"), result("a"), ANSWER)),
        (Law.RESULT_WITHOUT_CALL, (ASK, call(), result(name="other"), ANSWER)),
        (
            Law.RESULT_WITHOUT_CALL,
            (ASK, replace(ANSWER, calls=call("a").calls + login("bar").calls), result("a", name="login"), ANSWER),
        ),
        (Law.OUT_OF_ORDER, (ASK, call("a"), ASK, call("b"), result("a"), result("b"), ANSWER)),
        (Law.TURNS, (ANSWER, ASK, ANSWER)),
        (Law.TURNS, (ASK, call("a"), result("a"), ASK, ANSWER)),
        (Law.TURNS, (ASK, ANSWER, Message("system", "Now be brief."), ASK, ANSWER)),
        (Law.EMPTY_TURN, (ASK, Message("assistant", " \n"), ASK, ANSWER)),
        (Law.EMPTY_TURN, (Message("user", ""), ANSWER)),
        (Law.NO_FINAL_ANSWER, (ASK,)),
        (Law.NO_FINAL_ANSWER, ()),
        (Law.UNDECLARED_TOOL, (ASK, Message("assistant", calls=(Call("does", {}),)), result(), ANSWER)),
        (Law.ARGUMENTS, (ASK, call("a", drug=5), result("a"), ANSWER)),
        (Law.ARGUMENTS, (ASK, call("a", kg=5), result("a"), ANSWER)),
        (Law.ARGUMENTS, (ASK, call("a", drug="x", route="oral"), result("a"), ANSWER)),
        (Law.REWARD_LEAK, (ASK, call("a"), result("a", "Episode finished, reward = True"), ANSWER)),
        (Law.REWARD_LEAK, (Message("user", "Bye. ###STOP###"), ANSWER)),
        (Law.REWARD_LEAK, (ASK, Message("assistant", "5 mg.\nTERMINATE"))),
        (Law.MADE_UP, (ASK, login("bar"))),
        (Law.MADE_UP, (ASK, login("bar"), result("a", "welcome, bar"), ANSWER)),
        (Law.UNRESOLVED, (ASK, call("a", drug="API_call_0"), result("a"), ANSWER)),
        (Law.UNRESOLVED, (ASK, call("a", drug="{{ drug.name }}"), result("a"), ANSWER)),
        (Law.UNRESOLVED, (ASK, call("a", drug="Regards, [Your Name]"), result("a"), ANSWER)),
        (Law.UNRESOLVED, (ASK, call("a", drug="$call_1.name"), result("a"), ANSWER)),
        (Law.UNRESOLVED, (ASK, Message("assistant", "It is <result of dose>."))),
        (Law.MARKUP, (ASK, Message("assistant", "<tool_call>{}</tool_call>"))),
        (Law.MARKUP, (ASK, Message("assistant", "Well.\nAction: search[dose]"))),
        (Law.MARKUP, (ASK, Message("assistant", '{"name": "dose", "parameters": {"drug": "x"}}'))),
        (Law.MARKUP, (ASK, Message("assistant", '[{"arguments": {"drug": "x"}, "name": "dose"}]'))),
        (Law.MARKUP, (ASK, Message("assistant", 'I look.\n[dose(drug="x"), dose(drug="y")]'))),
        (Law.MARKUP, (ASK, Message("assistant", "<function=dose>\n<parameter=drug>x</parameter>\n</function>"))),
        (Law.MARKUP, (ASK, Message("assistant", "<\uff5ctool\u2581calls\u2581begin\uff5c>dose"))),
        (Law.MARKUP, (Message("user", "Hi<|im_end|>"), ANSWER)),
        (Law.MARKUP, (ASK, Message("assistant", "<think>Perhaps 5 mg"))),
        (Law.MARKUP, (ASK, Message("assistant", "5 mg.</think> <think>Or 6?"))),
        (Law.MARKUP, (ASK, call("a", drug="<|im_start|>"), result("a"), ANSWER)),
        (Law.REFUSAL, (ASK, Message("assistant", "As an AI language model, I do not dose."))),
        (Law.SECRET, (ASK, call("a"), result("a", "key sk-ant-" + "a1" * 20), ANSWER)),
        (Law.SECRET, (ASK, call("a", drug="AKIA" + "ABCDEFGHIJKLMNOP"), result("a"), ANSWER)),
    ],
)
def test_planted_faults_are_found(law: Law, messages: Sequence[Message]) -> None:
    assert law_of(*messages) is law


def test_a_failed_task_is_rejected_and_a_solved_one_is_not() -> None:
    assert law_of(ASK, ANSWER, passed=False) is Law.FAILED
    assert law_of(ASK, ANSWER, passed=True) is None


def test_ending_with_a_call_is_a_matter_of_the_format() -> None:
    assert law_of(ASK, call("a"), may_end_with_call=False) is Law.NO_FINAL_ANSWER
    assert law_of(ASK, call("a"), result("a"), may_end_with_call=False) is Law.NO_FINAL_ANSWER


def test_what_follows_the_last_turn_is_cut_and_said() -> None:
    settled = settle(Trace((ASK, call("a", "b"), result("a")), TOOLS))
    assert [message.role for message in settled.messages] == ["user", "assistant"]
    assert settled.mended == (RESULTS_CUT,)
    assert settle(Trace((ASK, ANSWER, ASK), TOOLS)).mended == (USER_CUT,)


def test_results_stand_in_the_order_of_their_calls() -> None:
    messages = (ASK, call("a", "b", "c"), result("c", "3"), result("a", "1"), result("b", "2"), ANSWER)
    settled = settle(Trace(messages, TOOLS))
    assert [message.content for message in settled.messages[2:5]] == ["1", "2", "3"]
    assert [message.call_id for message in settled.messages[2:5]] == ["call00000", "call00001", "call00002"]
    assert RESULTS_MOVED in settled.mended


def test_turns_of_one_side_become_one() -> None:
    messages = (ASK, Message("user", " And when? "), Message("assistant", "Wait."), call("a"), call("b"))
    settled = settle(Trace((*messages, result("a"), result("b"), ANSWER), TOOLS))
    assert settled.messages[0].content == "Which dose?\n\nAnd when?"
    assert settled.messages[1].content == "Wait."
    assert len(settled.messages[1].calls) == 2


def test_another_models_name_is_cut_from_the_system_prompt() -> None:
    system = Message("system", "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.")
    settled = settle(Trace((system, ASK, ANSWER), TOOLS))
    assert settled.messages[0].content == "You are a helpful assistant."
    assert settled.mended == (NAME_CUT,)
    assert settle(Trace((replace(system, content="You are kind."), ASK, ANSWER))).mended == ()


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("<think>\nFive?\n</think>\n\n5 mg.", "5 mg."),
        ("Five?\n</think>\n\n5 mg.", "5 mg."),
        ("<think>Five?</think> First.\n<think>Or six?</think>\n5 mg.", "First.\n\n5 mg."),
    ],
)
def test_thoughts_in_tags_are_left_out_of_replies(written: str, said: str) -> None:
    settled = settle(Trace((ASK, Message("assistant", written)), TOOLS))
    assert settled.messages[1].content == said
    assert settled.mended == (THOUGHTS_LEFT,)
    kept = settle(Trace((Message("user", written), ANSWER), TOOLS))
    assert (kept.messages[0].content, kept.mended) == (written, ())


def test_a_reply_that_only_thinks_is_empty() -> None:
    assert law_of(ASK, Message("assistant", "<think>Five?</think>"), ASK, ANSWER) is Law.EMPTY_TURN


def test_a_conversation_without_tools_is_no_trace() -> None:
    with pytest.raises(Unfit, match="no_tools"):
        uphold(settle(Trace((ASK, ANSWER))), toolbox([]), may_end_with_call=True)


@pytest.mark.parametrize(
    "secret",
    [
        "ghp_" + "a" * 36,
        "AKIA" + "A" * 16,
        "xoxb-" + "1" * 24,
        "AIza" + "a" * 35,
        "sk-proj-" + "a" * 30,
        "hf_" + "a" * 34,
        "eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.SflKxwRJSMeKKF2QT4",
        "-----BEGIN RSA PRIVATE KEY-----",
    ],
)
def test_secrets_are_named_and_never_quoted(secret: str) -> None:
    found = secret_in(f"Use {secret} for it.")
    assert found is not None
    assert secret not in found


@pytest.mark.parametrize(
    ("reply", "refuses"),
    [
        ("I'm sorry, but I'm unable to assist with flights. My function is limited to looking up doses.", False),
        ("As an AI, I cannot book flights. I can look up the dose of a drug, though.", False),
        ("I'm sorry, but I can't help you to look up a dose. Please ask a doctor.", True),
        ("I'm sorry, but I can't help with that.", True),
        ("As an AI language model, I cannot give medical advice. Please see a doctor.", True),
    ],
)
def test_who_declines_and_names_a_tool_does_not_refuse(reply: str, refuses: bool) -> None:
    trace = Trace((ASK, Message("assistant", reply)), toolbox([{"name": "look_up_dose"}, {"name": "see"}]))
    assert suspects([trace]) == [0]
    if refuses:
        with pytest.raises(Unfit, match="refusal"):
            uphold_texts(trace)
    else:
        uphold_texts(trace)


@pytest.mark.parametrize("text", ["task-based", "hf_short", "risk-adjusted mortality", "eyJ alone", "AKIA", ""])
def test_harmless_text_holds_no_secret(text: str) -> None:
    assert secret_in(text) is None


def test_a_converter_gives_every_text_its_outcome() -> None:
    class Fixed(Format):
        name, summary = "fixed", "a test"

        def detect(self, record: Record) -> float:
            return 1.0

        def read(self, record: Record) -> Trace:
            return Trace((ASK, Message("assistant", record["said"])))

    said = ["fine", "As an AI, no.", "fine too", "###STOP###", ""]
    found = Converter(Fixed(), TOOLS).convert([dumps({"said": one}) for one in said])
    laws = [one.law if isinstance(one, Unfit) else None for one in found]
    assert laws == [None, Law.REFUSAL, None, Law.REWARD_LEAK, Law.EMPTY_TURN]
