"""Run the steps of a recipe: skip what is done, go on with what was interrupted, begin what is new."""

import fcntl
import json
import shutil
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from openmed_data.errors import GateError, UsageError
from openmed_data.progress import Progress
from openmed_data.training import checkpoints, launch, records
from openmed_data.training.models import resolve_model
from openmed_data.training.plan import BASE, Request, Step, check, steps_of
from openmed_data.training.records import Parent, Run, Status
from openmed_data.training.stage import CACHE, JOB, OUTCOME, PARTIAL, Job, Outcome
from openmed_data.training.template import AUTO, read_template
from openmed_data.training.weights import texts_digest, weights_digest

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
    return [chain.take(step, steps[index:]) for index, step in enumerate(steps)]


class _Chain:
    """What is known while a request runs: the model that each stage made, and whether the rest was checked."""

    def __init__(self, request: Request, progress: Progress) -> None:
        self._request, self._progress = request, progress
        name, revision = request.begins_with, None if request.model else request.recipe.revision
        folder, commit = resolve_model(name, revision)
        own = Parent(model=name, revision=commit, weights=weights_digest(folder), texts=texts_digest(folder))
        self._models = {BASE: (own, folder)}
        self._checked = False

    def take(self, step: Step, rest: Sequence[Step]) -> Done:
        """Skip, go on with or begin one step; before the first that is begun, check all of `rest`."""
        request, stage = self._request, step.stage
        parent, base = self._models[step.of][0], self._models[BASE][0]
        identity = identity_of(request, step, parent, base)
        folder = records.folder_of(request.root, request.recipe.name, stage.name, identity)
        run = records.read(folder)
        skipped = run is not None and run.done and (stage.measures or (folder / records.MODEL).is_dir())
        if run is None or not skipped:
            self._require(step, run, folder, rest)
            run = self._execute(step, identity, folder, run)
        else:
            _require_unchanged(step, run, folder)
            _tidy(step, folder)
            self._progress.note(f"{step.label}: done before, in {folder}")
        if not stage.measures:
            place = folder / records.MODEL
            made = Parent(stage=stage.name, id=identity, model=place.as_posix(), weights=str(run.weights))
            self._models[stage.name] = (made, place.resolve())
        return Done(folder, run, skipped)

    def _require(self, step: Step, before: Run | None, folder: Path, rest: Sequence[Step]) -> None:
        """Raise where a step that is not done may not or cannot be run."""
        request, name = self._request, step.stage.name
        if name not in request.wanted:
            raise UsageError(
                f"{request.wanted[0]} needs the model of {name}, which is not there",
                hint=f"Run `openmed-data train {name}` with the same recipe, or name a --model.",
            )
        if before is not None and not before.done and before.profile != request.profile.name:
            raise UsageError(
                f"{step.label} was begun with the profile '{before.profile}' and not finished",
                hint=f"Go on with --profile {before.profile}, or remove '{folder}' to begin anew.",
            )
        if not self._checked:
            check(request, [one for one in rest if one.stage.name in request.wanted], folder if before else None)
            self._checked = True

    def _execute(self, step: Step, identity: str, folder: Path, before: Run | None) -> Run:
        """Run one step in a process of its own and return its record."""
        profile = self._request.profile
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder) as lock:
            started = time.monotonic()
            run = self._begun(step, identity, before, folder)
            records.write(folder, run)
            job = self._job(step, folder.resolve())
            (folder / JOB).write_text(job.model_dump_json(indent=2), encoding="utf-8")
            for doubt in step.stage.doubts(job):
                self._progress.note(f"{step.label}: {doubt}")
            begins = f"goes on from {job.checkpoint.name}" if job.checkpoint else "begins"
            self._progress.note(f"{step.label}: {begins}")
            command = launch.command(profile, job.folder, distributed=step.stage.distributed, machines=launch.nodes())
            launch.run(command, profile, job.folder, self._progress, stage=step.stage.name, lock=lock)
            return _finish(step, folder, run, seconds=run.seconds + time.monotonic() - started)

    def _begun(self, step: Step, identity: str, before: Run | None, folder: Path) -> Run:
        request = self._request
        return Run(
            stage=step.stage.name,
            id=identity,
            status=Status.RUNNING,
            parent=self._models[step.of][0],
            base=self._models[BASE][0],
            dataset=step.data.use if step.data else None,
            recipe={
                **step.settings.model_dump(mode="json"),
                "seed": request.recipe.seed,
                "chat_template": request.recipe.chat_template,
            },
            profile=request.profile.name,
            versions=_versions(),
            started=before.started if before else _now(),
            seconds=before.seconds + records.seconds_of_attempt(folder) if before else 0.0,
        )

    def _job(self, step: Step, folder: Path) -> Job:
        request = self._request
        return Job(
            stage=step.stage.name,
            folder=folder,
            model=self._models[step.of][1],
            base=self._models[BASE][1],
            data=step.data.files if step.data else {},
            kind=step.data.kind if step.data else None,
            settings=step.settings.model_dump(mode="json"),
            profile=request.profile,
            seed=request.recipe.seed,
            chat_template=request.recipe.chat_template,
            processes=request.processes,
            checkpoint=_last_checkpoint(folder),
        )


def identity_of(request: Request, step: Step, parent: Parent, base: Parent) -> str:
    """Return the id of a step: of its settings, seed, template, data, parent and, for a merge, the base.

    Tokenizer and chat template of the base are part of it: a repository may mend these alone.
    """
    wanted = request.recipe.chat_template
    facts = {
        "stage": step.stage.name,
        "settings": step.settings.identity(),
        "seed": request.recipe.seed,
        "chat_template": wanted if wanted == AUTO else read_template(wanted),
        "data": step.data.use.digest if step.data else None,
        "parent": parent.weights,
        "texts": base.texts,
        "base": None if step.stage.measures or step.data else base.weights,
    }
    return records.stage_id(facts)


def _require_unchanged(step: Step, run: Run, folder: Path) -> None:
    """Raise where the model of a step that is done is not the one that the step made."""
    if not step.stage.measures and weights_digest(folder / records.MODEL) != run.weights:
        raise GateError(
            f"the model of {step.label} was changed after it was made: '{folder / records.MODEL}' has other weights",
            hint=f"Put the model back, or remove '{folder}' to make it again.",
        )


def _last_checkpoint(folder: Path) -> Path | None:
    """Return the last whole checkpoint; what a kill left of others goes, and so do the logs of steps after it."""
    for name in (PARTIAL, records.RESULTS):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / OUTCOME).unlink(missing_ok=True)
    place = folder / records.CHECKPOINTS
    checkpoints.remove_partial(place)
    whole = checkpoints.whole(place)
    step = max(whole, default=0)
    kept = [entry for entry in records.read_metrics(folder) if entry["step"] <= step]
    (folder / records.METRICS).write_text("".join(json.dumps(entry) + "\n" for entry in kept), encoding="utf-8")
    return whole[step].resolve() if step else None


def _finish(step: Step, folder: Path, run: Run, *, seconds: float) -> Run:
    """Hold what came out against what went in, and write the final record."""
    outcome = Outcome.model_validate_json((folder / OUTCOME).read_bytes())
    weights, changed = run.parent.weights, None
    if not step.stage.measures:
        weights = weights_digest(folder / PARTIAL)
        changed = weights != run.parent.weights
        if not changed:
            records.write(folder, run.model_copy(update={"changed": False, "seconds": round(seconds, 1)}))
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
            "chat_template": outcome.chat_template,
            "weights": weights,
            "changed": changed,
            "finished": _now(),
            "seconds": round(seconds, 1),
        }
    )
    records.write(folder, done)
    _tidy(step, folder)
    return done


def _tidy(step: Step, folder: Path) -> None:
    """Remove what only an unfinished run needs; a kill may have left it after the final record."""
    shutil.rmtree(folder / CACHE, ignore_errors=True)
    if getattr(step.settings, "checkpoints", None) is None:
        shutil.rmtree(folder / records.CHECKPOINTS, ignore_errors=True)


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
