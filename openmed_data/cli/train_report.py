"""`openmed-data train report`: the curves of a run."""

from pathlib import Path
from typing import Annotated

import typer

from openmed_data.console import Console

from .app import command
from .train import train

Runs = Annotated[Path, typer.Argument(metavar="RUNS", help="A folder of runs, such as runs/NAME, or one run's.")]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", show_default=False, help="RUNS/report.html if left out.")
]


@command("report", "openmed-data train report runs/afm-4.5b", group=train)
def report(console: Console, runs: Runs, *, out: Out = None) -> None:
    """Draw what runs logged, as one HTML page.

    Loss, margins, rewards and their spread; also of a run that is still going on.
    """
    from openmed_data.training.report import write_report
    from openmed_data.training.report.page import NAME

    place = out or runs / NAME
    stages = write_report(runs, place)
    if console.as_json:
        console.json({"report": str(place), "stages": stages})
    else:
        console.line(str(place))
    console.note(f"{stages} stages drawn; open it in a browser")
