"""How well the rules of grounded generation tell an answer that its passage supports from one that it does not.

    python benchmarks/grounding.py

Passages are MedQuAD's answers; an answer is three of a passage's own sentences. False alarms: as they stand, and in
other words for the same quantities (milligrams for mg, per cent signs spelt out, thousands without commas). Planted
faults: one number changed, one unit changed, one medicine exchanged for another that the passage does not name. A
changed number that stands elsewhere in the passage cannot be told from a right one, which bounds the recall.

Names of medicines were tuned by reading what the rules find in MedQuAD; numbers and units were tuned on sentences of
the tests alone. Figures are of the rows whose hashed number is odd; the peer sees the same answers: every number of
the answer as a bare string in the passage, as a simple check would have it.
"""

import argparse
import hashlib
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from openmed_data.builders.sft_synthetic.grounded.dialogue import Dialogue
from openmed_data.builders.sft_synthetic.grounded.drugs import drugs_in
from openmed_data.builders.sft_synthetic.grounded.screen import screen
from openmed_data.builders.sft_synthetic.grounded.tasks import Task

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "data" / "corpus" / "medquad.parquet"
UNITS = {"mg": "g", "mcg": "mg", "g": "mg", "grams": "milligrams", "milligrams": "grams", "ml": "liters",
         "days": "weeks", "weeks": "months", "months": "years", "hours": "days", "minutes": "hours",
         "percent": "mg"}  # fmt: skip
OTHERS = ("warfarin", "metformin", "amoxicillin", "lisinopril", "sertraline")
NUMBER = re.compile(r"(?<![\w.,-])\d+(?:\.\d+)?(?![\w.,-])")
UNIT = re.compile(rf"(?<=\d )(?:{'|'.join(UNITS)})\b")
Change = Callable[[str, str, random.Random], str | None]


def judging_rows() -> Iterator[str]:
    """Yield the passages that were not kept for tuning."""
    for number, text in enumerate(pl.read_parquet(CORPUS)["answer"].to_list()):
        if hashlib.sha256(str(number).encode()).digest()[0] % 2 and text:
            yield text


def as_it_stands(answer: str, _passage: str, _rng: random.Random) -> str:
    """Change nothing."""
    return answer


def reworded(answer: str, _passage: str, _rng: random.Random) -> str | None:
    """Write quantities in other words."""
    new = re.sub(r"(?<=\d) ?mg\b", " milligrams", answer)
    new = re.sub(r"(?<=\d)%", " percent", re.sub(r"(?<=\d) percent\b", "%", new) if "%" not in new else new)
    new = re.sub(r"(?<=\d),(?=\d{3}\b)", "", new)
    return new if new != answer else None


def other_number(answer: str, _passage: str, rng: random.Random) -> str | None:
    """Change one number."""
    found = list(NUMBER.finditer(answer))
    if not found:
        return None
    one = rng.choice(found)
    return f"{answer[: one.start()]}{int(float(one[0])) + rng.choice((1, 2, 3, 10, 37, 100))}{answer[one.end() :]}"


def other_unit(answer: str, _passage: str, rng: random.Random) -> str | None:
    """Change one unit."""
    found = list(UNIT.finditer(answer))
    if not found:
        return None
    one = rng.choice(found)
    return f"{answer[: one.start()]}{UNITS[one[0]]}{answer[one.end() :]}"


def other_medicine(answer: str, passage: str, rng: random.Random) -> str | None:
    """Put another medicine in the place of one."""
    named = sorted(drugs_in(answer))
    others = [name for name in OTHERS if name not in passage.lower()]
    if not named or not others:
        return None
    return re.sub(rf"\b{re.escape(rng.choice(named))}", rng.choice(others), answer, count=1, flags=re.IGNORECASE)


def bare_numbers(answer: str, passage: str) -> bool:
    """Find fault as a simple check would: a number that is not in the passage as it is written."""
    return any(number not in passage for number in re.findall(r"\d[\d,.]*\d|\d", answer))


def rules(answer: str, passage: str) -> bool:
    """Find fault by the rules."""
    return screen(Task.EXPLAIN, Dialogue((("What of it?", answer),)), passage) is not None


CHANGES: dict[str, tuple[Change, str]] = {
    "as it stands": (as_it_stands, "false alarms"),
    "in other words": (reworded, "false alarms"),
    "another number": (other_number, "found"),
    "another unit": (other_unit, "found"),
    "another medicine": (other_medicine, "found"),
}


def main() -> None:
    """Print the shares."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    rng = random.Random(0)  # noqa: S311
    tried: Counter[str] = Counter()
    ours: Counter[str] = Counter()
    peer: Counter[str] = Counter()
    for passage in judging_rows():
        sentences = re.split(r"(?<=[.!?])\s+", passage)[:40]
        answer = " ".join(rng.sample(sentences, min(3, len(sentences))))
        for name, (change, _) in CHANGES.items():
            changed = change(answer, passage, rng)
            if changed is not None:
                tried[name] += 1
                ours[name] += rules(changed, passage)
                peer[name] += bare_numbers(changed, passage)
    print(f"{'answers':18}{'tried':>7}  {'':14}{'rules':>8}{'bare numbers':>14}")
    for name, (_, meaning) in CHANGES.items():
        share = max(1, tried[name])
        print(f"{name:18}{tried[name]:7,}  {meaning:14}{ours[name] / share:8.1%}{peer[name] / share:14.1%}")


if __name__ == "__main__":
    main()
