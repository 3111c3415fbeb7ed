"""Write the recipe again that a chain of runs was made with, from what the runs recorded."""

from collections.abc import Mapping
from typing import Any, cast

import yaml

from openmed_data.training.model_card.evidence import Evidence

_ONCE = {"seed", "chat_template"}


def as_recipe(evidence: Evidence) -> str:
    """Return a recipe, as YAML, that asks for the runs of `evidence` and for its evaluation.

    Builds that came from the Hub are named with their commit; others by the name of their folder.
    """
    runs = [*evidence.runs]
    stages = {run["stage"]: _section(run) for run in runs}
    if evidence.evaluation is not None:
        stages["evaluate"] = _clean({**evidence.evaluation["asked"], "models": ["base", runs[-1]["stage"]]})
    document = {
        "name": recipe_name(evidence.stated.name),
        "model": runs[0]["parent"]["model"],
        **({"revision": revision} if (revision := runs[0]["parent"].get("revision")) else {}),
        "seed": runs[0]["recipe"].get("seed", 42),
        "chat_template": runs[0]["recipe"].get("chat_template", "auto"),
        "chain": list(stages),
        **stages,
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None)


def _section(run: Mapping[str, Any]) -> dict[str, Any]:
    found = _clean(run["recipe"])
    if run.get("dataset"):
        parts: list[Mapping[str, Any]] = run["dataset"]["parts"] or [run["dataset"]]
        found = {"data": [_where(part) for part in parts], **{key: found[key] for key in found if key != "data"}}
    return found


def _where(part: Mapping[str, Any]) -> str:
    return f"hub:{part['path_or_repo']}@{part['revision']}" if part["revision"] else str(part["path_or_repo"])


def _clean(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is not set, and what the recipe has once."""
    found: dict[str, Any] = {}
    for key, value in settings.items():
        if value is None or key in _ONCE:
            continue
        found[key] = _clean(cast(dict[str, Any], value)) if isinstance(value, dict) else value
    return found


def recipe_name(text: str) -> str:
    """Return `text` as a recipe may be called.

    Examples
    --------
    >>> recipe_name("AFM 4.5B: Medical")
    'afm-4.5b--medical'
    """
    kept = "".join(sign if sign.isalnum() or sign in "._-" else "-" for sign in text.lower()).strip("._-")
    return kept or "model"
