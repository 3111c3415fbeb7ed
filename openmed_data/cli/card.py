"""`openmed-data card`: the dataset card of a build."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from openmed_data.console import Console

from .app import command

Build = Annotated[Path, typer.Argument(metavar="PATH", help="A build's folder.")]
Write = Annotated[bool, typer.Option("--write", help="Write it to PATH/README.md instead of printing it.")]


@command("card", "openmed-data card build/medmcqa-prefs", "openmed-data card build/medmcqa-prefs --write")
def card(console: Console, path: Build, *, write: Write = False) -> None:
    """Print the dataset card of a build, or write it again.

    It is made from the build's manifest and validation report.
    """
    from openmed_data import manifest
    from openmed_data.card import render
    from openmed_data.dataset import open_dataset
    from openmed_data.files import write_text

    manifest.read(path)
    open_dataset(str(path))  # names the files that are missing
    text = render(path)
    if write:
        write_text(path / "README.md", text)
        console.note(f"wrote {path / 'README.md'}")
    if console.as_json:
        console.json({"path": str(path / "README.md"), "written": write, "card": text})
    elif not write:
        console.text(text)
        console.next_step(f"openmed-data card {shlex.quote(str(path))} --write", "write it into the build")
