"""From a folder of runs to the chain that made one model, and to the measurements of it and of its base."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from openmed_data.errors import UsageError
from openmed_data.training import records
from openmed_data.training.records import Parent, Run

EVALUATE = "evaluate"


@dataclass(frozen=True, slots=True)
class Stage:
    """One run and where it lies."""

    folder: Path
    run: Run


@dataclass(frozen=True, slots=True)
class Lineage:
    """How a model came to be.

    Attributes
    ----------
    stages
        Those that made it, the first one first.
    evaluations
        Finished measurements of the model that the last stage made, the latest first.
    base_evaluations
        Those of the model that the first stage began with.
    """

    stages: tuple[Stage, ...]
    evaluations: tuple[Stage, ...]
    base_evaluations: tuple[Stage, ...]

    @property
    def base(self) -> Parent:
        """The model that the first stage began with."""
        return self.stages[0].run.parent

    @property
    def last(self) -> Stage:
        """The stage that made the model."""
        return self.stages[-1]


def lineage(path: Path) -> Lineage:
    """Return how a model came to be.

    Parameters
    ----------
    path
        The folder of the run that made it, or a folder of runs: then the model with the longest chain of finished
        stages is meant, and the latest of several.

    Raises
    ------
    UsageError
        No finished run that made a model stands there, or one that its chain needs is missing.
    SourceError
        A record is damaged.
    """
    one = records.read(path)
    root = path if one is None else path.resolve().parent
    runs = [Stage(folder, run) for folder, run in records.all_runs(root)]
    made = [stage for stage in runs if stage.run.stage != EVALUATE and stage.run.done]
    if one is not None:
        chosen = [stage for stage in made if stage.run.id == one.id]
    else:
        chosen = sorted(made, key=lambda stage: (len(_chain(stage, made)), stage.run.started))
    if not chosen:
        raise UsageError(f"'{path}' holds no finished run that made a model", hint="openmed-data train all --help")
    stages = _chain(chosen[-1], made)
    lost = stages[0].run.parent
    if lost.id is not None:
        raise UsageError(
            f"run {stages[0].folder.name} began with {lost.stage}-{lost.id[:12]}, which is not there",
            hint="Keep the runs of one chain in one folder.",
        )
    return Lineage(
        tuple(stages), _measured(runs, stages[-1].run.weights), _measured(runs, stages[0].run.parent.weights)
    )


def _chain(stage: Stage, runs: Sequence[Stage]) -> list[Stage]:
    known = {one.run.id: one for one in runs}
    chain = [stage]
    while (parent := known.get(chain[0].run.parent.id or "")) is not None:
        chain.insert(0, parent)
    return chain


def _measured(runs: Sequence[Stage], weights: str | None) -> tuple[Stage, ...]:
    """Return the evaluations of just these weights: an equal name proves nothing."""
    found = [
        stage
        for stage in runs
        if stage.run.stage == EVALUATE and stage.run.done and weights and stage.run.parent.weights == weights
    ]
    return tuple(sorted(found, key=lambda stage: stage.run.started, reverse=True))
