"""What a trainer tells while it works: its logs, how far it is, and which checkpoints are whole."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

import json
import math
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from openmed_data.errors import GateError
from openmed_data.files import write_text
from openmed_data.training import checkpoints, records
from openmed_data.training.stage import PROGRESS

_torch: Any = import_module("torch")
_transformers: Any = import_module("transformers")

_ZERO = "frac_reward_zero_std"


class Follower(_transformers.TrainerCallback):
    """Writes logs and steps into the run's folder, marks checkpoints that are whole, and removes older ones.

    Parameters
    ----------
    kept
        How many checkpoints stay; 0 for all.
    """

    def __init__(self, folder: Path, kept: int = 1) -> None:
        self._folder, self._kept = folder, kept

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:  # noqa: ARG002
        """Append one line of metrics."""
        if state.is_world_process_zero:
            entry = {"step": state.global_step, **_finite(logs or {})}
            with (self._folder / records.METRICS).open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Say how many steps there are; save as often as is asked for now, and not as the checkpoint's state says."""
        state.compute_steps(args, state.max_steps)
        self._say(state)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Say which step is done."""
        self._say(state)

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Mark the checkpoint once every process has written its part, and let older ones go."""
        args.distributed_state.wait_for_everyone()
        if not state.is_world_process_zero:
            return
        folder = Path(args.output_dir)
        checkpoints.mark(checkpoints.place_of(folder, state.global_step))
        if self._kept:
            checkpoints.keep_newest(folder, self._kept, state.best_model_checkpoint)

    def _say(self, state: Any) -> None:
        if state.is_world_process_zero:
            write_text(self._folder / PROGRESS, json.dumps({"step": state.global_step, "of": state.max_steps}))


class PassKeeper(_transformers.TrainerCallback):
    """Lets GRPO go on in the pass over the prompts in which it was interrupted.

    Its sampler draws one order for each pass and does not know how many there were: without this, the pass that is gone
    on with would have the order of the first.
    """

    def on_train_begin(self, args: Any, state: Any, control: Any, train_dataloader: Any = None, **_: Any) -> None:  # noqa: ARG002
        """Draw the orders of the passes that are done."""
        batches = train_dataloader.batch_sampler
        sampler = getattr(batches, "batch_sampler", batches).sampler  # several processes share one
        if sampler.shuffle:
            for _pass in range(int(state.epoch or 0)):
                _torch.randperm(sampler.num_samples, generator=sampler.generator)


class SignalGuard(_transformers.TrainerCallback):
    """Stops GRPO where nothing can be learnt and every gradient is 0.

    That is so where no reward varies, because all advantages are 0 then, and where every completion is cut and those
    that are cut stay out of the loss.

    Parameters
    ----------
    patience
        Logs in a row without a signal after which it stops.
    masks_cut
        Whether completions that are cut stay out of the loss.
    """

    def __init__(self, patience: int, *, masks_cut: bool = False) -> None:
        self._patience, self._masks_cut, self._idle, self._heard = patience, masks_cut, 0, False

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:  # noqa: ARG002
        """Count logs without a signal.

        Raises
        ------
        GateError
            There were too many.
        """
        if _ZERO not in (logs or {}):
            return
        self._idle, self._heard = self._idle + 1 if self._is_idle(logs) else 0, True
        if self._idle >= self._patience:
            raise self._no_signal(state.global_step, logs)

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Fail a training that never had a signal; not one that was only to be saved, whose last log may be lost.

        Raises
        ------
        GateError
            There was none in any log.
        """
        logged = [entry for entry in state.log_history if _ZERO in entry]
        if self._heard and all(map(self._is_idle, logged)):
            raise self._no_signal(state.global_step, logged[-1])

    def _is_idle(self, logs: Mapping[str, Any]) -> bool:
        return logs[_ZERO] >= 1 or self._all_cut(logs)

    def _all_cut(self, logs: Mapping[str, Any]) -> bool:
        return self._masks_cut and logs.get("completions/clipped_ratio", 0.0) >= 1

    def _no_signal(self, step: int, logs: Mapping[str, Any]) -> GateError:
        if self._all_cut(logs):
            return GateError(
                f"every completion was cut up to step {step}, and mask_truncated_completions keeps those out of the "
                "loss: GRPO has nothing to learn from",
                hint="Raise max_completion_length; or the model does not end its turns, which sft teaches.",
            )
        return GateError(
            f"no reward varied within any group of completions up to step {step}: GRPO has nothing to learn from",
            hint="Look at the completions; `openmed-data probe difficulty` finds prompts that are sometimes solved. "
            "More completions for each prompt or a higher temperature vary more.",
        )


def _finite(logs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the logs as JSON can hold them: what is no number is null."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in logs.items()
    }
