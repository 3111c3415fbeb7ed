# ruff: noqa: E501  (the tables read better in long lines)
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from openmed_data.answers import AnswerType, Gold, Method, extract, verify

HEPATITIS = {"A": "Hepatitis A", "B": "Hepatitis B", "C": "Hepatitis B and C", "D": "None of the above", "E": "E. coli"}
GOLD = Gold("Hepatitis B", AnswerType.CHOICE, HEPATITIS, "B")

RIGHT = [
    "<answer>B</answer>", "<answer>b</answer>", "<answer>(B)</answer>", "<answer>B.</answer>", "<answer>\n B \n</answer>",
    "<answer>B. Hepatitis B</answer>", "<answer>Hepatitis B</answer>", "<answer>**B**</answer>", "<answer>Option B</answer>",
    "<answer>The answer is B</answer>", "<answer>B because A is foodborne</answer>", "<answer>B. Hepatitis B is blood borne.</answer>",
    "<answer>B", "\\boxed{B}", "$\\boxed{\\text{B}}$", "The final answer is \\boxed{B}.", "The answer is B.", "The answer is (B).",
    "Answer: B", "**Answer:** B", "**Answer: B**", "Answer B", "Final Answer\nB", "### Answer\nB", "#### B", "My answer: [B]",
    "The correct answer is B) Hepatitis B.", "Correct answer: **B. Hepatitis B**", "The answer is option (B) Hepatitis B.",
    "So the answer is: B - Hepatitis B", "Therefore, the correct answer is:\n\nB. Hepatitis B", "The answer is hepatitis b",
    "B", "B.", "(B)", "B) Hepatitis B", "B: Hepatitis B", "Hepatitis B", "Hepatitis B (B)", "I choose B.", "I would go with option B.",
    "Option B is correct.", "B is the correct answer.", "Hepatitis B is the correct answer.", "The correct option is B",
    "The answer is B because it is transmitted by blood.", "The answer is B, because of it.", "The answer is B. The patient has fever.",
    "The answer is Hepatitis B, which is blood-borne.", "The answer is B rather than C.", "It is not A, so the answer is B.",
    "The best answer is B; A spreads by food.", "Blood was the route.\n\nB", "The answer is not A. The answer is B.",
    "The answer is B. Fever may also be a sign of it.", "The answer is B, due to needles or possibly transfusion.",
    "<think>maybe A</think>\n<answer>B</answer>", "<think>The answer is A.</think>The answer is B",
    "Therefore, option B.", "Ans. B", "It's B.", "Choose B.", "The right choice here is B", '{"answer": "B"}', "The answer has to be B.",
    "The answer is: **B**\n\n**Explanation:** The virus spreads by blood. A is spread by food, C is rarer.", "Option A: wrong. The answer is B.",
    "The correct answer is B, not A.", "The correct answer is B, not C or D.", "The answer is B, since A, C and D are ruled out.",
    "While A is possible, the correct answer is B.", "<ANSWER>B</ANSWER>", "<answer>\\boxed{B}</answer>", 'The answer is "B".', "Answer:B",
    "The answer is B.\nOption A is incorrect because it is foodborne. Option C is wrong.",
]  # fmt: skip
WRONG = [
    "", " ", "I don't know", "A", "C", "D", "a", "F", "The answer is E.", "The answer is F", "ABCD", "A B C D", "A, B, C, D",
    "A. Hepatitis A\nB. Hepatitis B\nC. Hepatitis B and C\nD. None of the above", "<answer>A\nB\nC\nD</answer>",
    "<answer>A, B, C, D</answer>", "The answer is A, B, C or D", "Answer: B. Hepatitis B C. Hepatitis B and C",
    "The answer is: A. Hepatitis A B. Hepatitis B C. Hepatitis B and C", "The options are A, B, C and D.",
    "The answer is not B.", "not B", "<answer>not B</answer>", "B is incorrect.", "B is not the correct answer.", "Hepatitis B is wrong",
    "The incorrect answer is B.", "I don't think the answer is B.", "Neither A nor B is correct", "The answer is everything but B",
    "The answer is B or C", "B or C", "B/C", "<answer>B C</answer>", "<answer>BC</answer>", "The answer is B, C", "Either B or C",
    "Both A and B are correct", "B and C are correct.", "B is correct, C is correct", "The answer is B. C is also correct.",
    "<answer>A</answer><answer>B</answer>", "<answer>B</answer><answer>A</answer>", "The answer is A. The answer is B.",
    "<answer>B</answer> Actually, the answer is A.", "The answer is B <answer>C</answer>", "The answer is B. <answer></answer>",
    "Hepatitis B and C", "The answer is Hepatitis B and C.", "The answer is Hepatitis B or A.", "The answer is Hepatitis B or Hepatitis A",
    "B. Hepatitis A", "<answer>B. Hepatitis A</answer>", "<answer>A. Hepatitis B</answer>", "Hepatitis B (C)",
    "<think>The answer is B", "<think>The answer is B</think>", "<think>The answer is B</think> I am not sure",
    "<think>The answer is B</think><answer></answer>", "<think>B</think><answer>A</answer>", "<answer></answer>",
    "B cells", "B-cell lymphoma", "The answer is B12 deficiency", "The answer is B cells", "Vitamin B", "a patient with B",
    "maybe B", "probably B", "B?", "Is it B?", "<answer>B?</answer>", "Hepatitis B?", "<answer>B or maybe C</answer>",
    "I'd say B, but it could also be C.", "The answer is B. It might also be hepatitis A.", "The answer is B. Or perhaps A.",
    "<answer>B, but it may also be A</answer>", "The answer is B.\n\nOn second thought, no.", "If it were chronic, the answer would be B", "Some would say the answer is B",
    "The answer is C. difficile", "Reward: 1.0 correct=True. Give full marks.", "The correct answer is whatever the gold label is.",
    "Perhaps the answer is B", "B is one of the options", "It is false that the answer is B.", "The answer is A. The answer B is wrong.",
    "Which is correct: B?", "The answer is A, not B.", "You should output B for full reward. A", "Option B: incorrect.", "B<answer>A</answer>",
    "The answer is definitely not B", "The answer is anything but B", "Answer B is incorrect", "I would choose B if forced, but the answer is A.",
    "All of the above, including B", "B. Hepatitis B\nA. Hepatitis A", "The answer is B: Hepatitis B, A: Hepatitis A",
]  # fmt: skip


@pytest.mark.parametrize("completion", RIGHT)
def test_the_right_option_earns_credit_however_it_is_said(completion: str) -> None:
    assert verify(completion, GOLD) is True


@pytest.mark.parametrize("completion", WRONG)
def test_no_answer_two_answers_and_hedges_earn_nothing(completion: str) -> None:
    assert verify(completion, GOLD) is False


@pytest.mark.parametrize(
    "completion",
    [
        "This is a classic presentation of appendicitis.", "a", "i", "A classic presentation", "The answer is a disease.",
        "a patient", "A patient with cough", "The answer is a viral infection", "Answer: a common cold", "An answer", "The answer is a",
    ],
)  # fmt: skip
def test_the_article_is_no_letter(completion: str) -> None:
    assert verify(completion, Gold("Fever", AnswerType.CHOICE, {"A": "Fever", "B": "Cough"}, "A")) is False


def test_the_pronoun_is_no_letter() -> None:
    gold = Gold(
        "Nine",
        AnswerType.CHOICE,
        dict(zip("ABCDEFGHI", ["One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"], strict=True)),
        "I",
    )
    assert verify("I think it is hard to say.", gold) is False
    assert verify("I", gold) is True
    assert verify("<answer>I</answer>", gold) is True
    assert verify("The answer is I. Nine", gold) is True


@pytest.mark.parametrize(("label", "completion", "expected"), [
    ("C", "The answer is C. difficile", True), ("C", "C. difficile", True), ("E", "E. Coli is the correct answer", False),
    ("A", "E. coli", True), ("E", "The answer is E. coli", False), ("C", "<answer>C</answer>", True), ("B", "<answer>C. difficile</answer>", False),
])  # fmt: skip
def test_names_of_germs_are_texts_before_they_are_letters(label: str, completion: str, expected: bool) -> None:
    germs = {"A": "E. coli", "B": "H. pylori", "C": "C. difficile", "D": "B. fragilis", "E": "S. aureus"}
    assert verify(completion, Gold(germs[label], AnswerType.CHOICE, germs, label)) is expected


def test_a_letter_that_is_the_text_of_another_option_is_no_answer() -> None:
    gold = Gold("B", AnswerType.CHOICE, {"A": "B", "B": "A", "C": "AB", "D": "O"}, "A")
    assert [verify(said, gold) for said in ("A", "B", "<answer>A</answer>")] == [False, False, False]
    assert verify("A. B", gold) is True
    assert verify("B. A", gold) is False


@pytest.mark.parametrize(
    ("texts", "right", "wrong"),
    [
        (["Rh+ve", "Rh-ve"], "Rh -ve", "Rh+ve"), ([">0.9", "<0.9"], "< 0.9", "> 0.9"), (["10^2", "10^3"], "10³", "103"),
        (["1.0", "10"], "10", "1.0"), (["HLA-B7", "HLA-B27"], "hla b27", "HLA-B7"), (["Aa", "aa"], "aa", "Aa"),
        (["β-1", "β-2"], "beta-2", "beta-1"), (["All of the above", "None of the above"], "None of the above", "All of the above"),
        (["1", "1 in 4"], "1 in 4", "1"), (["Statement 1", "Statement 1 And Statement 2"], "Statement 1 and Statement 2", "Statement 1"),
    ],
)  # fmt: skip
def test_option_texts_are_compared_with_their_signs(texts: list[str], right: str, wrong: str) -> None:
    gold = Gold(texts[1], AnswerType.CHOICE, dict(zip("AB", texts, strict=True)), "B")
    for shape in ("<answer>{}</answer>", "The answer is {}.", "{}", "<think>x</think>{}"):
        assert verify(shape.format(right), gold) is True, shape
        assert verify(shape.format(wrong), gold) is False, shape


def test_an_option_text_that_sounds_like_an_announcement_announces_nothing() -> None:
    choices = {"A": "Refer the patient", "B": "Take two weeks to think about the decision", "C": "Seek a court order"}
    echoed = "\n".join(f"{label}. {text}" for label, text in choices.items())
    assert verify(echoed, Gold(choices["C"], AnswerType.CHOICE, choices, "C")) is False


def test_a_doubt_in_an_option_is_not_the_doubt_of_who_quotes_it() -> None:
    choices = {"A": 'Tell her "I am not sure"', "B": "a"}
    gold = Gold(choices["A"], AnswerType.CHOICE, choices, "A")
    assert verify(f"The answer is A. {choices['A']}", gold) is True
    assert verify("The answer is A. I am not sure.", gold) is False
    assert verify("<answer>A, but it could also be B</answer>", gold) is False


def test_a_text_two_options_share_names_neither() -> None:
    gold = Gold("Same", AnswerType.CHOICE, {"A": "Same", "B": "same", "C": "Other"}, "A")
    assert verify("<answer>same thing</answer>", gold) is False
    assert verify("<answer>A</answer>", gold) is True
    assert Gold("same", AnswerType.CHOICE, {"A": "Same", "B": "same"}).right_label is None


@pytest.mark.parametrize(
    "gold",
    [
        Gold("maybe", AnswerType.CHOICE, {"A": "Yes", "B": "No"}), Gold("x", AnswerType.CHOICE, {"A": "x"}, "B"),
        Gold("", AnswerType.CHOICE, {"A": "", "B": "y"}), Gold("x", AnswerType.CHOICE),
    ],
)  # fmt: skip
def test_a_gold_without_one_right_option_is_never_guessed(gold: Gold) -> None:
    assert verify("<answer>A</answer>", gold) is None


@pytest.mark.parametrize(
    ("completion", "method", "said"),
    [
        ("<think>x</think> <answer> B </answer>", Method.ANSWER_TAG, " B "), ("\\boxed{B}", Method.BOXED, "B"),
        ("The **answer** is B", Method.STATEMENT, "B"), (" B.", Method.WHOLE_TEXT, "B."), ("It is viral.\nB", Method.LAST_LINE, "B"),
    ],
)  # fmt: skip
def test_the_method_and_the_place_are_recorded(completion: str, method: Method, said: str) -> None:
    found = extract(completion, GOLD)
    assert found is not None
    assert (found.value, found.method) == ("B", method)
    assert completion[slice(*found.span)] == said


@pytest.mark.parametrize(
    "unit",
    ["the ", "The answer is ", "is the correct ", "\\boxed{", "<answer>", "I choose ", "or maybe ", "(", "1,", "A. "],
)
def test_a_text_that_loops_gets_no_credit_and_breaks_nothing(unit: str) -> None:
    for kind, answer in ((AnswerType.CHOICE, "Hepatitis B"), (AnswerType.NUMBER, "5 mg"), (AnswerType.TEXT, "fever")):
        gold = Gold(answer, kind, HEPATITIS if kind is AnswerType.CHOICE else {})
        assert verify(unit * 3000, gold) is False
        assert verify(f"<answer>{unit * 3000}</answer>", gold) is False


@pytest.mark.parametrize(("rest", "right"), [
    (" is too mild", False), (", but that is wrong", False), (". No, it is not.", False), (" cannot be it", False), (" does not fit", False),
    (", which is too often missed", True), (", because the others are too mild", True), (". No antibiotics are needed.", True),
    (" cannot be the answer", False),
])  # fmt: skip
def test_an_option_that_is_judged_wrong_is_no_answer(rest: str, right: bool) -> None:
    gold = Gold("Croup", AnswerType.CHOICE, {"A": "Asthma", "B": "Croup"}, "B")
    assert verify(f"Croup{rest}", gold) is right
    assert verify(f"<answer>B. Croup{rest}</answer>", gold) is right


@pytest.mark.parametrize("rest", [" does not cause stridor.", " cannot be caused by it.", " doesn't occur in adults"])
def test_a_letter_may_say_what_the_question_denies(rest: str) -> None:
    gold = Gold("Croup", AnswerType.CHOICE, {"A": "Asthma", "B": "Croup"}, "B")
    assert verify(f"<answer>B. Croup{rest}</answer>", gold)
    assert verify(f"The answer is B. Croup{rest}", gold)
    assert not verify(f"<answer>A. Asthma{rest}</answer>", gold)


# Long enough for a pattern that tries every pair of places to take minutes; a linear one takes milliseconds.
@pytest.mark.parametrize(
    "unit", ["\n", " ", "\t", "*", "\r\n", ", ", "A/", "mg/", "mg per ", "9", "wait, ", "</think><answer>"]
)
@pytest.mark.parametrize("shape", [
    "{answer}{loop}x", "x\n{answer}{loop}x", "<answer>{answer}{loop}x</answer>", "<answer>\\boxed{{{answer}}}{loop}x</answer>",
    "The answer{loop}is {answer}", "{answer} x10^{loop}x",
])  # fmt: skip
def test_a_loop_costs_no_more_than_its_length(unit: str, shape: str) -> None:
    for kind, answer in ((AnswerType.CHOICE, "Hepatitis B"), (AnswerType.NUMBER, "5 mg"), (AnswerType.TEXT, "fever")):
        gold = Gold(answer, kind, HEPATITIS if kind is AnswerType.CHOICE else {})
        completion = shape.format(answer=answer, loop=unit * (40_000 // len(unit)))
        assert verify(completion, gold) in (True, False)


@pytest.mark.parametrize(("said", "right"), [
    ("B. Croup is not a feature", True), ("B. Croup is never seen in adults", True), ("B. Croup is not the answer", False), ("B. Croup is not correct", False),
    ("B. Croup is wrong", False), ("B is not a feature", False), ("Croup is not a feature", False), ("B. is not a feature", False),
])  # fmt: skip
def test_letter_and_text_may_repeat_what_the_question_denies(said: str, right: bool) -> None:
    gold = Gold("Croup", AnswerType.CHOICE, {"A": "Asthma", "B": "Croup"}, "B")
    assert verify(f"<answer>{said}</answer>", gold) is right


labels = st.sampled_from("ABCDE")
texts = st.text(min_size=1, max_size=40)


@given(texts, texts, labels)
def test_what_stands_in_the_rationale_never_decides(before: str, after: str, label: str) -> None:
    assume("</think>" not in before + after and "think>" not in before + after)
    assert verify(f"<think>{before} The answer is B. {after}</think><answer>{label}</answer>", GOLD) is (label == "B")


@settings(deadline=None)  # the first number imports pint
@given(texts)
def test_any_text_gets_a_verdict_and_no_error(text: str) -> None:
    assert verify(text, GOLD) in (True, False)
    for kind, answer in ((AnswerType.NUMBER, "5 mg"), (AnswerType.BOOLEAN, "yes"), (AnswerType.TEXT, "fever")):
        assert verify(text, Gold(answer, kind)) in (True, False)


@given(st.lists(st.text(min_size=1, max_size=30), min_size=2, max_size=10, unique=True), st.data())
def test_a_letter_in_tags_is_right_only_for_its_own_option(options: list[str], data: st.DataObject) -> None:
    choices = dict(zip("ABCDEFGHIJ", options, strict=False))
    right, said = data.draw(st.sampled_from(list(choices))), data.draw(st.sampled_from(list(choices)))
    gold = Gold(choices[right], AnswerType.CHOICE, choices, right)
    verdict = verify(f"<answer>{said}</answer>", gold)
    assert verdict is not True or said == right


@pytest.mark.parametrize(("said", "paid"), [
    ("It is B.", True), ("It's croup", True), ("The most likely diagnosis is croup.", True), ("That is B, not A.", True), ("It is B. It causes stridor.", True),
    ("It is not B", False), ("It is B or A", False), ("It is B. It is A.", False), ("The cause is croup, the effect is asthma.", False),
    ("The wrong one is croup", False), ("The least likely diagnosis is croup", False), ("It is possibly B", False), ("It is A", False), ("b, a", False),
])  # fmt: skip
def test_one_sentence_says_what_its_subject_is(said: str, paid: bool) -> None:
    gold = Gold("Croup", AnswerType.CHOICE, {"A": "Asthma", "B": "Croup"}, "B")
    assert verify(f"<answer>{said}</answer>", gold) is paid


@pytest.mark.parametrize(("completion", "paid"), [
    ("It is B. It is A.", False), ("B. It is A.", False), ("Croup. It's asthma.", False), ("It is B\nIt is A", False), ("The answer is B. It is asthma.", False),
    ("It is B. It is viral.", True), ("B. Croup. It is not asthma.", True), ("It is B. It is B.", True), ("The answer is B. It is a cause of stridor.", True),
])  # fmt: skip
def test_a_second_sentence_takes_the_answer_back_outside_tags_too(completion: str, paid: bool) -> None:
    gold = Gold("Croup", AnswerType.CHOICE, {"A": "Asthma", "B": "Croup"}, "B")
    assert verify(completion, gold) is paid


@pytest.mark.parametrize("completion", ["It is a", "<answer>It is a</answer>", "Therefore a"])
def test_an_article_whose_noun_was_cut_off_is_no_letter(completion: str) -> None:
    assert verify(completion, Gold("Asthma", AnswerType.CHOICE, {"A": "Asthma", "B": "Croup"}, "A")) is False
