"""Fetch files of a commit and hash every byte: the client library itself looks at their length alone."""

from collections.abc import Mapping
from pathlib import Path

from openmed_data.files import sha256_of
from openmed_data.hub.client import Client
from openmed_data.progress import Advance


def fetch(
    client: Client, commit: str, sha256: Mapping[str, str], cache: Path | None, advance: Advance
) -> tuple[dict[str, Path], list[str]]:
    """Download files into the Hub cache at `cache` and hash them.

    A file that is not what it should be is fetched once more, past the cache.

    Parameters
    ----------
    sha256
        The files' names and what they must hash to.
    cache
        The client's own cache if None.

    Returns
    -------
    paths, wrong
        Where each file lies, and the names of those that are not what they should be.

    Raises
    ------
    RequestError
        A file cannot be fetched.
    """
    paths: dict[str, Path] = {}
    wrong: list[str] = []
    for name, wanted in sha256.items():
        paths[name] = download(client, commit, name, cache)
        if sha256_of(paths[name]) != wanted:
            paths[name] = download(client, commit, name, cache, force=True)
            if sha256_of(paths[name]) != wanted:
                wrong.append(name)
        advance(1)
    return paths, wrong


def download(client: Client, commit: str, name: str, cache: Path | None, *, force: bool = False) -> Path:
    """Download one file of a commit and return where it lies.

    Raises
    ------
    RequestError
        It cannot be fetched.
    """

    def call() -> Path:
        found: str = client.api.hf_hub_download(  # pyright: ignore[reportUnknownVariableType]
            client.repo, name, repo_type=client.repo_type, revision=commit, cache_dir=cache, force_download=force
        )
        return Path(found)

    return client.ask(call)
