"""False and missed credit of the answer verifier on real exam items, beside math-verify, and its speed.

Every option of every item is put into every phrasing. A wrong option's completion names the right option as one that
was weighed and dropped, so that a grader which looks for the gold anywhere pays for it.

Which rows: an item belongs to the tuning half when the SHA-256 of its question is even. The rules were tuned on the
tuning items in the first twelve phrasings; the figures to judge by are those of the other items in the other
phrasings, which were written in one go before the verifier was first run on any item. The attacks (the gold said in
shapes that deserve nothing) are one list for both halves: six errors they showed on judging items were corrected, so
their zero is a regression test and not an estimate.

Open answers (short texts and numbers) are HuatuoGPT-o1's demo rows, split by the same hash; what is said wrongly is the
answer of another row. Their phrasings were written in one go, before the verifier was first run on them, and are the
same for both halves. The rules were then mended by what the tuning half showed; the totals of the judging half were
seen meanwhile.

Rates are per second of processor time on one core; on a machine that does other work they are too low.

Run: ``python benchmarks/answers.py [--data ../shared/data] [--show 20] [--split judging]``.
"""

# ruff: noqa: ARG005  (every phrasing takes the same four texts)

import argparse
import csv
import hashlib
import json
import logging
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from openmed_data.answers import AnswerType, Gold, reader_for, verify

MEDICAL = (
    "anatomy", "clinical_knowledge", "college_biology", "college_medicine", "human_aging", "human_sexuality",
    "medical_genetics", "nutrition", "professional_medicine", "virology",
)  # fmt: skip

Phrasing = Callable[[str, str, str, str], str]


class Item(NamedTuple):
    """One multiple-choice question; ``choices`` is label to text."""

    source: str
    question: str
    choices: dict[str, str]
    label: str


class Completion(NamedTuple):
    """A completion, the gold it is checked against, and whether it deserves credit."""

    source: str
    phrasing: int
    text: str
    gold: Gold
    right: bool


# (label, text) is what the completion answers, (other, other_text) an option it has considered and dropped.
TUNING: tuple[Phrasing, ...] = (
    lambda a, t, o, ot: f"<think>{ot} ({o}) fits some of it, but {t} fits all.</think><answer>{a}</answer>",
    lambda a, t, o, ot: f"<think>Could it be {o}?</think>\n<answer>{a}. {t}</answer>",
    lambda a, t, o, ot: f"<think>It is between {ot} and {t}.</think>\n\n<answer>{t}</answer>",
    lambda a, t, o, ot: f"Option {o} does not explain the findings.\n\nThe answer is {a}.",
    lambda a, t, o, ot: f"The correct answer is ({a}) {t}.",
    lambda a, t, o, ot: f"Some features suggest option {o}. Therefore, the answer is \\boxed{{{a}}}.",
    lambda a, t, o, ot: f"**Answer:** {a}",
    lambda a, t, o, ot: f"**Answer: {a}. {t}**",
    lambda a, t, o, ot: f"{a}",
    lambda a, t, o, ot: f"{a}) {t}",
    lambda a, t, o, ot: f"The answer is {t}.",
    lambda a, t, o, ot: f"Answer: {a.lower()}",
)
JUDGING: tuple[Phrasing, ...] = (
    lambda a, t, o, ot: f"<think>I first thought of {ot}.\nThe answer is {o}? No.</think>\n<answer>\n({a})\n</answer>",
    lambda a, t, o, ot: f"<think>{o}: {ot}. {a}: {t}.</think><answer>{a}: {t}</answer>",
    lambda a, t, o, ot: f"<think>Compare them.</think>After weighing {ot}, the final answer is **{a}**.",
    lambda a, t, o, ot: f"Let us go through the options. {o} is unlikely here.\n\nFinal answer: {a}",
    lambda a, t, o, ot: f"{a} is the correct answer because {o} does not account for the presentation.",
    lambda a, t, o, ot: f"I would choose option {a}.",
    lambda a, t, o, ot: f"The most appropriate choice is {a}, since it fits best.",
    lambda a, t, o, ot: f"### Explanation\nThe other options fail.\n\n### Answer\n{a}. {t}",
    lambda a, t, o, ot: f"$\\boxed{{\\text{{{a}}}}}$",
    lambda a, t, o, ot: f"So the correct option is [{a}] {t}",
    lambda a, t, o, ot: f"<answer>{t} ({a})</answer>",
    lambda a, t, o, ot: f"{t}",
    lambda a, t, o, ot: f"The answer is {a}.\n\nOption {o} is wrong because it does not fit.",
    lambda a, t, o, ot: f"Not {o}. Hence the right answer is: {a} - {t}",
)
# None of these deserves credit, though the gold (label, text) stands in each of them.
ADVERSARIAL: tuple[Phrasing, ...] = (
    lambda a, t, o, ot: f"The answer is {a} or {o}.",
    lambda a, t, o, ot: f"The answer is {t} or {ot}.",
    lambda a, t, o, ot: f"The answer is not {a}.",
    lambda a, t, o, ot: f"<answer>not {t}</answer>",
    lambda a, t, o, ot: f"<answer>{a}</answer>\n<answer>{o}</answer>",
    lambda a, t, o, ot: f"<answer>{o}</answer> Actually, the answer is {a}.",
    lambda a, t, o, ot: f"<answer>{a}. {ot}</answer>",
    lambda a, t, o, ot: f"<answer>{o}. {t}</answer>",
    lambda a, t, o, ot: f"{a}. {t}\n{o}. {ot}",
    lambda a, t, o, ot: f"The answer is {a}: {t}, {o}: {ot}",
    lambda a, t, o, ot: f"<think>The answer is {a}. {t}.</think>",
    lambda a, t, o, ot: f"<think>The answer is {a}.</think>I don't know.",
    lambda a, t, o, ot: f"<think>The answer is {a}.</think><answer></answer>",
    lambda a, t, o, ot: f"Is it {t}?",
    lambda a, t, o, ot: f"{t} is incorrect.",
    lambda a, t, o, ot: f"I don't think the answer is {a}.",
    lambda a, t, o, ot: f"Both {a} and {o} are correct.",
    lambda a, t, o, ot: f"The patient has signs that suggest {t}, but other causes remain.",
)
# The same for answers without options: (text) is what the completion answers, (other) the answer of another row.
OPEN: tuple[Callable[[str, str], str], ...] = (
    lambda t, o: f"<think>{o} was weighed.</think><answer>{t}</answer>",
    lambda t, o: f"<answer>{t}.</answer>",
    lambda t, o: f"<answer>The answer is {t}.</answer>",
    lambda t, o: f"<think>It is not {o}.</think>\n\n**Final Answer:** {t}",
    lambda t, o: f"The correct answer is {t}, which fits the findings.",
    lambda t, o: f"\\boxed{{{t}}}",
    lambda t, o: f"<answer>{t}, because it explains the findings</answer>",
    lambda t, o: f"<answer>{t}, rather than {o}</answer>",
    lambda t, o: f"<answer>{t}\n\nExplanation: {o} would look different.</answer>",
    lambda t, o: f"<answer>{t} (most likely)</answer>",
    lambda t, o: f"### Answer\n{t}",
    lambda t, o: f"Based on the findings, the best answer is **{t}**.",
    lambda t, o: f"<answer>\n{t.lower()}\n</answer>",
    lambda t, o: f"I conclude that the answer is: {t}.",
    lambda t, o: f"<answer>Most likely {t}</answer>",
)
OPEN_ATTACKS: tuple[Callable[[str, str], str], ...] = (
    lambda t, o: f"<answer>{t} or {o}</answer>",
    lambda t, o: f"<answer>{t}, {o}</answer>",
    lambda t, o: f"<answer>{o} and {t}</answer>",
    lambda t, o: f"<answer>not {t}</answer>",
    lambda t, o: f"<answer>{t}?</answer>",
    lambda t, o: f"<answer>{t}; {o}</answer>",
    lambda t, o: f"<answer>{t}\n{o}</answer>",
    lambda t, o: f"<answer>{t}. Wait, actually {o}</answer>",
    lambda t, o: f"<answer>{o}</answer><answer>{t}</answer>",
    lambda t, o: f"<answer>It could be {t}</answer>",
    lambda t, o: f"<think>{t}</think>",
    lambda t, o: f"<answer>1. {t}\n2. {o}</answer>",
    lambda t, o: f"<answer>{t} in adults, {o} in children</answer>",
)


def open_golds(data: Path) -> list[Gold]:
    """Read HuatuoGPT-o1's answers that can be verified: numbers where they read as one, else short texts."""
    rows = json.loads((data / "medreason" / "huatuo_o1_verifiable_demo.json").read_text("utf-8"))
    found: list[Gold] = []
    for answer in (str(row["Ground-True Answer"]).rstrip(" .") for row in rows):
        golds = (Gold(answer, kind) for kind in (AnswerType.NUMBER, AnswerType.TEXT))
        found += [gold for gold in golds if reader_for(gold)][:1]
    return found


def open_completions(golds: list[Gold], phrasings: tuple[Callable[[str, str], str], ...]) -> Iterator[Completion]:
    """Put every answer into every phrasing for its own gold, and for the gold of the next row of its kind."""
    for kind in (AnswerType.NUMBER, AnswerType.TEXT):
        rows = [gold for gold in golds if gold.answer_type is kind]
        for gold, other in zip(rows, rows[1:] + rows[:1], strict=True):
            for number, phrasing in enumerate(phrasings, 1):
                said = phrasing(gold.answer, other.answer)
                yield Completion(kind, number, said, gold, right=True)
                yield Completion(kind, number, said, other, right=False)


def items(data: Path) -> Iterator[Item]:
    """Read MMLU's medical subjects, MedQA (test) and MedMCQA (validation)."""
    for subject in MEDICAL:
        with (data / "benchmarks" / "mmlu" / f"{subject}_test.csv").open(encoding="utf-8", newline="") as file:
            for question, *options, label in csv.reader(file):
                yield Item("MMLU-medical", question, dict(zip("ABCD", options, strict=True)), label)
    with (data / "benchmarks" / "medqa_usmle_4opt_test.jsonl").open(encoding="utf-8") as file:
        for row in map(json.loads, file):
            yield Item("MedQA", row["question"], row["options"], row["answer_idx"])
    with (data / "medmcqa" / "dev.json").open(encoding="utf-8") as file:
        for row in map(json.loads, file):
            choices = {label: row[f"op{label.lower()}"] for label in "ABCD"}
            yield Item("MedMCQA", row["question"], choices, "ABCD"[row["cop"] - 1])


def items_of_ten(data: Path) -> Iterator[Item]:
    """Read MMLU-Pro's health items, up to ten options, no row of which was used for tuning."""
    import polars as pl

    frame = pl.read_parquet(data / "benchmarks" / "mmlu_pro_test.parquet").filter(pl.col("category") == "health")
    for row in frame.iter_rows(named=True):
        yield Item("MMLU-Pro", row["question"], dict(zip("ABCDEFGHIJ", row["options"], strict=False)), row["answer"])


def for_tuning(question: str) -> bool:
    """Split the items by a hash of the question (of an open one, its answer)."""
    return hashlib.sha256(question.encode()).digest()[0] % 2 == 0


def completions(rows: list[Item], phrasings: tuple[Phrasing, ...], first: int) -> Iterator[Completion]:
    """Put every option of every item into every phrasing."""
    for item in rows:
        gold = Gold(item.choices[item.label], AnswerType.CHOICE, item.choices, item.label)
        for label, text in item.choices.items():
            right = label == item.label
            other = next(o for o in item.choices if o != label) if right else item.label
            for number, phrasing in enumerate(phrasings, first):
                said = phrasing(label, text, other, item.choices[other])
                yield Completion(item.source, number, said, gold, right)


def attacks(rows: list[Item], first: int) -> Iterator[Completion]:
    """Put the gold of every item, beside one wrong option, into every shape that deserves nothing."""
    for item in rows:
        gold = Gold(item.choices[item.label], AnswerType.CHOICE, item.choices, item.label)
        other = next((label for label, text in item.choices.items() if text != item.choices[item.label]), None)
        if other is None:  # a printing error: every option reads the same
            continue
        for number, phrasing in enumerate(ADVERSARIAL, first):
            said = phrasing(item.label, item.choices[item.label], other, item.choices[other])
            yield Completion(item.source, number, said, gold, right=False)


def by_verifier(completion: Completion) -> bool | None:
    """Check with this package."""
    return verify(completion.text, completion.gold)


def by_math_verify(completion: Completion) -> bool | None:
    """Check as TRL's accuracy_reward does: parse the gold's letter and the completion, then compare."""
    from latex2sympy2_extended import NormalizationConfig
    from math_verify import ExprExtractionConfig, LatexExtractionConfig, StringExtractionConfig, parse
    from math_verify import verify as equal

    label = completion.gold.label or ""
    gold = parse(label, [StringExtractionConfig(strings=tuple(completion.gold.choices))], parsing_timeout=None)
    config = [
        StringExtractionConfig(strings=tuple(completion.gold.choices)),
        LatexExtractionConfig(normalization_config=NormalizationConfig(units=True), boxed_match_priority=0),
        ExprExtractionConfig(),
    ]
    answer = parse(completion.text, config, parsing_timeout=None)
    return bool(equal(gold, answer, timeout_seconds=None))


def report(name: str, rows: list[Completion], grade: Callable[[Completion], bool | None], show: int) -> None:
    """Print false and missed credit, by source and by phrasing, and the first errors."""
    start = time.process_time()
    verdicts = [grade(row) for row in rows]
    seconds = time.process_time() - start
    errors = [row for row, verdict in zip(rows, verdicts, strict=True) if verdict is not row.right]
    false, missed = [row for row in errors if not row.right], [row for row in errors if row.right]
    wrongs, rights = sum(not row.right for row in rows), sum(row.right for row in rows)
    by_source = Counter((row.source, row.right) for row in rows)
    print(
        f"{name:<13} wrong {wrongs:>7,} false credit {len(false):>6,} ({share(len(false), wrongs)})   "
        f"right {rights:>6,} missed {len(missed):>6,} ({share(len(missed), rights)})   {len(rows) / seconds:>8,.0f}/s"
    )
    for source in dict.fromkeys(row.source for row in rows):
        wrong, lost = (sum(row.source == source for row in group) for group in (false, missed))
        print(
            f"    {source:<14} false {wrong:>5,} of {by_source[source, False]:>7,}   "
            f"missed {lost:>5,} of {by_source[source, True]:>6,} ({share(lost, by_source[source, True])})"
        )
    for what, group in (("missed", missed), ("false", false)):
        if group:
            print(f"    {what} by phrasing:", dict(sorted(Counter(row.phrasing for row in group).items())))
    for row in errors[:: max(1, len(errors) // show)][:show] if show else ():
        print("   ", "missed" if row.right else "FALSE ", repr(row.text), dict(row.gold.choices), row.gold.label)


def share(part: int, whole: int) -> str:
    """Write a share as a percentage."""
    return f"{part / whole:.3%}" if whole else "-"


def speed(rows: list[Completion], repeats: int = 5) -> None:
    """Print the verified completions per second on one core: the median of the repeats, golds prepared once."""
    rates: list[float] = []
    for _ in range(repeats):
        start = time.process_time()
        for row in rows:
            verify(row.text, row.gold)
        rates.append(len(rows) / (time.process_time() - start))
    rates.sort()
    print(f"speed: median {statistics.median(rates):,.0f}/s, best {rates[-1]:,.0f}/s on {len(rows):,} completions")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--split", choices=("tuning", "judging"), default="judging")
    parser.add_argument("--show", type=int, default=0, help="print this many errors")
    parser.add_argument("--peer", type=int, default=2000, help="completions given to math-verify")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    tuning = options.split == "tuning"
    chosen = [item for item in items(options.data) if for_tuning(item.question) is tuning]
    phrasings, first = (TUNING, 1) if tuning else (JUDGING, 1 + len(TUNING))
    rows = list(completions(chosen, phrasings, first))
    print(f"{options.split}: {len(chosen):,} items, {len(phrasings)} phrasings, {len(rows):,} completions")
    report("openmed-data", rows, by_verifier, options.show)
    report("  attacks", list(attacks(chosen, 101)), by_verifier, options.show)
    golds = [gold for gold in open_golds(options.data) if for_tuning(gold.answer) is tuning]
    report("open answers", list(open_completions(golds, OPEN)), by_verifier, options.show)
    unpaid = [row._replace(right=False) for row in open_completions(golds, OPEN_ATTACKS)]
    report("  attacks", unpaid, by_verifier, options.show)
    if not tuning:
        ten = list(items_of_ten(options.data))
        report("  ten options", list(completions(ten, phrasings, first)), by_verifier, options.show)
        report("  ten, attacks", list(attacks(ten, 101)), by_verifier, options.show)
    speed(rows[:: max(1, len(rows) // 50_000)])
    if options.peer:
        report("math-verify", rows[:: max(1, len(rows) // options.peer)], by_math_verify, 0)


if __name__ == "__main__":
    main()
