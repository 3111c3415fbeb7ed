"""`openmed-data push`: put a build on the Hub."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from openmed_data.console import Cell, Console, Styled, Table

from .app import command

if TYPE_CHECKING:
    from openmed_data.hub.plan import Cargo, Plan, Target
    from openmed_data.hub.push import Pushed

Build = Annotated[Path, typer.Argument(metavar="BUILD", help="A build's folder; its validation must have passed.")]
Repo = Annotated[str, typer.Argument(metavar="REPO", help="OWNER/NAME on the Hub; made if it does not exist.")]
Public = Annotated[bool, typer.Option("--public", help="Visible to everyone; private if left out.")]
PullRequest = Annotated[bool, typer.Option("--pr", help="Open a pull request instead of committing to main.")]
Tag = Annotated[
    str | None,
    typer.Option("--tag", metavar="NAME", show_default=False, help="Name the commit, once it is verified."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be pushed, and write nothing.")]
WithRejected = Annotated[bool, typer.Option("--with-rejected", help="Push the rejected rows too.")]
Message = Annotated[
    str | None,
    typer.Option("--message", metavar="TEXT", show_default=False, help="Title of the commit."),
]


@command(
    "push",
    "openmed-data push build/medmcqa-prefs me/medmcqa-prefs --dry-run",
    "openmed-data push build/medmcqa-prefs me/medmcqa-prefs --tag v1",
    "openmed-data push build/medmcqa-prefs my-org/medmcqa-prefs --public --pr --message 'Hard negatives'",
)
def push(
    console: Console,
    build: Build,
    repo: Repo,
    *,
    public: Public = False,
    pull_request: PullRequest = False,
    tag: Tag = None,
    dry_run: DryRun = False,
    with_rejected: WithRejected = False,
    message: Message = None,
) -> None:
    """Push a build to the Hub in one commit, and verify it.

    The token is HF_TOKEN, or what `hf auth login` left. Run again after a failure, it finishes what is unfinished.
    """
    from openmed_data.hub.plan import Target
    from openmed_data.hub.push import DATASET

    target = Target(public, pull_request, tag, with_rejected, message)
    pushed = push_cargo(console, "push", DATASET, build, repo, target, dry_run=dry_run)
    if pushed.commit is not None:
        console.next_step(f"openmed-data pull {repo}@{pushed.tag or pushed.commit}", "fetch it as anyone would")


def push_cargo(
    console: Console, name: str, cargo: "Cargo", folder: Path, repo: str, target: "Target", *, dry_run: bool
) -> "Pushed":
    """Push a folder, show the plan and what came of it; after a dry run, name the command `name` that does it."""
    from openmed_data.hub.push import push as push_folder

    pushed = push_folder(
        folder,
        repo,
        target,
        cargo=cargo,
        dry_run=dry_run,
        shown=lambda plan: None if console.as_json else _show_plan(console, plan, repo),
        progress=console,
    )
    console.close()
    if console.as_json:
        console.json(_as_facts(pushed, repo))
    else:
        _show_result(console, pushed)
    if pushed.commit is None:
        console.next_step(shlex.join(["openmed-data", name, str(folder), repo, *_flags(target)]), "push it")
    return pushed


def _show_plan(console: Console, plan: "Plan", repo: str) -> None:
    """Show what a push would do."""
    console.close()
    parts = (
        ("add", plan.add, "green"),
        ("change", plan.change, "yellow"),
        ("delete", plan.delete, "red"),
        ("same", plan.same, "dim"),
        ("keep", plan.keep, "dim"),
    )
    files = plan.contents.files
    rows: list[tuple[Cell, ...]] = [
        (Styled(word, style), f"{files[name].size:,}" if name in files else "", name)
        for word, names, style in parts
        for name in names
    ]
    console.table(Table(("PLAN", "BYTES", "FILE"), rows, right=frozenset({"BYTES"})))
    console.line("")
    visibility = "public" if plan.target.public else "private"
    console.fields(
        [
            ("repository", f"{repo.removeprefix('hub:')} ({visibility}{', to be made' if plan.head is None else ''})"),
            ("as", plan.user),
            ("parent", plan.head or "none"),
            ("upload", f"at most {plan.upload_bytes:,} bytes"),
        ]
    )


def _show_result(console: Console, pushed: "Pushed") -> None:
    """Say what a push came to."""
    if pushed.commit is None:
        console.note("dry run: nothing was written")
        return
    if not pushed.written:
        console.note("the Hub holds exactly this already; nothing was uploaded")
    pull_request = [("pull request", str(pushed.pull_request))] if pushed.pull_request else []
    tag = [("tag", pushed.tag)] if pushed.tag else []
    console.fields(
        [
            ("verdict", Styled("pushed and verified" if pushed.written else "verified", "bold green")),
            ("commit", pushed.commit),
            *pull_request,
            *tag,
            ("receipt", str(pushed.receipt)),
        ]
    )


def _as_facts(pushed: "Pushed", repo: str) -> dict[str, Any]:
    """Return what a push came to, for machines."""
    plan = pushed.plan
    return {
        "repo": repo.removeprefix("hub:"),
        "public": plan.target.public,
        "parent": plan.head,
        "plan": {word: list(getattr(plan, word)) for word in ("add", "change", "same", "delete", "keep")},
        "upload_bytes": plan.upload_bytes,
        "manifest_sha256": plan.contents.digest,
        "commit": pushed.commit,
        "written": pushed.written,
        "tag": pushed.tag,
        "pull_request": pushed.pull_request,
        "receipt": str(pushed.receipt) if pushed.receipt else None,
    }


def _flags(target: "Target") -> list[str]:
    """Return the options that ask for `target`."""
    switches = (("--public", target.public), ("--pr", target.pull_request), ("--with-rejected", target.with_rejected))
    texts = (("--tag", target.tag), ("--message", target.message))
    given = [word for option, text in texts if text is not None for word in (option, text)]
    return [*(option for option, on in switches if on), *given]
