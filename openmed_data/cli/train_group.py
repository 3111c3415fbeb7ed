"""The group that the commands of training register with."""

import typer

from .app import app

train = typer.Typer(name="train", help="Train a model on builds, and make what proves how.", no_args_is_help=True)
app.add_typer(train)
