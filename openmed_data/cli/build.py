"""`openmed-data build`: make a dataset."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from openmed_data.console import Console, Styled

from .app import command
from .books import books_table, figure_lines
from .engine import Address, EngineText, Workers, default_workers
from .settings import Benchmarks, by_check, check_settings, read_settings
from .verdict import print_report

if TYPE_CHECKING:
    from openmed_data.api import Built
    from openmed_data.builder import Builder
    from openmed_data.report import Report

Name = Annotated[str, typer.Argument(metavar="NAME", help="A dataset, as `openmed-data list` names it.")]
SourceText = Annotated[
    str | None,
    typer.Option(
        "--source",
        metavar="SOURCE",
        show_default=False,
        help="A file, a quoted pattern, hub:OWNER/NAME[@REVISION], or `sample`; the public dataset if left out.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", show_default=False, help="The folder to make; build/NAME if left out."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        show_default=False,
        help="Set an option of the dataset, or of a check as CHECK.KEY=VALUE; may be repeated. "
        "`openmed-data describe NAME` lists them.",
    ),
]
Limit = Annotated[
    int | None, typer.Option("--limit", min=1, metavar="N", show_default=False, help="Read at most N source rows.")
]
Seed = Annotated[
    int | None, typer.Option("--seed", min=0, metavar="N", show_default=False, help="The same as --set seed=N.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace another build that stands at --out.")]
NoValidation = Annotated[
    bool, typer.Option("--no-validation", help="Leave the checks out; such a build is not pushed.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be built, and write nothing.")]


@command(
    "build",
    "openmed-data build medmcqa-prefs --source sample",
    "openmed-data build medmcqa-prefs --source dev.json --out prefs --set negatives=hard --seed 7",
    "openmed-data build medmcqa-prefs --source 'hub:openlifescienceai/medmcqa@main' --dry-run",
)
def build(  # noqa: PLR0913  (one parameter for each option)
    console: Console,
    name: Name,
    *,
    source: SourceText = None,
    out: Out = None,
    settings: Settings = None,
    benchmarks: Benchmarks = None,
    limit: Limit = None,
    seed: Seed = None,
    workers: Workers = None,
    engine: EngineText = "local",
    address: Address = None,
    overwrite: Overwrite = False,
    no_validation: NoValidation = False,
    dry_run: DryRun = False,
) -> None:
    """Make a dataset: shards, manifest, card and report.

    They stand in one folder, whole or not at all. A build that was interrupted goes on where it stopped when the same
    command is run again.
    """
    from openmed_data.api import build_dataset, plan_filters
    from openmed_data.pipeline.workers import engine_named
    from openmed_data.registry import BUILDERS, find

    builder: Builder[Any, Any] = find(BUILDERS, name)
    options, checks = _options(builder, settings or [], seed, benchmarks)
    out = out or Path("build") / name
    if dry_run:
        engine_named(engine, workers or default_workers(), address)
        plan_filters(builder, checks)
        _dry_run(console, builder, source, out, options, limit)
        return
    built = build_dataset(
        name,
        source,
        out,
        options=options,
        limit=limit,
        workers=workers or default_workers(),
        engine=engine,
        address=address,
        overwrite=overwrite,
        validation=not no_validation,
        checks=checks,
        progress=console,
    )
    console.close()
    _report(console, built, builder)


def _options(
    builder: "Builder[Any, Any]", settings: list[str], seed: int | None, benchmarks: list[str] | None
) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
    """Return the options of the builder, and the settings of checks by check."""
    hint = f"`openmed-data describe {builder.name}` lists the options, and describes each check's settings by its name."
    given = [*settings, *([] if seed is None else [f"seed={seed}"])]
    dotted = any("." in text.partition("=")[0] for text in given)
    known = {*builder.options_model.model_fields, *(check_settings() if dotted else ())}
    values = read_settings(given, known, hint=hint)
    of_checks = {key: value for key, value in values.items() if "." in key}
    return {key: value for key, value in values.items() if "." not in key}, by_check(of_checks, benchmarks)


def _dry_run(
    console: Console,
    builder: "Builder[Any, Any]",
    source: str | None,
    out: Path,
    options: Mapping[str, str],
    limit: int | None,
) -> None:
    from openmed_data.api import parse_options
    from openmed_data.sources.hub import repository_named

    parsed = parse_options(builder, options).model_dump(mode="json")
    # Resolving a Hub source downloads it, which is more than a dry run may do.
    on_hub = source.startswith("hub:") if source is not None else bool(builder.upstream.repo)
    if on_hub:
        repository_named((source or "").removeprefix("hub:"), builder.upstream)
    local = None if on_hub else builder.source(source)
    for note in local.notes if local else ():
        console.note(note)
    source = source or f"hub:{builder.upstream.repo}@{builder.upstream.revision}"
    files = [{"name": file.name, "bytes": file.path.stat().st_size} for file in local.files] if local else None
    facts = {"dataset": builder.name, "source": source, "files": files, "limit": limit, "options": parsed}
    facts |= {"out": str(out), "out_exists": out.exists()}
    if console.as_json:
        console.json(facts)
        return
    named = [f"{file.name}  {file.path.stat().st_size:,} bytes" for file in local.files] if local else ["not looked up"]
    console.fields(
        [
            ("dataset", Styled(builder.name, "bold")),
            ("source", source),
            ("files", "\n".join(named)),
            ("rows", "all" if limit is None else f"the first {limit:,}"),
            ("options", "\n".join(f"{key} = {value!r}" for key, value in parsed.items())),
            ("out", f"{out}{'  (exists)' if out.exists() else ''}"),
        ]
    )
    console.note("dry run: nothing was written")


def _report(console: Console, built: "Built", builder: "Builder[Any, Any]") -> None:
    from openmed_data import manifest
    from openmed_data.describe import reasons

    document = manifest.read(built.path)
    report = _validation(built.path)
    passed = report.passed if report is not None else None
    if console.as_json:
        facts = {key: document[key] for key in ("dataset", "kind", "books", "figures", "content_digest")}
        console.json({"path": str(built.path), "reused": built.reused, "passed": passed, **facts})
    else:
        if built.reused:
            console.note(f"'{built.path}' holds this very build already; nothing was built")
        console.table(books_table(document["books"], reasons(builder)))
        if document["figures"]:
            console.line("")
            console.line(Styled("FIGURES", "bold"))
            console.fields(figure_lines(document["figures"]))
        console.line("")
        if report is None:
            console.fields([("verdict", Styled("not checked", "bold yellow")), ("build", str(built.path))])
        else:
            places = {"report": built.path / "validation" / "report.html", "build": built.path}
            print_report(console, report, places)
    _next(console, built.path, passed=passed)


def _validation(build: Path) -> "Report | None":
    """Return the build's own report; it may stand there from an earlier run."""
    if not (build / "validation").is_dir():
        return None
    from openmed_data.report import read_report

    return read_report(build / "validation")


def _next(console: Console, build: Path, *, passed: bool | None) -> None:
    path = shlex.quote(str(build))
    if passed is None:
        console.next_step(f"openmed-data validate {path}", "run the checks")
    elif passed:
        console.next_step(f"openmed-data show {path}", "read some of its rows")
    else:
        console.next_step(f"openmed-data validate {path}", "see again what failed")
        raise typer.Exit(1)
