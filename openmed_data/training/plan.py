"""From a recipe to its steps: which stages run on what, checked before anything is loaded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from openmed_data.errors import GateError, OpenMedError, SourceError, UsageError
from openmed_data.progress import Progress
from openmed_data.registry import STAGES, find
from openmed_data.training import launch
from openmed_data.training.data import Data, open_data
from openmed_data.training.estimate import Estimate, disk_of, estimate
from openmed_data.training.evaluation_cost import evaluation_cost
from openmed_data.training.models import require_place, shape_of
from openmed_data.training.preflight import require_device, require_disk
from openmed_data.training.profile import Profile
from openmed_data.training.recipe import Recipe
from openmed_data.training.rough import mean_tokens
from openmed_data.training.settings import Settings
from openmed_data.training.stage import Stage
from openmed_data.training.template import read_template
from openmed_data.training.trl_stage import TrlStage

BASE = "base"
LAST = "last"


@dataclass(frozen=True, slots=True)
class Request:
    """What a user asked for.

    Attributes
    ----------
    wanted
        The stages to run; those before them in the recipe's chain must be done.
    root
        Folder of all runs.
    model
        A folder or repository to begin with instead of the recipe's, or of the stage before.
    data
        Builds by stage, instead of the recipe's.
    """

    recipe: Recipe
    profile: Profile
    wanted: tuple[str, ...]
    root: Path = Path("runs")
    model: str | None = None
    data: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    @property
    def begins_with(self) -> str:
        """The model that the chain begins with."""
        return self.model or self.recipe.model

    @property
    def processes(self) -> int:
        """How many devices share the work."""
        return self.profile.devices * launch.nodes()


@dataclass(frozen=True, slots=True)
class Step:
    """One stage on one model.

    Attributes
    ----------
    of
        The stage whose model it takes, or `BASE`.
    """

    stage: Stage
    settings: Settings
    of: str
    data: Data | None

    @property
    def label(self) -> str:
        """What messages call it."""
        return f"{self.stage.name} of {self.of}" if self.stage.measures else self.stage.name


def steps_of(request: Request, progress: Progress) -> list[Step]:
    """Return the steps of a request in their order, their settings validated and their data opened.

    Raises
    ------
    UsageError, SourceError, GateError, HubError
        A setting or a dataset cannot be used.
    """
    recipe = request.recipe
    read_template(recipe.chat_template)
    unknown = sorted(set(request.data) - set(recipe.chain))
    if unknown:
        raise UsageError(f"--data names {', '.join(unknown)}, and the chain is {', '.join(recipe.chain)}")
    steps: list[Step] = []
    unfit: list[OpenMedError] = []
    last = BASE
    for name in _needed(request):
        stage: Stage = find(STAGES, name)
        settings = stage.settings(_section(request, name))
        data = None
        try:
            data = open_data(stage, getattr(settings, "data", ()), progress) if stage.kinds else None
        except (GateError, UsageError, SourceError) as error:
            unfit.append(error)
        made = [step.stage.name for step in steps if not step.stage.measures]
        steps += [Step(stage, settings, of, data) for of in _models(settings, last, made)]
        last = last if stage.measures else name
    _raise_together(unfit)
    return steps


def problems(request: Request, steps: Sequence[Step], begun: Path | None = None) -> list[OpenMedError]:
    """Return everything that keeps `steps` from running here, found out before anything is loaded.

    Parameters
    ----------
    begun
        The folder of the first step, where that is gone on with: what it holds needs no room again.
    """
    attempts: list[Callable[[], None]] = [partial(require_place, request.begins_with)]
    for step in steps:
        attempts.append(partial(step.stage.check, step.settings, request.profile, request.processes))
        if step.data is not None:
            attempts.append(partial(step.stage.check_data, step.settings, step.data.files))
    attempts.append(partial(require_device, request.profile))
    held = sum(path.stat().st_size for path in begun.rglob("*") if path.is_file()) / 1e9 if begun else 0.0
    needed = disk_of(needs_of(request, step) for step in steps)
    attempts.append(partial(require_disk, request.root, max(0.0, needed - held)))
    found: dict[str, OpenMedError] = {}
    for attempt in attempts:
        try:
            attempt()
        except OpenMedError as error:
            found.setdefault(str(error), error)
    return list(found.values())


def check(request: Request, steps: Sequence[Step], begun: Path | None = None) -> None:
    """Raise where `steps` could not run here; all problems are said together. See `problems`.

    Raises
    ------
    UsageError, GateError
        What is wrong, and what to do.
    """
    _raise_together(problems(request, steps, begun))


def _raise_together(found: Sequence[OpenMedError]) -> None:
    if len(found) == 1:
        raise found[0]
    if found:
        lines = [f"{len(found)} things keep this from running:", *map(str, found)]
        hints = dict.fromkeys(error.hint for error in found if error.hint)
        raise type(found[0])("\n  ".join(lines), hint=" ".join(hints))


def needs_of(request: Request, step: Step) -> Estimate:
    """Estimate what a step needs."""
    shape = shape_of(request.recipe, request.begins_with)
    if step.stage.measures:
        return evaluation_cost(step.settings, request.profile, shape)
    data, stage = step.data, step.stage
    return estimate(
        step.settings,
        request.profile,
        shape,
        tokens=mean_tokens(stage, data.files["train"]) if data and isinstance(stage, TrlStage) else 0.0,
        rows=data.use.rows["train"] if data else 0,
        processes=request.processes,
        pairs="chosen" in stage.columns,
    )


def _needed(request: Request) -> list[str]:
    """Return the wanted stages, and those whose models they take."""
    chain = request.recipe.chain
    absent = [name for name in request.wanted if name not in chain]
    if absent:
        raise UsageError(f"recipe '{request.recipe.name}' has no stage {absent[0]}", hint=f"It has {', '.join(chain)}.")
    if len(request.wanted) == 1 and request.model is not None:
        return list(request.wanted)
    return list(chain[: max(chain.index(name) for name in request.wanted) + 1])


def _section(request: Request, name: str) -> dict[str, Any]:
    section = dict(request.recipe.stages[name])
    if name in request.data:
        section["data"] = list(request.data[name])
    return section


def _models(settings: Settings, last: str, made: Sequence[str]) -> list[str]:
    """Return the stages whose models a stage takes: the one before, or those that an evaluation names."""
    named: Sequence[str] | None = getattr(settings, "models", None)
    if named is None:
        return [last]
    resolved = [last if name == LAST else name for name in named]
    if not made:  # one model was given
        resolved = [BASE]
    unknown = [name for name in resolved if name != BASE and name not in made]
    if unknown:
        raise UsageError(
            f"there is no model of {unknown[0]} to evaluate", hint=f"There are: {', '.join([BASE, LAST, *made])}."
        )
    return list(dict.fromkeys(resolved))
