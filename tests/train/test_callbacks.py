"""What a trainer tells while it works, and the guard that stops GRPO where nothing can be learnt."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from openmed_data.errors import GateError
from openmed_data.training import checkpoints, records
from openmed_data.training.stage import PROGRESS

callbacks = pytest.importorskip("openmed_data.training.callbacks")


def state(step: int = 1, **changes: Any) -> Any:
    facts = {"global_step": step, "max_steps": 9, "is_world_process_zero": True, "log_history": []}
    return SimpleNamespace(**{**facts, "best_model_checkpoint": None, **changes})


def saving(folder: Path) -> Any:
    return SimpleNamespace(output_dir=str(folder), distributed_state=SimpleNamespace(wait_for_everyone=lambda: None))


def test_logs_become_lines_of_metrics(tmp_path: Path) -> None:
    follower = callbacks.Follower(tmp_path)
    follower.on_log(None, state(1), None, logs={"loss": 1.5, "grad_norm": float("nan")})
    follower.on_log(None, state(2, is_world_process_zero=False), None, logs={"loss": 9.0})
    assert records.read_metrics(tmp_path) == [{"step": 1, "loss": 1.5, "grad_norm": None}]


def test_steps_and_whole_checkpoints_are_told(tmp_path: Path) -> None:
    follower = callbacks.Follower(tmp_path)
    follower.on_step_end(None, state(4), None)
    assert json.loads((tmp_path / PROGRESS).read_text()) == {"step": 4, "of": 9}
    (tmp_path / "checkpoint-4").mkdir()
    assert not checkpoints.whole(tmp_path)
    follower.on_save(saving(tmp_path), state(4, is_world_process_zero=False), None)
    assert not checkpoints.whole(tmp_path)
    follower.on_save(saving(tmp_path), state(4), None)
    assert list(checkpoints.whole(tmp_path)) == [4]


@pytest.mark.parametrize(
    ("kept", "best", "left"), [(1, None, [6]), (2, None, [4, 6]), (1, 2, [2, 6]), (0, None, [2, 4, 6])]
)
def test_older_checkpoints_go(kept: int, best: int | None, left: list[int], tmp_path: Path) -> None:
    follower = callbacks.Follower(tmp_path, kept)
    for step in (2, 4, 6):
        (tmp_path / f"checkpoint-{step}").mkdir()
        follower.on_save(
            saving(tmp_path), state(step, best_model_checkpoint=best and f"{tmp_path}/checkpoint-{best}"), None
        )
    assert list(checkpoints.whole(tmp_path)) == left
    assert len(list(tmp_path.iterdir())) == len(left)


@pytest.mark.parametrize(("asked", "every"), [(50, 50), (0.25, 3)])
def test_a_run_that_is_gone_on_with_saves_as_often_as_is_asked_now(asked: float, every: int, tmp_path: Path) -> None:
    """A checkpoint holds how often the run before saved, and the trainer keeps to that."""
    transformers = pytest.importorskip("transformers")
    before = transformers.TrainerState(max_steps=9, save_steps=500, logging_steps=10, eval_steps=20)
    given = SimpleNamespace(save_steps=asked, logging_steps=10, eval_steps=20)
    callbacks.Follower(tmp_path).on_train_begin(given, before, None)
    assert (before.save_steps, before.logging_steps, before.eval_steps) == (every, 10, 20)


@pytest.mark.parametrize("processes", [1, 2])
def test_a_pass_that_is_gone_on_with_keeps_its_order(processes: int) -> None:
    from accelerate.data_loader import BatchSamplerShard
    from torch.utils.data import BatchSampler
    from trl.trainer.utils import RepeatSampler

    def sampler() -> Any:
        return RepeatSampler(range(10), mini_repeat_count=2, batch_size=3, seed=42)

    whole, resumed = sampler(), sampler()
    passes = [list(whole) for _ in range(3)]
    batches = BatchSampler(resumed, 2, drop_last=False)
    loader = SimpleNamespace(batch_sampler=batches if processes == 1 else BatchSamplerShard(batches, processes, 0))
    callbacks.PassKeeper().on_train_begin(None, state(epoch=2.4), None, train_dataloader=loader)
    assert list(resumed) == passes[2] != passes[0]


def feed(guard: Any, shares: list[float], cut: float = 0.0) -> list[dict[str, float]]:
    history = [{"frac_reward_zero_std": share, "completions/clipped_ratio": cut} for share in shares]
    for step, logs in enumerate(history, 1):
        guard.on_log(None, state(step), None, logs=logs)
    return history


def test_rewards_that_never_vary_stop_the_training() -> None:
    with pytest.raises(GateError, match="up to step 3: GRPO has nothing to learn from"):
        feed(callbacks.SignalGuard(3), [1.0, 1.0, 1.0])


def test_rewards_that_vary_now_and_then_do_not() -> None:
    guard = callbacks.SignalGuard(3)
    history = feed(guard, [1.0, 1.0, 0.5, 1.0, 1.0, 0.9, 1.0])
    guard.on_train_end(None, state(7, log_history=history), None)


def test_completions_that_are_all_cut_and_masked_stop_the_training() -> None:
    """Rewards vary, and nothing is learnt from any of them."""
    with pytest.raises(GateError, match="every completion was cut up to step 3"):
        feed(callbacks.SignalGuard(3, masks_cut=True), [0.0] * 3, cut=1.0)
    feed(callbacks.SignalGuard(3, masks_cut=True), [0.0] * 3, cut=0.9)
    feed(callbacks.SignalGuard(3), [0.0] * 3, cut=1.0)


def test_a_short_training_without_a_signal_fails_at_its_end() -> None:
    guard = callbacks.SignalGuard(20)
    feed(guard, [1.0, 1.0])
    with pytest.raises(GateError, match="nothing to learn"):
        guard.on_train_end(None, state(2, log_history=[{"frac_reward_zero_std": 1.0}] * 2), None)


def test_a_training_that_was_only_to_be_saved_is_not_judged_again() -> None:
    """It was killed between its last step, which no checkpoint tells the log of, and the end."""
    callbacks.SignalGuard(20).on_train_end(None, state(2, log_history=[{"frac_reward_zero_std": 1.0}]), None)


def test_logs_of_other_trainers_are_left_alone() -> None:
    guard = callbacks.SignalGuard(1)
    guard.on_log(None, state(), None, logs={"loss": 0.0})
    guard.on_train_end(None, state(log_history=[{"loss": 0.0}]), None)
