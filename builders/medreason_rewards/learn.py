"""Learn from the whole source how to make letters tell nothing; see `openmed_data.letters`."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import cast

import numpy as np
import polars as pl

from openmed_data import tally
from openmed_data.answers import AnswerType
from openmed_data.letters import STEPS, Ints, place_options, solve_letters, steps_of

from .judge import Question

# Number of options → where one right letter ends and the next begins, on [0, 1).
Thresholds = Mapping[int, tuple[float, ...]]


def count_letters(questions: Sequence[Question], base: int, seed: int) -> pl.DataFrame:
    """Count the letters of questions that stay as they are, and the random numbers of the others, by file.

    `base` is the index base under which the answer keys were read; the state knows which one holds for a file.
    """
    counts: Counter[tuple[str, str, str]] = Counter()
    for fixed, group in groupby(sorted(_lettered(questions), key=_is_fixed), key=_is_fixed):
        held = list(group)
        uids = np.array([question.item.uid for question in held], dtype=np.uint64)
        values = [question.place for question in held] if fixed else steps_of(uids, seed).tolist()
        table = "fixed letters" if fixed else "letter steps"
        for question, value in zip(held, values, strict=True):
            counts[f"{table} from {base}", question.item.file, f"{len(question.choices)} {value}"] += 1
    rows = [(*names, number) for names, number in counts.items()]
    return tally.merge([pl.DataFrame(rows, schema=tally.SCHEMA, orient="row")])


def learn_letters(evidence: pl.DataFrame, bases: Mapping[str, int]) -> Thresholds:
    """Solve for the letters of all questions with the same number of options, from the merged counts."""
    fixed: dict[int, Ints] = {}
    steps: dict[int, Ints] = {}
    for table, file, detail, number in evidence.sort("table", "key", "detail").iter_rows():
        name, _, base = table.rpartition(" from ")
        if name not in {"fixed letters", "letter steps"} or int(base) != bases.get(file, 0):
            continue
        count, value = map(int, detail.split())
        fixed.setdefault(count, np.zeros(count, dtype=np.int64))
        steps.setdefault(count, np.zeros(STEPS, dtype=np.int64))
        (fixed if name == "fixed letters" else steps)[count][value] += number
    return {count: solve_letters(steps[count], fixed[count]) for count in sorted(fixed)}


def shuffle(questions: Sequence[Question], thresholds: Thresholds, seed: int) -> list[Question]:
    """Return the questions with their choices moved where they may be."""
    moved = list(questions)
    by_count: dict[int, list[int]] = {}
    for at, question in enumerate(questions):
        if question.answer_type is AnswerType.CHOICE and not question.fixed:
            by_count.setdefault(len(question.choices), []).append(at)
    for count, places in by_count.items():
        some = [questions[at] for at in places]
        uids = np.array([question.item.uid for question in some], dtype=np.uint64)
        golds = np.array([question.place for question in some], dtype=np.int64)
        even = tuple(place / count for place in range(1, count))
        placed = place_options(uids, golds, np.ones(len(some), dtype=bool), seed, thresholds.get(count, even))
        orders = cast("list[list[int]]", placed.order.tolist())
        for at, question, order, gold in zip(places, some, orders, placed.gold, strict=True):
            moved[at] = replace(question, choices=tuple(question.choices[place] for place in order), place=int(gold))
    return moved


def _lettered(questions: Iterable[Question]) -> list[Question]:
    return [question for question in questions if question.answer_type is AnswerType.CHOICE]


def _is_fixed(question: Question) -> bool:
    return question.fixed
