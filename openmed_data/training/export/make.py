"""Make an export of the model that a run trained, whole or not at all."""

import gc
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from openmed_data._version import __version__
from openmed_data.errors import GateError, UsageError
from openmed_data.progress import Progress, Silent
from openmed_data.training import records
from openmed_data.training.export import loading, record, restoring
from openmed_data.training.export.loading import Comparison
from openmed_data.training.export.template import plain
from openmed_data.training.lineage import Lineage, lineage
from openmed_data.training.template import stop_token
from openmed_data.training.weights import count_parameters, weights_digest

_DTYPE = "bfloat16"
_SHARD = "4GB"
_SPECIAL = ("bos_token", "eos_token", "pad_token", "unk_token")


@dataclass(frozen=True, slots=True)
class Exported:
    """An export that was made.

    Attributes
    ----------
    generation_from
        Whose generation configuration it has: ``model``, a stage, ``base``, or ``nothing``.
    """

    path: Path
    stage: str
    parameters: int
    generation_from: str
    comparison: Comparison


def export(runs: Path, out: Path, *, progress: Progress | None = None) -> Exported:
    """Export the model of a run: bf16 safetensors, plain chat template, cache on, tokens to stop at, checked.

    Parameters
    ----------
    runs
        A run's folder, or a folder of runs: see `lineage`.
    out
        The folder to make.

    Raises
    ------
    UsageError
        `out` exists, or there is no finished model.
    GateError
        The weights are not those that the run recorded, the chat template cannot be made plain, or the export is not
        the same model when it is loaded back.
    """
    if out.exists():
        raise UsageError(f"'{out}' exists already", hint="Choose another --out, or remove it.")
    chain = lineage(runs)
    model = chain.last.folder / records.MODEL
    _require_weights(model, chain)
    partial = out.with_name(f"{out.name}.exporting")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    with loading.quiet():
        origin, comparison = _write(model, partial, chain, progress or Silent())
    comparison.require()
    parameters = count_parameters(partial)
    record.write(partial, _facts(chain, partial, parameters, origin, comparison))
    os.replace(partial, out)  # noqa: PTH105  (the atomic one on every platform)
    return Exported(out, chain.last.run.stage, parameters, origin, comparison)


def _require_weights(model: Path, chain: Lineage) -> None:
    if (model / "adapter_config.json").is_file():
        hint = "Train with this version again: it merges adapters when the stage is done."
        raise UsageError(f"'{model}' holds adapters, and no model", hint=hint)
    if weights_digest(model) != chain.last.run.weights:
        raise GateError(
            f"the weights in '{model}' are not those that {chain.last.folder.name} recorded",
            hint="Something wrote to the folder; train the stage again.",
        )


def _write(model: Path, out: Path, chain: Lineage, progress: Progress) -> tuple[str, Comparison]:
    advance = progress.step("exporting", 4)
    tokenizer = loading.load_tokenizer(model)
    stop = stop_token(tokenizer)
    ids = tokenizer(loading.PROMPT)["input_ids"]
    trained = loading.logits(loading.load(model, "float32"), ids)
    advance(1)
    gc.collect()
    loaded = loading.load(model, _DTYPE)
    written = loading.logits(loaded, ids)
    advance(1)
    loaded.config.use_cache = True
    found, origin = restoring.generation_config(_ancestors(model, chain))
    config = restoring.completed(found, loaded.config.to_dict(), [tokenizer.eos_token_id, stop])
    loaded.generation_config = type(loaded.generation_config).from_dict(config)
    loaded.save_pretrained(str(out), max_shard_size=_SHARD)
    del loaded
    _save_tokenizer(tokenizer, out)
    advance(1)
    comparison = loading.compare(trained, written, loading.logits(loading.load(out, _DTYPE), ids))
    advance(1)
    return origin, comparison


def _ancestors(model: Path, chain: Lineage) -> Iterator[tuple[str, Path]]:
    """Yield the model and those it descends from, the nearest first; of a base on the Hub, what the cache holds."""
    yield "model", model
    for stage in reversed(chain.stages[:-1]):
        yield stage.run.stage, stage.folder / records.MODEL
    base = Path(chain.base.model)
    if base.is_dir():
        yield "base", base
        return
    from huggingface_hub import try_to_load_from_cache

    repo, revision = chain.base.model, chain.base.revision
    cached = try_to_load_from_cache(repo, restoring.NAME, revision=revision) if repo.count("/") == 1 else None
    if isinstance(cached, str):
        yield "base", Path(cached).parent


def _save_tokenizer(tokenizer: Any, out: Path) -> None:
    if tokenizer.chat_template:
        special = {name: getattr(tokenizer, name) or "" for name in _SPECIAL}
        held: str | dict[str, str] = tokenizer.chat_template
        several = held if isinstance(held, dict) else {"default": held}
        made = {name: plain(text, special) for name, text in several.items()}
        tokenizer.chat_template = made if isinstance(held, dict) else made["default"]
    tokenizer.save_pretrained(str(out))


def _facts(chain: Lineage, out: Path, parameters: int, origin: str, comparison: Comparison) -> dict[str, Any]:
    config = json.loads((out / "config.json").read_text(encoding="utf-8"))
    run = chain.last.run
    packages = ("torch", "transformers", "safetensors")
    return {
        "name": chain.last.folder.resolve().parent.name,
        "run": {"stage": run.stage, "id": run.id, "weights": run.weights},
        "architecture": (config.get("architectures") or [config.get("model_type")])[0],
        "parameters": parameters,
        "dtype": _DTYPE,
        "weights": weights_digest(out),
        "generation_config_from": origin,
        "loaded_back": comparison.to_json(),
        "versions": {"openmed-data": __version__, **{name: version(name).split("+")[0] for name in packages}},
    }
