"""What a trainer tells while it works: its logs, how far it is, and which checkpoints are whole."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

import json
import math
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from openmed_data.errors import GateError
from openmed_data.training import records
from openmed_data.training.stage import COMPLETE, PROGRESS

_transformers: Any = import_module("transformers")


class Follower(_transformers.TrainerCallback):
    """Writes logs and steps into the run's folder, and marks checkpoints that are whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:  # noqa: ARG002
        """Append one line of metrics."""
        if state.is_world_process_zero:
            entry = {"step": state.global_step, **_finite(logs or {})}
            with (self._folder / records.METRICS).open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Say how many steps there are."""
        self._say(state)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Say which step is done."""
        self._say(state)

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Mark the checkpoint: a kill may leave one that looks whole and is not."""
        if state.is_world_process_zero:
            (Path(args.output_dir) / f"checkpoint-{state.global_step}" / COMPLETE).touch()

    def _say(self, state: Any) -> None:
        if state.is_world_process_zero:
            partial = self._folder / f"{PROGRESS}.partial"
            partial.write_text(json.dumps({"step": state.global_step, "of": state.max_steps}), encoding="utf-8")
            partial.replace(self._folder / PROGRESS)


class SignalGuard(_transformers.TrainerCallback):
    """Stops GRPO where no reward varies: all advantages are 0 then, and so is every gradient.

    Parameters
    ----------
    patience
        Logs in a row without any spread after which it stops.
    """

    def __init__(self, patience: int) -> None:
        self._patience, self._idle, self._seen = patience, 0, False

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:  # noqa: ARG002
        """Count logs without spread.

        Raises
        ------
        GateError
            There were too many.
        """
        if "frac_reward_zero_std" not in (logs or {}):
            return
        varies = logs["frac_reward_zero_std"] < 1
        self._seen, self._idle = self._seen or varies, 0 if varies else self._idle + 1
        if self._idle >= self._patience:
            raise _no_signal(state.global_step)

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Fail a training that never had a signal.

        Raises
        ------
        GateError
            No reward varied in any group.
        """
        logged = [entry["frac_reward_zero_std"] for entry in state.log_history if "frac_reward_zero_std" in entry]
        if logged and not self._seen and min(logged) >= 1:
            raise _no_signal(state.global_step)


def _no_signal(step: int) -> GateError:
    return GateError(
        f"no reward varied within any group of completions up to step {step}: GRPO has nothing to learn from",
        hint="Look at the completions; `openmed-data probe difficulty` finds prompts that are sometimes solved. More "
        "completions for each prompt or a higher temperature vary more.",
    )


def _finite(logs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the logs as JSON can hold them: what is no number is null."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in logs.items()
    }
