"""What generation needs and training leaves behind: a cache that is on, and tokens to stop at."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

NAME = "generation_config.json"
_INTERNAL = {"transformers_version", "_from_model_config"}


def generation_config(models: Iterable[tuple[str, Path]]) -> tuple[dict[str, Any], str]:
    """Return the generation configuration of the first model that has one, and whose it is.

    Parameters
    ----------
    models
        The model itself, then those that it descends from, each with a word for it.

    Returns
    -------
    config, origin
        An empty configuration and ``"nothing"`` where none has one.
    """
    for name, model in models:
        if (model / NAME).is_file():
            found: dict[str, Any] = json.loads((model / NAME).read_text(encoding="utf-8"))
            return {key: value for key, value in found.items() if key not in _INTERNAL}, name
    return {}, "nothing"


def completed(
    config: Mapping[str, Any], model_config: Mapping[str, Any], stops: Iterable[int | None]
) -> dict[str, Any]:
    """Return a generation configuration with its cache on and every token at which a turn ends.

    Parameters
    ----------
    model_config
        Gives ``bos_token_id`` and ``pad_token_id`` where the configuration lacks them.
    stops
        Ids of tokens that end a turn; None is passed over.

    Examples
    --------
    >>> completed({"use_cache": False, "eos_token_id": 3}, {"bos_token_id": 1}, [5, None, 3])
    {'use_cache': True, 'eos_token_id': [3, 5], 'bos_token_id': 1}
    """
    held: int | list[int] | None = config.get("eos_token_id", model_config.get("eos_token_id"))
    ends = held if isinstance(held, list) else [held]
    known = list(dict.fromkeys(token for token in [*ends, *stops] if token is not None))
    found = {**config, "use_cache": True}
    if known:
        found["eos_token_id"] = known if len(known) > 1 else known[0]
    for key in ("bos_token_id", "pad_token_id"):
        if found.get(key) is None and model_config.get(key) is not None:
            found[key] = model_config[key]
    return found
