"""`openmed-data train card`: the model card."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from openmed_data.console import Console
from openmed_data.errors import UsageError

from .app import command
from .train import train

if TYPE_CHECKING:
    from openmed_data.training.lineage import Lineage

Place = Annotated[Path, typer.Argument(metavar="RUNS", help="A run's folder, a folder of runs, or an export.")]
Into = Annotated[
    Path | None,
    typer.Option(
        "--into",
        metavar="EXPORT",
        show_default=False,
        help="Write the card and its evidence into this export instead of printing the card.",
    ),
]
Name = Annotated[
    str | None, typer.Option("--name", metavar="TEXT", show_default=False, help="What the model is called.")
]
License = Annotated[
    str | None,
    typer.Option("--license", metavar="ID", show_default=False, help="Licence of the weights; the base's if left out."),
]


@command(
    "card",
    "openmed-data train card runs/afm-4.5b",
    "openmed-data train card runs/afm-4.5b --into export/afm-4.5b-medical --license apache-2.0",
    group=train,
)
def card(console: Console, place: Place, *, into: Into = None, name: Name = None, license_: License = None) -> None:
    """Write the model card of a run.

    Every figure in it comes from the records of the runs and from the results of the harness; what is not there is said
    to be missing.
    """
    from openmed_data.files import write_text
    from openmed_data.training.export import record
    from openmed_data.training.lineage import lineage
    from openmed_data.training.model_card import collect, load, render, save

    if (place / record.NAME).is_file():
        if into is not None or name or license_:
            raise UsageError(f"'{place}' is an export, which holds its evidence", hint="Give the folder of its runs.")
        evidence = load(place)
    else:
        chain = lineage(place)
        if into is not None:
            _require_same(into, chain)
        called = (into or chain.last.folder.resolve().parent).resolve().name
        evidence = collect(chain, name or called, license_)
    text = render(evidence)
    if into is not None:
        save(evidence, into)
        write_text(into / record.CARD, text)
        console.note(f"wrote {into / record.CARD}")
    if console.as_json:
        console.json({"written": str(into / record.CARD) if into else None, "card": text})
    elif into is None:
        console.text(text)
    if evidence.stated.license is None:
        console.note("no licence is known: give --license, or a base model whose card names one")
    if into is not None:
        console.next_step(f"openmed-data push-model {shlex.quote(str(into))} OWNER/NAME --dry-run", "see the plan")


def _require_same(export: Path, chain: "Lineage") -> None:
    """Refuse to put the card of one model into the export of another."""
    from openmed_data.training.export import record

    found, wanted = record.read(export)["run"], chain.last.run
    if found["weights"] != wanted.weights:
        raise UsageError(
            f"'{export}' is an export of {found['stage']}-{found['id'][:12]}, and the runs' model is that of "
            f"{wanted.stage}-{wanted.id[:12]}",
            hint="Name the folder of that run.",
        )
