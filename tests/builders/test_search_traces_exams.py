"""Which sentence decides an exam question, and which only looks as if it did."""

from pathlib import Path

import polars as pl
import pytest

from openmed_data.builders.tool_traces.searching.choices import MEDMCQA, Choice, choice_of, deciding
from openmed_data.search import DOCUMENTS, SearchIndex

FILLER = ["Birch palsy is a weakness of the left hand.", "Cedar anemia is treated with velorin in the morning."]


def decided(stem: str, options: tuple[str, str, str, str], sentence: str, folder: Path) -> bool:
    """Say whether a document of one sentence decides the question, whose first option is right."""
    texts = [sentence, *FILLER]
    rows = [(n, n, f"d{n}", f"d{n}", "Alder fever: overview", text, "", "") for n, text in enumerate(texts)]
    index = SearchIndex.build(pl.DataFrame(rows, schema=DOCUMENTS, orient="row"), folder / "index")
    names = ("opa", "opb", "opc", "opd")
    asked = {"question": stem, "cop": "1", "id": "q", "_row": 0, "_file": "f", **dict(zip(names, options, strict=True))}
    choice = choice_of(MEDMCQA, asked, {"f": 1})
    assert isinstance(choice, Choice)
    found = deciding(choice, [0], index)
    assert found is None or found == (0, sentence)
    return found is not None


PLACES = ("liver", "retina", "kidneys", "heart")
VITAMINS = ("vitamin A", "vitamin C", "thiamin", "riboflavin")


@pytest.mark.parametrize(
    ("stem", "options", "sentence"),
    [
        ("Alder fever is a disease of the", PLACES, "Alder fever is a rare disease of the liver."),
        ("Alder fever is treated with", VITAMINS, "Alder fever is treated with vitamin A once a day."),
        ("Alder fever damages", ("The liver.", *PLACES[1:]), "Alder fever damages liver and spleen."),
        ("The most common sign of alder fever in the", PLACES, "The most common sign of alder fever is a large liver."),
        ("The commonest place of alder fever:", PLACES, "The liver is the commonest place of alder fever."),
    ],
)
def test_a_sentence_that_says_it_decides(stem, options, sentence, tmp_path):
    assert decided(stem, options, sentence, tmp_path)


@pytest.mark.parametrize(
    ("stem", "options", "sentence"),
    [
        ("Alder fever is a disease of the", PLACES, "Alder fever is a disease of the liver and the heart."),
        ("Alder fever is a disease of the", PLACES, "Alder fever is not a disease of the liver."),
        ("Alder fever is a disease of the", PLACES, "Alder fever isn't a disease of the liver."),
        ("Alder fever is treated with", VITAMINS, "Alder fever is treated with several vitamins once a day."),
        ("Alder fever is treated with", VITAMINS, "Alder fever is treated with vitamin B12 once a day."),
        ("The most common sign of alder fever in the", PLACES, "One sign of alder fever is a large liver."),
        (
            "The most common sign of alder fever in the",
            PLACES,
            "Most people with the sign of alder fever have a liver.",
        ),
        (
            "Common to all types of alder fever is pain in",
            PLACES,
            "A type of alder fever comes with pain in the liver.",
        ),
        ("The commonest place of alder fever:", PLACES, "The liver is a place of alder fever."),
    ],
)
def test_a_sentence_that_says_less_or_the_opposite_does_not(stem, options, sentence, tmp_path):
    assert not decided(stem, options, sentence, tmp_path)
