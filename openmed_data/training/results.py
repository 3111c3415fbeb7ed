"""Read what lm-evaluation-harness wrote."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from openmed_data.errors import BuildError
from openmed_data.training.records import RESULTS


@dataclass(frozen=True, slots=True)
class Score:
    """One figure of one task or group.

    Attributes
    ----------
    metric
        As the harness names it, metric and filter: ``acc,none``.
    shots
        Examples shown before each question; None where the harness does not say.
    """

    task: str
    metric: str
    value: float
    stderr: float | None
    shots: int | None
    group: bool


def results_file(folder: Path) -> Path:
    """Return the results in a run's folder, the newest where there are several.

    Raises
    ------
    BuildError
        There are none.
    """
    found = sorted((folder / RESULTS).rglob("results_*.json"), key=lambda path: path.name)
    if not found:
        raise BuildError(f"'{folder / RESULTS}' holds no results", hint="The run's log says why.")
    return found[-1]


def read_scores(path: Path) -> list[Score]:
    """Return every score of a results file: groups, then tasks that are no groups."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    shots = cast(dict[str, Any], document.get("n-shot", {}))
    groups = cast(dict[str, dict[str, Any]], document.get("groups", {}))
    tasks = {name: one for name, one in document["results"].items() if name not in groups}
    return [
        score
        for group, found in ((True, groups), (False, tasks))
        for name, one in found.items()
        for score in _scores(name, one, shots.get(name), group=group)
    ]


def headline(path: Path) -> dict[str, float]:
    """Return the scores that a person asks for first: of groups, and of tasks that belong to no group."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    inner = {name for names in document.get("group_subtasks", {}).values() for name in names}
    return {f"{one.task}/{one.metric}": one.value for one in read_scores(path) if one.task not in inner}


def _scores(task: str, figures: Mapping[str, Any], shots: int | None, *, group: bool) -> list[Score]:
    scores: list[Score] = []
    for key, value in figures.items():
        metric, comma, kind = key.partition(",")
        if comma and isinstance(value, int | float) and not metric.endswith("_stderr"):
            spread = figures.get(f"{metric}_stderr,{kind}")
            stderr = float(spread) if isinstance(spread, int | float) else None
            scores.append(Score(task, key, float(value), stderr, shots, group))
    return scores
