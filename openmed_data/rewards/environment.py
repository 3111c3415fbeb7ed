"""A rewards dataset as an environment of the ``verifiers`` library (0.4, its v1 API), paid by the same functions.

Needs the extra ``[verifiers]``. In Python: ``RewardsTaskset(RewardsConfig(path=...))``. The library's commands find
a taskset by the name of a top-level module, so they need a module of one's own with two lines in it:
``from openmed_data.rewards.environment import RewardsTaskset`` and ``__all__ = ["RewardsTaskset"]``.
"""

# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUntypedBaseClass=false, reportUntypedFunctionDecorator=false, reportUnknownParameterType=false

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from openmed_data.rewards.completion import Payment, Reward
from openmed_data.rewards.correct import correct_answer
from openmed_data.rewards.form import Brevity, NoRepetition, answer_format

try:
    import verifiers.v1 as vf
except ModuleNotFoundError as error:
    message = "an environment needs verifiers 0.4 or later: pip install 'openmed-data[verifiers]'"
    raise ModuleNotFoundError(message, name=error.name) from error

__all__ = ["RewardsConfig", "RewardsData", "RewardsTask", "RewardsTaskset"]

_COLUMNS = ("answer", "answer_type", "choices", "answer_label", "accepted_answers", "reference_reasoning")


class RewardsData(vf.TaskData):
    """One prompt and the columns its gold is read from."""

    columns: dict[str, Any]


class RewardsTask(vf.Task[RewardsData]):
    """Pays the last reply with the rewards of the GRPO recipe and records repetition as a metric."""

    @vf.reward(weight=1.0)
    async def correct_answer(self, trace: vf.Trace) -> float:
        """Pay for the right answer."""
        return self._pay(correct_answer, trace)

    @vf.reward(weight=0.2)
    async def answer_format(self, trace: vf.Trace) -> float:
        """Pay for the tags."""
        return self._pay(answer_format, trace)

    @vf.reward(weight=0.1)
    async def brevity(self, trace: vf.Trace) -> float:
        """Pay for a short rationale under a right answer."""
        return self._pay(Brevity(), trace)

    @vf.metric
    async def repetition(self, trace: vf.Trace) -> float:
        """Record the share of repeated n-grams, 0 to 1."""
        return -self._pay(NoRepetition(), trace)

    def _pay(self, reward: Reward, trace: vf.Trace) -> float:
        columns = {name: [value] for name, value in self.data.columns.items()}
        payment: Payment = reward([trace.last_reply], **columns)[0]
        # The library has no "does not apply"; a row that cannot be verified earns nothing.
        return 0.0 if payment is None else payment


class RewardsConfig(vf.TasksetConfig):
    """Where the dataset stands."""

    path: Path = Path("build/medreason-rewards")
    """A build directory, or a folder of Parquet shards."""
    split: str = "train"
    """The split whose shards are read."""


class RewardsTaskset(vf.Taskset[RewardsTask, RewardsConfig]):
    """The rows of a rewards dataset as tasks."""

    def load(self) -> Iterator[RewardsTask]:
        """Yield one task per row, in the order of the shards.

        Raises
        ------
        FileNotFoundError
            There is no shard of the split.
        """
        folder = self.config.path / "data" if (self.config.path / "data").is_dir() else self.config.path
        shards = sorted(folder.glob(f"{self.config.split}-*.parquet"))
        if not shards:
            raise FileNotFoundError(f"{folder} has no {self.config.split}-*.parquet; build the dataset first")
        for row in (row for shard in shards for row in pl.read_parquet(shard).iter_rows(named=True)):
            columns = {name: row.get(name) for name in _COLUMNS}
            yield RewardsTask(RewardsData(id=row["id"], prompt=row["prompt"], columns=columns), self.config.task)
