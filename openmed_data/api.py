"""Build a dataset from Python: what ``openmed-data build`` does, as a function."""

import shutil
from collections.abc import Generator, Mapping
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from openmed_data import manifest
from openmed_data.builder import Builder, Options
from openmed_data.errors import BuildError, SourceError, UsageError, refused_values
from openmed_data.files import sha256_of, write_text
from openmed_data.pipeline import filters
from openmed_data.pipeline.run import Request, build
from openmed_data.pipeline.work import Work
from openmed_data.pipeline.workers import Engine, engine_named
from openmed_data.progress import Progress, Silent
from openmed_data.registry import BUILDERS, find
from openmed_data.sources import Source
from openmed_data.validate import plan, validate


@dataclass(frozen=True, slots=True)
class Built:
    """A finished build.

    Attributes
    ----------
    path
        Its folder.
    passed
        Whether every check passed; None where validation was left out.
    reused
        Whether it stood there already, made from the same source with the same options.
    """

    path: Path
    passed: bool | None
    reused: bool = False


def build_dataset(  # noqa: PLR0913  (one parameter for each option)
    name: str,
    source: str | None = None,
    out: Path | None = None,
    *,
    options: Mapping[str, Any] | None = None,
    limit: int | None = None,
    workers: int = 1,
    engine: str = "local",
    address: str | None = None,
    overwrite: bool = False,
    validation: bool = True,
    checks: Mapping[str, Mapping[str, Any]] | None = None,
    progress: Progress | None = None,
) -> Built:
    """Build a dataset into a folder: shards, manifest, card and validation report, whole or not at all.

    Parameters
    ----------
    name
        The dataset, such as ``"medmcqa-prefs"``.
    source
        A path, a quoted pattern, ``hub:OWNER/NAME[@REVISION]`` or ``sample``; the builder's public dataset if omitted.
    out
        The folder to make; ``build/NAME`` if omitted.
    options
        The builder's options by name.
    limit
        Read at most so many source rows.
    workers
        How many parts are worked on at once; the bytes do not depend on it. Several are mostly processes, which import
        the script that is run: there, call this below ``if __name__ == "__main__":``.
    engine, address
        ``"local"``, or ``"ray"`` with the address of a cluster whose nodes all see `out`; without an address Ray is
        started on this machine. The bytes do not depend on these either.
    overwrite
        Replace a build that stands at `out`.
    validation
        Run the checks and write their report into the build.
    checks
        Settings by check and name, such as ``{"contamination": {"benchmarks": ["benchmarks"]}}``; they hold for the
        checks that filter candidate rows and for those that look at the result.
    progress
        Told about every step.

    Raises
    ------
    UsageError
        A name, option or path cannot be used as given, or another build stands at `out`.
    SourceError
        The source cannot be read; every problem is listed.
    BuildError
        No row was kept, or the disk is full; what was finished is kept for a rerun.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     built = build_dataset("medmcqa-prefs", "sample", Path(folder) / "prefs", validation=False)
    ...     sorted(path.name for path in built.path.iterdir())
    ['README.md', 'data', 'manifest.json', 'rejected']
    """
    progress = progress or Silent()
    builder: Builder[Any, Any] = find(BUILDERS, name)
    given = checks or {}
    parsed, chosen = parse_options(builder, options or {}), plan_filters(builder, given)
    out, where = out or Path("build") / name, engine_named(engine, workers, address)
    found = builder.source(source)  # last: it may be fetched from the Hub
    for note in found.notes:
        progress.note(note)
    request = Request(builder, found, parsed, limit, chosen)
    if out.exists() and not overwrite:
        _require_same(out, request)
        return Built(out, _checked_again(out, where, given, progress) if validation else None, reused=True)
    if out.exists():
        _require_build(out)
    passed = _build(request, Work(where.seen(_place(out))), where, given if validation else None, progress)
    return Built(out, passed)


def _place(out: Path) -> Path:
    """Return a path that other names can be made of: the target of a link, and what ``.`` and ``..`` stand for."""
    return out.resolve() if out.is_symlink() or out.name in {"", ".."} else out


def _build(
    request: Request, work: Work, engine: Engine, checks: Mapping[str, Mapping[str, Any]] | None, progress: Progress
) -> bool | None:
    """Build beside `work.out` and put the result in its place; return whether the checks passed, if they ran."""
    try:
        with work.lock():
            with _no_useless_parts(work):
                build(request, work, engine=engine, progress=progress)
            # Settings of a check that turn out not to fit, such as a tokenizer, cost a rerun no part.
            passed = _finish(work.result, checks, engine, progress)
            _put_in_place(work)
        shutil.rmtree(work.root)
    except (OSError, BrokenExecutor) as error:
        hint = "Make room, or mend what it names, and run the same command again: finished parts are kept."
        raise BuildError(f"the build at '{work.out}' stopped: {_first_line(error)}", hint=hint) from error
    return passed


@contextmanager
def _no_useless_parts(work: Work) -> Generator[None]:
    """Remove what no rerun can use, after an error that only another source or other options can mend."""
    earlier = _recipe(work)
    try:
        yield
    except SourceError:
        shutil.rmtree(work.root)
        raise
    except UsageError:
        # An interrupted build of this very recipe stays: its source or its machine may be again what it was.
        if earlier is None or earlier != _recipe(work):
            shutil.rmtree(work.root)
        raise


def _recipe(work: Work) -> str | None:
    record = work.root / "recipe.json"
    return record.read_text(encoding="utf-8") if record.is_file() else None


def _checked_again(
    out: Path, engine: Engine, checks: Mapping[str, Mapping[str, Any]], progress: Progress
) -> bool | None:
    """Return whether a build that stands passed; its checks run where no report is there, or settings are given."""
    from openmed_data.report import read_report

    if checks or not (out / "validation").is_dir():
        return _finish(out, checks, engine, progress)
    return read_report(out / "validation").passed


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def plan_filters(builder: Builder[Any, Any], given: Mapping[str, Mapping[str, Any]]) -> tuple[filters.Filter, ...]:
    """Return the filters of a builder; what no check can use is said before anything is built.

    Raises
    ------
    UsageError
        A check or a setting does not exist, does not fit the kind, or has a value of the wrong kind.
    """
    if given:
        plan(builder.kind, None, given)
    return filters.plan(builder, given)


def parse_options(builder: Builder[Any, Any], given: Mapping[str, Any]) -> Options:
    """Validate options given by name; every problem is reported together.

    Raises
    ------
    UsageError
        An option does not exist or has a value of the wrong kind.
    """
    try:
        return builder.options_model.model_validate(dict(given))
    except ValidationError as error:
        raise UsageError(
            "\n  ".join([f"{builder.name} cannot use these options:", *refused_values(error)]),
            hint=f"`openmed-data describe {builder.name}` lists the options with their defaults.",
        ) from error


def _require_same(out: Path, request: Request) -> None:
    """Raise `UsageError` unless `out` holds a build made of the same source with the same options and version."""
    hint = "Use --overwrite to replace it, or --out to build elsewhere."
    _require_build(out)
    document = manifest.read(out)
    source: Source = request.source
    same = (
        document["dataset"] == request.builder.name
        and document["made_with"] == manifest.made_with()
        and document["options"] == request.options.model_dump(mode="json")
        and document["limit"] == request.limit
        and [[one["check"], one["given"]] for one in document["filters"]]
        == [[one.check, one.record] for one in request.filters]
        and document["source"]["revision"] == source.revision
        and [[file["name"], file["sha256"]] for file in document["source"]["files"]]
        == [[file.name, sha256_of(file.path)] for file in source.files]
    )
    if not same:
        raise UsageError(f"'{out}' holds another build ({document['dataset']})", hint=hint)


def _require_build(out: Path) -> None:
    """Raise `UsageError` where `out` is anything but a finished build: it would be lost if it were replaced."""
    if not (out / manifest.NAME).is_file():
        raise UsageError(f"'{out}' exists and is no build", hint="Choose another --out.")


def _finish(
    result: Path, checks: Mapping[str, Mapping[str, Any]] | None, engine: Engine, progress: Progress
) -> bool | None:
    """Validate the files, unless `checks` is None, and write the card."""
    from openmed_data.card import render

    passed: bool | None = None
    if checks is not None:
        from openmed_data.dataset import open_dataset
        from openmed_data.report import write_report

        report = validate(open_dataset(str(result)), settings=checks, engine=engine, progress=progress)
        write_report(report, result / "validation")
        passed = report.passed
    write_text(result / "README.md", render(result))
    return passed


def _put_in_place(work: Work) -> None:
    replaced = work.out.with_name(work.out.name + ".replaced")
    if work.out.exists():
        shutil.rmtree(replaced, ignore_errors=True)  # of a run that was killed after its build stood
        work.out.rename(replaced)
    work.result.rename(work.out)
    shutil.rmtree(replaced, ignore_errors=True)
