"""Push a build, or another sort of cargo, to the Hub: whole or not at all, verified, tagged last."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openmed_data import manifest
from openmed_data.errors import HubError
from openmed_data.hub import commit, receipt, remote
from openmed_data.hub.client import DEADLINE_SECONDS, READ_SECONDS, TRIES, Client, RequestError, connected
from openmed_data.hub.contents import Contents, owned, read_contents
from openmed_data.hub.names import repo_id
from openmed_data.hub.plan import Cargo, Plan, Target, make_plan
from openmed_data.hub.trouble import Sort
from openmed_data.hub.verify import verify
from openmed_data.progress import Progress, Silent


def _read(build: Path, repo: str, target: Target, progress: Progress) -> Contents:
    return read_contents(build, repo, with_rejected=target.with_rejected, progress=progress)


def _verify(client: Client, commit: str, contents: Contents, progress: Progress) -> Mapping[str, Any]:
    loaded = verify(client, commit, contents, progress)
    return {"rows": dict(loaded.rows), "content_digest": loaded.content_digest}


DATASET = Cargo("dataset", manifest.NAME, owned, _read, _verify)


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push came to.

    Attributes
    ----------
    commit
        The commit that holds the build; None after a dry run.
    written
        Whether this push made the commit; False where the repository held the build already.
    receipt
        Where the receipt lies.
    """

    plan: Plan
    commit: str | None = None
    written: bool = False
    tag: str | None = None
    pull_request: int | None = None
    receipt: Path | None = None


def push(
    build: Path,
    repo: str,
    target: Target | None = None,
    *,
    cargo: Cargo = DATASET,
    dry_run: bool = False,
    shown: Callable[[Plan], None] = lambda _: None,
    progress: Progress | None = None,
    endpoint: str | None = None,
    deadline_seconds: float = DEADLINE_SECONDS,
    read_seconds: float = READ_SECONDS,
) -> Pushed:
    """Push a folder as one commit, verify it at that commit, tag it, and write a receipt beside it.

    Run again after any failure, it looks at what is there and finishes the rest; where the repository holds these files
    already, nothing is uploaded.

    Parameters
    ----------
    build
        The folder: a build, or what the cargo's gates let pass.
    repo
        ``OWNER/NAME``; made if it does not exist, private unless the target says otherwise.
    dry_run
        Stop before anything is written.
    shown
        Called with the plan before anything is written.
    deadline_seconds
        Time for all of it.
    read_seconds
        How long the Hub may be silent.

    Raises
    ------
    UsageError
        The build or the target cannot be used as given.
    GateError
        A gate does not open; nothing was written.
    HubError
        The Hub refused or broke off; the message says in what state the repository is.
    """
    progress = progress or Silent()
    repo = repo_id(repo, cargo.repo_type)
    with connected(
        repo,
        endpoint=endpoint,
        deadline_seconds=deadline_seconds,
        read_seconds=read_seconds,
        repo_type=cargo.repo_type,
    ) as client:
        try:
            plan = make_plan(client, cargo, build, target or Target(), progress)
        except RequestError as failed:
            raise HubError(f"{failed}; nothing was written", hint=failed.hint) from failed
        shown(plan)
        return Pushed(plan) if dry_run else _carry_out(client, cargo, plan, progress)


def _carry_out(client: Client, cargo: Cargo, plan: Plan, progress: Progress) -> Pushed:
    found, written = _settled(client, plan, progress)
    files = {name: file.sha256 for name, file in plan.contents.files.items()}
    evidence = receipt.verified(plan.contents.build, client.api.endpoint, client.repo, found, files)
    if evidence is None:
        evidence = cargo.verify(client, found, plan.contents, progress)
    try:
        if plan.target.tag:
            _tag(client, plan.target.tag, found)
        number = _pull_request(client, plan, found)
    except RequestError as failed:
        what = f"tagged '{plan.target.tag}'" if plan.target.tag else "looked up as a pull request"
        message = f"commit {found[:12]} is verified, and could not be {what}: {failed}"
        raise HubError(message, hint=failed.hint) from failed
    document = receipt.Receipt(
        endpoint=client.api.endpoint,
        repo=client.repo,
        commit=found,
        tag=plan.target.tag,
        pull_request=number,
        public=plan.target.public,
        manifest_sha256=plan.contents.digest,
        files=files,
        evidence=evidence,
    )
    place = receipt.write(plan.contents.build, document)
    return Pushed(plan, found, written, plan.target.tag, number, place)


def _settled(client: Client, plan: Plan, progress: Progress) -> tuple[str, bool]:
    """Return the commit that holds the plan, and whether it was made just now."""
    if plan.is_done:
        return str(plan.head), False
    if plan.pull_request:
        return plan.pull_request[1], False
    parent = plan.head or commit.make_repository(client, public=plan.target.public)
    _ = progress.step(f"uploading {len(plan.add) + len(plan.change)} files", None)
    return commit.write(client, plan, parent), True


def _pull_request(client: Client, plan: Plan, found: str) -> int | None:
    if plan.pull_request or not plan.target.pull_request or plan.is_done:
        return plan.pull_request[0] if plan.pull_request else None
    made = remote.open_pull_request(client, plan.contents)
    return made[0] if made and made[1] == found else None


def _tag(client: Client, tag: str, found: str) -> None:
    """Name the commit, unless it has that name already; a tag on another commit is left where it is.

    Raises
    ------
    HubError
        The tag could not be made.
    """
    for attempt in range(1, TRIES + 1):
        failed: RequestError | None = None
        held = remote.tags(client).get(tag)
        if held is None:
            try:
                client.once(
                    lambda: client.api.create_tag(client.repo, tag=tag, revision=found, repo_type=client.repo_type)
                )
            except RequestError as error:
                failed = error
            held = remote.tags(client).get(tag)
        if held == found:
            return
        if held is not None:
            raise HubError(
                f"commit {found[:12]} is verified, and the tag '{tag}' names another commit ({held[:12]}); it was "
                "not moved",
                hint="Choose another tag, and run the command again.",
            )
        if failed is None or failed.trouble.sort is not Sort.UNSURE or attempt == TRIES:
            raise HubError(
                f"commit {found[:12]} is verified, and could not be tagged: {failed}",
                hint="Run the same command again: it sets the tag.",
            ) from failed
        client.wait(failed.trouble, attempt)
