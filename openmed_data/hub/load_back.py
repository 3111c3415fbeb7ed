"""Load a pushed dataset as a stranger would: a fresh process, `datasets.load_dataset`, nothing from the build.

Run as ``python -m openmed_data.hub.load_back REPO COMMIT FOLDER``; prints rows by split and the digest of all rows.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pyarrow as pa

from openmed_data.errors import HubError
from openmed_data.hub.client import Client
from openmed_data.scratch import scratch

_BATCH_ROWS = 256


@dataclass(frozen=True, slots=True)
class Loaded:
    """What `datasets.load_dataset` gave."""

    rows: Mapping[str, int]
    content_digest: str


def load_back(client: Client, commit: str, cache: Path) -> Loaded:
    """Load the dataset of a commit in a process of its own, through the Hub cache at `cache`.

    Raises
    ------
    HubError
        It does not load, or not within the deadline.
    """
    with scratch() as folder:
        variables = {
            "HF_DATASETS_CACHE": str(folder / "datasets"),
            # Row groups are freed to the system at once: 400 MB instead of 570 at most, in groups of 60 MB.
            "ARROW_DEFAULT_MEMORY_POOL": "system",
            "MALLOC_MMAP_THRESHOLD_": "131072",
            "MALLOC_TRIM_THRESHOLD_": "131072",
        }
        found = load_elsewhere(
            client, commit, cache, "datasets", [__name__, client.repo, commit, str(folder)], variables
        )
    return Loaded(found["rows"], found["content_digest"])


def load_elsewhere(
    client: Client, commit: str, cache: Path, library: str, module: Sequence[str], variables: Mapping[str, str]
) -> dict[str, Any]:
    """Load what a commit holds with `library` in a process of its own; return the JSON that it prints last.

    Parameters
    ----------
    cache
        The Hub cache that the process reads and fills.
    module
        Name of the module that is run, and its arguments.
    variables
        Added to the environment.

    Raises
    ------
    HubError
        It does not load, or not within the deadline.
    """
    hub = {
        "HF_ENDPOINT": client.api.endpoint,
        "HF_HUB_CACHE": str(cache),
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    where, command = f"hub:{client.repo}@{commit[:12]}", [sys.executable, "-m", *module]
    environment = {**os.environ, **hub, **variables}
    try:
        done = subprocess.run(  # noqa: S603
            command, env=environment, capture_output=True, text=True, timeout=client.deadline.left, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise HubError(f"{where} did not load within the deadline") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise HubError(f"{where} does not load with `{library}`: {last}")
    return json.loads(done.stdout.splitlines()[-1])


def _load(repo: str, commit: str, folder: Path) -> Loaded:
    import datasets
    import polars as pl

    from openmed_data.digest import row_digests, set_digest

    splits = datasets.load_dataset(repo, revision=commit)
    parts: list[Path] = []
    files = [str(file["filename"]) for split in splits.values() for file in cast(Any, split).cache_files]
    for batch in _batches(files):
        parts.append(folder / f"{len(parts):06d}.digests")
        parts[-1].write_bytes(row_digests(cast(pl.DataFrame, pl.from_arrow(batch))))
    rows = {str(name): split.num_rows for name, split in splits.items()}
    return Loaded(rows, set_digest(parts))


def _batches(paths: Iterable[str]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of the files that `datasets` wrote, a few at a time.

    `datasets` would map the files, and every page that was read would count as memory of this process.
    """
    for path in paths:
        with pa.OSFile(path, "rb") as file, pa.ipc.open_stream(file) as reader:
            for batch in reader:
                for start in range(0, batch.num_rows, _BATCH_ROWS):
                    yield batch.slice(start, _BATCH_ROWS)


if __name__ == "__main__":
    loaded = _load(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
    print(json.dumps({"rows": loaded.rows, "content_digest": loaded.content_digest}))  # noqa: T201
