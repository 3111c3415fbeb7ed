"""`openmed-data probe`: whether the rewards are sound, and how hard the prompts are."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from openmed_data.console import Console, Styled, Table
from openmed_data.errors import GateError, UsageError

from .app import app, command

if TYPE_CHECKING:
    import polars as pl

SHOWN = 10

probe = typer.Typer(name="probe", help="Probe rewards and prompts before a training run.", no_args_is_help=True)
app.add_typer(probe)

Dataset = Annotated[
    Path | None,
    typer.Argument(metavar="PATH", help="A rewards dataset to take the items from; bundled ones if left out."),
]
Items = Annotated[int, typer.Option("--items", metavar="N", min=1, help="Most items taken from PATH.")]
Prompts = Annotated[Path, typer.Argument(metavar="PATH", help="A rewards dataset.")]
Rollouts = Annotated[
    Path | None,
    typer.Option(
        "--rollouts",
        metavar="FILE",
        help="Recorded completions, JSON lines of `id` and `completion` or `completions`.",
    ),
]
Url = Annotated[
    str | None,
    typer.Option("--endpoint", metavar="URL", help="OpenAI-compatible endpoint, as in http://localhost:8000/v1."),
]
Model = Annotated[str | None, typer.Option("--model", metavar="NAME", help="Model served at the endpoint.")]
Samples = Annotated[int, typer.Option("--samples", metavar="N", min=1, help="Completions asked for each prompt.")]
Limit = Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="Only so many prompts.")]
Out = Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the pass rates are written, as JSON lines.")]


@command("rewards", "openmed-data probe rewards", "openmed-data probe rewards build/medreason-rewards", group=probe)
def rewards(console: Console, path: Dataset = None, *, items: Items = 200) -> None:
    """Put adversarial answers through every reward.

    The exit code is 1 where one is paid that must not be, or a right one is not.
    """
    from openmed_data.probe import bundled_items, items_of, probe_rewards
    from openmed_data.rewards import Weighted, recipe_rewards

    asked = bundled_items() if path is None else items_of(_prompts(path).head(items))
    recipe = recipe_rewards()
    report = probe_rewards([*(reward for reward, _ in recipe), Weighted(tuple(recipe))], asked)
    header, rows = report.table()
    false = [paid._asdict() for paid in report.false_credits]
    if console.as_json:
        console.json(
            {"items": len(asked), "payments": len(report.payments), "false_credits": false, "table": [header, *rows]}
        )
    else:
        console.table(Table(tuple(header), [(Styled(row[0], "bold"), *row[1:]) for row in rows]))
        console.note(f"{len(asked)} items, {len(report.payments):,} payments, {len(false)} false credits")
    for paid in report.false_credits[:SHOWN]:
        console.note(f"{paid.reward} paid {paid.payment} for '{paid.answer}' where the gold is '{paid.gold}'")
    for paid in report.unpaid[:SHOWN]:
        console.note(f"{paid.reward} pays nothing for '{paid.answer}' where the gold is '{paid.gold}'")
    if not report.passed:
        raise GateError(
            f"{len(false)} false credits, {len(report.unpaid)} right answers unpaid",
            hint="Mend the rewards named above.",
        )


@command(
    "difficulty",
    "openmed-data probe difficulty build/medreason-rewards --rollouts rollouts.jsonl",
    "openmed-data probe difficulty build/medreason-rewards --endpoint http://localhost:8000/v1 --model NAME",
    group=probe,
)
def difficulty(
    console: Console,
    path: Prompts,
    *,
    rollouts: Rollouts = None,
    endpoint: Url = None,
    model: Model = None,
    samples: Samples = 8,
    limit: Limit = None,
    out: Out = Path("pass_rates.jsonl"),
) -> None:
    """Estimate how often each prompt is solved.

    Those always or never solved give GRPO nothing to learn from.
    """
    import polars as pl

    from openmed_data.files import write_text
    from openmed_data.probe import pass_rates_from_rollouts

    prompts = _prompts(path)
    prompts = prompts if limit is None else prompts.head(limit)
    if rollouts is not None and endpoint is None:
        rates = pass_rates_from_rollouts(prompts, rollouts)
    elif endpoint is not None and model is not None and rollouts is None:
        rates = _sampled(console, prompts, endpoint, model, samples, out)
    else:
        hint = "Give --rollouts FILE, or --endpoint URL and --model NAME."
        raise UsageError("nothing says where completions come from", hint=hint)
    write_text(out, rates.write_ndjson())
    if endpoint is not None:
        _remove_answers(out)
    rate = pl.col("pass_rate")
    never, always = rates.filter(rate == 0).height, rates.filter(rate == 1).height
    figures = {"prompts": rates.height, "never solved": never, "always solved": always, "written": str(out)}
    if console.as_json:
        console.json(figures)
        return
    console.fields([(name, str(value)) for name, value in figures.items()])
    console.next_step(
        f"openmed-data build medreason-rewards --set pass_rate_file={out}", "keep the prompts worth training on"
    )


def _prompts(path: Path) -> "pl.DataFrame":
    import polars as pl

    from openmed_data.dataset import open_dataset
    from openmed_data.kinds import Kind

    dataset = open_dataset(str(path))
    if dataset.kind is not Kind.REWARDS:
        raise UsageError(
            f"'{path}' is a {dataset.kind} dataset", hint="Give one of the kind rewards, with prompt and answer."
        )
    return pl.concat([batch for _, batch in dataset.batches()])


def _sampled(
    console: Console, prompts: "pl.DataFrame", url: str, model: str, samples: int, out: Path
) -> "pl.DataFrame":
    """Ask the endpoint; the completions are kept until the result is written, so that none is asked for twice."""
    from openmed_data.llm import Endpoint, key_from_environment
    from openmed_data.probe import Sampling, pass_rates_from_endpoint

    endpoint = Endpoint(url, model, key=key_from_environment("OPENAI_API_KEY"))
    return pass_rates_from_endpoint(prompts, endpoint, _answers(out), console, Sampling(samples))


def _answers(out: Path) -> Path:
    return out.with_name(f"{out.name}.answers.sqlite")


def _remove_answers(out: Path) -> None:
    store = _answers(out)
    for suffix in ("", "-wal", "-shm", ".lock"):
        store.with_name(store.name + suffix).unlink(missing_ok=True)
