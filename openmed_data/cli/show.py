"""`openmed-data show`: rows as a person reads them."""

import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from openmed_data.console import Console
from openmed_data.errors import UsageError

from .app import command
from .rows import print_row

if TYPE_CHECKING:
    from openmed_data.dataset import Dataset
    from openmed_data.show import Shown

Where = Annotated[
    str, typer.Argument(metavar="PATH", help="A build's folder, or a Parquet or JSON-lines file or folder.")
]
Split = Annotated[
    str | None, typer.Option("--split", metavar="NAME", show_default=False, help="Look in this split only.")
]
Row = Annotated[
    str | None,
    typer.Option(
        "--row", metavar="N|ID", show_default=False, help="Show the row with this number, from 1, or this id."
    ),
]
Sample = Annotated[int, typer.Option("--sample", min=1, metavar="N", help="Show N rows, the same ones every time.")]
Seed = Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Another seed, other rows.")]
Rejected = Annotated[
    str | None,
    typer.Option(
        "--rejected", metavar="REASON", show_default=False, help="Show rows rejected for this reason, or for `all`."
    ),
]
ShowPhi = Annotated[
    bool, typer.Option("--show-phi", help="Do not mask rejected rows in which identifiers of persons were found.")
]
FormatName = Annotated[
    str | None,
    typer.Option(
        "--format", metavar="FORMAT", show_default=False, help="Show traces as openai, anthropic, hermes or sharegpt."
    ),
]
Full = Annotated[bool, typer.Option("--full", help="Show long texts whole, and every column.")]


@command(
    "show",
    "openmed-data show build/medmcqa-prefs",
    "openmed-data show build/medmcqa-prefs --row 289 --full",
    "openmed-data show build/medmcqa-prefs --rejected needs_picture --sample 10",
    "openmed-data show build/tool-traces --format hermes --sample 1",
)
def show(
    console: Console,
    path: Where,
    *,
    split: Split = None,
    row: Row = None,
    sample: Sample = 3,
    seed: Seed = 0,
    rejected: Rejected = None,
    show_phi: ShowPhi = False,
    name: FormatName = None,
    full: Full = False,
) -> None:
    """Show rows of a dataset, or rejected rows and why.

    With --json, one JSON object per line.
    """
    from openmed_data.dataset import open_dataset
    from openmed_data.show import find_row
    from openmed_data.show import rejected as rejected_rows
    from openmed_data.show import sample as sample_rows

    _require_apart(rejected, row, split, name)
    dataset = open_dataset(path)
    if rejected is not None:
        found = rejected_rows(dataset, rejected, sample, seed, show_phi=show_phi)
    elif row is not None:
        found = [find_row(dataset, row, split)]
    else:
        found = sample_rows(dataset, sample, split, seed)
    if name is not None:
        _print_traces(console, dataset, found, name)
        return
    for index, shown in enumerate(found):
        if console.as_json:
            console.json({"number": shown.number, "split": shown.split, **shown.row}, indent=None)
            continue
        if index:
            console.line("")
        print_row(console, shown, full=full)
    _next(console, path, dataset.manifest, rejected)


def _require_apart(rejected: str | None, row: str | None, split: str | None, name: str | None) -> None:
    if rejected is not None and (row is not None or split is not None):
        raise UsageError("--rejected goes with neither --row nor --split", hint="Rejected rows stand in no split.")
    if rejected is not None and name is not None:
        raise UsageError("--rejected does not go with --format", hint="A rejected record stands as its source had it.")


def _print_traces(console: Console, dataset: "Dataset", found: "list[Shown]", name: str) -> None:
    """Print rows as records of a trace format."""
    from openmed_data.traces.export import record_of, require_traces, writer

    form = writer(name)
    require_traces(dataset)
    for shown in found:
        console.json(
            record_of(shown.row, form, f"{shown.split}, row {shown.number}"), indent=None if console.as_json else 2
        )


def _next(console: Console, path: str, manifest: Any, rejected: str | None) -> None:
    quoted = shlex.quote(path)
    reasons: dict[str, int] = manifest["books"]["rejected_source_rows"] if manifest else {}
    if rejected is None and reasons:
        most = max(reasons, key=lambda name: reasons[name])
        console.next_step(f"openmed-data show {quoted} --rejected {most}", "see what was left out, and why")
    elif manifest:
        console.next_step(f"openmed-data card {quoted}", "read what its dataset card says of all this")
    else:
        console.next_step(f"openmed-data validate {quoted}", "run the checks")
