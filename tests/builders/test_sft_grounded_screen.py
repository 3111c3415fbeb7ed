"""The checks that need no model: what a passage does not say, an answer may not; and what no clinician would advise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmed_data.builders.sft_synthetic.grounded.arithmetic import false_step
from openmed_data.builders.sft_synthetic.grounded.dialogue import Dialogue
from openmed_data.builders.sft_synthetic.grounded.drugs import drugs_in
from openmed_data.builders.sft_synthetic.grounded.quantities import numbers_in, plain, quantities_in
from openmed_data.builders.sft_synthetic.grounded.reasons import GroundedReason
from openmed_data.builders.sft_synthetic.grounded.screen import screen
from openmed_data.builders.sft_synthetic.grounded.tasks import PLANS, Task

PASSAGE = (
    "Strep throat is common in children aged 5 to 15 years. Doctors treat it with amoxicillin, 50 mg/kg once daily "
    "for 10 days; adults may take 500 mg every 12 hours. About 3 in 10 sore throats in children are strep throat. "
    "Ibuprofen helps with pain."
)


def of(task: Task, answer: str, question: str = "What helps?") -> GroundedReason | None:
    found = screen(task, Dialogue(((question, answer),)), PASSAGE)
    return found[0] if found else None


WEEKLY = "Methotrexate, 15 mg once weekly, helps; folic acid, 5 mg, is taken every day. Two tablets are one dose."


@pytest.mark.parametrize(
    "answer",
    [
        "Methotrexate is given as 15 mg each week.",
        "Take 15 mg one time per week.",
        "You take two tablets, and 5 mg of folic acid once a day.",
        "You take 2 tablets, and 5 mg of folic acid q24h.",
        "Read it twice a day.",
    ],
)
def test_a_dose_may_be_given_as_often_as_the_passage_says(answer: str) -> None:
    assert screen(Task.EXPLAIN, Dialogue((("How much?", answer),)), WEEKLY) is None


@pytest.mark.parametrize(
    "answer",
    [
        "Methotrexate, 15 mg, is taken daily.",
        "Take 15 mg of methotrexate every day.",
        "Take 15 mg b.i.d. of it.",
        "Take 5 mg of folic acid every 4 to 6 hours.",
        "Take six tablets.",
        "Take fifty-five milligrams once weekly.",
        "Take one and a half tablets.",
        "Take 1\u00bd tablets.",
        "Take two tablets three times a day.",
    ],
)
def test_a_dose_is_not_given_more_often_nor_written_out_wrong(answer: str) -> None:
    found = screen(Task.EXPLAIN, Dialogue((("How much?", answer),)), WEEKLY)
    assert found is not None
    assert found[0] in {GroundedReason.UNGROUNDED_NUMBER, GroundedReason.UNGROUNDED_DOSE}


@pytest.mark.parametrize(
    ("passage", "answer"),
    [
        ("Adults take 20 mg/day of it.", "You take 20 mg per day."),
        ("Children take 5 mg/kg/d of it.", "It is 5 mg per kg once a day."),
        ("Adults take 20 mg 3 times/day.", "Take 20 mg three times a day."),
        ("Take 20 mg per day.", "Take 20 mg/day."),
        ("Inject 200,000 units.", "Inject two hundred thousand units."),
    ],
)
def test_a_dose_is_the_same_in_symbols_and_in_words(passage: str, answer: str) -> None:
    assert screen(Task.EXPLAIN, Dialogue((("How much?", answer),)), passage) is None


@pytest.mark.parametrize("answer", ["Take 20 mg twice a day.", "Take 20 mg/hour.", "Take 20 mg every 0 hours."])
def test_another_rate_than_that_behind_a_slash_is_found(answer: str) -> None:
    found = screen(Task.EXPLAIN, Dialogue((("How much?", answer),)), "Adults take 20 mg/day of it.")
    assert found is not None


def test_a_result_beyond_all_numbers_is_false() -> None:
    dialogue = Dialogue((("How many?", "It is 5."),), ({"expression": "2 + 3", "result": 10**400},))
    found = screen(Task.CALCULATION, dialogue, "There are 2 and 3.")
    assert found is not None
    assert found[0] is GroundedReason.FALSE_ARITHMETIC


def test_each_is_no_hour() -> None:
    assert quantities_in("5 mg each day") == quantities_in("5 mg per day") == quantities_in("5 mg daily")


@pytest.mark.parametrize(
    "answer",
    [
        "Doctors treat it with amoxicillin, 50 mg/kg a day for 10 days.",
        "Children of 5-15 years get it most often.",
        "Three in ten sore throats in children are strep throat; that is 3 of 10.",
        "An adult takes 500 milligrams each 12 hours.",
        "1. Amoxicillin treats it.\n2. Ibuprofen helps with pain.",
        "Call 911 at any hour, 24/7, if breathing is hard.",
        "Do not stop taking your amoxicillin on your own.",
    ],
)
def test_what_the_passage_says_may_be_said(answer: str) -> None:
    assert of(Task.EXPLAIN, answer) is None


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("It takes 14 days.", GroundedReason.UNGROUNDED_NUMBER),
        ("Adults may take 500 g.", GroundedReason.UNGROUNDED_DOSE),
        ("Give 50 mg once daily.", GroundedReason.UNGROUNDED_DOSE),
        ("Give 50 mg/kg every hour.", GroundedReason.UNGROUNDED_DOSE),
        ("Treat it for 10 weeks.", GroundedReason.UNGROUNDED_DOSE),
        ("Azithromycin works too.", GroundedReason.UNGROUNDED_DRUG),
        ("Take Tylenol.", GroundedReason.UNGROUNDED_DRUG),
        ("The passage says that amoxicillin helps.", GroundedReason.SPEAKS_OF_PASSAGE),
        ("", GroundedReason.EMPTY_TURN),
        ("You can safely stop taking your amoxicillin early.", GroundedReason.UNSAFE_ADVICE),
        ("There is no need to see a doctor.", GroundedReason.UNSAFE_ADVICE),
        ("Share your antibiotics with your child.", GroundedReason.UNSAFE_ADVICE),
    ],
)
def test_what_it_does_not_say_may_not(answer: str, reason: GroundedReason) -> None:
    assert of(Task.EXPLAIN, answer) is reason


def test_a_case_may_be_repeated_where_the_task_has_one() -> None:
    asked = "My son is 7, weighs 22 kg and takes azithromycin. How urgent is it?"
    answer = "At 7 years and 22 kg, on azithromycin, see a doctor at once."
    assert of(Task.TRIAGE, answer, asked) is None
    assert of(Task.EXPLAIN, answer, asked) is GroundedReason.UNGROUNDED_DRUG


@pytest.mark.parametrize(
    "answer",
    [
        "I can't recommend that. Sharing medicines is dangerous; ask your pharmacist.",
        "Please do not stop the treatment alone: the infection can come back. Call your doctor first.",
        "I won\u2019t help with that. If you think of harming yourself, call a crisis line now.",
    ],
)
def test_an_unsafe_request_is_declined_and_pointed_to_help(answer: str) -> None:
    assert of(Task.UNSAFE_REQUEST, answer) is None


@pytest.mark.parametrize(
    "answer",
    [
        "Sure, adults may take 500 mg every 12 hours.",
        "I can't recommend it, but 500 mg would be usual; ask your doctor.",
        "I can't help with that.",
        "Ask your doctor.",
    ],
)
def test_an_unsafe_request_is_not_answered(answer: str) -> None:
    assert of(Task.UNSAFE_REQUEST, answer) is GroundedReason.NOT_DECLINED


def test_triage_names_what_is_urgent() -> None:
    assert of(Task.TRIAGE, "It can be watched at home.") is GroundedReason.NO_ESCALATION
    assert of(Task.TRIAGE, "Go to the emergency department if breathing is hard.") is None


def test_a_calculation_may_state_its_results() -> None:
    asked = "A child weighs 20 kg. How much amoxicillin a day?"
    steps = ({"expression": "50 * 20", "result": 1000.0},)
    right = Dialogue(((asked, "50 mg/kg times 20 kg is 1,000 mg a day."),), steps)
    assert screen(Task.CALCULATION, right, PASSAGE) is None
    without = Dialogue(((asked, "50 mg/kg times 20 kg is 1,000 mg a day."),))
    assert screen(Task.CALCULATION, without, PASSAGE) == (GroundedReason.UNGROUNDED_NUMBER, "1000 mg")
    wrong = Dialogue(((asked, "It is 1,200 mg."),), ({"expression": "50 * 20", "result": 1200.0},))
    found = screen(Task.CALCULATION, wrong, PASSAGE)
    assert found == (GroundedReason.FALSE_ARITHMETIC, "50 * 20 = 1200, which is 1000")


@pytest.mark.parametrize(
    "expression", ["__import__('os')", "2 ** 9999", "1 / 0", "x", "[1]", "(" * 5000, "True + 1", "", "1" * 400]
)
def test_only_arithmetic_is_worked_out(expression: str) -> None:
    assert false_step([{"expression": expression, "result": 1.0}], {"1", "2", "9999", "0"}) is not None


@given(st.integers(0, 10**9), st.integers(0, 3))
def test_a_number_is_found_however_it_is_written(number: int, places: int) -> None:
    written = f"{number:,}" + ("." + "0" * places if places else "")
    assert plain(str(number)) in numbers_in(f"There were {written} of them.")


@given(st.sampled_from(["mg", "mL", "mcg", "units", "%", "mmol"]), st.integers(1, 999))
def test_a_quantity_agrees_with_itself_in_other_words(unit: str, number: int) -> None:
    (short,) = quantities_in(f"take {number}{unit}")
    (spaced,) = quantities_in(f"Take {number} {unit}.")
    assert short.agrees(spaced)
    assert not short.agrees(spaced._replace(unit="kg"))


def test_names_with_figures_are_no_numbers() -> None:
    assert quantities_in("COVID-19, vitamin B12, H1N1 and T4") == []


def test_ordinary_words_are_no_medicines() -> None:
    text = "In April the cholesterol of patients in Palestine was high; the choir sang of orphans, virus and prostate."
    assert drugs_in(text) == set()


@pytest.mark.shared
def test_few_words_of_real_pages_are_taken_for_medicines(shared_data: object) -> None:
    """The names that stems alone find in MedQuAD; all were read, and these are no medicines."""
    import polars as pl

    answers = pl.read_parquet(f"{shared_data}/corpus/medquad.parquet")["answer"].to_list()
    found = {name for answer in answers for name in drugs_in(answer or "")}
    assert len(found) > 380
    assert found & {"cholesterol", "histidine", "devastate", "dihydrouracil"} == set()


def test_shares_of_tasks_add_up() -> None:
    assert sum(plan.share for plan in PLANS.values()) == pytest.approx(1.0)
    assert set(PLANS) == set(Task)
