"""What a model card rests on: the records of the runs, and the evaluations of the model and of its base.

It is read from a folder of runs and kept with the exported model, without paths of the machine it was made on, so that
whoever has the model can make the card again and hold it against them.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from openmed_data import front_matter
from openmed_data.errors import UsageError
from openmed_data.files import sha256_of, write_text
from openmed_data.training.export.record import EVIDENCE
from openmed_data.training.lineage import Lineage, Stage
from openmed_data.training.records import LENT, Parent
from openmed_data.training.results import read_scores, results_file

_RUNS, _EVALUATION = EVIDENCE
_STATED = f"{_RUNS}card.json"
_ABSOLUTE = re.compile(r"(?<![\w/:.<])(?:[A-Za-z]:\\|~?/)(?:[^\s/\\,:'\"]+[/\\])+([^\s/\\,:'\"]+)[/\\]?")

# What decides whether two evaluations may be compared; the rest of a results file is about the machine.
_SETTINGS = ("limit", "batch_size", "random_seed", "numpy_seed", "torch_seed", "fewshot_seed", "gen_kwargs")
_FACTS = ("versions", "n-shot", "group_subtasks", "n-samples", "task_hashes", "higher_is_better")


@dataclass(frozen=True, slots=True)
class Stated:
    """What no record says, and the author does.

    Attributes
    ----------
    name
        What the model is called.
    license
        Of the weights; None where nobody said.
    license_from
        Who said so: ``author``, or ``base`` for the card of the base model.
    """

    name: str
    license: str | None = None
    license_from: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a card is made from.

    Attributes
    ----------
    runs
        Records of the stages that made the model, the first one first.
    evaluation, base_evaluation
        Settings, scores and identities of the latest evaluation; None where there was none.
    """

    stated: Stated
    runs: tuple[Mapping[str, Any], ...]
    evaluation: Mapping[str, Any] | None
    base_evaluation: Mapping[str, Any] | None


def collect(chain: Lineage, name: str, license_: str | None = None) -> Evidence:
    """Collect the evidence for the model of `chain`.

    Parameters
    ----------
    license_
        Licence of the weights; that on the base model's card if None.

    Raises
    ------
    BuildError
        An evaluation that is said to be done left no results.
    """
    found, origin = (license_, "author") if license_ else (_base_license(chain.base), "base")
    return Evidence(
        Stated(name, found, origin if found else None),
        tuple(_public(stage.run.model_dump(mode="json")) for stage in chain.stages),
        _evaluation(chain.evaluations[0]) if chain.evaluations else None,
        _evaluation(chain.base_evaluations[0]) if chain.base_evaluations else None,
    )


def save(evidence: Evidence, folder: Path) -> None:
    """Write the evidence into the folder of an export, in place of what was there."""
    for old in (path for name in EVIDENCE for path in (folder / name).glob("*.json")):
        old.unlink()
    _write(folder / _STATED, asdict(evidence.stated))
    for number, run in enumerate(evidence.runs, start=1):
        _write(folder / _RUNS / f"{number}-{run['stage']}.json", run)
    for name, found in (("model", evidence.evaluation), ("base", evidence.base_evaluation)):
        if found is not None:
            _write(folder / _EVALUATION / f"{name}.json", found)


def load(folder: Path) -> Evidence:
    """Read the evidence from the folder of an export.

    Raises
    ------
    UsageError
        There is none.
    """
    if not (folder / _STATED).is_file():
        hint = f"openmed-data train card RUNS --into {folder}"
        raise UsageError(f"'{folder}' holds no evidence of how the model was made", hint=hint)
    runs = sorted((folder / _RUNS).glob("*-*.json"), key=lambda path: int(path.name.split("-")[0]))
    return Evidence(
        Stated(**_read(folder / _STATED)),
        tuple(_read(path) for path in runs),
        _read_evaluation(folder, "model"),
        _read_evaluation(folder, "base"),
    )


def without_paths(text: str) -> str:
    """Return `text` with every absolute path cut to its last part.

    Examples
    --------
    >>> without_paths("/data/me/build/prefs"), without_paths("pretrained=/data/me/m,dtype=bfloat16")
    ('prefs', 'pretrained=m,dtype=bfloat16')
    >>> without_paths("me/medmcqa-prefs"), without_paths("https://example.org/a/b")
    ('me/medmcqa-prefs', 'https://example.org/a/b')
    """
    return _ABSOLUTE.sub(r"\1", text)


def _public(value: Any) -> Any:
    if isinstance(value, str):
        return without_paths(value)
    if isinstance(value, dict):
        return {key: _public(one) for key, one in cast(dict[str, Any], value).items()}
    if isinstance(value, list):
        return [_public(one) for one in cast(list[Any], value)]
    return value


def _evaluation(stage: Stage) -> dict[str, Any]:
    path = results_file(stage.folder)
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    configs = cast(dict[str, dict[str, Any]], document.get("configs", {}))
    config = cast(dict[str, Any], document.get("config", {}))
    facts = {
        "run": stage.run.id,
        "weights": stage.run.parent.weights,
        "asked": dict(stage.run.recipe),
        "results_sha256": sha256_of(path),
        "harness": document.get("lm_eval_version"),
        "transformers": document.get("transformers_version"),
        "chat_template": document.get("chat_template_sha"),
        "chat_template_lent": (stage.folder / LENT).is_dir(),
        "fewshot_as_multiturn": document.get("fewshot_as_multiturn"),
        "settings": {name: config.get(name) for name in _SETTINGS},
        "datasets": {task: one.get("dataset_path") for task, one in configs.items()},
        **{name: document.get(name, {}) for name in _FACTS},
        "scores": [asdict(score) for score in read_scores(path)],
    }
    return _public(facts)


def _base_license(base: Parent) -> str | None:
    """Return the licence on the card of the base model, where that lies in its folder or in the Hub's cache."""
    folder = Path(base.model)
    card: Path | None = folder / "README.md"
    if not folder.is_dir():
        from huggingface_hub import try_to_load_from_cache

        asked = base.model.count("/") == 1
        cached = try_to_load_from_cache(base.model, "README.md", revision=base.revision) if asked else None
        card = Path(cached) if isinstance(cached, str) else None
    if card is None or not card.is_file():
        return None
    found = front_matter.split(card.read_text(encoding="utf-8"))[0].get("license")
    return found if isinstance(found, str) else None


def _read_evaluation(folder: Path, name: str) -> dict[str, Any] | None:
    path = folder / _EVALUATION / f"{name}.json"
    return _read(path) if path.is_file() else None


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def _write(path: Path, document: Mapping[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    write_text(path, json.dumps(document, indent=2, ensure_ascii=False) + "\n")
