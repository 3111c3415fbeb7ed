"""Verify a pushed commit from the outside: hashes of its tree, of its downloaded bytes, and of its loaded rows."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from openmed_data.errors import HubError
from openmed_data.hub import remote
from openmed_data.hub.client import Client
from openmed_data.hub.contents import Contents
from openmed_data.hub.download import fetch
from openmed_data.hub.load_back import Loaded, load_back
from openmed_data.progress import Progress
from openmed_data.scratch import scratch

LoadedT = TypeVar("LoadedT")

_AGAIN = "Run the same command again: it verifies anew, and tags and writes the receipt when all is well."


def verify(client: Client, commit: str, contents: Contents, progress: Progress) -> Loaded:
    """Hold a commit against the build that it is to be, and return what loading it gave.

    Besides what `look` does, `datasets.load_dataset` must give as many rows in each split, and the same set of rows,
    as the manifest says.

    Raises
    ------
    HubError
        Something differs, or the Hub cannot be asked.
    """
    loaded = look(client, commit, contents, progress, lambda cache: load_back(client, commit, cache))
    _same_rows(client, commit, contents, loaded)
    return loaded


def look(
    client: Client, commit: str, contents: Contents, progress: Progress, load: Callable[[Path], LoadedT]
) -> LoadedT:
    """Compare a commit's tree by hash, download every file into a fresh cache and hash it, and `load` from there.

    Raises
    ------
    HubError
        Something differs, or the Hub cannot be asked.
    """
    try:
        return _look(client, commit, contents, progress, load)
    except HubError as error:
        raise HubError(
            f"hub:{client.repo} is as planned, at commit {commit[:12]}, and could not be verified: {error}; the commit "
            "is not tagged",
            hint=error.hint or _AGAIN,
        ) from error


def _look(
    client: Client, commit: str, contents: Contents, progress: Progress, load: Callable[[Path], LoadedT]
) -> LoadedT:
    if not remote.holds(remote.tree(client, commit), contents):
        raise HubError("its tree is not the planned one", hint="Look at the commit on the Hub.")
    with scratch() as cache:
        wanted = {name: file.sha256 for name, file in contents.files.items()}
        _, wrong = fetch(client, commit, wanted, cache, progress.step("downloading", len(wanted)))
        if wrong:
            raise HubError(f"downloaded from it, {wrong[0]} is not the file that was pushed", hint=_AGAIN)
        _ = progress.step("loading it back", None)
        return load(cache)


def _same_rows(client: Client, commit: str, contents: Contents, loaded: Loaded) -> None:
    stated = contents.manifest["books"]["kept_rows"]
    if dict(loaded.rows) != {split: rows for split, rows in stated.items() if rows}:
        difference = f"{dict(loaded.rows)} rows, and the manifest says {stated}"
    elif loaded.content_digest != contents.manifest["content_digest"]:
        difference = "other rows than the build holds"
    else:
        return
    raise HubError(
        f"commit {commit[:12]} of hub:{client.repo} is as planned, and `datasets` loads from it {difference}; it is "
        "not tagged",
        hint="Report this: the card and the files disagree in a way that no gate saw.",
    )
