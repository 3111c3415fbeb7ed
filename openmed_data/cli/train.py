"""`openmed-data train`: the stages of a recipe, one of them or all in their order."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from openmed_data.console import Cell, Console, Styled, Table
from openmed_data.errors import UsageError

from .app import app, command

if TYPE_CHECKING:
    from openmed_data.training.driver import Done
    from openmed_data.training.estimate import Estimate
    from openmed_data.training.plan import Request, Step

ALL = "all"
STAGES = {
    "sft": "Fine-tune on conversations and tool traces.",
    "dpo": "Prefer the better of two answers.",
    "grpo": "Reinforce answers that can be verified.",
    "merge": "Fuse the trained model with the base.",
    "evaluate": "Score models on MMLU, MMLU-Pro and IFEval.",
    ALL: "Run every stage of the recipe, one after the other.",
}

train = typer.Typer(name="train", help="Train a model in stages, from a recipe.", no_args_is_help=True)
app.add_typer(train)

RecipeText = Annotated[
    str, typer.Option("--recipe", metavar="FILE", help="A recipe's file, or the name of a bundled one.")
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="MODEL",
        show_default=False,
        help="Begin with this folder or Hub repository instead of the recipe's model or the stage before.",
    ),
]
Data = Annotated[
    list[str] | None,
    typer.Option(
        "--data",
        metavar="STAGE=BUILD",
        show_default=False,
        help="Train a stage on this build, a folder or hub:OWNER/NAME@REV; may be repeated, also for one stage.",
    ),
]
ProfileText = Annotated[
    str, typer.Option("--profile", metavar="NAME", help="The machine: cpu-smoke, cuda-1, mi300x-1, mi300x-8, a file.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", show_default=False, help="Change the recipe, as in sft.learning_rate=2e-5."
    ),
]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of all runs.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the plan with memory, disk and time, and train nothing.")]


def _register(name: str, what: str) -> None:
    def run(
        console: Console,
        *,
        recipe: RecipeText = "afm-4.5b",
        model: Model = None,
        data: Data = None,
        profile: ProfileText = "mi300x-1",
        settings: Settings = None,
        out: Out = Path("runs"),
        dry_run: DryRun = False,
    ) -> None:
        _train(console, request_of(name, recipe, model, data or [], profile, settings or [], out), dry_run=dry_run)

    run.__doc__ = f"{what}\n\nA run that was interrupted goes on from its last checkpoint; one that is done is skipped."
    builds = " --data sft=build/sft-synthetic" if name in {"sft", ALL} else ""
    command(
        name,
        f"openmed-data train {name} --recipe afm-4.5b --profile mi300x-1 --dry-run",
        f"openmed-data train {name} --recipe cpu-smoke --profile cpu-smoke --model DIR{builds}",
        group=train,
    )(run)


for _name, _what in STAGES.items():
    _register(_name, _what)


def request_of(
    name: str, recipe: str, model: str | None, data: list[str], profile: str, settings: list[str], out: Path
) -> "Request":
    """Return what the options of a command ask for.

    Raises
    ------
    UsageError
        The recipe, the profile or a dataset cannot be used as given.
    """
    from openmed_data.registry import STAGES as EVERY
    from openmed_data.registry import find
    from openmed_data.training import profile as profiles
    from openmed_data.training import recipe as recipes
    from openmed_data.training.plan import Request

    found = recipes.load(recipe, settings)
    if name != ALL:
        find(EVERY, name)
        if name not in found.chain:
            raise UsageError(f"recipe '{found.name}' has no stage {name}", hint=f"It has {', '.join(found.chain)}.")
    wanted = found.chain if name == ALL else (name,)
    return Request(found, profiles.load(profile), wanted, out, model, _builds(data))


def _builds(given: list[str]) -> dict[str, tuple[str, ...]]:
    builds: dict[str, tuple[str, ...]] = {}
    for text in given:
        stage, equals, build = text.partition("=")
        if not equals or not build:
            raise UsageError(f"'{text}' is not STAGE=BUILD", hint="As in --data sft=build/sft-synthetic")
        builds[stage] = (*builds.get(stage, ()), build)
    return builds


def _train(console: Console, request: "Request", *, dry_run: bool) -> None:
    if dry_run:
        _plan(console, request)
        return
    from openmed_data.training.driver import train as run

    done = run(request, console)
    console.close()
    if console.as_json:
        console.json([{**one.run.model_dump(mode="json"), "folder": str(one.folder)} for one in done])
        return
    console.table(
        Table(("STAGE", "STEPS", "TIME", "LAST LOG", "FOLDER"), [_row(one) for one in done], frozenset({"STEPS"}))
    )
    console.next_step(f"openmed-data train report {request.root / request.recipe.name}", "losses, margins and rewards")


def _row(done: "Done") -> tuple[Cell, ...]:
    run = done.run
    figures = "  ".join(f"{key} {_short(value)}" for key, value in list(run.last_log.items())[:3])
    took = "done before" if done.skipped else f"{run.seconds:,.0f} s"
    name = f"{run.stage} of {run.parent.stage or 'base'}" if run.changed is None else run.stage
    return Styled(name, "bold"), str(run.steps or ""), took, figures, str(done.folder)


def _plan(console: Console, request: "Request") -> None:
    from openmed_data.training.plan import needs_of, problems, steps_of

    steps = steps_of(request, console)
    rows = [_plan_row(step, needs_of(request, step)) for step in steps]
    found = [str(error) for error in problems(request, steps)]
    room = request.profile.memory_gb
    found += [
        f"{row['stage']} needs about {row['memory_gb']:,.1f} GB of memory on each device, and one has {room:g} GB"
        for row in rows
        if (row["memory_gb"] or 0) > room
    ]
    if console.as_json:
        console.json({"profile": request.profile.name, "steps": rows, "problems": found})
        return
    headers = ("STAGE", "ON", "ROWS", "STEPS", "MEMORY/DEVICE", "DISK", "ABOUT")
    cells = [
        (
            Styled(row["stage"], "bold"),
            row["on"],
            *("" if row[key] is None else f"{row[key]:,}" for key in ("rows", "steps")),
            _unit(row["memory_gb"], "GB"),
            _unit(row["disk_gb"], "GB"),
            _unit(row["hours"], "h"),
        )
        for row in rows
    ]
    console.table(Table(headers, cells, frozenset(headers[2:])))
    console.note(
        f"{request.recipe.name} from {request.begins_with} on {request.profile.name}: {request.processes} device(s) of "
        f"{request.profile.memory_gb:g} GB; steps, memory, disk and time are estimates"
    )
    if any(row["on"] and row["memory_gb"] is None for row in rows):
        console.note(f"how large {request.begins_with} is, is not known before it lies here: nothing is estimated")
    for problem in found:
        console.note(f"on this machine it would stop: {problem}")


def _plan_row(step: "Step", need: "Estimate") -> dict[str, Any]:
    return {
        "stage": step.label,
        "on": step.data.use.name if step.data else "",
        "rows": step.data.use.rows["train"] if step.data else None,
        "steps": need.steps,
        "memory_gb": need.memory_gb,
        "disk_gb": need.disk_gb,
        "hours": need.hours,
    }


def _unit(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:,.1f} {unit}" if value >= 0.05 else f"< 0.1 {unit}"


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
