"""The receipt of a push: what was pushed where, and what verifying it gave. It lies beside the build, not in it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from openmed_data.pipeline.work import write_text

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a push left on the Hub.

    Attributes
    ----------
    files
        SHA-256 of every file of the commit that belongs to the build.
    rows, content_digest
        What `datasets.load_dataset` gave at the commit.
    """

    endpoint: str
    repo: str
    commit: str
    tag: str | None
    pull_request: int | None
    public: bool
    manifest_sha256: str
    files: dict[str, str]
    rows: dict[str, int]
    content_digest: str


def place(build: Path) -> Path:
    """Return where the receipt of a build lies."""
    resolved = build.resolve()  # "." has no name of its own
    return resolved.with_name(f"{resolved.name}.receipt.json")


def write(build: Path, receipt: Receipt) -> Path:
    """Write a receipt, whole or not at all, and return where."""
    path = place(build)
    write_text(path, json.dumps({"format": FORMAT, **asdict(receipt)}, indent=2) + "\n")
    return path


def verified(build: Path, endpoint: str, repo: str, commit: str, files: dict[str, str]) -> dict[str, Any] | None:
    """Return the receipt of a build where it says that just these files were verified at this commit."""
    try:
        found: dict[str, Any] = json.loads(place(build).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    asked = {"format": FORMAT, "endpoint": endpoint, "repo": repo, "commit": commit, "files": files}
    return found if found | asked == found else None
