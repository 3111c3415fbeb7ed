"""`openmed-data push-model`: put an exported model on the Hub."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from openmed_data.console import Console

from .app import command
from .push import DryRun, Message, Public, PullRequest, Repo, Tag, as_facts, flags, show_plan, show_result

Export = Annotated[
    Path, typer.Argument(metavar="EXPORT", help="What `train export` made; its card must be written into it.")
]


@command(
    "push-model",
    "openmed-data push-model export/afm-4.5b-medical me/afm-4.5b-medical --dry-run",
    "openmed-data push-model export/afm-4.5b-medical me/afm-4.5b-medical --tag v1",
)
def push_model(
    console: Console,
    export: Export,
    repo: Repo,
    *,
    public: Public = False,
    pull_request: PullRequest = False,
    tag: Tag = None,
    dry_run: DryRun = False,
    message: Message = None,
) -> None:
    """Push an exported model to the Hub, and verify it.

    The token is HF_TOKEN, or what `hf auth login` left. Run again after a failure, it finishes what is unfinished.
    """
    from openmed_data.hub.plan import Target
    from openmed_data.hub.push import push
    from openmed_data.training.push_model import MODEL

    pushed = push(
        export,
        repo,
        Target(public, pull_request, tag, message=message),
        cargo=MODEL,
        dry_run=dry_run,
        shown=lambda plan: None if console.as_json else show_plan(console, plan, repo),
        progress=console,
    )
    console.close()
    if console.as_json:
        console.json(as_facts(pushed, repo))
    else:
        show_result(console, pushed)
    if pushed.commit is None:
        words = ["openmed-data", "push-model", str(export), repo, *flags(pushed.plan.target)]
        console.next_step(shlex.join(words), "push it")
