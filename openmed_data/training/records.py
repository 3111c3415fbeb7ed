"""What a run leaves behind: one folder, and in it `run.json`, from which reports and model cards are made.

::

    runs/<recipe>/<stage>-<id>/
      run.json        the record below
      model/          what the stage made; absent for a stage that only measures
      checkpoints/    what an interrupted run goes on from
      metrics.jsonl   one JSON object for each log of the trainer, with its `step`
      tensorboard/    the same, for TensorBoard
      results/        what lm-evaluation-harness wrote, for `evaluate`
      tokenizer/      likewise, where the model has no chat template: its tokenizer with the one that training takes
      log.txt         everything the stage's process printed
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from openmed_data.errors import Problem, SourceError
from openmed_data.files import write_text

NAME = "run.json"
MODEL = "model"
CHECKPOINTS = "checkpoints"
METRICS = "metrics.jsonl"
TENSORBOARD = "tensorboard"
RESULTS = "results"
LENT = "tokenizer"  # of an evaluation: that of a model without a chat template, with the one that training takes
LOG = "log.txt"

_SHOWN = 12  # characters of an id in the name of its folder


class Status(StrEnum):
    """How far a run is; one that was killed says `running` until it is resumed."""

    RUNNING = "running"
    DONE = "done"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Parent(_Record):
    """The model that a stage began with.

    Attributes
    ----------
    stage, id
        The run that made it; None for the model that the chain began with.
    model, revision
        Its path, or its repository on the Hub and the commit.
    weights
        Digest of its weights; see `openmed_data.training.weights`.
    texts
        Digest of its configuration, tokenizer and chat template; None of a model that a stage made, which has them
        from the first one.
    """

    stage: str | None = None
    id: str | None = None
    model: str
    revision: str | None = None
    weights: str
    texts: str | None = None


class DatasetUse(_Record):
    """The dataset that a stage was trained on.

    Attributes
    ----------
    revision
        The commit, where it came from the Hub.
    digest
        SHA-256 of its `manifest.json`, which names the exact bytes of every file.
    rows
        Rows by split, as the trainer got them.
    dropped
        Rows that the trainer did not get, by reason.
    validated
        Whether a validation of these very files passed; one that failed stops the stage.
    parts
        The builds, where several were put together; the facts above then are their sums.
    """

    name: str
    kind: str
    path_or_repo: str
    revision: str | None = None
    digest: str
    rows: Mapping[str, int]
    dropped: Mapping[str, int] = {}
    validated: bool = False
    parts: tuple["DatasetUse", ...] = ()


class Device(_Record):
    """What a stage ran on; `hip` is the version of ROCm's runtime, where that is what torch was built for."""

    kind: str
    name: str
    count: int
    torch: str
    hip: str | None = None


class Run(_Record):
    """The record of one stage.

    Attributes
    ----------
    recipe
        The stage's section of the recipe, resolved: every setting with the value it had; and the recipe's seed and
        chat template.
    chat_template
        Where that came from which it was trained with: see `openmed_data.training.template.ChatTemplate`.
    versions
        Versions of Python and of the packages that matter, by name.
    steps
        Optimiser steps: those planned while it runs, those taken once it is done; None where there are none.
    last_log
        The trainer's last log, or the scores of an evaluation.
    weights
        Digest of the weights that came out; of those that were measured, for a stage that only measures.
    changed
        Whether those differ from the parent's; None for a stage that only measures.
    started, finished
        UTC, ISO 8601.
    seconds
        Time worked, over all attempts.
    """

    stage: str
    id: str
    status: Status
    parent: Parent
    base: Parent
    dataset: DatasetUse | None = None
    recipe: Mapping[str, Any]
    profile: str
    versions: Mapping[str, str] = {}
    device: Device | None = None
    steps: int | None = None
    last_log: Mapping[str, Any] = {}
    weights: str | None = None
    changed: bool | None = None
    results: str | None = None
    chat_template: str | None = None
    started: str
    finished: str | None = None
    seconds: float = 0.0

    @property
    def done(self) -> bool:
        """Whether the run came to its end."""
        return self.status is Status.DONE


def stage_id(facts: Mapping[str, Any]) -> str:
    """Return the id of a stage: the SHA-256 of everything that decides what comes out, as canonical JSON.

    Examples
    --------
    >>> stage_id({"stage": "sft", "parent": "0" * 64}) == stage_id({"parent": "0" * 64, "stage": "sft"})
    True
    """
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def folder_of(root: Path, recipe: str, stage: str, identity: str) -> Path:
    """Return the folder of a run.

    Examples
    --------
    >>> folder_of(Path("runs"), "afm-4.5b", "sft", "0123456789abcdef").as_posix()
    'runs/afm-4.5b/sft-0123456789ab'
    """
    return root / recipe / f"{stage}-{identity[:_SHOWN]}"


def read(folder: Path) -> Run | None:
    """Return the record in `folder`; None where no run was begun there.

    Raises
    ------
    SourceError
        The record was changed by hand, or damaged.
    """
    path = folder / NAME
    if not path.is_file():
        return None
    try:
        return Run.model_validate_json(path.read_bytes())
    except ValidationError as error:
        problems = [
            Problem(str(path), one["msg"], "a run's record", field=".".join(map(str, one["loc"])))
            for one in error.errors()
        ]
        raise SourceError(f"'{path}' is no record of a run", problems, hint="Remove the folder and train again.") from (
            error
        )


def write(folder: Path, run: Run) -> None:
    """Write the record, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / NAME, run.model_dump_json(indent=2) + "\n")


def seconds_of_attempt(folder: Path) -> float:
    """Return how long an attempt worked that was killed: from its record to the last that its process said."""
    begun = (folder / NAME).stat().st_mtime
    said = [path.stat().st_mtime for path in (folder / LOG, folder / METRICS) if path.is_file()]
    return max(0.0, max(said, default=begun) - begun)


def all_runs(root: Path) -> Iterator[tuple[Path, Run]]:
    """Yield every run below `root`, such as ``runs`` or ``runs/<recipe>``, with its folder, oldest first."""
    found = ((path.parent, read(path.parent)) for path in root.rglob(NAME))
    runs = [(folder, run) for folder, run in found if run is not None]
    yield from sorted(runs, key=lambda pair: pair[1].started)


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """Return the trainer's logs, in the order of their steps; a line that was cut off by a kill is left out."""
    path = folder / METRICS
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.is_file() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]
