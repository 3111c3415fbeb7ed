"""What a stage is: its settings, the kinds of dataset it takes, and the work it does in a process of its own.

A stage never decides where it runs or whether it must: the driver resolves model and data, skips what is done, and
starts the work with a `Job`; the work answers with an `Outcome`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from openmed_data.kinds import Kind
from openmed_data.training.profile import Profile
from openmed_data.training.records import Device
from openmed_data.training.settings import Settings, TrainerSettings, parse

JOB = "job.json"
OUTCOME = "outcome.json"
FAILURE = "failure.json"
PROGRESS = "progress.json"
CACHE = "cache"  # tokenized rows; a resumed run finds them again
PARTIAL = "model.partial"  # becomes `model` once it was found to differ from the parent


class Job(BaseModel):
    """Everything that a stage's process needs to know; paths are absolute.

    Attributes
    ----------
    model, base
        Folders of the parent's model and of the model that the chain began with.
    data
        Split → Parquet files.
    processes
        How many processes share the work.
    checkpoint
        What to go on from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: str
    folder: Path
    model: Path
    base: Path
    data: Mapping[str, tuple[Path, ...]]
    kind: Kind | None
    settings: Mapping[str, Any]
    profile: Profile
    seed: int
    chat_template: str
    processes: int
    checkpoint: Path | None


class Outcome(BaseModel):
    """What a stage's process reports: see `openmed_data.training.records.Run`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int | None = None
    last_log: Mapping[str, Any] = {}
    rows: Mapping[str, int] = {}
    dropped: Mapping[str, int] = {}
    device: Device | None = None
    results: str | None = None
    chat_template: str | None = None


class Stage(ABC):
    """One stage of training.

    Attributes
    ----------
    kinds
        Kinds of dataset it can be trained on; empty for a stage without data.
    columns
        Columns that the dataset must have.
    measures
        Whether it only measures, and makes no model.
    distributed
        Whether several processes share its work.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    kinds: ClassVar[frozenset[Kind]] = frozenset()
    columns: ClassVar[tuple[str, ...]] = ()
    measures: ClassVar[bool] = False
    distributed: ClassVar[bool] = False
    settings_model: ClassVar[type[Settings]] = TrainerSettings

    def settings(self, given: Mapping[str, Any]) -> Settings:
        """Validate the stage's section of a recipe.

        Raises
        ------
        UsageError
            A setting is missing, unknown or of the wrong type.
        """
        return parse(self.settings_model, given, self.name)

    @abstractmethod
    def check(self, settings: Any, profile: Profile, processes: int) -> None:
        """Raise before anything heavy is done, where this stage could not run as it is set.

        Raises
        ------
        UsageError, GateError
            What is wrong, and what to do.
        """

    def check_data(self, settings: Any, files: Mapping[str, tuple[Path, ...]]) -> None:  # noqa: ARG002
        """Raise where the dataset, by its rows, cannot serve this stage; nothing by default."""
        return

    def doubts(self, job: Job) -> Iterator[str]:  # noqa: ARG002
        """Yield why the work may not do what is wanted, though it can be done; nothing by default."""
        return iter(())

    @abstractmethod
    def work(self, job: Job) -> Outcome:
        """Do the work, in a process of its own; the model goes to `PARTIAL` below the job's folder."""
