"""`openmed-data export`: a dataset of traces in another format."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from openmed_data.console import Console

from .app import command

Where = Annotated[
    str, typer.Argument(metavar="PATH", help="A build of tool traces, or a Parquet or JSON-lines file or folder.")
]
FormatName = Annotated[
    str, typer.Option("--format", metavar="FORMAT", help="openai, anthropic, hermes, sharegpt, or one you installed.")
]
Out = Annotated[Path, typer.Option("--out", metavar="FILE", help="The JSON-lines file to write.")]
Split = Annotated[
    str | None, typer.Option("--split", metavar="NAME", show_default=False, help="Write this split only.")
]


@command(
    "export",
    "openmed-data export build/tool-traces --format openai --out traces.jsonl",
    "openmed-data export build/tool-traces --format hermes --split train --out train.jsonl",
)
def export(console: Console, path: Where, *, name: FormatName, out: Out, split: Split = None) -> None:
    """Write tool traces in another format.

    What is written reads back as it was.
    """
    from openmed_data.dataset import open_dataset
    from openmed_data.traces.export import export as export_rows

    written = export_rows(open_dataset(path), name, out, split)
    if console.as_json:
        console.json({"path": str(written.path), "format": name, "rows": written.rows})
    else:
        console.fields([("format", name), ("rows", f"{written.rows:,}"), ("file", str(written.path))])
    console.next_step(
        f"openmed-data build tool-traces --source {shlex.quote(str(out))} --set format={name}", "read it back"
    )
