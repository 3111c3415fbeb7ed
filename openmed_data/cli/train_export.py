"""`openmed-data train export`: a trained model as other people load it."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from openmed_data.console import Console

from .app import command
from .train import train

Runs = Annotated[Path, typer.Argument(metavar="RUNS", help="A run's folder, or a folder of runs: then its last model.")]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to make.")]


@command("export", "openmed-data train export runs/afm-4.5b --out export/afm-4.5b-medical", group=train)
def export(console: Console, runs: Runs, *, out: Out) -> None:
    """Make a trained model ready for others.

    The weights are copied as bf16, the generation tags leave the chat template, the cache is on, and
    generation_config.json is back. The copy is loaded again: on one prompt its logits must be those of the trained
    model, within what bf16 explains.
    """
    from openmed_data.training.export import export as export_model

    made = export_model(runs, out, progress=console)
    console.close()
    facts = {
        "export": str(made.path),
        "stage": made.stage,
        "parameters": made.parameters,
        "generation_config_from": made.generation_from,
        "loaded_back": made.comparison.to_json(),
    }
    if console.as_json:
        console.json(facts)
    else:
        console.fields(
            [
                ("export", str(made.path)),
                ("model of", made.stage),
                ("parameters", f"{made.parameters:,}"),
                ("generation config", f"that of the {made.generation_from}"),
                ("logits", f"differ by {made.comparison.difference:.2%} of their size from the trained model's"),
                ("next token", f"the same in {made.comparison.same_token:.1%} of {made.comparison.tokens} places"),
            ]
        )
    path = shlex.quote(str(made.path))
    console.next_step(f"openmed-data train card {shlex.quote(str(runs))} --into {path}", "write its model card")
