"""Put the facts of a model's evidence into the card's words, which stand in the room `data_cards`."""

import shlex
from collections.abc import Mapping
from typing import Any

import yaml

from openmed_data.card import fill
from openmed_data.licenses import card_license
from openmed_data.training.model_card.evidence import Evidence
from openmed_data.training.model_card.metadata import datasets, is_repository, metadata
from openmed_data.training.model_card.recipe import as_recipe, recipe_name
from openmed_data.training.model_card.scores import Row, tables
from openmed_data.training.report.page import duration

# Settings that a stage's table shows first, in this order; the recipe further down has all of them.
_SHOWN = (
    "learning_rate", "lr_scheduler_type", "warmup_steps", "num_train_epochs", "max_steps", "batch", "max_length",
    "max_prompt_length", "max_completion_length", "num_generations", "beta", "loss_type", "temperature", "rewards",
    "assistant_only_loss", "packing", "dtype", "lora", "method", "out_dtype", "seed",
)  # fmt: skip


def render(evidence: Evidence) -> str:
    """Return the text of the ``README.md`` of a model.

    Returns
    -------
    str
        Markdown that starts with YAML metadata. The same evidence gives the same text: it holds no date.
    """
    block = yaml.safe_dump(metadata(evidence), sort_keys=False, allow_unicode=True)
    filters = {"duration": duration, "score": _score, "difference": _difference}
    return f"---\n{block}---\n\n{fill('model.md.j2', _facts(evidence), filters)}"


def _facts(evidence: Evidence) -> dict[str, Any]:
    base = evidence.runs[0]["parent"]["model"]
    evaluation = evidence.evaluation
    return {
        "name": evidence.stated.name,
        "stated": evidence.stated,
        "license": card_license(evidence.stated.license, "") if evidence.stated.license else None,
        "base": base,
        "base_is_repository": is_repository(base),
        "base_revision": evidence.runs[0]["parent"].get("revision"),
        "chat_format": _chat_format(evidence.runs[0].get("chat_template")),
        "base_weights": evidence.runs[0]["parent"]["weights"],
        "runs": evidence.runs,
        "last": evidence.runs[-1],
        "datasets": datasets(evidence),
        "settings": [(run, _settings(run["recipe"])) for run in evidence.runs],
        "device_seconds": sum(
            run["seconds"] * (run["device"]["count"] if run["device"] else 1) for run in evidence.runs
        ),
        "evaluation": evaluation,
        "base_evaluation": evidence.base_evaluation,
        "scores": tables(evaluation, evidence.base_evaluation) if evaluation else None,
        "recipe": as_recipe(evidence),
        "commands": _commands(evidence),
        "harness": _harness_command(evaluation) if evaluation else "",
    }


def _chat_format(name: str | None) -> str:
    """Say where the chat template of training is from; nothing where no stage was trained on conversations."""
    known = {
        "model": "the base model's own chat format",
        "trl": "the base model's own chat format, as TRL marks it for training",
        "chatml": "ChatML, and not in a chat format of the base model",
    }
    return known.get(name, f"the chat format of {name}") if name else ""


def _settings(recipe: Mapping[str, Any]) -> dict[str, str]:
    held = {name: recipe[name] for name in _SHOWN if recipe.get(name) is not None}
    return {name: yaml.safe_dump(value, default_flow_style=True).split("\n")[0] for name, value in held.items()}


def _commands(evidence: Evidence) -> str:
    train = ["openmed-data", "train", "all", "--recipe", "recipe.yaml", "--profile", str(evidence.runs[-1]["profile"])]
    runs = f"runs/{recipe_name(evidence.stated.name)}"
    return f"{shlex.join(train)}\n{shlex.join(['openmed-data', 'train', 'export', runs, '--out', 'export'])}"


def _harness_command(evaluation: Mapping[str, Any]) -> str:
    asked = evaluation["asked"]
    words = ["lm_eval", "run", "--model", "hf", "--model_args", f"pretrained=.,dtype={asked.get('dtype', 'bfloat16')}"]
    words += ["--tasks", ",".join(asked.get("tasks", ())), "--batch_size", str(asked.get("batch_size", 64))]
    if asked.get("apply_chat_template"):
        words.append("--apply_chat_template")
    words += ["--fewshot_as_multiturn", str(bool(asked.get("fewshot_as_multiturn"))).lower()]
    if asked.get("limit"):
        words += ["--limit", str(asked["limit"])]
    return shlex.join([*words, "--seed", str(asked.get("seed", 42)), "--output_path", "results"])


def _score(value: float | None, stderr: float | None = None) -> str:
    """Write a score in per cent, as the harness's users do.

    Examples
    --------
    >>> _score(0.61402, 0.0039), _score(None)
    ('61.40 ± 0.39', '')
    """
    if value is None:
        return ""
    return f"{100 * value:.2f}" + (f" ± {100 * stderr:.2f}" if stderr is not None else "")


def _difference(row: Row) -> str:
    """Write by how much a model differs from its base, in bold where chance does not explain it."""
    if row.base is None:
        return ""
    text = f"{100 * (row.value - row.base):+.2f}"
    return f"**{text}**" if row.clear else text
