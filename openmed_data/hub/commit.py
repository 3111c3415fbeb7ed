"""Write a plan as one commit, and find out what became of it where the answer is lost.

A commit is never sent again blindly. Where the Hub's answer is lost, the repository is read again: with the head where
it was, nothing landed, and sending it once more is safe, because both carry the same parent and the Hub takes one of
them; with a tree as planned it landed; anything else is somebody else's commit.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from openmed_data.errors import GateError, HubError
from openmed_data.hub import remote
from openmed_data.hub.client import TRIES, Client, RequestError
from openmed_data.hub.plan import Plan
from openmed_data.hub.trouble import Sort

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd

_BATCH = 100


def untouched(plan: Plan) -> str:
    """Say that nothing of the plan was written."""
    return "the repository is as it was before" if plan.head else "the repository was made, and is still empty"


def make_repository(client: Client, *, public: bool) -> str:
    """Make the repository and return its first commit.

    Raises
    ------
    HubError
        The Hub refuses, or gave no answer and has no such repository, or cannot be asked.
    """
    try:
        return _make(client, public=public)
    except RequestError as failed:
        message = f"{failed}; hub:{client.repo} may have been made, and is empty if so"
        raise HubError(message, hint=failed.hint) from failed


def _make(client: Client, *, public: bool) -> str:
    for attempt in range(1, TRIES + 1):
        try:
            client.once(lambda: client.api.create_repo(client.repo, private=not public, repo_type=client.repo_type))
        except RequestError as failed:
            # Also where the Hub refuses: an earlier attempt whose answer was lost may have made it.
            made = remote.head(client)
            if made is None and (failed.trouble.sort is not Sort.UNSURE or attempt == TRIES):
                message = f"hub:{client.repo} could not be made: {failed}; nothing was written"
                raise HubError(message, hint=failed.hint) from failed
            if made is None:
                client.wait(failed.trouble, attempt)
                continue
        made = remote.head(client)
        if made is not None and made.private == (not public):
            return made.commit
        break
    raise HubError(
        f"hub:{client.repo} was made, and not with the visibility that was asked for",
        hint="Look at its settings on the Hub.",
    )


def write(client: Client, plan: Plan, parent: str) -> str:
    """Upload what is missing and make one commit on `parent`; return its id.

    Raises
    ------
    GateError
        A file was changed after it was hashed.
    HubError
        It did not land, or it cannot be told; the message says which.
    """
    operations = _additions(plan)
    _upload(client, plan, operations)
    _still_the_same(plan, operations)
    for attempt in range(1, TRIES + 1):
        try:
            return client.once(lambda: _send(client, plan, operations, parent))
        except RequestError as failed:
            landed = _landed(client, plan, parent, failed)
            if landed is not None:
                return landed
            if plan.target.pull_request or failed.trouble.sort is not Sort.UNSURE or attempt == TRIES:
                raise HubError(f"{failed}; {untouched(plan)}", hint=failed.hint) from failed
            client.wait(failed.trouble, attempt)
    raise AssertionError  # the last attempt returns or raises


def _additions(plan: Plan) -> "list[CommitOperationAdd]":
    from huggingface_hub import CommitOperationAdd

    files = [plan.contents.files[name] for name in (*plan.add, *plan.change)]
    return [CommitOperationAdd(file.name, str(file.path) if file.content is None else file.content) for file in files]


def _upload(client: Client, plan: Plan, operations: "Sequence[CommitOperationAdd]") -> None:
    pull = plan.target.pull_request
    for start in range(0, len(operations), _BATCH):
        batch = operations[start : start + _BATCH]

        def preupload(batch: "Sequence[CommitOperationAdd]" = batch) -> None:
            client.api.preupload_lfs_files(
                client.repo, additions=batch, repo_type=client.repo_type, create_pr=pull, free_memory=False
            )

        try:
            client.once(preupload)
        except RequestError as failed:
            raise HubError(f"{failed}; {untouched(plan)}", hint=failed.hint) from failed


def _still_the_same(plan: Plan, operations: "Sequence[CommitOperationAdd]") -> None:
    """Refuse to commit where a shard was edited after the gates hashed it.

    The client hashes what it uploads by itself, and is not told the gates' hash: it would announce edited bytes under
    it, and the storage would know them by a wrong name from then on.
    """
    files = plan.contents.files
    edited = [
        operation.path_in_repo
        for operation in operations
        if operation.upload_info.sha256.hex() != files[operation.path_in_repo].sha256
        or not files[operation.path_in_repo].unchanged
    ]
    if edited:
        raise GateError(
            f"{', '.join(edited[:3])} changed while it was being pushed; {untouched(plan)}",
            hint="Let nothing write to a build while it is pushed; build it again.",
        )


def _send(client: Client, plan: Plan, additions: "Sequence[CommitOperationAdd]", parent: str) -> str:
    from huggingface_hub import CommitOperationDelete

    deletions = [CommitOperationDelete(name) for name in plan.delete]
    done = client.api.create_commit(
        client.repo,
        [*additions, *deletions],
        commit_message=plan.message,
        commit_description=f"{plan.contents.marker}: sha256 {plan.contents.digest}",
        repo_type=client.repo_type,
        parent_commit=parent,
        create_pr=plan.target.pull_request,
    )
    return str(done.oid)


def _landed(client: Client, plan: Plan, parent: str, failed: RequestError) -> str | None:
    """Return the commit where the plan landed after all; None where the repository is as it was.

    Raises
    ------
    HubError
        It cannot be told, or somebody else was first.
    """
    try:
        if plan.target.pull_request:
            found = remote.open_pull_request(client, plan.contents)
            return found[1] if found else None
        later = remote.since(client, parent)
        landed = next((one for one in reversed(later) if remote.holds(remote.tree(client, one), plan.contents)), None)
    except RequestError as blind:
        raise HubError(
            f"{failed}, and then {blind}: it cannot be told whether the commit landed",
            hint="Run the same command again: it looks first, and finishes whichever it finds.",
        ) from failed
    if landed is None and later:
        raise HubError(
            f"somebody else committed to hub:{client.repo} in the meantime ({later[0][:12]}); nothing of this build "
            "was written",
            hint="Run the same command again: it plans anew from what is there now.",
        ) from failed
    return landed
