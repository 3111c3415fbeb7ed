"""A repository as it stands: its head, its files with their hashes, its tags and pull requests."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from openmed_data.hub.client import Client, RequestError
from openmed_data.hub.contents import Contents, LocalFile

_MOST = 20  # commits and pull requests that are looked through


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file of a tree: `git_oid` is git's own name of it, `sha256` that of large-file storage if it lies there."""

    size: int
    git_oid: str
    sha256: str | None

    def holds(self, file: LocalFile) -> bool:
        """Return whether these are the bytes of `file`."""
        same = self.sha256 == file.sha256 if self.sha256 is not None else self.git_oid == file.git_oid
        return same and self.size == file.size


Tree = Mapping[str, RemoteFile]


@dataclass(frozen=True, slots=True)
class Head:
    """Where main stands."""

    commit: str
    private: bool


def head(client: Client) -> Head | None:
    """Return where main of the repository stands; None where there is no such repository."""
    try:
        info = client.ask(lambda: client.api.repo_info(client.repo, repo_type=client.repo_type))
    except RequestError as failed:
        if failed.trouble.status == 404:
            return None
        raise
    return Head(str(info.sha), bool(info.private))


def tree(client: Client, revision: str) -> dict[str, RemoteFile]:
    """Return every file at a revision."""
    from huggingface_hub.hf_api import RepoFile

    def listed() -> dict[str, RemoteFile]:
        entries = client.api.list_repo_tree(client.repo, recursive=True, revision=revision, repo_type=client.repo_type)
        return {
            entry.path: RemoteFile(entry.size, entry.blob_id, entry.lfs.sha256 if entry.lfs else None)
            for entry in entries
            if isinstance(entry, RepoFile)
        }

    return client.ask(listed)


def holds(files: Tree, contents: Contents) -> bool:
    """Return whether a tree is exactly as planned: every file of `contents`, and nothing else of what a push owns."""
    names = {name for name in files if contents.owned(name)}
    return names == set(contents.files) and all(files[name].holds(file) for name, file in contents.files.items())


def tags(client: Client) -> dict[str, str]:
    """Return the commit that each tag points to."""
    refs = client.ask(lambda: client.api.list_repo_refs(client.repo, repo_type=client.repo_type))
    return {tag.name: tag.target_commit for tag in refs.tags}


def since(client: Client, ancestor: str) -> list[str]:
    """Return the latest commits of main that came after `ancestor`, the latest first, at most `_MOST`."""
    history = client.ask(lambda: client.api.list_repo_commits(client.repo, repo_type=client.repo_type))
    ids = [commit.commit_id for commit in history]
    return ids[: ids.index(ancestor) if ancestor in ids else None][:_MOST]


def open_pull_request(client: Client, contents: Contents) -> tuple[int, str] | None:
    """Return number and commit of the open pull request that holds exactly `contents`, if there is one."""
    for number, commit in _pull_requests(client):
        if holds(tree(client, commit), contents):
            found = client.ask(
                lambda n=number: client.api.get_discussion_details(client.repo, n, repo_type=client.repo_type)
            )
            if found.status in {"open", "draft"}:
                return number, commit
    return None


def _pull_requests(client: Client) -> Iterator[tuple[int, str]]:
    """Yield number and commit of the latest pull requests, the latest first."""
    kind = client.repo_type
    refs = client.ask(lambda: client.api.list_repo_refs(client.repo, repo_type=kind, include_pull_requests=True))
    numbered = [(int(one.ref.rsplit("/", 1)[-1]), one.target_commit) for one in refs.pull_requests or ()]
    yield from sorted(numbered, reverse=True)[:_MOST]
