"""`openmed-data validate`: run the checks over a dataset."""

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from openmed_data.console import Console
from openmed_data.errors import UsageError

from .app import command
from .engine import Address, EngineText, Workers, default_workers
from .settings import Benchmarks, by_check, check_settings, read_settings
from .verdict import print_report

if TYPE_CHECKING:
    from openmed_data.dataset import Dataset
    from openmed_data.report import Report

Where = Annotated[
    str,
    typer.Argument(
        metavar="PATH", help="A build's folder, a Parquet or JSON-lines file or folder, or hub:OWNER/NAME[@REV]."
    ),
]
Checks = Annotated[
    str | None,
    typer.Option(
        "--checks",
        metavar="A,B",
        show_default=False,
        help="Run these checks only; all that fit the dataset if left out. `openmed-data list` names them.",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="CHECK.NAME=VALUE",
        show_default=False,
        help="Set a threshold of a check; may be repeated. `openmed-data describe CHECK` lists them.",
    ),
]
ReportDir = Annotated[
    Path | None,
    typer.Option(
        "--report-dir",
        metavar="DIR",
        show_default=False,
        help="Write the report here. Left out, it goes to PATH/validation where PATH is a build and neither --checks "
        "nor --set says otherwise, as that report decides whether the build may be pushed.",
    ),
]
Baseline = Annotated[
    Path | None,
    typer.Option("--baseline", metavar="DIR", show_default=False, help="Compare with the report in this folder."),
]
SelfTesting = Annotated[
    bool,
    typer.Option(
        "--self-test", help="Also plant known faults into a copy of some rows, and say which of them the checks find."
    ),
]
Github = Annotated[
    bool, typer.Option("--github", help="Also annotate failures and write the job summary of GitHub Actions.")
]


@command(
    "validate",
    "openmed-data validate build/medmcqa-prefs",
    "openmed-data validate pairs.parquet --checks schema,pairs --report-dir report",
    "openmed-data validate hub:me/medmcqa-prefs@v1",
    "openmed-data validate build/medmcqa-prefs --benchmarks path/to/benchmarks --github --quiet",
)
def validate(  # noqa: PLR0913  (one parameter for each option)
    console: Console,
    path: Where,
    *,
    checks: Checks = None,
    settings: Settings = None,
    benchmarks: Benchmarks = None,
    report_dir: ReportDir = None,
    baseline: Baseline = None,
    self_test: SelfTesting = False,
    workers: Workers = None,
    engine: EngineText = "local",
    address: Address = None,
    github: Github = False,
) -> None:
    """Check a dataset and write a report.

    The report is written as JSON, Markdown, HTML and JUnit. The exit code is 1 when a check fails.
    """
    from openmed_data.dataset import open_dataset
    from openmed_data.pipeline.workers import engine_named
    from openmed_data.planted import read_self_test
    from openmed_data.validate import validate as run_checks

    names = _names(checks)
    on_hub = path.startswith("hub:")
    dataset = open_dataset(_fetched(path, console) if on_hub else path)
    given = _settings(settings or [], names, benchmarks)
    where = engine_named(engine, workers or default_workers(), address)
    complete = names is None and not settings and not on_hub
    directory = report_dir or (dataset.root / "validation" if dataset.manifest is not None and complete else None)
    _require_places(directory, baseline, github=github)
    report = run_checks(dataset, names, given, engine=where, progress=console)
    if self_test:
        report = _self_tested(report, dataset, names, given, console)
    elif directory is not None:
        report = replace(report, self_test=read_self_test(directory, report.content_digest))
    console.close()
    _write(dataset, report, directory, baseline)
    if github:
        _tell_github(report, baseline)
    if console.as_json:
        console.json(report.to_json())
    else:
        print_report(console, report, {} if directory is None else {"report": directory / "report.html"})
    _next(console, path, report)


def _names(checks: str | None) -> list[str] | None:
    if checks is None:
        return None
    names = [name.strip() for name in checks.split(",") if name.strip()]
    if not names:
        raise UsageError("--checks names no check", hint="`openmed-data list` names them; leave it out for all.")
    return names


def _require_places(directory: Path | None, baseline: Path | None, *, github: bool) -> None:
    """Raise `UsageError`, before the checks take their time, where a report cannot be read, or written."""
    from openmed_data.report import read_report

    if directory is not None:
        there = next(path for path in (directory, *directory.absolute().parents) if path.exists())
        if not there.is_dir() or not os.access(there, os.W_OK):
            what = "may not be written to" if there.is_dir() else "is no folder"
            raise UsageError(f"'{there}' {what}", hint="Name a folder for the report with --report-dir.")
    if baseline is None:
        return
    read_report(baseline)
    if directory is None and not github:
        raise UsageError("--baseline is given, and no report is written", hint="Add --report-dir DIR.")


def _self_tested(
    report: "Report",
    dataset: "Dataset",
    names: Sequence[str] | None,
    settings: Mapping[str, Mapping[str, Any]],
    console: Console,
) -> "Report":
    from openmed_data.self_test import self_test

    found = self_test(dataset, names, settings, content_digest=report.content_digest, progress=console)
    return replace(report, self_test=found)


def _fetched(path: str, console: Console) -> str:
    """Fetch ``hub:REPO[@REV]`` into the Hub's cache, verify it against its manifest, and return where it lies."""
    from openmed_data.hub.pull import open_hub

    repo, _, revision = path.partition("@")
    return str(open_hub(repo, revision or "main", progress=console))


def _next(console: Console, path: str, report: "Report") -> None:
    if path.startswith("hub:"):
        console.next_step(f"openmed-data pull {path.removeprefix('hub:')}", "fetch it as a folder")
        raise typer.Exit(0 if report.passed else 1)
    show = f"openmed-data show {shlex.quote(path)}"
    if report.passed:
        console.next_step(show, "read some of its rows")
        return
    missed = {check for check, _ in report.failures}
    named = next((one.findings["id"][0] for one in report.results if one.check in missed and one.findings.height), None)
    # Rows without an id are named by their number, as in "row 7".
    row = f" --row {shlex.quote(str(named).removeprefix('row '))}" if named else ""
    console.next_step(f"{show}{row}", "look at a row that the report names" if named else "look at its rows")
    raise typer.Exit(1)


def _settings(
    given: Sequence[str], names: Sequence[str] | None, benchmarks: Sequence[str] | None
) -> dict[str, dict[str, Any]]:
    known = check_settings(names) if given else ()
    hint = "`openmed-data describe CHECK` lists a check's thresholds."
    return by_check(read_settings(given, known, hint=hint), benchmarks)


def _write(dataset: "Dataset", report: "Report", directory: Path | None, baseline: Path | None) -> None:
    """Write the report, and the card of a build whose own report it is."""
    from openmed_data.card import render
    from openmed_data.files import write_text
    from openmed_data.planted import write_self_test
    from openmed_data.report import write_report

    if directory is None:
        return
    write_report(report, directory, baseline=baseline)
    if report.self_test is not None:
        write_self_test(report.self_test, directory)
    if dataset.manifest is not None and directory.resolve() == (dataset.root / "validation").resolve():
        write_text(dataset.root / "README.md", render(dataset.root))


def _tell_github(report: "Report", baseline: Path | None) -> None:
    """Print annotations, and append the report to the job's summary where GitHub Actions names a file for it."""
    from openmed_data.report import annotations, write_report

    for line in annotations(report):
        typer.echo(line, err=True)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        with TemporaryDirectory() as folder, Path(summary).open("a", encoding="utf-8") as stream:
            write_report(report, Path(folder), baseline=baseline)
            stream.write((Path(folder) / "report.md").read_text(encoding="utf-8"))
