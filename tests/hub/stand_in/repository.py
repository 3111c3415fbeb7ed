"""A dataset repository as the Hub keeps it: commits of whole trees, branches, tags and pull requests."""

import fnmatch
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

GITATTRIBUTES = b"*.parquet filter=lfs diff=lfs merge=lfs -text\n"


class RefusedError(Exception):
    """What the Hub refuses, with its status and headers."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status, self.code = status, code


@dataclass(frozen=True)
class Blob:
    """One file of a tree: its bytes are `content`, or lie in large-file storage under `sha256`."""

    size: int
    oid: str
    content: bytes | None = None
    sha256: str | None = None
    xet: str | None = None

    def to_json(self, path: str) -> dict[str, Any]:
        """Return the file as the tree endpoint describes it."""
        large = {"lfs": {"oid": self.sha256, "size": self.size, "pointerSize": 130}} if self.sha256 else {}
        xet = {"xetHash": self.xet} if self.xet else {}
        return {"type": "file", "path": path, "size": self.size, "oid": self.oid, **large, **xet}


def regular(content: bytes) -> Blob:
    """Return a file that git holds itself."""
    return Blob(len(content), hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest(), content=content)


def large(sha256: str, size: int, xet: str | None = None) -> Blob:
    """Return a file of which git holds a pointer."""
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()
    return Blob(size, regular(pointer).oid, sha256=sha256, xet=xet)


@dataclass(frozen=True)
class Commit:
    """One state of the whole tree."""

    id: str
    parent: str | None
    title: str
    message: str
    files: Mapping[str, Blob]


@dataclass
class Repository:
    """A dataset repository."""

    id: str
    private: bool
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    pulls: dict[int, tuple[str, str]] = field(default_factory=dict)  # number: (commit, status)

    def __post_init__(self) -> None:
        first = self._record(None, "initial commit", "", {".gitattributes": regular(GITATTRIBUTES)})
        self.branches["main"] = first.id

    @property
    def head(self) -> Commit:
        """The commit that main points to."""
        return self.commits[self.branches["main"]]

    def at(self, revision: str) -> Commit:
        """Return the commit that a branch, tag, pull request or commit id names."""
        named = {**self.branches, **self.tags, **{f"refs/pr/{n}": commit for n, (commit, _) in self.pulls.items()}}
        commit = self.commits.get(named.get(revision, revision))
        if commit is None:
            raise RefusedError(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return commit

    def history(self, revision: str) -> list[Commit]:
        """Return the commits that led to `revision`, the latest first."""
        found: list[Commit] = []
        commit: Commit | None = self.at(revision)
        while commit is not None:
            found.append(commit)
            commit = self.commits[commit.parent] if commit.parent else None
        return found

    def commit(
        self, header: Mapping[str, Any], add: Mapping[str, Blob], delete: Sequence[str], *, pull: bool
    ) -> tuple[Commit, int | None]:
        """Commit to main, or to a new pull request; return the commit and the pull request's number."""
        parent = header.get("parentCommit")
        if parent is not None and parent != self.head.id:
            raise RefusedError(412, "A commit has happened since. Please refresh and try again.")
        missing = [path for path in delete if path not in self.head.files]
        if missing:
            raise RefusedError(404, f"A file with this name doesn't exist: {missing[0]}", "EntryNotFound")
        files = {path: blob for path, blob in self.head.files.items() if path not in delete} | dict(add)
        made = self._record(self.head.id, header["summary"], header.get("description", ""), files)
        if not pull:
            self.branches["main"] = made.id
            return made, None
        number = len(self.pulls) + 1
        self.pulls[number] = (made.id, "open")
        return made, number

    def ignores(self, path: str) -> bool:
        """Return whether main's .gitignore names `path`."""
        blob = self.head.files.get(".gitignore")
        lines = (blob.content or b"").decode().split() if blob else []
        parts = path.split("/")
        return any(
            fnmatch.fnmatch(path, line) or any(fnmatch.fnmatch(part, line.strip("/")) for part in parts)
            for line in lines
        )

    def _record(self, parent: str | None, title: str, message: str, files: Mapping[str, Blob]) -> Commit:
        text = repr((self.id, len(self.commits), parent, title, sorted((p, b.oid) for p, b in files.items())))
        commit = Commit(hashlib.sha1(text.encode()).hexdigest(), parent, title, message, files)
        self.commits[commit.id] = commit
        return commit
