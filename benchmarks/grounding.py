"""How well the rules of grounded generation tell an answer that its passage supports from one that it does not.

    python benchmarks/grounding.py

Passages are MedQuAD's answers; an answer is three of a passage's own sentences. False alarms: as they stand, and in
other words for the same quantities (milligrams for mg, per cent signs spelt out, thousands without commas). Planted
faults: one number changed, one unit changed, one medicine exchanged for another that the passage does not name. A
changed number that stands elsewhere in the passage cannot be told from a right one, which bounds the recall.

Names of medicines were tuned by reading what the rules find in MedQuAD; numbers and units were tuned on sentences of
the tests alone. Figures are of the rows whose hashed number is odd; the peer sees the same answers: every number of
the answer as a bare string in the passage, as a simple check would have it. Rates are told to be other by changing
how often a dose is given, and doses by writing another one out; these were tuned on sentences of the tests alone.
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
DOSE = re.compile(r"(?<![\w.,-])\d+(?:\.\d+)? ?(?P<unit>mg|mcg|milligrams?|tablets?|pills?|mL|units?)\b")
SAME = (
    (r"\bonce daily\b|\bonce a day\b", "every day"), (r"\btwice a day\b|\btwice daily\b", "two times per day"),
    (r"\bthree times a day\b", "every 8 hours"), (r"\bonce a week\b", "weekly"), (r"\bevery 12 hours\b", "twice a day"),
    (r"\bdaily\b", "each day"), (r"\bper day\b", "daily"), (r"\b2 tablets\b", "two tablets"),
)  # fmt: skip
RATES = (
    (r"\b(?:daily|once a day|a day|per day|each day|every day)\b", "four times a day"),
    (r"\b(?:weekly|once a week|a week|per week)\b", "daily"), (r"\bevery \d+ hours\b", "every hour"),
    (r"\btwice\b", "three times"),
)  # fmt: skip
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


def other_words(answer: str, _passage: str, _rng: random.Random) -> str | None:
    """Say how often, and how many tablets, in other words."""
    new = answer
    for pattern, words in SAME:
        new = re.sub(pattern, words, new)
    return new if new != answer else None


def other_rate(answer: str, _passage: str, rng: random.Random) -> str | None:
    """Give a dose at another rate: where a sentence has an amount of a medicine and says how often."""
    sentences = re.split(r"(?<=[.!?])\s+", answer)
    found = [
        (at, pattern, rate) for at, text in enumerate(sentences) if DOSE.search(text)
        for pattern, rate in RATES if re.search(pattern, text)
    ]  # fmt: skip
    if not found:
        return None
    at, pattern, rate = rng.choice(found)
    sentences[at] = re.sub(pattern, rate, sentences[at])
    return " ".join(sentences)


def other_dose(answer: str, _passage: str, rng: random.Random) -> str | None:
    """Write a dose out, and get it wrong."""
    found = list(DOSE.finditer(answer))
    if not found:
        return None
    one = rng.choice(found)
    words = ("ninety", "forty-five", "seven hundred")
    return f"{answer[: one.start()]}{rng.choice(words)} {one['unit']}{answer[one.end() :]}"


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
    "rate reworded": (other_words, "false alarms"),
    "another rate": (other_rate, "found"),
    "dose in words": (other_dose, "found"),
}
# These are put to all sentences of a passage that give doses.
OF_DOSES = frozenset({"rate reworded", "another rate", "dose in words"})


def main() -> None:
    """Print the shares."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    rng, of_doses = random.Random(0), random.Random(0)  # noqa: S311
    tried: Counter[str] = Counter()
    ours: Counter[str] = Counter()
    peer: Counter[str] = Counter()
    for passage in judging_rows():
        sentences = re.split(r"(?<=[.!?])\s+", passage)[:40]
        answer = " ".join(rng.sample(sentences, min(3, len(sentences))))
        dosed = " ".join(sentence for sentence in sentences if DOSE.search(sentence))
        for name, (change, _) in CHANGES.items():
            changed = change(dosed, passage, of_doses) if name in OF_DOSES else change(answer, passage, rng)
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
