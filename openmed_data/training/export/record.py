"""What an export says of itself: `export.json`, which names the exact bytes of every file of the model."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from openmed_data.errors import UsageError
from openmed_data.files import sha256_of, write_text

NAME = "export.json"
FORMAT = 1
CARD = "README.md"
EVIDENCE = ("training/", "evaluation/")


def is_model_file(name: str) -> bool:
    """Return whether a file of an export belongs to the model; the others are evidence, which may be renewed."""
    return name not in {NAME, CARD} and not name.startswith(EVIDENCE)


def hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of the model in `folder`, by name."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix(): path for path in paths}
    return {name: sha256_of(path) for name, path in names.items() if is_model_file(name)}


def write(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write the record of an export, with the hashes of its files."""
    document = {"format": FORMAT, **facts, "files": hashes(folder)}
    write_text(folder / NAME, json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def read(folder: Path) -> dict[str, Any]:
    """Return the record of an export.

    Raises
    ------
    UsageError
        No finished export stands there.
    """
    hint = "openmed-data train export RUNS --out DIR makes one."
    try:
        found: Any = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"'{folder}' holds no exported model ({NAME} is missing)", hint=hint) from error
    except ValueError as error:
        raise UsageError(f"'{folder / NAME}' is damaged", hint=hint) from error
    if not isinstance(found, dict) or cast(dict[str, Any], found).get("format") != FORMAT:
        raise UsageError(f"'{folder / NAME}' is of another version of openmed-data", hint=hint)
    return cast(dict[str, Any], found)
