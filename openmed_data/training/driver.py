"""Run the steps of a recipe: skip what is done, go on with what was interrupted, begin what is new."""

import fcntl
import json
import shutil
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from openmed_data.errors import GateError, UsageError
from openmed_data.progress import Progress
from openmed_data.training import launch, records
from openmed_data.training.models import resolve_model
from openmed_data.training.plan import BASE, Request, Step, check, steps_of
from openmed_data.training.records import Parent, Run, Status
from openmed_data.training.stage import CACHE, COMPLETE, JOB, OUTCOME, PARTIAL, Job, Outcome
from openmed_data.training.template import AUTO, read_template
from openmed_data.training.weights import weights_digest

_PACKAGES = (
    "openmed-data",
    "torch",
    "transformers",
    "trl",
    "accelerate",
    "datasets",
    "peft",
    "bitsandbytes",
    "vllm",
    "mergekit",
    "lm_eval",
)


@dataclass(frozen=True, slots=True)
class Done:
    """A step that is done: its folder, its record, and whether it was so before."""

    folder: Path
    run: Run
    skipped: bool


@dataclass(slots=True)
class _Chain:
    """What is known while a request runs: the model that each stage made."""

    request: Request
    progress: Progress
    models: dict[str, tuple[Parent, Path]] = field(default_factory=dict[str, tuple[Parent, Path]])


def train(request: Request, progress: Progress) -> list[Done]:
    """Run the wanted stages of a recipe, each in a process of its own.

    Raises
    ------
    UsageError, SourceError, HubError
        Something cannot be used as given; nothing was begun.
    GateError
        A stage changed nothing, lost too many rows, or had nothing to learn from.
    BuildError
        A stage's process failed; the same request goes on from its last checkpoint.
    """
    steps = steps_of(request, progress)
    chain = _Chain(request, progress)
    done: list[Done] = []
    checked = False
    chain.models[BASE] = _base(request)
    for index, step in enumerate(steps):
        parent, _ = chain.models[step.of]
        identity = identity_of(request, step, parent, chain.models[BASE][0])
        folder = records.folder_of(request.root, request.recipe.name, step.stage.name, identity)
        run = records.read(folder)
        finished = run is not None and run.done and (step.stage.measures or (folder / records.MODEL).is_dir())
        if run is None or not finished:
            if step.stage.name not in request.wanted:
                raise UsageError(
                    f"{request.wanted[0]} needs the model of {step.stage.name}, which is not there",
                    hint=f"Run `openmed-data train {step.stage.name}` with the same recipe, or name a --model.",
                )
            if not checked:
                check(request, [one for one in steps[index:] if one.stage.name in request.wanted])
                checked = True
            run = _execute(chain, step, identity, folder, run)
        else:
            progress.note(f"{step.label}: done before, in {folder}")
        if not step.stage.measures:
            made = Parent(stage=step.stage.name, id=identity, model=_relative(folder), weights=str(run.weights))
            chain.models[step.stage.name] = (made, (folder / records.MODEL).resolve())
        done.append(Done(folder, run, skipped=finished))
    return done


def identity_of(request: Request, step: Step, parent: Parent, base: Parent) -> str:
    """Return the id of a step: of its settings, seed, template, data, parent and, for a merge, the base."""
    wanted = request.recipe.chat_template
    facts = {
        "stage": step.stage.name,
        "settings": step.settings.identity(),
        "seed": request.recipe.seed,
        "chat_template": wanted if wanted == AUTO else read_template(wanted),
        "data": step.data.use.digest if step.data else None,
        "parent": parent.weights,
        "base": None if step.stage.measures or step.data else base.weights,
    }
    return records.stage_id(facts)


def _base(request: Request) -> tuple[Parent, Path]:
    request_model = request.begins_with
    revision = None if request.model else request.recipe.revision
    folder = resolve_model(request_model, revision)
    return Parent(model=request_model, weights=weights_digest(folder)), folder


def _relative(folder: Path) -> str:
    return (folder / records.MODEL).as_posix()


def _execute(chain: _Chain, step: Step, identity: str, folder: Path, before: Run | None) -> Run:
    """Run one step to its end and return its record."""
    request = chain.request
    if before is not None and before.profile != request.profile.name and before.status is Status.RUNNING:
        raise UsageError(
            f"{step.label} was begun with the profile '{before.profile}' and not finished",
            hint=f"Go on with --profile {before.profile}, or remove '{folder}' to begin anew.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder) as lock:
        started = time.monotonic()
        parent, model = chain.models[step.of]
        base, base_folder = chain.models[BASE]
        run = Run(
            stage=step.stage.name,
            id=identity,
            status=Status.RUNNING,
            parent=parent,
            base=base,
            dataset=step.data.use if step.data else None,
            recipe={**step.settings.model_dump(mode="json"), "seed": request.recipe.seed},
            profile=request.profile.name,
            versions=_versions(),
            started=before.started if before else _now(),
            seconds=before.seconds if before else 0.0,
        )
        records.write(folder, run)
        job = _job(chain, step, folder, model=model, base=base_folder)
        chain.progress.note(f"{step.label}: {'going on from ' + job.checkpoint.name if job.checkpoint else 'begins'}")
        (folder / JOB).write_text(job.model_dump_json(indent=2), encoding="utf-8")
        command = launch.command(
            request.profile, folder.resolve(), distributed=step.stage.distributed, machines=launch.nodes()
        )
        launch.run(command, request.profile, folder.resolve(), chain.progress, stage=step.stage.name, lock=lock)
        return _finish(step, folder, run, seconds=run.seconds + time.monotonic() - started)


def _job(chain: _Chain, step: Step, folder: Path, *, model: Path, base: Path) -> Job:
    request = chain.request
    return Job(
        stage=step.stage.name,
        folder=folder.resolve(),
        model=model,
        base=base,
        data=step.data.files if step.data else {},
        kind=step.data.kind if step.data else None,
        settings=step.settings.model_dump(mode="json"),
        profile=request.profile,
        seed=request.recipe.seed,
        chat_template=request.recipe.chat_template,
        processes=request.processes,
        checkpoint=_last_checkpoint(folder),
    )


def _last_checkpoint(folder: Path) -> Path | None:
    """Return the last whole checkpoint; what a kill left of others goes, and so do the logs of steps after it."""
    for name in (PARTIAL, records.RESULTS):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / OUTCOME).unlink(missing_ok=True)
    whole: dict[int, Path] = {}
    for path in (folder / records.CHECKPOINTS).glob("checkpoint-*"):
        if (path / COMPLETE).is_file():
            whole[int(path.name.rpartition("-")[2])] = path.resolve()
        else:
            shutil.rmtree(path)
    step = max(whole, default=0)
    kept = [entry for entry in records.read_metrics(folder) if entry["step"] <= step]
    (folder / records.METRICS).write_text("".join(json.dumps(entry) + "\n" for entry in kept), encoding="utf-8")
    return whole.get(step)


def _finish(step: Step, folder: Path, run: Run, *, seconds: float) -> Run:
    """Hold what came out against what went in, and write the final record."""
    outcome = Outcome.model_validate_json((folder / OUTCOME).read_bytes())
    weights, changed = run.parent.weights, None
    if not step.stage.measures:
        weights = weights_digest(folder / PARTIAL)
        changed = weights != run.parent.weights
        if not changed:
            shutil.rmtree(folder / PARTIAL)
            raise GateError(
                f"{step.stage.name} changed nothing: the weights that came out are those that went in",
                hint="Look at its learning rate, its steps and its rewards; "
                f"'{folder / records.METRICS}' has what it logged.",
            )
        shutil.rmtree(folder / records.MODEL, ignore_errors=True)
        (folder / PARTIAL).rename(folder / records.MODEL)
    use = run.dataset
    if use is not None:
        use = use.model_copy(update={"rows": outcome.rows or use.rows, "dropped": outcome.dropped})
    done = run.model_copy(
        update={
            "status": Status.DONE,
            "dataset": use,
            "device": outcome.device,
            "steps": outcome.steps,
            "last_log": outcome.last_log,
            "results": outcome.results,
            "weights": weights,
            "changed": changed,
            "finished": _now(),
            "seconds": round(seconds, 1),
        }
    )
    records.write(folder, done)
    shutil.rmtree(folder / CACHE, ignore_errors=True)
    return done


@contextmanager
def _locked(folder: Path) -> Generator[int]:
    with (folder / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(f"another process is at work in '{folder}'", hint="Wait for it, or end it.") from error
        yield handle.fileno()


def _versions() -> dict[str, str]:
    found: dict[str, Any] = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
