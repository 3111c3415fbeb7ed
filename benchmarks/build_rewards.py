"""Time `medreason-rewards` on a set of MedReason's size and shape, and print the books.

    python benchmarks/build_rewards.py                  # 32,682 rows, the size of MedReason
    python benchmarks/build_rewards.py --keep SET.json  # and leave the set there, to read rows of it

MedReason itself is not at hand, so the set is made of what it was made of: MedMCQA, MedQA, PubMedQA, MMLU's medical
subjects, HuatuoGPT-o1's open questions and the ten real rows, each written as MedReason writes its source, with the
faults that its rows have. Rows beyond the real ones have half of their longer words exchanged (see `scale_up`), which
keeps structure, lengths and faults and makes the sentences mean nothing. No rule of the builder was tuned on timings
of this set; the real rows in it were read for tuning (see the tests), so the books are no measure of precision.
"""

import argparse
import csv
import json
import random
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

from scale_up import rows as medmcqa_rows

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
MEDREASON_ROWS = 32_682
MMLU = ("anatomy", "clinical_knowledge", "college_biology", "college_medicine", "medical_genetics",
        "professional_medicine")  # fmt: skip
# Shares of the sources, guessed from what MedReason's authors report.
SHARES = {"medmcqa": 0.50, "medqa": 0.24, "huatuo": 0.08, "pubmedqa_u": 0.08, "pubmedqa": 0.03, "MMLU": 0.035,
          "MedXpertQA": 0.03, "LastHumanity": 0.005}  # fmt: skip
LETTERS = "ABCDEFGHIJ"
_WORD = re.compile(r"[A-Za-z]{5,}")

Row = dict[str, Any]


def lettered(options: list[str]) -> str:
    """Write options as MedReason does."""
    return "Answer Choices:\n" + "\n".join(f"{letter}. {text}" for letter, text in zip(LETTERS, options, strict=False))


def medmcqa(count: int) -> Iterator[Row]:
    """Yield MedMCQA rows: gold text and explanation in one field, no letter."""
    for row in medmcqa_rows(count):
        options = [row[name] for name in ("opa", "opb", "opc", "opd")]
        gold = options[row["cop"] - 1]
        answer = f"{gold}. Explanation: {row['exp']}" if row["exp"] else gold
        yield {"question": row["question"], "answer": answer, "options": lettered(options)}


def _medqa_rows(count: int) -> Iterator[Row]:
    lines = (DATA / "benchmarks" / "medqa_usmle_4opt_test.jsonl").read_text(encoding="utf-8").splitlines()
    for _, row in zip(range(count), cycle(map(json.loads, lines)), strict=False):
        yield row


def medqa(count: int) -> Iterator[Row]:
    """Yield MedQA rows."""
    for row in _medqa_rows(count):
        answer = f"{row['answer']}. Explanation: {row['answer']} fits the findings best."
        yield {"question": row["question"], "answer": answer, "options": lettered(list(row["options"].values()))}


def mmlu(count: int) -> Iterator[Row]:
    """Yield MMLU rows, every tenth with a second answer joined on."""
    read = [row for name in MMLU for row in csv.reader((DATA / "benchmarks/mmlu" / f"{name}_test.csv").open())]
    for number, (question, *options, letter) in zip(range(count), cycle(read), strict=False):
        answer = options[LETTERS.index(letter)]
        if number % 10 == 0:
            answer += f" And {options[LETTERS.index(letter) - 1]}"
        yield {"question": question, "answer": answer, "options": lettered(options)}


def pubmedqa(count: int, *, labelled: bool) -> Iterator[Row]:
    """Yield PubMedQA rows: a decision over Yes and No, maybe among them, or a conclusion as free text."""
    read = list(json.loads((DATA / "benchmarks" / "pubmedqa_labelled.json").read_text(encoding="utf-8")).values())
    for _, row in zip(range(count), cycle(read), strict=False):
        decided = f"The final decision is: {row['final_decision']}. {row['LONG_ANSWER']}"
        options = lettered(["Yes", "No"])
        answer = decided if labelled else row["LONG_ANSWER"]
        yield {"question": row["QUESTION"], "answer": answer, "options": options if labelled else ""}


def medxpertqa(count: int) -> Iterator[Row]:
    """Yield rows as MedXpertQA's are: letter and text, no options, or options in the stem."""
    for number, row in enumerate(_medqa_rows(count)):
        listed = " ".join(f"({letter}) {text}" for letter, text in row["options"].items())
        question = f"{row['question']}\nAnswer Choices: {listed}" if number % 2 else row["question"]
        yield {"question": question, "answer": f"({row['answer_idx']}) {row['answer']}", "options": ""}


def huatuo(count: int) -> Iterator[Row]:
    """Yield open questions with free-text answers."""
    read = json.loads((DATA / "medreason" / "huatuo_o1_verifiable_demo.json").read_text(encoding="utf-8"))
    for _, row in zip(range(count), cycle(read), strict=False):
        yield {
            "question": row["Open-ended Verifiable Question"], "answer": row["Ground-True Answer"], "options": ""
        }  # fmt: skip


SOURCES: dict[str, Callable[[int], Iterator[Row]]] = {
    "medmcqa": medmcqa,
    "medqa": medqa,
    "huatuo": huatuo,
    "pubmedqa_u": lambda count: pubmedqa(count, labelled=False),
    "pubmedqa": lambda count: pubmedqa(count, labelled=True),
    "MMLU": mmlu,
    "MedXpertQA": medxpertqa,
    "LastHumanity": lambda count: pubmedqa(count, labelled=False),
}


def make(count: int, seed: int = 1) -> list[Row]:
    """Return `count` rows in MedReason's shape: the ten real ones, then every source, then planted faults."""
    rng = random.Random(seed)  # noqa: S311
    real = json.loads((DATA / "medreason" / "medreason_subset.json").read_text(encoding="utf-8"))
    made: list[Row] = []
    for name, share in SHARES.items():
        seen: set[str] = set()
        for row in SOURCES[name](round((count - len(real)) * share)):
            question = row["question"]
            if question in seen:
                question = _vary(question, rng)
            seen.add(row["question"])
            place = len(made)
            reasoning = _vary(real[place % len(real)]["reasoning"], rng)
            identity = {"dataset_name": name, "id_in_dataset": place}
            made.append({**identity, **row, "question": question, "reasoning": reasoning})
    rng.shuffle(made)
    return [*real, *_with_faults(made, rng)]


def _vary(text: str, rng: random.Random) -> str:
    """Exchange a third of a text's longer words for one another."""
    words = _WORD.findall(text)
    return _WORD.sub(lambda match: rng.choice(words) if rng.random() < 0.33 else match[0], text)


def _with_faults(rows: list[Row], rng: random.Random) -> list[Row]:
    """Plant what the sources at hand lack: no gold, two items in one row, copies, contradictions, broken options."""
    for number, row in enumerate(rows):
        other = rows[rng.randrange(len(rows))]
        match number % 500:
            case 0:
                row["answer"] = rng.choice(["", ".", " "])
            case 1:
                row["options"] += "\n" + other["options"].removeprefix("Answer Choices:\n")
            case 2:
                row["answer"] = other["answer"]
            case 3:
                row |= {name: other[name] for name in ("question", "options", "answer")}
            case 4 if row["options"]:
                row["options"] = row["options"].replace("\nB. ", "\n", 1)
            case _:
                pass
    return rows


def timed(source: Path, out: Path, workers: int) -> tuple[float, float]:
    """Build once in a process of its own; return wall and processor seconds, start-up included."""
    shutil.rmtree(out, ignore_errors=True)
    command = [str(Path(sys.executable).with_name("openmed-data")), "build", "medreason-rewards", "--source",
               str(source), "--out", str(out), "--workers", str(workers), "--no-validation", "--quiet"]  # fmt: skip
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def report(out: Path) -> None:
    """Print a build's books and figures."""
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    books, figures = manifest["books"], manifest["figures"]
    print(f"source rows {books['source_rows']:,}, kept {sum(books['kept_rows'].values()):,} {books['kept_rows']}")
    for reason, number in sorted(books["rejected_source_rows"].items(), key=lambda item: -item[1]):
        print(f"  {reason:22}{number:7,}")
    for name, value in figures.items():
        if name != "repairs":
            print(f"{name}: {json.dumps(value)}")


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=MEDREASON_ROWS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="where to leave the set that is built")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        source = arguments.keep or Path(scratch) / "medreason.json"
        source.write_text(json.dumps(make(arguments.rows)), encoding="utf-8")
        out = Path(scratch) / "build"
        runs = [timed(source, out, arguments.workers) for _ in range(arguments.rounds)]
        walls = sorted(wall for wall, _ in runs)
        size = source.stat().st_size / 1e6
        print(f"{arguments.rows:,} rows ({size:.0f} MB), {arguments.workers} workers, {arguments.rounds} rounds")
        busy = statistics.median(processor for _, processor in runs)
        print(
            f"median {statistics.median(walls):.1f} s, {walls[0]:.1f} to {walls[-1]:.1f} s; {busy:.1f} s of processor"
        )
        report(out)


if __name__ == "__main__":
    main()
