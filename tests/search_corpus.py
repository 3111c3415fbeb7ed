"""A corpus in MedQuAD's shape about conditions that do not exist, written for the tests."""

import json
from pathlib import Path
from typing import Any

FIRST = ("Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Hazel", "Juniper", "Larch", "Maple", "Oak", "Poplar")
SECOND = ("fever", "palsy", "anemia", "dystrophy", "nephritis")
PLACES = ("liver", "kidneys", "skin", "retina", "heart")
DRUGS = ("velorin", "tamoxide", "quinaxol", "brevotin", "lumasat")


def texts(number: int, name: str) -> dict[str, tuple[str, str]]:
    """Return question and answer of a condition by type."""
    place, drug, dose = PLACES[number % 5], DRUGS[number % 5], 5 + number
    overview = (
        f"{name} is a rare condition of the {place}. It was described in {1900 + number} and affects one family in "
    )
    treatment = f"How might {name} be treated? {name} is treated with {drug} at {dose} mg a day. The {place} should be "
    return {
        "information": (
            f"What is (are) {name} ?",
            overview + f"{1000 + number}.  For more information, visit the web site of the society.",
        ),
        "treatment": (f"What are the treatments for {name} ?", treatment + "examined every year while it lasts."),
        "causes": (
            f"What causes {name} ?",
            f"{name} is caused by changes in the {name.split(maxsplit=1)[0].upper()}{number} gene.",
        ),
    }


def rows(conditions: int = 60) -> list[dict[str, Any]]:
    """Return the rows of so many conditions, three for each."""
    names = [f"{first} {second}" for second in SECOND for first in FIRST][:conditions]
    return [
        {
            "id": f"{number:04d}-{place}",
            "source": "GARD" if number % 2 else "NINDS",
            "url": f"https://example.org/{number}",
            "focus": name,
            "question_type": kind,
            "question": question,
            "answer": answer,
        }
        for number, name in enumerate(names)
        for place, (kind, (question, answer)) in enumerate(texts(number, name).items())
    ]


def write(path: Path, held: list[dict[str, Any]]) -> Path:
    """Write rows as JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in held), encoding="utf-8")
    return path
