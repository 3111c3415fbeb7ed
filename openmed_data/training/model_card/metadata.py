"""The YAML block of a model card, as the Hub reads it."""

from collections.abc import Mapping
from typing import Any

from openmed_data.builder import Builder
from openmed_data.errors import UsageError
from openmed_data.licenses import card_license
from openmed_data.registry import BUILDERS, find
from openmed_data.training.model_card.evidence import Evidence
from openmed_data.training.model_card.scores import headline, tables

_SUITE = "EleutherAI/lm-evaluation-harness"


def metadata(evidence: Evidence) -> dict[str, Any]:
    """Return a card's metadata; what is not known is left out.

    See https://huggingface.co/docs/hub/model-cards for the fields.
    """
    base, stages = evidence.runs[0]["parent"]["model"], [run["stage"] for run in evidence.runs]
    languages = sorted({language for run in evidence.runs for language in _languages(run.get("dataset"))})
    found: dict[str, Any] = {}
    if is_repository(base):
        found["base_model"] = base
        found["base_model_relation"] = "merge" if stages[-1] == "merge" else "finetune"
    repositories = [part["path_or_repo"] for part in datasets(evidence) if part["revision"]]
    return {
        **_license(evidence),
        **found,
        **({"language": languages} if languages else {}),
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        **({"datasets": list(dict.fromkeys(repositories))} if repositories else {}),
        "tags": ["medical", *dict.fromkeys(stages), "openmed-data"],
        **_model_index(evidence),
    }


def datasets(evidence: Evidence) -> list[Mapping[str, Any]]:
    """Return every build that a stage was trained on, with its stage; several of one stage stand apart."""
    return [
        {**part, "stage": run["stage"]}
        for run in evidence.runs
        if run.get("dataset")
        for part in (run["dataset"]["parts"] or [run["dataset"]])
    ]


def is_repository(text: str) -> bool:
    """Return whether `text` may name a repository on the Hub.

    Examples
    --------
    >>> is_repository("arcee-ai/AFM-4.5B"), is_repository("base")
    (True, False)
    """
    return text.count("/") == 1 and not text.startswith((".", "/")) and not text.endswith("/")


def _license(evidence: Evidence) -> dict[str, Any]:
    stated = evidence.stated.license
    if stated is None:
        return {}
    base = evidence.runs[0]["parent"]["model"]
    homepage = f"https://huggingface.co/{base}" if is_repository(base) else ""
    found = card_license(stated, homepage)
    if found.id != "other":
        return {"license": found.id}
    return {"license": "other", "license_name": found.name, **({"license_link": found.link} if found.link else {})}


def _languages(dataset: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return the languages that the builders of a dataset name, where they are installed."""
    if dataset is None:
        return ()
    found: list[str] = []
    for part in dataset["parts"] or [dataset]:
        try:
            builder: Builder[Any, Any] = find(BUILDERS, part["name"])
        except UsageError:
            continue
        found += builder.card.languages if builder.card else ()
    return tuple(found)


def _model_index(evidence: Evidence) -> dict[str, Any]:
    """Return the scores as the Hub indexes them: those of whole benchmarks, as this harness gave them."""
    if evidence.evaluation is None:
        return {}
    results = [
        {
            "task": {"type": "text-generation", "name": "Text Generation"},
            "dataset": {"type": _dataset_of(task, evidence.evaluation), "name": task},
            "metrics": [{"type": row.metric.split(",")[0], "value": round(row.value, 6), "name": row.metric}],
            "source": {"name": _SUITE, "url": f"https://github.com/{_SUITE}"},
        }
        for task, row in headline(tables(evidence.evaluation, None).overall).items()
    ]
    return {"model-index": [{"name": evidence.stated.name, "results": results}]} if results else {}


def _dataset_of(task: str, evaluation: Mapping[str, Any]) -> str:
    """Return the repository that a task, or the first task of a group, takes its questions from; else its own name."""
    inner = task
    while inner not in evaluation["datasets"] and evaluation["group_subtasks"].get(inner):
        inner = evaluation["group_subtasks"][inner][0]
    found = evaluation["datasets"].get(inner)
    return found if isinstance(found, str) and is_repository(found) else task
