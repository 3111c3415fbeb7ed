"""What a trainer tells while it works, and the guard that stops GRPO where nothing can be learnt."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from openmed_data.errors import GateError
from openmed_data.training import records
from openmed_data.training.stage import COMPLETE, PROGRESS

callbacks = pytest.importorskip("openmed_data.training.callbacks")


def state(step: int = 1, **changes: Any) -> Any:
    facts = {"global_step": step, "max_steps": 9, "is_world_process_zero": True, "log_history": []}
    return SimpleNamespace(**{**facts, **changes})


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
    follower.on_save(SimpleNamespace(output_dir=str(tmp_path)), state(4), None)
    assert (tmp_path / "checkpoint-4" / COMPLETE).is_file()


def feed(guard: Any, shares: list[float]) -> None:
    for step, share in enumerate(shares, 1):
        guard.on_log(None, state(step), None, logs={"frac_reward_zero_std": share})


def test_rewards_that_never_vary_stop_the_training() -> None:
    with pytest.raises(GateError, match="up to step 3: GRPO has nothing to learn from"):
        feed(callbacks.SignalGuard(3), [1.0, 1.0, 1.0])


def test_rewards_that_vary_now_and_then_do_not() -> None:
    guard = callbacks.SignalGuard(3)
    feed(guard, [1.0, 1.0, 0.5, 1.0, 1.0, 0.9, 1.0])
    guard.on_train_end(None, state(7, log_history=[{"frac_reward_zero_std": 1.0}]), None)


def test_a_short_training_without_a_signal_fails_at_its_end() -> None:
    guard = callbacks.SignalGuard(20)
    feed(guard, [1.0, 1.0])
    with pytest.raises(GateError, match="nothing to learn"):
        guard.on_train_end(None, state(2, log_history=[{"frac_reward_zero_std": 1.0}] * 2), None)


def test_logs_of_other_trainers_are_left_alone() -> None:
    guard = callbacks.SignalGuard(1)
    guard.on_log(None, state(), None, logs={"loss": 0.0})
    guard.on_train_end(None, state(log_history=[{"loss": 0.0}]), None)
