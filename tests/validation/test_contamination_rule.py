"""What it takes, and what is not enough, to hold that a document contains an item."""

import numpy as np
import pytest

from openmed_data.validation.contamination import BenchmarkItem, BenchmarkItems, Index
from openmed_data.validation.contamination.rule import RULES, Evidence, decide

# A stem of ordinary length, found in half, in a document with much other text; nothing of the options is there.
HALF = {
    "pairs": 0.5,
    "words": 0.5,
    "pairs_mass": 30.0,
    "stem_mass": 60.0,
    "options": 0.0,
    "options_mass": 30.0,
    "answer": 0.0,
    "answer_mass": 10.0,
    "of_document": 0.1,
    "spare_words": 200.0,
    "stem_length": 0.1,
    "item_length": 0.15,
}
WHOLE = {"pairs": 1.0, "words": 1.0}
SHORT = {"stem_mass": 22.0, "pairs_mass": 12.0}
EXAM_ROW = {"stem_length": 0.6, "item_length": 1.0, "spare_words": 12.0}


def rule(**changes: float) -> str | None:
    evidence = Evidence(**{name: np.array([value]) for name, value in (HALF | changes).items()})
    code, score = decide(evidence)
    assert 0 <= score[0] <= 1
    return RULES[code[0]].value if code[0] >= 0 else None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        (WHOLE, "stem"),
        ({"stem_mass": 300.0}, "stem"),
        ({"stem_mass": 300.0, "pairs": 0.4}, None),
        (WHOLE | SHORT, None),
        (WHOLE | SHORT | EXAM_ROW, "stem"),
        (WHOLE | SHORT | {"options_mass": 0.0}, "stem"),
        (EXAM_ROW | {"pairs": 0.7, "words": 0.7}, "stem"),
        (EXAM_ROW | SHORT | {"pairs": 0.8, "words": 0.8}, None),
        (EXAM_ROW | {"options": 0.6}, "stem+options"),
        (EXAM_ROW | {"options": 0.5}, None),
        (EXAM_ROW | {"options": 1.0, "pairs": 0.3, "words": 0.4}, None),
        ({"options": 1.0}, None),
        ({"options": 1.0, "pairs": 0.8, "words": 0.8, "stem_mass": 30.0}, "stem+options"),
        (WHOLE | SHORT | {"options": 1.0, "options_mass": 2.0, "stem_mass": 10.0}, None),
        (WHOLE | SHORT | {"answer": 1.0}, "stem+answer"),
        (WHOLE | SHORT | {"answer": 1.0, "answer_mass": 7.0}, None),
        (WHOLE | SHORT | {"answer": 0.5}, None),
        (WHOLE | {"stem_mass": 12.0, "spare_words": 2.0}, "bare-stem"),
        (WHOLE | {"stem_mass": 12.0, "spare_words": 3.0}, None),
        (WHOLE | {"stem_mass": 12.0, "spare_words": 0.0, "pairs_mass": 0.0}, None),
        ({"pairs": 0.3, "words": 0.4, "stem_mass": 300.0, "pairs_mass": 90.0, "of_document": 0.9}, "fragment"),
        ({"pairs": 0.3, "words": 0.4, "stem_mass": 300.0, "pairs_mass": 90.0, "of_document": 0.8}, None),
        ({"pairs": 0.3, "words": 0.4, "stem_mass": 200.0, "pairs_mass": 50.0, "of_document": 1.0}, None),
    ],
)
def test_the_rule(changes: dict[str, float], expected: str | None) -> None:
    assert rule(**changes) == expected


def test_a_candidate_needs_a_quarter_of_the_rare_pairs() -> None:
    stem = "Amber kites drift over seven quiet harbours while tall bakers sing about plums"
    index = Index.build([BenchmarkItems("poem", (BenchmarkItem("1", stem),))])
    parts = stem.split()
    fourth_replaced = " ".join(word if place % 4 else "stone" for place, word in enumerate(parts))
    second_replaced = " ".join(word if place % 2 else "stone" for place, word in enumerate(parts))
    assert index.scan([fourth_replaced])["rule"].to_list() == ["stem"]
    assert index.scan([second_replaced]).is_empty()
