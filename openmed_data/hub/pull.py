"""Fetch a pushed build and verify it against its own manifest."""

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from openmed_data import manifest
from openmed_data.errors import HubError, UsageError
from openmed_data.files import sha256_of
from openmed_data.hub import attestation, remote
from openmed_data.hub.client import READ_SECONDS, Client, connected
from openmed_data.hub.contents import SHARDS, hold_text, owned
from openmed_data.hub.download import download, fetch
from openmed_data.hub.names import repo_id
from openmed_data.hub.vouched import unvouched
from openmed_data.progress import Progress, Silent
from openmed_data.report.gate import REPORTS


@dataclass(frozen=True, slots=True)
class Pulled:
    """A build that was fetched from the Hub.

    Attributes
    ----------
    path
        Its folder.
    commit
        The commit that it was fetched at.
    manifest_sha256
        SHA-256 of its manifest, which every shard was held against.
    attested
        Whether the repository holds a statement that this very manifest passed validation, by the report beside it.
    unverified
        Files that are as the commit has them and that do not follow from manifest and report: edited, or written by
        another version of this project.
    """

    path: Path
    repo: str
    commit: str
    manifest_sha256: str
    attested: bool
    unverified: tuple[str, ...] = ()


def open_hub(repo: str, revision: str = "main", *, progress: Progress | None = None) -> Path:
    """Fetch a build into the Hub's own cache, verify it, and return its folder, which is not to be written to.

    Raises
    ------
    UsageError, HubError
        As `pull`.
    """
    repo = repo_id(repo)
    with connected(repo) as client:
        return _fetch(client, revision, progress or Silent()).path


def pull(
    repo: str,
    revision: str = "main",
    out: Path | None = None,
    *,
    progress: Progress | None = None,
    endpoint: str | None = None,
    read_seconds: float = READ_SECONDS,
) -> Pulled:
    """Fetch a build, verify every shard against its manifest, and lay it down as a folder, whole or not at all.

    The manifest names the hashes of the shards alone. The report is held against the statement of the validation, and
    the card and the rest against what they would be if they were written again; see `Pulled.unverified`.

    Parameters
    ----------
    revision
        A commit, tag or branch.
    out
        The folder to make; the repository's name if None.

    Raises
    ------
    UsageError
        `out` exists, or the repository holds no build of this project.
    HubError
        The Hub cannot be asked, or gives other files than the manifest names.
    """
    repo = repo_id(repo)
    out = out or Path(repo.split("/")[1])
    if out.exists():
        raise UsageError(f"'{out}' exists already", hint="Choose another --out, or remove it.")
    with connected(repo, endpoint=endpoint, read_seconds=read_seconds) as client:
        found = _fetch(client, revision, progress or Silent())
    unverified = unvouched(found.path, _beside_shards(found.path), repo, attested=found.attested)
    partial = out.with_name(f"{out.name}.pulling")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(found.path, partial, ignore=_foreign(found.path))
    partial.replace(out)
    return replace(found, path=out, unverified=unverified)


def _beside_shards(folder: Path) -> list[str]:
    """Return the files of a fetched build that its manifest holds no hash of."""
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    return [name for name in names if owned(name) and name != manifest.NAME and not name.startswith(SHARDS)]


def _foreign(root: Path) -> Any:
    """Return the filter that leaves out files of the repository that belong to no build."""

    def ignored(folder: str, names: list[str]) -> list[str]:
        inside = Path(folder).relative_to(root)
        return [name for name in names if (root / inside / name).is_file() and not owned((inside / name).as_posix())]

    return ignored


def _fetch(client: Client, revision: str, progress: Progress) -> Pulled:
    info = client.ask(lambda: client.api.dataset_info(client.repo, revision=revision))
    commit = str(info.sha)
    held = {name: file for name, file in remote.tree(client, commit).items() if owned(name)}
    where = f"hub:{client.repo}@{commit[:12]}"
    if manifest.NAME not in held:
        hint = "Name the repository of a build, and a revision that holds one: OWNER/NAME@REV."
        raise UsageError(f"{where} holds no build of openmed-data ({manifest.NAME} is missing)", hint=hint)
    folder = _small(client, commit, manifest.NAME, held[manifest.NAME]).parent
    document = manifest.read(folder)
    shards = {file["name"]: file["sha256"] for file in _named(document, held)}
    _complete(where, document, held)
    _, wrong = fetch(client, commit, shards, None, progress.step("downloading", len(shards)))
    if wrong:
        raise HubError(f"in {where}, {wrong[0]} is not the file that the manifest names", hint="Do not use it.")
    for name in sorted(held.keys() - shards.keys()):
        _small(client, commit, name, held[name])
    digest = manifest.digest(folder)
    return Pulled(folder, client.repo, commit, digest, _attested(folder, digest, where))


def _small(client: Client, commit: str, name: str, known: remote.RemoteFile) -> Path:
    """Download a file that no manifest names, and hold it against the commit's own hash; past the cache if need be."""
    for again in (False, True):
        path = download(client, commit, name, None, force=again)
        if known.holds(hold_text(name, path.read_bytes())):
            return path
    raise HubError(
        f"{name}, downloaded from commit {commit[:12]}, is not the file that the commit names",
        hint="Do not use it. Run the same command again.",
    )


def _named(document: Mapping[str, Any], held: Iterable[str]) -> list[dict[str, Any]]:
    """Return the shards to fetch: rejected rows are in the repository only where they were pushed too."""
    rejected = [file for file in document["rejected_files"] if file["name"] in held]
    return [*document["files"], *rejected]


def _complete(where: str, document: Mapping[str, Any], held: Iterable[str]) -> None:
    named = {file["name"] for file in _named(document, held)}
    found = {name for name in held if name.startswith(SHARDS)}
    if found != named:
        name = min(found ^ named)
        what = "is not there" if name in named else "is there, and the manifest does not name it"
        raise HubError(f"{where} is not the build that its manifest describes: {name} {what}", hint="Do not use it.")


def _attested(folder: Path, digest: str, where: str) -> bool:
    """Return whether the repository says that this manifest passed; an unfit statement is an error."""
    path = folder / attestation.NAME
    if not path.is_file():
        return False
    try:
        statement = json.loads(path.read_bytes())
    except ValueError:
        statement = None
    if attestation.subject_of(statement) != digest:
        raise HubError(f"in {where}, {attestation.NAME} is about another manifest", hint="Do not use it.")
    report = folder / REPORTS[0]
    if not report.is_file() or sha256_of(report) != attestation.report_of(statement):
        raise HubError(
            f"in {where}, {REPORTS[0]} is not the report that {attestation.NAME} names", hint="Do not use it."
        )
    return True
