# ruff: noqa: E501, RUF001  (the tables read better in long lines)
"""A completion gives one answer or none: no hedge, no correction and no list earns what a single answer would not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openmed_data.answers import AnswerType, Gold, verify

CHOICES = {"A": "Aspirin", "B": "Metformin", "C": "Warfarin"}
OPTIONS = [Gold(text, AnswerType.CHOICE, CHOICES, label) for label, text in CHOICES.items()]
NERVES = [Gold(text, AnswerType.TEXT) for text in ("Ulnar nerve", "Radial nerve", "Median nerve")]
NUMBERS = [Gold(text, AnswerType.NUMBER) for text in ("5 mg", "6 mg", "7 mg")]
DECISIONS = [Gold(text, AnswerType.BOOLEAN) for text in ("yes", "no", "maybe")]

LINKS = [
    " ", ". ", ", ", "; ", ": ", "\n", "\n\n", "\n- ", " or ", " and ", " (", ") ", "/", " - ", "? ", "! ", " is ", " is not ", " which is ",
    " because ", ", because it is ", ". Wait, actually ", ". No, ", ", I mean ", ". Or perhaps ", " rather than ", " not ", "the ", "It is ",
    "The answer is ", " is the correct answer", "The most likely cause is ", "<answer>", "</answer>", "\\boxed{", "}", "</think>", "**", "5", "10^", "mg", "²", "½", "%",
]  # fmt: skip


@settings(deadline=None, max_examples=400)  # the first number imports pint
@pytest.mark.parametrize(
    "golds", [OPTIONS, NERVES, NUMBERS, DECISIONS], ids=["options", "texts", "numbers", "decisions"]
)
@given(st.data())
def test_no_completion_is_paid_for_two_answers(golds: list[Gold], data: st.DataObject) -> None:
    said = [gold.answer for gold in golds] + [gold.label for gold in golds if gold.label]
    pieces = st.lists(st.one_of(st.sampled_from(said), st.sampled_from(LINKS)), max_size=9)
    completion = "".join(data.draw(pieces))
    assert sum(verify(completion, gold) is True for gold in golds) <= 1, completion


@pytest.mark.parametrize("said", [
    "{} Wait, actually C", "{} Wait, actually C.", "{} Actually, it's C.", "{} Hmm, no: C.", "{} No, it is C.", "{} Correction: C", "{}\n\nWait, actually C.",
    "{} Sorry, warfarin.", "{} Wait, actually warfarin", "{} No, the correct answer is C.", "{} The answer is C",
])  # fmt: skip
@pytest.mark.parametrize("first", ["B.", "B. Metformin.", "The answer is B.", "Metformin."])
def test_an_answer_that_is_corrected_earns_nothing(said: str, first: str) -> None:
    for completion in (said.format(first), f"<answer>{said.format(first)}</answer>"):
        assert verify(completion, OPTIONS[1]) is False, completion


@pytest.mark.parametrize("said", [
    "{} Actually, this is common.", "{} No, A is an antiplatelet.", "{} No other drug helps.", "{} Wait for the result of C.",
    "{} No change is needed. Wait a week.", "{} Actually the warfarin of the first line is wrong for him.",
])  # fmt: skip
@pytest.mark.parametrize("first", ["B.", "B. Metformin.", "The answer is B."])
def test_what_corrects_nothing_takes_nothing(said: str, first: str) -> None:
    for completion in (said.format(first), f"<answer>{said.format(first)}</answer>"):
        assert verify(completion, OPTIONS[1]) is True, completion


@pytest.mark.parametrize(("completion", "right"), [
    ("The answer is B) Metformin\n\n- A) Aspirin is an antiplatelet\n- C) Warfarin is an anticoagulant.", True),
    ("The answer is B.\nA: aspirin is wrong\nC: warfarin is wrong", True), ("The answer is B\n(C) is an anticoagulant", True),
    ("The answer is B.\nC. Warfarin", False), ("The answer is B\nC", False), ("Answer: B) Metformin\n- C) Warfarin", False), ("B. Metformin\n- C) Warfarin", False),
])  # fmt: skip
def test_a_line_about_another_option_is_no_second_answer(completion: str, right: bool) -> None:
    assert verify(completion, OPTIONS[1]) is right


@pytest.mark.parametrize("mention", [
    "This leaves us with answer A or answer B. We can eliminate answer C) because it is an anticoagulant. ", "Next look at answer A. ", "Rule out answer C, since it bleeds. ",
])  # fmt: skip
def test_an_option_that_is_mentioned_is_not_announced(mention: str) -> None:
    assert verify(f"{mention}\nTherefore, the answer is B.", OPTIONS[1]) is True
    assert not any(verify(mention, gold) for gold in OPTIONS)


@pytest.mark.parametrize(("said", "right"), [
    ("B, though A is equally good", False), ("B, but A would also be correct", False), ("B; A also correct", False), ("B, A also works", False), ("B, both are right", False),
    ("Metformin. Aspirin is just as good.", False), ("B. Both legs are equally affected.", True), ("B. Both right and left limbs ache.", True), ("B. All right, as A bleeds.", True),
    ("B. Metformin. A, C and D are incorrect.", True), ("B (metformin) is right, A and C are wrong", True), ("B. A and C are not antidiabetics.", True),
    ("B. Metformin. A and C are correct.", False), ("B. Both A and C are unlikely to be wrong.", False), ("B. B and C are wrong", False), ("B. A, C", False), ("B, C are wrong", True), ("B: A or C", False), ("Ｂ", True), ("Ｂ。", True), ("Ｂ、Ｃ", False),
    ("Diagnosis: B", True), ("So B", True), ("So B or C", False),
])  # fmt: skip
def test_what_is_said_of_the_others_counts(said: str, right: bool) -> None:
    assert verify(f"<answer>{said}</answer>", OPTIONS[1]) is right


@pytest.mark.parametrize(("completion", "right"), [
    ("The answer is B, or metformin.", True), ("The answer is B or the metformin", True), ("<answer>B, or metformin</answer>", True),
    ("The answer is B, or warfarin.", False), ("The answer is B, or metformin, or C.", False), ("<answer>B or metformin or warfarin</answer>", False),
    ("B) Met formin", True),
])  # fmt: skip
def test_an_answer_may_be_said_twice(completion: str, right: bool) -> None:
    assert verify(completion, OPTIONS[1]) is right


@pytest.mark.parametrize(("completion", "right"), [
    ("Metformin is the first choice.", True), ("Metformin is the first choice. It lowers glucose.", True), ("Metformin. It helps. Aspirin is an antiplatelet.", True), ("B. Metformin is the first choice. Aspirin is an antiplatelet.", True),
    ("Metformin is a biguanide. Warfarin is an anticoagulant.", False), ("Metformin is a biguanide.\nAspirin inhibits platelets", False),
])  # fmt: skip
def test_who_goes_through_the_options_has_not_answered(completion: str, right: bool) -> None:
    assert verify(completion, OPTIONS[1]) is right


@pytest.mark.parametrize("text", ["“I can not help you, out of autonomy.”", '"A test is due."', "'I am sorry'"])
def test_a_quotation_may_open_with_what_looks_like_a_letter(text: str) -> None:
    gold = Gold(text, AnswerType.CHOICE, {"A": "“I can help you.”", "B": text}, "B")
    assert verify(f"<answer>{text}</answer>", gold) is True
    assert verify(f"<answer>A. {text}</answer>", gold) is False
