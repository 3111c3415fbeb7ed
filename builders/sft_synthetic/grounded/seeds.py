"""Seeds: which passages are asked about, as which task, for whom, at which level.

A passage gets one task among those that it suits, by a race in which a task runs the faster the larger its share and
the rarer the passages that suit it (exponential race, the weighted sampling of P. S. Efraimidis and P. G. Spirakis,
"Weighted random sampling with a reservoir", 2006). Each task takes the passages that draw the lowest numbers, those of
a topic not yet taken first, and gives each an audience and a level, every pair equally often. All numbers derive from
the passage's content and the seed, so that other passages, and a larger number of rows, change little else.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import floor, log
from typing import NamedTuple, TypeVar

import numpy as np

from openmed_data.seeds import U64, uniform

from .tasks import PLANS, Audience, Level, Task, cells_of

Named = TypeVar("Named")


@dataclass(frozen=True, slots=True)
class Ground:
    """A passage that a dialogue can be grounded in.

    Attributes
    ----------
    row, uid
        Its row in the source, and 64 bits that identify its content.
    topic
        What it is about, in words.
    tasks
        The tasks that it holds enough for.
    """

    row: int
    uid: int
    topic: str
    text: str
    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class Seed:
    """What is asked about one passage."""

    task: Task
    audience: Audience
    level: Level


class Cell(NamedTuple):
    """Task, audience and level: what has a quota."""

    task: Task
    audience: Audience
    level: Level


def quotas(rows: int) -> dict[Cell, int]:
    """Divide a number of dialogues among the tasks by their shares, and those of a task evenly among its cells.

    Examples
    --------
    >>> sum(quotas(1000).values())
    1000
    >>> sum(number for cell, number in quotas(1000).items() if cell.task is Task.TRIAGE)
    100
    """
    per_task = _divided(rows, {task: plan.share for task, plan in PLANS.items()})
    return {
        Cell(task, *pair): number
        for task, total in per_task.items()
        for pair, number in _divided(total, dict.fromkeys(cells_of(task), 1.0)).items()
    }


def _divided(total: int, weights: Mapping[Named, float]) -> dict[Named, int]:
    """Divide a number by weights; the largest remainders get what is left over, the first of equal ones first."""
    scale = total / sum(weights.values())
    exact = {name: weight * scale for name, weight in weights.items()}
    given = {name: floor(share) for name, share in exact.items()}
    for name in sorted(exact, key=lambda one: given[one] - exact[one])[: total - sum(given.values())]:
        given[name] += 1
    return given


def draw_seeds(grounds: Iterable[Ground], rows: int, seed: int) -> dict[int, Seed]:
    """Draw at most `rows` passages; return row of the source → what is asked about it.

    Where too few passages suit a task, fewer are drawn. Equal passages are drawn once.

    Examples
    --------
    >>> suits = (Task.EXPLAIN, Task.TRIAGE)
    >>> grounds = [Ground(row, 1000 + row, f"topic {row}", f"text {row}", suits) for row in range(100)]
    >>> drawn = draw_seeds(grounds, 20, seed=1)
    >>> set(drawn) <= set(range(100)), {seed.task for seed in drawn.values()} <= set(suits)
    (True, True)
    """
    suitable = sorted((ground for ground in grounds if ground.tasks), key=lambda ground: ground.row, reverse=True)
    held = list({ground.text: ground for ground in suitable}.values())  # of equal passages, the first
    uids = np.array([ground.uid for ground in held], dtype=np.uint64)
    order = dict(zip(held, uniform(uids, seed, "order").tolist(), strict=True))
    places = dict(zip(held, uniform(uids, seed, "cell").tolist(), strict=True))
    wanted = quotas(rows)
    per_task = {task: sum(number for cell, number in wanted.items() if cell.task is task) for task in Task}
    pools = _race(held, uids, seed)
    drawn = {task: _spread(pools[task], order, per_task[task]) for task in Task}
    left = set(held).difference(*drawn.values())
    for task in Task:  # what a task lacks, it takes from passages that others leave
        more = _spread([ground for ground in left if task in ground.tasks], order, per_task[task] - len(drawn[task]))
        drawn[task] += more
        left.difference_update(more)
    return {row: one for task in Task for row, one in _placed(task, drawn[task], places, wanted)}


def _race(grounds: Sequence[Ground], uids: U64, seed: int) -> dict[Task, list[Ground]]:
    """Give every passage to one task."""
    suited = Counter(task for ground in grounds for task in ground.tasks)
    speeds = {task: PLANS[task].share / max(1, suited[task]) for task in Task}
    numbers = {task: uniform(uids, seed, f"task {task}").tolist() for task in Task}
    pools: dict[Task, list[Ground]] = {task: [] for task in Task}
    for at, ground in enumerate(grounds):
        winner = min(ground.tasks, key=lambda task: -log(1 - numbers[task][at]) / speeds[task])
        pools[winner].append(ground)
    return pools


def _placed(
    task: Task, drawn: Sequence[Ground], places: Mapping[Ground, float], wanted: Mapping[Cell, int]
) -> Iterator[tuple[int, Seed]]:
    """Give every passage its cell, or the next one whose quota is not reached."""
    pairs = cells_of(task)
    room = [wanted[Cell(task, *pair)] for pair in pairs]
    for ground in drawn:
        place = int(places[ground] * len(pairs))
        while not room[place]:
            place = (place + 1) % len(pairs)
        room[place] -= 1
        yield ground.row, Seed(task, *pairs[place])


def _spread(found: Iterable[Ground], order: Mapping[Ground, float], number: int) -> list[Ground]:
    """Return passages by their draw, the first of every topic before the second of any."""
    seen: Counter[str] = Counter()
    ranked: list[tuple[int, float, int, Ground]] = []
    for ground in sorted(found, key=lambda one: (order[one], one.row)):
        topic = ground.topic.casefold()
        ranked.append((seen[topic], order[ground], ground.row, ground))
        seen[topic] += 1
    return [ground for *_, ground in sorted(ranked, key=lambda one: one[:3])[: max(0, number)]]


def count_tasks(drawn: Mapping[int, Seed]) -> dict[str, int]:
    """Return how many seeds of each task were drawn.

    Examples
    --------
    >>> count_tasks({3: Seed(Task.TRIAGE, Audience.NURSE, Level.BASIC)})["triage"]
    1
    """
    counts = Counter(seed.task for seed in drawn.values())
    return {task.value: counts[task] for task in Task}
