"""`openmed-data doctor`: what would stop a training run, before it costs anything."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from openmed_data.console import Cell, Console, Styled, Table
from openmed_data.errors import GateError

from .app import command
from .train import ALL, Data, Model, ProfileText, RecipeText, Settings, request_of

if TYPE_CHECKING:
    from openmed_data.training.doctor import Finding

Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the runs would go.")]
StageName = Annotated[
    str, typer.Option("--stage", metavar="NAME", help="Look at this stage alone; all of the recipe's if left out.")
]
_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red", "not checked": "dim"}


@command(
    "doctor",
    "openmed-data doctor --recipe afm-4.5b --profile mi300x-8",
    "openmed-data doctor --recipe cpu-smoke --profile cpu-smoke --model DIR --data sft=build/sft-synthetic",
)
def doctor(
    console: Console,
    *,
    recipe: RecipeText = "afm-4.5b",
    model: Model = None,
    data: Data = None,
    profile: ProfileText = "mi300x-1",
    settings: Settings = None,
    stage: StageName = ALL,
    out: Out = Path("runs"),
) -> None:
    """Find what would stop a training run.

    Nothing is trained and no weights are loaded. Exit code 1 where a stage would fail.
    """
    from openmed_data.training.doctor import Verdict, examine

    request = request_of(stage, recipe, model, data or [], profile, settings or [], out)
    findings = examine(request, console)
    console.close()
    bad = list(dict.fromkeys(one.stage for one in findings if one.verdict is Verdict.FAIL))
    if console.as_json:
        rows = [asdict(one) for one in findings]
        console.json({"ready": not bad, "would_fail": bad, "findings": rows})
    else:
        _show(console, findings)
    if bad:
        raise GateError(f"would fail: {', '.join(bad)}", hint="Do what stands under the findings above.")
    console.next_step(f"openmed-data train {stage} --recipe {recipe} --profile {profile} --dry-run", "see the plan")


def _show(console: Console, findings: "Sequence[Finding]") -> None:
    rows: list[tuple[Cell, ...]] = []
    before = ""
    for one in findings:
        verdict = Styled(one.verdict, _STYLES[one.verdict])
        found = one.found + (f" → {one.do}" if one.do else "")
        rows.append((Styled(one.stage if one.stage != before else "", "bold"), one.check, verdict, found))
        before = one.stage
    console.table(Table(("STAGE", "CHECK", "VERDICT", "FOUND"), rows))
