"""Options that say where work is done: `build` and `validate` have them in common."""

import os
from typing import Annotated

import typer

Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        min=1,
        metavar="N",
        show_default=False,
        help="Work on N parts at once; one for each core if left out. The result does not depend on it.",
    ),
]
EngineText = Annotated[
    str,
    typer.Option(
        "--engine",
        metavar="local|ray",
        help="Work in processes of this machine, or on Ray, whose nodes must all see the files. Same result.",
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="HOST:PORT|auto",
        show_default=False,
        help="A running Ray cluster; if left out, --engine ray starts Ray on this machine.",
    ),
]

_MOST_WORKERS = 8


def default_workers() -> int:
    """Return one worker for each core, up to a number that the memory of a laptop bears."""
    return min(os.cpu_count() or 1, _MOST_WORKERS)
