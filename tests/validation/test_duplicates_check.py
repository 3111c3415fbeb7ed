"""The check `duplicates`: across splits, conflicts and repetitions, each told from what only looks like it."""

from typing import Any

import polars as pl
import pytest

from openmed_data.kinds import Kind
from openmed_data.validation.duplicates import CHECK, DuplicatesSettings

Row = dict[str, Any]
ASKED = "Which of these vessels carries oxygenated blood from the placenta to the liver of the fetus?"
TELL = "\n\nAnswer with the letter and the text of the best option."


class Splits:
    """Rows of named splits, as checks see them."""

    manifest = None

    def __init__(self, kind: Kind, **splits: list[Row]) -> None:
        self.kind, self.splits = kind, splits

    def batches(self) -> Any:
        for name, rows in self.splits.items():
            yield from ((name, frame) for frame in pl.DataFrame(rows, infer_schema_length=None).iter_slices(7))


def message(role: str, content: str) -> Row:
    return {"role": role, "content": content}


def pair(number: int, asked: str | None = None, chosen: str = "A. vein", rejected: str = "B. artery") -> Row:
    words = ("lung", "heart", "brain", "bone", "skin", "gut", "nerve", "gland")
    sign = chr(97 + number % 26) + chr(97 + number // 26)
    own = f"What {words[number % 8]} disease has sign {sign} and {words[number % 7]}?"
    return {
        "id": f"p{number}",
        "prompt": [message("user", (asked or own) + TELL)],
        "chosen": [message("assistant", chosen)],
        "rejected": [message("assistant", rejected)],
    }


def missed(found: Any) -> dict[str, float]:
    return {figure.name: figure.value for figure in found.figures if not figure.passed}


def run(train: list[Row], validation: list[Row] | None = None, kind: Kind = Kind.PREFERENCES, **settings: Any) -> Any:
    splits = {"train": train} | ({"validation": validation} if validation else {})
    return CHECK.run(Splits(kind, **splits), DuplicatesSettings(**settings))


CLEAN = [pair(number) for number in range(60)]


def test_clean_rows_pass():
    result = run(CLEAN[:50], CLEAN[50:])
    assert missed(result) == {}
    assert result.rows == 60


def test_the_same_question_in_two_splits_fails_whatever_is_answered():
    result = run([*CLEAN[:50], pair(70, ASKED)], [*CLEAN[50:], pair(71, ASKED.upper(), "A. vein", "C. duct")])
    assert missed(result) == {"across_splits": 2}
    assert sorted(result.findings["masked"]) == ["with a later row", "with row 51"]
    assert result.findings.select("id", "split", "code", "level").rows() == [
        ("p70", "train", "across_splits", 3),
        ("p71", "validation", "across_splits", 3),
    ]


def test_nearly_the_same_question_in_two_splits_fails_and_in_one_is_listed():
    near = ASKED.replace("carries", "brings")
    across = run([*CLEAN[:50], pair(70, ASKED)], [*CLEAN[50:], pair(71, near)], threshold=0.7)
    assert missed(across).keys() == {"nearly_across_splits_per_1000"}
    within = run([*CLEAN, pair(70, ASKED), pair(71, near)], threshold=0.7)
    assert missed(within).keys() == {"nearly_repeated_rows_per_1000"}
    assert all(figure.severity == "warn" for figure in within.figures if not figure.passed)
    assert set(within.findings["masked"]) == {"with row 61", "with row 62"}


def test_nearly_the_same_question_with_another_right_answer_is_no_repetition():
    near = pair(71, ASKED.replace("carries", "brings"), "B. artery", "C. duct")
    assert missed(run([*CLEAN, pair(70, ASKED), near], threshold=0.7)) == {}
    assert missed(run([*CLEAN, pair(70, ASKED)], [near], threshold=0.7)).keys() == {"nearly_across_splits_per_1000"}


@pytest.mark.parametrize(
    ("word", "other"), [("Rh+ve", "Rh-ve"), ("28", "32"), ("carry", "never carry"), ("increased", "decreased")]
)
def test_a_sign_a_number_a_not_or_an_opposite_makes_another_question(word: str, other: str):
    first = "Seen in Rh+ve mothers who carry a second fetus after 28 weeks with increased flow?"
    given = [*CLEAN, pair(70, first)], [pair(71, first.replace(word, other))]
    assert missed(run(*given, threshold=0.5, max_near_per_1000=1000)) == {}
    control = first.replace("mothers", "women")
    assert missed(run(given[0], [pair(71, control)], threshold=0.5, max_near_per_1000=1000)) != {}


def test_three_pairs_of_one_question_are_no_repetition_and_a_copy_is_one():
    three = [pair(70 + place, ASKED, "A. vein", f"{letter}. {letter} tube") for place, letter in enumerate("BCD")]
    assert missed(run([*CLEAN, *three])) == {}
    copied = run([*CLEAN, *three, three[0] | {"id": "copy"}])
    assert missed(copied).keys() == {"repeated_rows_per_1000"}
    assert copied.findings["id"].to_list() == ["copy"]


def test_a_flipped_key_is_a_conflict_even_where_letters_moved():
    flipped = run([*CLEAN, pair(70, ASKED, "A. vein", "B. artery"), pair(71, ASKED, "A. artery", "C. vein")])
    assert missed(flipped) == {"conflicting_answers": 2}
    assert "conflicting_answers" in set(flipped.findings["code"])


def test_options_in_another_order_make_no_other_question():
    first = pair(70, f"{ASKED}\n\nA. artery\nB. vein\nC. duct", "B. vein", "A. artery")
    moved = f"{ASKED}\n\nA. vein\nB. duct\nC. artery"
    assert missed(run([*CLEAN, first], [pair(71, moved, "A. vein", "B. duct")])) == {"across_splits": 2}
    assert missed(run([*CLEAN, first, pair(71, moved, "A. vein", "C. artery")])).keys() == {"repeated_rows_per_1000"}
    assert missed(run([*CLEAN, first, pair(71, moved, "C. artery", "A. vein")])) == {"conflicting_answers": 2}


def test_prompts_with_two_answers_are_a_conflict():
    def prompt(number: int, text: str, answer: str) -> Row:
        return {"id": f"r{number}", "prompt": [message("user", text)], "answer": answer, "answer_type": "choice"}

    rows = [prompt(number, row["prompt"][0]["content"], "A") for number, row in enumerate(CLEAN)]
    same = [prompt(90, ASKED, "vein"), prompt(91, ASKED, "Vein.")]
    assert "conflicting_answers" not in missed(run([*rows, *same], kind=Kind.REWARDS))
    assert missed(run([*rows, *same, prompt(92, ASKED, "artery")], kind=Kind.REWARDS))["conflicting_answers"] == 3


def test_conversations_are_compared_by_what_the_user_asks():
    def talk(number: int, text: str, reply: str) -> Row:
        return {"id": f"t{number}", "messages": [message("system", "Be brief."), message("user", text),
                                                message("assistant", reply)]}  # fmt: skip

    rows = [talk(number, row["prompt"][0]["content"], "So.") for number, row in enumerate(CLEAN)]
    other_words = run([*rows, talk(90, ASKED, "The umbilical vein.")], [talk(91, ASKED, "A vein.")], kind=Kind.SFT)
    assert missed(other_words) == {"across_splits": 2}
    assert missed(run([*rows, talk(90, ASKED, "x"), talk(91, ASKED, "y")], kind=Kind.SFT)) == {}


def test_instructions_that_all_rows_share_make_nothing_alike():
    """Two short questions have more words of the instruction than of their own."""
    short = [pair(70, "Cause of gout?"), pair(71, "Cause of rickets?")]
    assert missed(run([*CLEAN, short[0]], [short[1]], threshold=0.5, max_near_per_1000=1000)) == {}


def test_nothing_depends_on_where_rows_stand():
    rows = [*CLEAN, pair(70, ASKED), pair(71, ASKED, "A. artery", "B. vein"), pair(72, ASKED.replace("liver", "heart"))]
    one, other = run(rows, threshold=0.7), run(rows[::-1], threshold=0.7)
    assert one.figures == other.figures
    assert set(one.findings.select("id", "code").rows()) == set(other.findings.select("id", "code").rows())
