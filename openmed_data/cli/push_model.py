"""`openmed-data push-model`: put an exported model on the Hub."""

from pathlib import Path
from typing import Annotated

import typer

from openmed_data.console import Console

from .app import command
from .push import DryRun, Message, Public, PullRequest, Repo, Tag, push_cargo

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
    from openmed_data.training.push_model import MODEL

    target = Target(public, pull_request, tag, message=message)
    push_cargo(console, "push-model", MODEL, export, repo, target, dry_run=dry_run)
