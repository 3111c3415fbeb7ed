# ruff: noqa: E501  (the tables read better in long lines)
import json
from pathlib import Path

import pytest

from openmed_data.answers import AnswerType, Gold
from openmed_data.probe import ProbeItem, adversarial_answers, bundled_items, probe_rewards
from openmed_data.rewards import (
    Brevity,
    Faithful,
    NoRepetition,
    Overlong,
    Weighted,
    answer_format,
    correct_answer,
    recipe_rewards,
)

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
OURS = [
    correct_answer,
    answer_format,
    Brevity(),
    NoRepetition(),
    Overlong(),
    Faithful(),
    Weighted(tuple(recipe_rewards())),
]


def test_our_rewards_pay_nothing_undeserved_and_every_control() -> None:
    report = probe_rewards(OURS, bundled_items())
    assert report.false_credits == ()
    assert report.unpaid == ()
    assert report.passed


def contains_gold(completions, answer_label, answer, **_):
    return [float((label or text) in said) for said, label, text in zip(completions, answer_label, answer, strict=True)]


def never_pays(completions, **_):
    return [0.0] * len(completions)


def pays_everything(completions, **_):
    return [0.1] * len(completions)


def test_a_reward_that_looks_for_the_gold_anywhere_is_found_out() -> None:
    report = probe_rewards([contains_gold], bundled_items())
    caught = {paid.answer for paid in report.false_credits}
    assert {
        "two answers",
        "negation",
        "all letters",
        "options echoed",
        "answer in the rationale only",
        "denial",
    } <= caught


def test_a_reward_that_never_pays_does_not_pass() -> None:
    report = probe_rewards([never_pays], bundled_items())
    assert not report.false_credits
    assert not report.passed


def test_a_reward_that_pays_the_empty_answer_is_found_out_also_inside_a_sum() -> None:
    for reward in (pays_everything, Weighted(((correct_answer, 1.0), (pays_everything, 1.0)))):
        report = probe_rewards([reward], bundled_items())
        assert "empty" in {paid.answer for paid in report.false_credits}


def test_every_item_gets_every_adversarial_answer() -> None:
    needed = {
        "empty", "I don't know", "all letters", "options echoed", "the article", "right answer in the rationale", "two answers",
        "negation", "prompt injection", "very long", "letter A", "letter C", "letter D",
    }  # fmt: skip
    assert needed <= {answer.name for answer in adversarial_answers(bundled_items()[0])}


def test_the_table_says_who_paid_what() -> None:
    header, rows = probe_rewards([correct_answer, contains_gold], bundled_items()).table()
    assert header == ["answer", "correct_answer", "contains_gold"]
    by_answer = {row[0]: row[1:] for row in rows}
    assert by_answer["right answer"][0] == "1.00"
    assert by_answer["negation"] == ["0.00", "1.00 !"]
    markdown = probe_rewards([Overlong()], bundled_items()).markdown()
    assert markdown.splitlines()[1] == "| --- | --- |"
    assert "| very long | -1.00 |" in markdown


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="../shared/data is absent")
def test_no_false_credit_on_real_items() -> None:
    lines = (SHARED / "benchmarks" / "medqa_usmle_4opt_test.jsonl").read_text(encoding="utf-8").splitlines()[:600]
    items = []
    for row in map(json.loads, lines):
        label = row["answer_idx"]
        gold = Gold(row["options"][label], AnswerType.CHOICE, row["options"], label)
        items.append(ProbeItem(gold, "B" if label == "A" else "A", "The findings point to one diagnosis only."))
    report = probe_rewards([correct_answer, Brevity(), answer_format], items)
    assert not report.false_credits
