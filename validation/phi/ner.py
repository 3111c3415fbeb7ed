"""Names and places by a token-classification model of the user's choice, beside the rules.

The model is loaded on first use, never with code from its repository, and only from safetensors weights.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import Any, cast

import polars as pl

from openmed_data.errors import UsageError

from .kinds import Finding, IdentifierType, Level
from .spans import Taken

__all__ = ["scan_with_model", "with_model"]

# Labels of common de-identification and general models, after the prefix of their tagging scheme.
_TYPES = {
    "PER": IdentifierType.NAME,
    "PERSON": IdentifierType.NAME,
    "NAME": IdentifierType.NAME,
    "PATIENT": IdentifierType.NAME,
    "STAFF": IdentifierType.NAME,
    "DOCTOR": IdentifierType.NAME,
    "LOC": IdentifierType.LOCATION,
    "LOCATION": IdentifierType.LOCATION,
    "HOSP": IdentifierType.LOCATION,
    "HOSPITAL": IdentifierType.LOCATION,
    "DATE": IdentifierType.DATE,
    "AGE": IdentifierType.AGE,
    "PHONE": IdentifierType.PHONE,
    "EMAIL": IdentifierType.EMAIL,
    "ID": IdentifierType.OTHER_ID,
}
_THRESHOLD = 0.5
_TEXTS_AT_ONCE = 16
_OWN_TOKENS = 2  # what a tokenizer puts around a text; RoBERTa's positions begin at 2 as well


def scan_with_model(texts: Sequence[str], model: str, *, revision: str | None = None) -> list[list[Finding]]:
    """Return what a Hugging Face token-classification model finds with a score of at least 0.5, at level 2.

    Parameters
    ----------
    texts
        Any number of texts; long ones are read in overlapping pieces.
    model, revision
        A folder or a repository of the Hub, and the commit to pin it to.

    Raises
    ------
    UsageError
        transformers is not installed, the model cannot be loaded, or has none of the labels this module knows.
    """
    pipeline = _pipeline(model, revision)
    worded = [number for number, text in enumerate(texts) if text.strip()]  # a text without tokens fails its batch
    findings: list[list[Finding]] = [[] for _ in texts]
    answers = pipeline([texts[number] for number in worded], batch_size=_TEXTS_AT_ONCE)
    for number, entities in zip(worded, answers, strict=True):
        findings[number] = _findings(entities)
    return findings


def with_model(found: pl.DataFrame, texts: pl.Series, model: str) -> pl.DataFrame:
    """Add to what the rules `found` in `texts` what a model finds in other places; both as `scanner.FRAME_SCHEMA`."""
    taken: defaultdict[int, Taken] = defaultdict(Taken)
    for row, start, end in found.select("row", "start", "end").iter_rows():
        taken[row].add(start, end)
    added = [
        (row, one.start, one.end, one.type.value, one.level)
        for row, findings in enumerate(scan_with_model(texts.to_list(), model))
        for one in findings
        if not taken[row].overlaps(one.start, one.end)
    ]
    return pl.concat([found, pl.DataFrame(added, schema=found.schema, orient="row")]).sort("row", "start")


@cache
def _pipeline(name: str, revision: str | None) -> Any:
    try:
        import transformers
    except ImportError as error:
        hint = "Install it with: pip install 'openmed-data[train]'."
        raise UsageError("phi.model needs transformers, which is not installed", hint=hint) from error
    known = cast(Any, transformers)
    loading = {"revision": revision, "trust_remote_code": False}
    try:
        tokenizer = known.AutoTokenizer.from_pretrained(name, **loading)
        model = known.AutoModelForTokenClassification.from_pretrained(name, use_safetensors=True, **loading)
    except (ImportError, OSError, ValueError) as error:
        hint = "Give the folder of a token-classification model with model.safetensors, or a repository of the Hub."
        raise UsageError(f"the model '{name}' cannot be loaded: {str(error).splitlines()[0]}", hint=hint) from error
    if not {_plain(label) for label in model.config.id2label.values()} & _TYPES.keys():
        raise UsageError(f"the model '{name}' has no label of an identifier", hint=f"Known are {', '.join(_TYPES)}.")
    places = getattr(model.config, "max_position_embeddings", None) or tokenizer.model_max_length
    tokenizer.model_max_length = min(tokenizer.model_max_length, places - _OWN_TOKENS)
    return known.pipeline(
        "token-classification",
        model=model,
        tokenizer=tokenizer,
        aggregation_strategy="simple",
        stride=tokenizer.model_max_length // 4,  # without it the rest of a long text would not be read
    )


def _plain(label: str) -> str:
    return str(label).rsplit("-", 1)[-1].upper()


def _findings(entities: list[dict[str, Any]]) -> list[Finding]:
    found = (
        Finding(int(entity["start"]), int(entity["end"]), _TYPES[label], int(Level.CONTEXT))
        for entity in entities
        if float(entity["score"]) >= _THRESHOLD and (label := _plain(entity["entity_group"])) in _TYPES
    )
    return sorted(found)
