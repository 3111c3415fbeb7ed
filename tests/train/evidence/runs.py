"""A small tree of runs as the driver leaves it: records, metrics, and real tiny models where weights matter."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from openmed_data.training import records
from openmed_data.training.records import DatasetUse, Device, Parent, Run, Status

BASE = Parent(model="toys/base-1m", weights="b" * 64)
DEVICE = Device(kind="cuda", name="AMD Instinct MI300X", count=1, torch="2.13.0+rocm7.2", hip="7.2.1")
VERSIONS = {"python": "3.12.4", "torch": "2.13.0", "transformers": "5.23.0", "trl": "1.16.0", "openmed-data": "0.9"}

_DATASETS = {
    "sft": ("medical-sft", "sft"),
    "dpo": ("medmcqa-prefs", "preferences"),
    "grpo": ("medreason-rewards", "rewards"),
}
_RECIPES: dict[str, dict[str, Any]] = {
    "sft": {"learning_rate": 1e-5, "num_train_epochs": 2, "max_length": 8192, "packing": True},
    "dpo": {"learning_rate": 5e-7, "beta": 0.1, "max_length": 1024},
    "grpo": {"learning_rate": 1e-6, "num_generations": 8, "beta": 0.01, "max_completion_length": 512},
    "merge": {"merge_method": "arcee_fusion"},
    "evaluate": {"tasks": ["mmlu"], "apply_chat_template": True},
}


def make_run(
    root: Path,
    stage: str,
    parent: Parent = BASE,
    *,
    logs: Sequence[Mapping[str, Any]] = (),
    weights: str | None = None,
    started: str = "2026-01-02T03:04:05+00:00",
    **facts: Any,
) -> tuple[Path, Run]:
    """Write the record and the metrics of one run, and return its folder and record."""
    identity = records.stage_id({"stage": stage, "parent": parent.weights, "started": started})
    made = weights or records.stage_id({"weights of": identity})
    run = Run(
        **{
            "stage": stage,
            "id": identity,
            "status": Status.DONE,
            "parent": parent,
            "base": BASE,
            "dataset": dataset(stage),
            "recipe": _RECIPES[stage],
            "profile": "mi300x-1",
            "versions": VERSIONS,
            "device": DEVICE,
            "steps": len(logs) or None,
            "last_log": logs[-1] if logs else {},
            "weights": parent.weights if stage == "evaluate" else made,
            "changed": None if stage == "evaluate" else True,
            "started": started,
            "finished": started,
            "seconds": 3600.0,
        }
        | facts
    )
    folder = records.folder_of(root, "toy", stage, identity)
    records.write(folder, run)
    lines = [json.dumps(log) + "\n" for log in logs]
    (folder / records.METRICS).write_text("".join(lines), encoding="utf-8")
    return folder, run


def dataset(stage: str) -> DatasetUse | None:
    if stage not in _DATASETS:
        return None
    name, kind = _DATASETS[stage]
    return DatasetUse(
        name=name,
        kind=kind,
        path_or_repo=f"me/{name}",
        revision="c" * 40,
        digest="d" * 64,
        rows={"train": 1000, "validation": 50},
        dropped={"longer than max_length": 3},
    )


def as_parent(folder: Path, run: Run) -> Parent:
    return Parent(stage=run.stage, id=run.id, model=str(folder / "model"), weights=str(run.weights))


def chain(root: Path, stages: Sequence[str] = ("sft", "dpo", "grpo")) -> list[tuple[Path, Run]]:
    """Write a chain of finished runs."""
    made: list[tuple[Path, Run]] = []
    for number, stage in enumerate(stages):
        parent = as_parent(*made[-1]) if made else BASE
        made.append(make_run(root, stage, parent, logs=LOGS[stage], started=f"2026-01-02T0{number}:00:00+00:00"))
    return made


def sft_logs(count: int = 60) -> list[dict[str, Any]]:
    logs: list[dict[str, Any]] = []
    for step in range(1, count + 1):
        wobble = ((step * 7919) % 13) / 60
        loss = 1.1 + 1.6 / step**0.5 + wobble
        logs.append(
            {"step": step * 10, "loss": loss, "grad_norm": 0.4 + wobble, "learning_rate": 1e-5 * (1 - step / count)}
        )
        if step % 15 == 0:
            logs.append({"step": step * 10, "eval_loss": loss + 0.05, "eval_mean_token_accuracy": 0.6})
    return logs


def dpo_logs(count: int = 40) -> list[dict[str, Any]]:
    return [
        {
            "step": step,
            "loss": 0.69 - 0.004 * step,
            "rewards/margins": 0.02 * step,
            "rewards/accuracies": 0.5 + 0.008 * step,
            "rewards/chosen": 0.004 * step,
            "rewards/rejected": -0.016 * step,
        }
        for step in range(1, count + 1)
    ]


def grpo_logs(count: int = 300) -> list[dict[str, Any]]:
    return [
        {
            "step": step,
            "loss": 0.001 * ((step % 5) - 2),
            "reward": 0.25 + 0.0024 * step + ((step * 31) % 17) / 100,
            "reward_std": 0.4 - step / 2000,
            "frac_reward_zero_std": step / 1000,
            "rewards/correct_answer/mean": 0.2 + step / 500,
            "rewards/answer_format/mean": min(1.0, 0.4 + step / 100),
            "rewards/brevity/mean": 0.8,
            "completions/mean_length": 300 - step / 3,
            "completions/clipped_ratio": 0.2 - step / 2000,
            "kl": step / 9000,
            "entropy": 1.4 - step / 500,
        }
        for step in range(1, count + 1)
    ]


LOGS: dict[str, list[dict[str, Any]]] = {"sft": sft_logs(), "dpo": dpo_logs(), "grpo": grpo_logs(), "merge": []}
