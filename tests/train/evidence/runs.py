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


SUBJECTS = {"mmlu_anatomy": 135, "mmlu_virology": 166, "mmlu_philosophy": 311}


def evaluate(root: Path, of: Parent, accuracy: float, *, started: str, **changed: Any) -> tuple[Path, Run]:
    """Write a finished evaluation with a results file in the harness's own shape.

    `changed` replaces entries of the file, and those of its ``config`` where a mapping is given for that.
    """
    recipe = {**_RECIPES["evaluate"], "dtype": "bfloat16", "batch_size": 64, "fewshot_as_multiturn": True, "seed": 42}
    folder, run = make_run(root, "evaluate", of, started=started, recipe=recipe, results="results/x.json")
    place = folder / "results" / "__data__model"
    place.mkdir(parents=True)
    document = harness(accuracy)
    document["config"] |= changed.pop("config", {})
    (place / "results_2026-01-02T03-04-05.json").write_text(json.dumps(document | changed), encoding="utf-8")
    return folder, run


def harness(accuracy: float) -> dict[str, Any]:
    """Return a results file as lm-evaluation-harness 0.4.13 writes one, of a few tasks."""
    tasks = {name: _metrics(name, accuracy, 0.04) for name in SUBJECTS}
    groups = {name: _metrics(name, accuracy, 0.01) for name in ("mmlu", "mmlu_stem", "mmlu_humanities")}
    strict = {"prompt_level_strict_acc,none": accuracy - 0.05, "prompt_level_strict_acc_stderr,none": 0.02}
    ifeval = {"alias": "leaderboard_ifeval", **strict, "inst_level_strict_acc,none": accuracy}
    everything = [*tasks, *groups, "leaderboard_ifeval"]
    return {
        "results": {**tasks, **groups, "leaderboard_ifeval": ifeval | {"inst_level_strict_acc_stderr,none": "N/A"}},
        "groups": groups,
        "group_subtasks": {
            "mmlu": ["mmlu_stem", "mmlu_humanities"],
            "mmlu_stem": ["mmlu_anatomy", "mmlu_virology"],
            "mmlu_humanities": ["mmlu_philosophy"],
            "leaderboard_ifeval": [],
        },
        "configs": {name: {"dataset_path": "cais/mmlu"} for name in tasks}
        | {"leaderboard_ifeval": {"dataset_path": "/data/me/ifeval/questions.json"}},
        "versions": dict.fromkeys(everything, 1),
        "n-shot": dict.fromkeys(everything, 0),
        "n-samples": {name: {"original": count, "effective": count} for name, count in SUBJECTS.items()},
        "higher_is_better": {},
        "task_hashes": dict.fromkeys(tasks, "e" * 64),
        "config": {
            "model": "hf",
            "model_args": {"pretrained": "/data/me/runs/toy/model"},
            "limit": None,
            "batch_size": 64,
            "random_seed": 42,
            "numpy_seed": 42,
            "torch_seed": 42,
            "fewshot_seed": 42,
            "gen_kwargs": {},
        },
        "lm_eval_version": "0.4.13",
        "transformers_version": "5.23.0",
        "chat_template": "...",
        "chat_template_sha": "f" * 64,
        "fewshot_as_multiturn": True,
        "model_name": "/data/me/runs/toy/model",
        "pretty_env_info": "host: me",
    }


def _metrics(name: str, accuracy: float, stderr: float) -> dict[str, Any]:
    return {"alias": name, "acc,none": accuracy, "acc_stderr,none": stderr}
