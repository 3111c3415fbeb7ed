"""The receipt of a push: what was pushed where, and what verifying it gave. It lies beside the build, not in it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from openmed_data.files import write_text

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a push left on the Hub.

    Attributes
    ----------
    files
        SHA-256 of every file of the commit that belongs to the build.
    evidence
        What verifying the commit gave, such as the rows that `datasets.load_dataset` found; in the file it stands
        beside the other fields.
    """

    endpoint: str
    repo: str
    commit: str
    tag: str | None
    pull_request: int | None
    public: bool
    manifest_sha256: str
    files: dict[str, str]
    evidence: Mapping[str, Any]


_FIELDS = tuple(field.name for field in fields(Receipt) if field.name != "evidence")


def place(build: Path) -> Path:
    """Return where the receipt of a build lies."""
    resolved = build.resolve()  # "." has no name of its own
    return resolved.with_name(f"{resolved.name}.receipt.json")


def write(build: Path, receipt: Receipt) -> Path:
    """Write a receipt, whole or not at all, and return where."""
    path = place(build)
    document = {"format": FORMAT, **{name: getattr(receipt, name) for name in _FIELDS}, **receipt.evidence}
    write_text(path, json.dumps(document, indent=2) + "\n")
    return path


def verified(build: Path, endpoint: str, repo: str, commit: str, files: dict[str, str]) -> dict[str, Any] | None:
    """Return the evidence in a build's receipt where it says that just these files were verified at this commit."""
    try:
        found: dict[str, Any] = json.loads(place(build).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    asked = {"format": FORMAT, "endpoint": endpoint, "repo": repo, "commit": commit, "files": files}
    if found | asked != found:
        return None
    return {name: value for name, value in found.items() if name not in {"format", *_FIELDS}}
