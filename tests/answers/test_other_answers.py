# ruff: noqa: E501, RUF001  (the tables read better in long lines)
import pytest

from openmed_data.answers import AnswerType, Gold, gold_from_columns, is_sound, verify
from openmed_data.answers.number import read_quantity
from openmed_data.answers.units import pint_unit, same_quantity


@pytest.mark.parametrize(
    ("completion", "answer", "expected"),
    [
        ("5 mg/dL", "5 mg/dL", True), ("50 mg/L", "5 mg/dL", True), ("5", "5 mg/dL", False), ("5 g/dL", "5 mg/dL", False),
        ("The answer is 120 mm Hg.", "120 mmHg", True), ("16 kPa", "120 mmHg", True), ("12 kPa", "120 mmHg", False),
        ("5.6 mmol/L", "100 mg/dL", False), ("10 IU", "10 IU", True), ("10 U", "10 IU", False), ("10 mg", "10 IU", False),
        ("1,500 mL", "1.5 L", True), ("<answer>37 °C</answer>", "98.6 °F", True), ("\\boxed{5\\ \\text{mg}}", "5 mg", True),
        ("46 chromosomes", "46", True), ("46", "46", True), ("46.2", "46", False), ("46 mg", "46", False), ("5 or 6", "5", False),
        ("20%", "20%", True), ("20 %", "20%", True), ("20", "20%", False), ("3 × 10^9/L", "3x10^9/L", True), ("3 × 10⁹ /L", "3e9/L", True),
        ("3 × 10⁸ /L", "3e9/L", False), ("$3 \\times 10^{9}$/L", "3e9/L", True), ("3\\cdot10^8/L", "3e9/L", False), (">5 mg", ">5 mg", True), ("5 mg", ">5 mg", False), ("<5 mg", ">5 mg", False),
        ("0.5", "1/2", True), ("1\n/ 2", "0.5", True), ("1\u00a0/\n0", "1", False), ("5 x 10^99999", "5", False), (".5 mg", "0.5 mg", True), ("5-10 years", "5 years", False), ("5 years", "60 months", True),
        ("<answer>There are 12</answer>", "12", True), ("<answer>It is 5 mg.</answer>", "5 mg", True), ("<answer>It is not 5 mg</answer>", "5 mg", False),
        ("<answer>There are 12 to 14</answer>", "12", False), ("<answer>It is 5 mg, it is 6 mg</answer>", "5 mg", False),
        ("12.5 mg", "12.48 mg", True), ("12.7 mg", "12.48 mg", False), ("140 mEq/L", "140 mEq/L", True), ("140 mmol/L", "140 mEq/L", False),
        ("The answer is 72 beats per minute", "72 bpm", True), ("-5", "5", False), ("−5", "-5", True), ("100 mcg", "0.1 mg", True),
        ("The answer is 5 mg because 6 is wrong", "5 mg", True), ("10 mg/kg/day", "10 mg/kg/day", True), ("10 mg/kg", "10 mg/kg/day", False),
        ("5 μg", "5 mcg", True), ("2 M", "2 m", False), ("", "5", False), ("five", "5", False), ("5?", "5", False), ("not 5", "5", False),
        ("<answer>5</answer><answer>6</answer>", "5", False), ("The answer is 5. The answer is 6.", "5", False), ("about 5 mg", "5 mg", True),
    ],
)  # fmt: skip
def test_numbers_are_compared_with_their_units(completion: str, answer: str, expected: bool) -> None:
    assert verify(completion, Gold(answer, AnswerType.NUMBER)) is expected


@pytest.mark.parametrize(("completion", "answer", "expected"), [
    ("12 thousand", "12", False), ("12k", "12", False), ("12^2", "12", False), ("12*10", "12", False), ("12 1/2", "12", False),
    ("12 13", "12", False), ("12; 13", "12", False), ("12\n13", "12", False), ("12…14", "12", False), ("12→13", "12", False), ("12 x 2", "12", False),
    ("140 mEq/L; 130 mEq/L", "140 mEq/L", False), ("140 mEq/L or more", "140 mEq/L", False), ("140 mEq/L at most", "140 mEq/L", False),
    ("140 mEq/L plus 2", "140 mEq/L", False), ("≈140 mEq/L or ≈150", "140 mEq/L", False), ("75% vs 25%", "75%", False), ("75% (25%)", "75%", False),
    ("2,000,000", "2 million", True), ("5 thousand IU", "5000 IU", True), ("7 days (1 week)", "7 days", True), ("98.6 °F (37 °C)", "37 °C", True),
    ("8 grams", "8 g", True), ("8000 milligrams", "8 g", True), ("12 pairs [3]", "12", True), ("12, as there are 31 spinal ones", "12", True),
])  # fmt: skip
def test_a_number_among_others_or_with_a_limit_is_no_answer(completion: str, answer: str, expected: bool) -> None:
    assert verify(f"<answer>{completion}</answer>", Gold(answer, AnswerType.NUMBER)) is expected


@pytest.mark.parametrize(("completion", "answer", "expected"), [
    ("75% in men, 80% in women", "75%", False), ("75% (range 60-90%)", "75%", False), ("7 days, then 14 days", "7 days", False), ("7 days; 2 weeks if severe", "7 days", False),
    ("10 of 12", "10", False), ("10 in 100", "10", False), ("10 out of 12", "10", False), ("7 days or longer", "7 days", False), ("75% maximum", "75%", False),
    ("75%, because 25% are carriers", "75%", True), ("75%, not 50%", "75%", True), ("7 days (1 week), since 14 days are too long", "7 days", True), ("75%. In women 80% are.", "75%", True),
    ("8 g, from 32 kcal at 4 kcal per g", "8 g", True), ("46 chromosomes in 23 pairs", "46", True), ("46 chromosomes (23 pairs)", "46", True),
    ("75 per cent", "75%", True), ("７５％", "75%", True), ("7-day", "7 days", True), ("a 7-day course", "7 days", False), ("-5", "5", False), ("7 days。", "7 days", True),
])  # fmt: skip
def test_a_second_quantity_of_the_same_kind_is_a_second_answer(completion: str, answer: str, expected: bool) -> None:
    assert verify(f"<answer>{completion}</answer>", Gold(answer, AnswerType.NUMBER)) is expected


@pytest.mark.parametrize(("completion", "expected"), [
    ("140 mEq/L is too high", False), ("140 mEq/L would be far too low.", False), ("<answer>140 mEq/L was too low</answer>", False),
    ("140 mEq/L cannot be right", False), ("140 mEq/L doesn't fit", False), ("140 mEq/L, but that is wrong", False), ("140 mEq/L. No, that is wrong.", False),
    ("140 mEq/L, which is too high for her", True), ("140 mEq/L, because 150 is too high", True), ("140 mEq/L. Values above 150 do not occur.", True),
    ("140 mEq/L is the mean", True),
])  # fmt: skip
def test_a_number_that_is_judged_wrong_is_no_answer(completion: str, expected: bool) -> None:
    assert verify(completion, Gold("140 mEq/L", AnswerType.NUMBER)) is expected


@pytest.mark.parametrize("answer", ["5-10 years", "1:4", "", "few", "5 or 6", "NaN"])
def test_a_number_that_is_none_cannot_be_verified(answer: str) -> None:
    assert verify(answer, Gold(answer, AnswerType.NUMBER)) is None


def test_the_tolerance_is_that_of_the_gold() -> None:
    assert verify("11 mg", Gold("10 mg", AnswerType.NUMBER)) is False
    assert verify("11 mg", Gold("10 mg", AnswerType.NUMBER, tolerance=0.1)) is True
    assert verify("0 mg", Gold("0 mg", AnswerType.NUMBER)) is True
    assert verify("0.001 mg", Gold("0 mg", AnswerType.NUMBER)) is False


def test_units_of_different_dimensions_are_never_converted() -> None:
    for unit, other in (("mg/dL", "mmol/L"), ("IU", "mg"), ("U", "IU"), ("mEq/L", "mmol/L"), ("bpm", "Hz")):
        left, right = pint_unit(unit), pint_unit(other)
        assert left
        assert right
        assert not same_quantity(1.0, left, 1.0, right, 1e9)


def test_what_is_no_unit_is_left_in_the_rest() -> None:
    quantity = read_quantity("12 pairs of nerves")
    assert quantity is not None
    assert (quantity.value, quantity.unit, quantity.rest) == (12.0, "", " pairs of nerves")
    assert pint_unit("pairs") is None


@pytest.mark.parametrize(
    ("completion", "answer", "expected"),
    [
        ("yes", "yes", True), ("Yes.", "yes", True), ("The answer is yes.", "yes", True), ("The final decision is: yes", "yes", True),
        ("No, there is none", "no", True), ("No evidence of it", "no", False), ("yes and no", "yes", False), ("yes or no", "yes", False),
        ("yes/no", "yes", False), ("<answer>maybe</answer>", "maybe", True), ("maybe yes", "yes", False), ("Yes. No. Maybe.", "yes", False),
        ("not yes", "yes", False), ("yes?", "yes", False), ("<answer>no</answer>", "yes", False), ("", "no", False), ("It is notable.", "no", False),
        ("<answer>No. On the contrary, yes it does.</answer>", "no", False), ("<think>yes</think><answer>no</answer>", "no", True), ("<answer>yes</answer><answer>no</answer>", "no", False),
    ],
)  # fmt: skip
def test_decisions(completion: str, answer: str, expected: bool) -> None:
    assert verify(completion, Gold(answer, AnswerType.BOOLEAN)) is expected


def test_a_decision_the_item_does_not_offer_cannot_be_verified() -> None:
    assert verify("maybe", Gold("maybe", AnswerType.BOOLEAN, {"A": "Yes", "B": "No"})) is None
    assert verify("maybe", Gold("maybe", AnswerType.BOOLEAN, {"A": "Yes", "B": "No", "C": "Maybe"})) is True
    assert verify("yes", Gold("it depends", AnswerType.BOOLEAN)) is None


@pytest.mark.parametrize(("completion", "answer", "expected"), [
    ("no, it does help", "no", False), ("No. It did improve survival.", "no", False), ("No, they are.", "no", False), ("The answer is no, it does.", "no", False),
    ("yes, it does not help", "yes", False), ("Yes, it doesn't", "yes", False), ("Yes. They cannot.", "yes", False), ("yes - it is not.", "yes", False),
    ("No, it does not help.", "no", True), ("No, it did nothing", "no", True), ("No, it is safe", "no", True), ("No. It is useless, but it does no harm", "no", True),
    ("No, because it does harm", "no", True), ("No. Fewer of them did improve.", "no", True),
    ("Yes, it does.", "yes", True), ("Yes, it is not safe", "yes", True), ("Yes, it helps. Rest does not.", "yes", True), ("Yes. Rest did not help.", "yes", True),
    ("No (p = 0.4)", "no", True), ("Yes (p < 0.01)", "yes", True), ("No (in adults); Yes (in children)", "no", False),
    ("No. We did find a trend.", "no", True), ("No, it does require more trials.", "no", True), ("Yes. It does not matter which.", "yes", True),
])  # fmt: skip
def test_a_decision_that_its_reason_turns_round_is_none(completion: str, answer: str, expected: bool) -> None:
    assert verify(completion, Gold(answer, AnswerType.BOOLEAN)) is expected
    assert verify(completion, Gold(answer, AnswerType.BOOLEAN, {"A": "Yes", "B": "No"})) is expected


@pytest.mark.parametrize(("completion", "expected"), [
    ("B", True), ("<answer>No</answer>", True), ("No, there is none", True), ("B. No", True), ("A", False), ("yes", False), ("No evidence of it", False),
    ("yes and no", False), ("yes or no", False), ("B. Yes", False), ("Yes. No.", False), ("The answer is no.", True), ("not no", False),
])  # fmt: skip
def test_a_decision_among_lettered_options_is_given_by_letter_or_word(completion: str, expected: bool) -> None:
    choices = {"A": "Yes", "B": "No"}
    assert verify(completion, Gold("no", AnswerType.BOOLEAN, choices, "B")) is expected
    # Without a label the prompt shows no letters, so that a letter is no answer.
    assert verify(completion, Gold("no", AnswerType.BOOLEAN, choices)) is (expected and "B" not in completion)


def test_the_build_of_a_decision_is_sound_without_letters() -> None:
    assert is_sound(gold_from_columns("yes", "boolean", ["yes", "no"]))
    assert not is_sound(gold_from_columns("maybe", "boolean", ["yes", "no"]))


@pytest.mark.parametrize(
    ("completion", "expected"),
    [
        ("Metronidazole", True), ("The answer is metronidazole.", True), ("<answer>metronidazole</answer>", True), ("Flagyl", True),
        ("Metronidazole, because it works", True), ("The answer is the metronidazole.", True), ("Metronidazole and vancomycin", False),
        ("metronidazole or vancomycin", False), ("not metronidazole", False), ("metronidazole?", False), ("Metronidazole, vancomycin", False),
        ("vancomycin", False), ("", False), ("metronidazole is wrong", False), ("<think>metronidazole</think>", False),
        ("nitroimidazole such as metronidazole", False),
    ],
)  # fmt: skip
def test_short_texts_equal_an_accepted_answer_or_earn_nothing(completion: str, expected: bool) -> None:
    assert verify(completion, Gold("metronidazole", AnswerType.TEXT, accepted=("Flagyl",))) is expected


@pytest.mark.parametrize(("completion", "expected"), [
    ("; radial nerve", False), ("\nRadial nerve", False), (". Radial nerve.", False), (". The radial nerve. The median nerve.", False),
    (". Alternatively, the radial nerve.", False), ("! Or radial", False), (", failing that the radial nerve", False), (", not", False),
    (" as well as the radial nerve", False), (". Also the radial nerve", False),
    ("\nRight anterior cerebral artery", False), ("; perform two serum beta hCG tests 48 hours apart", False), ("\nratio of 1:6", False),
    (". Wait, actually severe liver disease with a deficiency of factor V", False), (". Actually, severe damage at the elbow makes the hand a claw.", True),
    ("\nClaw hand follows injury at the elbow.", True), (".\n\nThe claw hand is typical.", True), (". It supplies the interossei.", True), ("; it is the musician's nerve", True), (".\n\nExplanation: claw hand", True), (". Final answer.", True),
    (". The claw hand follows injury at the elbow.", True),
])  # fmt: skip
def test_a_list_that_opens_with_the_right_text_is_no_answer(completion: str, expected: bool) -> None:
    assert verify(f"<answer>Ulnar nerve{completion}</answer>", Gold("ulnar nerve", AnswerType.TEXT)) is expected


@pytest.mark.parametrize(("completion", "answer", "expected"), [
    ("Partial thromboplastin time", "Partial thromboplastin time (PTT)", True), ("PTT", "Partial thromboplastin time (PTT)", True), ("Partial thromboplastin time (PTT)\n\nExplanation: none", "Partial thromboplastin time (PTT)", True),
    ("Transposition of the great arteries", "Transposition of the Great Arteries (TGA)", True), ("Nitroglycerine", "Nitroglycerine (transdermal)", False), ("Vitamin D", "Vitamin D (active)", False),
    ("Most likely ulnar nerve", "Ulnar nerve", True), ("Most likely radial nerve", "Ulnar nerve", False),
    ("Haemolytic anaemia", "Hemolytic anemia", True), ("oedema", "Edema", True), ("diarrhoea", "diarrhea", True), ("tumour", "tumor", True),
    ("Turner's syndrome", "Turner syndrome", True), ("Ulnar nerves", "Ulnar nerve", True), ("coronary arteries", "Coronary artery", True),
    ("vitamin B-12", "Vitamin B12", True), ("vitamin $B_{12}$", "Vitamin B12", True), ("IL2", "IL-2", True), ("IL-12", "IL-2", False),
    ("vitamin B2", "Vitamin B12", False), ("Hypokalaemia", "Hyperkalemia", False), ("Type 1 diabetes", "Type 2 diabetes", False),
    ("virus", "virion", False), ("Myelitis", "Myeliti", False), ("hypertonic", "hypotonic", False),
])  # fmt: skip
def test_one_term_may_be_spelt_in_several_ways(completion: str, answer: str, expected: bool) -> None:
    assert verify(f"<answer>{completion}</answer>", Gold(answer, AnswerType.TEXT)) is expected


@pytest.mark.parametrize(("completion", "expected"), [
    ("Ulnar nerve (C8, T1)", True), ("The ulnar nerve (claw hand).", True), ("It is the ulnar nerve.", True), ("It's the ulnar nerve", True),
    ("The most likely injured nerve is the ulnar nerve.", True), ("The answer is: ulnar nerve (C8)", True), ("Claw hand.\nThe nerve is the ulnar nerve", False),
    ("Therefore, ulnar nerve", True), ("So it's the ulnar nerve.", True), ("Answer: ulnar nerve", True), ("Most likely diagnosis: ulnar nerve", True), ("The final answer is: ulnar nerve", True),
    ("It is most likely the ulnar nerve", True), ("It would be the ulnar nerve", True), ("Ulnar nerve is the answer.", True), ("Ulnar nerve is the most likely nerve.", True),
    ("Answer: ulnar nerve. Answer: radial nerve", False), ("The wrong answer: ulnar nerve", False), ("Ulnar nerve is the radial nerve.", False), ("Ulnar nerve: radial nerve", False),
    ("Ulnar nerve is most likely spared.", False), ("Ulnar nerve is most likely not", False), ("Ulnar nerve is the best alternative.", False),
    ("<answer>Ulnar nerve is the right answer, but the radial nerve is too</answer>", False), ("Ulnar nerve is the right answer, for the hand is a claw.", True),
    ("Radial nerve: ulnar nerve", False), ("Ulnar nerve is spared.", False), ("So it's the radial nerve.", False),
    ("Ulnar nerve (or radial nerve)", False), ("Ulnar nerve (?)", False), ("Ulnar nerve (C8) or radial nerve", False), ("It is not the ulnar nerve", False),
    ("The least likely of other nerves is the ulnar nerve", False), ("The wrong nerve is the ulnar nerve", False), ("It is the radial nerve", False),
    ("The radial nerve which is the ulnar nerve", False), ("The ulnar nerve is the radial nerve", False), ("It is the ulnar or the radial nerve", False),
])  # fmt: skip
def test_a_text_may_stand_in_a_sentence_or_before_an_aside(completion: str, expected: bool) -> None:
    assert verify(completion, Gold("Ulnar nerve", AnswerType.TEXT)) is expected


def test_options_left_beside_an_open_answer_change_nothing() -> None:
    options = {"A": "fever", "B": "rash"}
    for gold in (Gold("pain", AnswerType.TEXT, options), Gold("rash", AnswerType.TEXT, options, "B")):
        assert verify(f"<answer>{gold.answer}</answer>", gold) is True
        assert is_sound(gold)
        assert verify("<answer>A</answer>", gold) is False


def test_long_or_empty_text_cannot_be_verified() -> None:
    assert verify("x", Gold("word " * 13, AnswerType.TEXT)) is None
    assert verify("x", Gold("...", AnswerType.TEXT)) is None


def test_choices_come_in_every_shape_a_dataset_stores_them() -> None:
    shapes = [
        {"A": "one", "B": "two", "C": None}, ["one", "two"], [("A", "one"), ("B", "two")],
        [{"label": "A", "text": "one"}, {"label": "B", "text": "two"}],
    ]  # fmt: skip
    golds = [gold_from_columns("two", "choice", shape, "B", None) for shape in shapes]
    assert all(gold.choices == {"A": "one", "B": "two"} for gold in golds)
    assert golds[0] is gold_from_columns("two", "choice", shapes[0], "B", [])


@pytest.mark.parametrize(("kind", "choices"), [("letter", None), ("choice", "A. one"), ("choice", [3])])
def test_a_shape_that_is_none_of_these_is_an_error(kind: str, choices: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        gold_from_columns("two", kind, choices)


@pytest.mark.parametrize(
    ("gold", "sound"),
    [
        (Gold("two", AnswerType.CHOICE, {"A": "one", "B": "two"}, "B"), True), (Gold("two", AnswerType.CHOICE, {"A": "one", "B": "two"}), True),
        (Gold("two", AnswerType.CHOICE, {"A": "one", "B": "two"}, "C"), False), (Gold("B", AnswerType.CHOICE, {"A": "B", "B": "A"}, "A"), False),
        (Gold("two", AnswerType.CHOICE, {"A": "two", "B": "two"}, "B"), False), (Gold("Rh-", AnswerType.CHOICE, {"A": "Rh+", "B": "Rh-"}, "B"), True),
        (Gold("A", AnswerType.CHOICE, {"A": "A", "B": "B", "C": "AB", "D": "O"}, "A"), True), (Gold("maybe", AnswerType.BOOLEAN), True),
        (Gold("5 mg", AnswerType.NUMBER), True), (Gold("5-6 mg", AnswerType.NUMBER), False), (Gold("fever", AnswerType.TEXT), True),
        (Gold("x " * 20, AnswerType.TEXT), False), (Gold("maybe", AnswerType.CHOICE, {"A": "Yes", "B": "No"}), False),
    ],
)  # fmt: skip
def test_a_sound_gold_pays_its_own_answer_and_no_other(gold: Gold, sound: bool) -> None:
    assert is_sound(gold) is sound
