"""The check `rewards`: answers that the verifier can tell from other choices, and prompts that show the choices."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from openmed_data.kinds import Kind
from openmed_data.kinds import schema as declared
from openmed_data.validation.rewards import CHECK, RewardsSettings

Row = dict[str, Any]
ORGANS = ["Liver", "Spleen", "Colon", "Lung"]
LIST = "\n\nA. Liver\nB. Spleen\nC. Colon\nD. Lung\n\nAnswer with a letter."


def prompt(**parts: Any) -> Row:
    row: Row = {
        "id": "r1", "source": "made", "source_id": "1", "license": "mit", "dataset": "made",
        "reference_reasoning": None,
        "prompt": [{"role": "user", "content": "Which organ makes bile?" + LIST}], "answer": "Liver",
        "answer_type": "choice", "choices": ORGANS, "answer_label": "A", "accepted_answers": [],
    }  # fmt: skip
    return row | parts


def asked(text: str) -> list[Row]:
    return [{"role": "user", "content": text}]


def faults(row: Row, *without: str) -> list[str]:
    schema = pl.from_arrow(declared(Kind.REWARDS).empty_table()).schema  # pyright: ignore[reportAttributeAccessIssue]
    frame = pl.DataFrame([row], schema=schema).drop(without)
    return CHECK.scan(frame, RewardsSettings()).findings["code"].to_list()


@pytest.mark.parametrize(
    "row",
    [
        prompt(),
        prompt(answer_label=None),
        prompt(prompt=asked("Does the liver (not the spleen, colon or lung) make bile?")),
        prompt(prompt=asked("Pick: (A) Liver (B) Spleen (C) Colon (D) Lung")),
        prompt(prompt=asked("Is bile made in the liver?"), answer="yes", answer_type="boolean", choices=["yes", "no"]),
        prompt(prompt=asked("How many lobes?"), answer="5", answer_type="number", choices=[], answer_label=None),
        prompt(prompt=asked("What makes bile?"), answer="The liver", answer_type="text", choices=[], answer_label=None),
        prompt(answer="", answer_label=None),  # of `quality`
        prompt(answer_type="essay"),  # of `schema`
    ],
)
def test_what_can_be_verified_passes(row: Row) -> None:
    assert faults(row) == []


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (prompt(answer_type="number", answer="about five", choices=[]), ["unsound_answers"]),
        (prompt(answer_type="boolean", answer="perhaps", choices=["yes", "no"]), ["unsound_answers"]),
        (prompt(choices=[]), ["unsound_answers"]),
        (prompt(answer_label="E"), ["unsound_answers"]),
        (prompt(accepted_answers=["Spleen"]), ["unsound_answers"]),
        (prompt(choices=["Liver", "Liver", "Colon", "Lung"]), ["unsound_answers", "hidden_choices"]),
        (prompt(choices=["Liver", "Colon", "Spleen", "Lung"]), ["hidden_choices"]),
        (prompt(choices=[*ORGANS, "Skin"]), ["hidden_choices"]),
        (prompt(prompt=asked("Which organ makes bile?")), ["hidden_choices"]),
    ],
)
def test_what_training_could_never_pay_for_rightly_is_named(row: Row, expected: list[str]) -> None:
    assert faults(row) == expected


def test_a_row_with_nothing_but_an_answer_is_judged() -> None:
    bare = ("choices", "answer_label", "accepted_answers")
    assert faults(prompt(answer="5", answer_type="number"), *bare) == []
    assert faults(prompt(), *bare) == ["unsound_answers"]


def test_counts_become_figures_that_fail(memory: Callable[..., Any]) -> None:
    rows = [prompt(id=f"r{number}", choices=ORGANS if number else []) for number in range(9)]
    result = CHECK.run(memory(rows, batch=4, kind=Kind.REWARDS), RewardsSettings())
    assert {one.name: one.value for one in result.figures if not one.passed} == {"unsound_answers": 1}
    assert result.findings.select("id", "field", "level").rows() == [("r0", "answer", 2)]
    loose = CHECK.run(memory(rows, kind=Kind.REWARDS), RewardsSettings(max_faulty=1))
    assert all(one.passed for one in loose.figures)
