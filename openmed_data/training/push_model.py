"""An exported model as the cargo of a push: the gates that it passes, and how a commit of it is verified."""

import json
import sys
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, cast

from openmed_data.errors import HubError, Problem, SourceError
from openmed_data.hub.client import Client
from openmed_data.hub.contents import Contents, LocalFile, closed, hash_large, hold_text
from openmed_data.hub.load_back import load_elsewhere
from openmed_data.hub.plan import Cargo, Target
from openmed_data.hub.verify import look
from openmed_data.progress import Progress
from openmed_data.training.export import record
from openmed_data.training.export.template import without_generation_tags
from openmed_data.training.model_card import load, render

_MODEL_FILES = (
    "*.safetensors",
    "*.safetensors.index.json",
    "config.json",
    "generation_config.json",
    "tokenizer*",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
    "additional_chat_templates/*.jinja",
)


def owned(name: str) -> bool:
    """Return whether a file of this name in a model repository is a push's to replace or delete.

    Examples
    --------
    >>> owned("model-00001-of-00002.safetensors"), owned("training/1-sft.json"), owned("LICENSE")
    (True, True, False)
    """
    return not record.is_model_file(name) or _is_model(name)


def read(folder: Path, repo: str, target: Target, progress: Progress) -> Contents:  # noqa: ARG001  (a cargo's `read`)
    """Read an export and pass it through the local gates.

    The folder holds what `export.json` names, the card and its evidence, and nothing else: no pickle, no code; every
    byte hashes to what the export recorded; it was the same model when it was loaded back; the card is the one that
    the evidence gives, the evidence is about this model, and it names a licence.

    Raises
    ------
    UsageError
        No finished export stands there, or it has no evidence yet.
    GateError
        A gate does not open; every reason is listed.
    """
    document = record.read(folder)
    problems = [*_wrong_set(folder, document["files"]), *_unfit(folder, document)]
    if problems:
        raise _closed(folder, problems)
    files, problems = _hashed(folder, document["files"], progress)
    problems += _card_problems(folder, document)
    if problems:
        raise _closed(folder, problems)
    texts = [name for name in _names(folder) if not record.is_model_file(name)]
    files |= {name: hold_text(name, (folder / name).read_bytes()) for name in texts}
    digest = files[record.NAME].sha256
    return Contents(folder, load(folder).stated.name, document, digest, dict(sorted(files.items())), record.NAME, owned)


def verify(client: Client, commit: str, contents: Contents, progress: Progress) -> Mapping[str, Any]:
    """Hold a commit against the export that it is to be, and load the model from it in a fresh process.

    Raises
    ------
    HubError
        Something differs, the Hub cannot be asked, or transformers does not load it whole.
    """
    found = look(client, commit, contents, progress, lambda cache: _loaded(client, commit, cache))
    if found["parameters"] != contents.manifest["parameters"]:
        raise HubError(
            f"commit {commit[:12]} of hub:{client.repo} is as planned, and transformers loads {found['parameters']:,} "
            f"parameters from it instead of {contents.manifest['parameters']:,}; it is not tagged"
        )
    return found


MODEL = Cargo("model", record.NAME, owned, read, verify)


def _is_model(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in _MODEL_FILES)


def _names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _closed(folder: Path, problems: Sequence[Problem]) -> Exception:
    hint = f"Export again, or renew the card: openmed-data train card RUNS --into {folder}"
    return closed(folder, problems, hint)


def _wrong_set(folder: Path, named: Mapping[str, str]) -> list[Problem]:
    """Return files that the export does not name, those that it names and that are not there, and links."""
    found = _names(folder)
    links = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_symlink()]
    return [
        *(Problem(name, "no file", "a file of the export") for name in sorted(named.keys() - set(found))),
        *(
            Problem(name, "a file that export.json does not name", "no such file: remove it")
            for name in found
            if record.is_model_file(name) and name not in named
        ),
        *(
            Problem(name, "a file that is no evidence", "JSON alone in this folder")
            for name in found
            if name.startswith(record.EVIDENCE) and not name.endswith(".json")
        ),
        *(
            Problem(name, "a file that no model needs", "safetensors, JSON, a tokenizer and a template")
            for name in sorted(named)
            if not _is_model(name)
        ),
        *(Problem(name, "a link", "a file of its own") for name in sorted(links)),
    ]


def _unfit(folder: Path, document: Mapping[str, Any]) -> list[Problem]:
    """Return what keeps the export from being used by others as it should be."""
    problems: list[Problem] = []
    if not document["loaded_back"]["identical"]:
        problems.append(Problem(record.NAME, "a model that differs when it is loaded", "the same model"))
    config = _json(folder / "config.json")
    if config.get("use_cache") is not True:
        problems.append(Problem("config.json", "a cache that is off", "on", field="use_cache"))
    if config.get("auto_map"):
        problems.append(Problem("config.json", "code of its own", "an architecture of transformers", field="auto_map"))
    template = folder / "chat_template.jinja"
    text = template.read_text(encoding="utf-8") if template.is_file() else ""
    if without_generation_tags(text) != text:
        problems.append(Problem(template.name, "generation tags", "a template that plain Jinja reads"))
    return problems


def _hashed(folder: Path, named: Mapping[str, str], progress: Progress) -> tuple[dict[str, LocalFile], list[Problem]]:
    advance = progress.step("hashing", sum((folder / name).stat().st_size for name in named))
    files: dict[str, LocalFile] = {}
    for name in named:
        files[name] = hash_large(folder / name, name)
        advance(files[name].size)
    return files, [
        Problem(name, f"SHA-256 {file.sha256}", f"SHA-256 {named[name]}")
        for name, file in files.items()
        if file.sha256 != named[name]
    ]


def _card_problems(folder: Path, document: Mapping[str, Any]) -> list[Problem]:
    """Return where card and evidence are not those of this model."""
    evidence = load(folder)
    problems: list[Problem] = []
    made = evidence.runs[-1]["weights"] if evidence.runs else None
    if made != document["run"]["weights"]:
        problems.append(Problem("training/", f"a run that made the weights {made}", "the run that was exported"))
    if evidence.evaluation is not None and evidence.evaluation["weights"] != made:
        problems.append(Problem("evaluation/model.json", "scores of other weights", "scores of this model"))
    if evidence.base_evaluation and evidence.base_evaluation["weights"] != evidence.runs[0]["parent"]["weights"]:
        problems.append(Problem("evaluation/base.json", "scores of other weights", "scores of the base"))
    if evidence.stated.license is None:
        problems.append(Problem(record.CARD, "no licence", "one: train card --license"))
    card = folder / record.CARD
    if not card.is_file():
        problems.append(Problem(record.CARD, "no file", "the model card"))
    elif not problems and card.read_text(encoding="utf-8") != render(evidence):
        problems.append(Problem(record.CARD, "other text than its evidence gives", "the card of this evidence"))
    return problems


def _json(path: Path) -> dict[str, Any]:
    try:
        return cast(dict[str, Any], json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        problem = Problem(path.name, "no JSON", "JSON")
        raise SourceError(f"'{path}' cannot be read", [problem], hint="Export again.") from error


def _loaded(client: Client, commit: str, cache: Path) -> dict[str, Any]:
    # Every file lies in the cache already, and was hashed there.
    module, variables = [__name__, client.repo, commit], {"HF_HUB_OFFLINE": "1"}
    return load_elsewhere(client, commit, cache, "transformers", module, variables)


def _load(repo: str, commit: str) -> dict[str, Any]:
    """Load a model as a stranger would, and say what came."""
    from importlib import import_module

    transformers: Any = import_module("transformers")
    options = {"revision": commit, "trust_remote_code": False}
    model, info = transformers.AutoModelForCausalLM.from_pretrained(
        repo, dtype="auto", output_loading_info=True, **options
    )
    wrong = sorted([*info["missing_keys"], *info["unexpected_keys"]])
    if wrong:
        raise SystemExit(f"its weights do not fit its configuration: {', '.join(wrong[:3])}")
    tokenizer = transformers.AutoTokenizer.from_pretrained(repo, **options)
    ids = tokenizer("Which vitamin?")["input_ids"]
    return {"parameters": model.num_parameters(), "tokens": len(ids), "transformers": transformers.__version__}


if __name__ == "__main__":
    print(json.dumps(_load(*sys.argv[1:3])))  # noqa: T201
