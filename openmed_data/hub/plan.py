"""What a push would do, worked out from the build and from the repository as it stands; nothing is written yet."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from openmed_data.errors import GateError, UsageError
from openmed_data.hub import remote
from openmed_data.hub.client import Client
from openmed_data.hub.contents import CARD, Contents
from openmed_data.progress import Progress

# Of what git allows in the name of a tag, the part that needs no quoting anywhere.
_TAG = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._/-]*[A-Za-z0-9_-])?")


@dataclass(frozen=True, slots=True)
class Target:
    """What a user asks for.

    Attributes
    ----------
    public
        The repository is to be visible to everyone.
    pull_request
        Open a pull request instead of committing to main.
    tag
        Name to give to the commit once it is verified.
    message
        Title of the commit; None for one that names the dataset.
    """

    public: bool = False
    pull_request: bool = False
    tag: str | None = None
    with_rejected: bool = False
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Cargo:
    """What sort of thing is pushed, and to what sort of repository.

    Attributes
    ----------
    repo_type
        ``dataset`` or ``model``, in the Hub's words.
    marker, owned
        See `Contents`.
    read
        Passes the local gates and gives the files, from folder, repository, target and progress.
    verify
        Holds a commit against its contents and gives what the receipt says of it.
    """

    repo_type: str
    marker: str
    owned: Callable[[str], bool]
    read: Callable[[Path, str, Target, Progress], Contents]
    verify: Callable[[Client, str, Contents, Progress], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a push would do.

    Attributes
    ----------
    user
        Whose token it is.
    head
        Commit of main that the plan is about; None where the repository is still to be made.
    add, change, same, delete, keep
        Names of files; those to keep are not a push's to touch.
    pull_request
        An open pull request that holds this very build already.
    """

    contents: Contents
    target: Target
    user: str
    head: str | None
    add: tuple[str, ...]
    change: tuple[str, ...]
    same: tuple[str, ...]
    delete: tuple[str, ...]
    keep: tuple[str, ...]
    pull_request: tuple[int, str] | None = None

    @property
    def upload_bytes(self) -> int:
        """Bytes of the files to add and change, at most: the Hub may hold some of them already."""
        return sum(self.contents.files[name].size for name in (*self.add, *self.change))

    @property
    def is_done(self) -> bool:
        """Whether the repository holds this very build already."""
        return self.head is not None and not (self.add or self.change or self.delete)

    @property
    def message(self) -> str:
        """Title of the commit."""
        return self.target.message or f"Publish {self.contents.name} {self.contents.digest[:12]}"


def make_plan(client: Client, cargo: Cargo, build: Path, target: Target, progress: Progress) -> Plan:
    """Pass every gate and work out what a push of the folder `build` would do.

    Raises
    ------
    UsageError
        The build or the target cannot be used as given.
    GateError
        A gate does not open: see the cargo's `read`; or the repository is not of the asked visibility, holds files that
        no push put there, ignores some of the build's, or has the tag on another commit.
    HubError
        The Hub cannot be asked.
    """
    if target.pull_request and target.tag:
        raise UsageError("a tag names a commit of main, and a pull request is none", hint="Tag it after the merge.")
    if target.tag is not None and (not _TAG.fullmatch(target.tag) or ".." in target.tag):
        raise UsageError(f"'{target.tag}' cannot be a tag", hint="Use letters, digits, '.', '_', '-' and '/': v1.2.")
    contents = cargo.read(build, client.repo, target, progress)  # first: it needs neither network nor token
    user = client.ask(lambda: cast(dict[str, Any], client.api.whoami()))
    head = remote.head(client)
    if head is None and target.pull_request:
        raise UsageError(f"hub:{client.repo} does not exist, so no pull request can be opened", hint="Leave --pr out.")
    if head is not None:
        _same_visibility(client.repo, head, target)
    held = remote.tree(client, head.commit) if head else {}
    _no_foreign_data(client.repo, cargo, held)
    if ".gitignore" in held:
        _nothing_ignored(client, contents)
    plan = _compare(contents, target, str(user["name"]), head, held)
    if target.tag and head is not None:
        _tag_is_free(client, plan, target.tag)
    return plan if plan.is_done or not target.pull_request else _with_pull_request(client, plan)


def _compare(contents: Contents, target: Target, user: str, head: remote.Head | None, held: remote.Tree) -> Plan:
    same = tuple(name for name, file in contents.files.items() if name in held and held[name].holds(file))
    return Plan(
        contents,
        target,
        user,
        head.commit if head else None,
        add=tuple(name for name in contents.files if name not in held),
        change=tuple(name for name in contents.files if name in held and name not in same),
        same=same,
        delete=tuple(sorted(name for name in held if contents.owned(name) and name not in contents.files)),
        keep=tuple(sorted(name for name in held if not contents.owned(name))),
    )


def _with_pull_request(client: Client, plan: Plan) -> Plan:
    found = remote.open_pull_request(client, plan.contents)
    parts = (plan.add, plan.change, plan.same, plan.delete, plan.keep)
    return Plan(plan.contents, plan.target, plan.user, plan.head, *parts, pull_request=found)


def _same_visibility(repo: str, head: remote.Head, target: Target) -> None:
    if head.private == (not target.public):
        return
    is_, asked = ("private", "public") if head.private else ("public", "private")
    hint = "Leave --public out" if head.private else "Give --public"
    raise GateError(
        f"hub:{repo} is {is_}, and this push is to be {asked}; nothing was written",
        hint=f"{hint}, or change the repository's settings on the Hub.",
    )


def _no_foreign_data(repo: str, cargo: Cargo, held: remote.Tree) -> None:
    """Refuse a repository whose files no push put there: a mistyped name must not replace somebody's work."""
    foreign = sorted(name for name in held if cargo.owned(name) and name != CARD)
    if foreign and cargo.marker not in held:
        raise GateError(
            f"hub:{repo} holds files that openmed-data did not push ({_some(foreign)}); nothing was written",
            hint="Push to another repository, or delete those files on the Hub first.",
        )


def _nothing_ignored(client: Client, contents: Contents) -> None:
    from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status  # pyright: ignore[reportUnknownVariableType]

    names = list(contents.files)
    ignored: list[str] = []
    address = f"{client.api.endpoint}/api/{client.repo_type}s/{client.repo}/preupload/main"
    for start in range(0, len(names), 256):  # the Hub takes no more at once
        files = [{"path": name, "size": contents.files[name].size, "sample": ""} for name in names[start : start + 256]]

        def answer(files: list[dict[str, Any]] = files) -> list[str]:
            response = get_session().post(address, json={"files": files}, headers=build_hf_headers())
            hf_raise_for_status(response)
            return [file["path"] for file in response.json()["files"] if file["shouldIgnore"]]

        ignored += client.ask(answer)
    if ignored:
        raise GateError(
            f"the .gitignore of hub:{client.repo} would leave out {_some(ignored)}; nothing was written",
            hint="Remove those lines from it on the Hub.",
        )


def _tag_is_free(client: Client, plan: Plan, tag: str) -> None:
    held = remote.tags(client).get(tag)
    if held is not None and not (plan.is_done and held == plan.head):
        raise GateError(
            f"the tag '{tag}' of hub:{client.repo} names commit {held[:12]}, and tags are never moved; "
            "nothing was written",
            hint="Choose another tag.",
        )


def _some(names: Sequence[str]) -> str:
    return f"{', '.join(names[:3])}{f' and {len(names) - 3} more' if len(names) > 3 else ''}"
