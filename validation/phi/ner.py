"""Names and places by a token-classification model of the user's choice, beside the rules.

The model is loaded by its id on first use, never with code from its repository, and only from safetensors weights.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from .kinds import Finding, IdentifierType, Level

__all__ = ["scan_with_model"]

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


def scan_with_model(
    texts: Sequence[str], model: str, *, revision: str | None = None, threshold: float = 0.5, batch_size: int = 16
) -> list[list[Finding]]:
    """Return what a Hugging Face token-classification model finds, at level 2.

    Parameters
    ----------
    texts
        Any number of texts.
    model, revision
        A model id or folder, and the commit to pin it to.
    threshold
        Least score of an entity that counts.
    batch_size
        Texts given to the model at once.

    Raises
    ------
    ModuleNotFoundError
        If transformers or torch is not installed.
    ValueError
        If the model has none of the labels this module knows.
    """
    pipeline = _pipeline(model, revision)
    known = {str(label).split("-")[-1].upper() for label in pipeline.model.config.id2label.values()} & _TYPES.keys()
    if not known:
        raise ValueError(f"model {model!r} has no label of an identifier; expected some of {', '.join(sorted(_TYPES))}")
    return [_findings(entities, threshold) for entities in pipeline(list(texts), batch_size=batch_size)]


@cache
def _pipeline(model: str, revision: str | None) -> Any:
    from transformers import pipeline

    return pipeline(
        "token-classification",
        model=model,
        revision=revision,
        aggregation_strategy="simple",
        trust_remote_code=False,
        model_kwargs={"use_safetensors": True},
    )


def _findings(entities: list[dict[str, Any]], threshold: float) -> list[Finding]:
    found = (
        Finding(int(entity["start"]), int(entity["end"]), _TYPES[label], int(Level.CONTEXT))
        for entity in entities
        if float(entity["score"]) >= threshold and (label := str(entity["entity_group"]).upper()) in _TYPES
    )
    return sorted(found)
