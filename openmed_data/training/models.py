"""Find the model that a stage begins with, and say how large it is."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

from openmed_data.errors import HubError, UsageError
from openmed_data.training.recipe import Recipe, Shape
from openmed_data.training.weights import count_parameters

# What `from_pretrained` reads, and the card, which names the licence; nothing that would be executed.
_FILES = ("*.safetensors", "*.json", "*.txt", "*.model", "*.jinja", "README.md")


def resolve_model(text: str, revision: str | None = None) -> tuple[Path, str | None]:
    """Return the folder of a model, `text` itself or the Hub's snapshot of the repository, and the snapshot's commit.

    Raises
    ------
    UsageError
        The folder holds no model.
    HubError
        The repository cannot be fetched.
    """
    require_place(text)
    if Path(text).is_dir():
        return Path(text).resolve(), None
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    hub: Any = import_module("huggingface_hub")
    try:
        folder: str = hub.snapshot_download(text, revision=revision, allow_patterns=list(_FILES))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        hint = "Check the name, the connection and your access; or give a folder with --model."
        raise HubError(f"the model '{text}' cannot be fetched: {type(error).__name__}", hint=hint) from error
    return _require_model(Path(folder), text), Path(folder).name


def require_place(text: str) -> None:
    """Raise where `text` is neither a model's folder nor the name of a repository; nothing is fetched.

    Raises
    ------
    UsageError
        What was found.
    """
    if Path(text).is_dir():
        _require_model(Path(text), text)
    elif Path(text).is_absolute() or text.count("/") != 1:
        raise UsageError(f"there is no model '{text}'", hint="Give a folder, or OWNER/NAME on the Hub.")


def _require_model(folder: Path, text: str) -> Path:
    missing = [name for name in ("config.json", "tokenizer_config.json") if not (folder / name).is_file()]
    if missing:
        raise UsageError(f"'{text}' holds no model ({' and '.join(missing)} is missing)")
    return folder


def shape_of(recipe: Recipe, model: str) -> Shape | None:
    """Return the model's size: measured where it lies here, else what the recipe says of its own; None of another."""
    folder = Path(model)
    if not (folder / "config.json").is_file():
        return recipe.shape if model == recipe.model else None
    config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    hidden, heads = int(config.get("hidden_size") or 0), int(config.get("num_attention_heads") or 1)
    each = int(config.get("head_dim") or hidden // heads)
    return Shape(
        parameters=count_parameters(folder),
        hidden_size=hidden,
        layers=int(config.get("num_hidden_layers") or 0),
        key_value_size=each * int(config.get("num_key_value_heads") or heads),
        vocabulary=int(config.get("vocab_size") or 0),
    )
