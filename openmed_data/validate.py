"""Run checks over a dataset: what ``openmed-data validate`` does, as a function."""

import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from openmed_data import manifest
from openmed_data._version import __version__
from openmed_data.check import Check, CheckResult, Settings, parse_settings
from openmed_data.dataset import Dataset, Stretch
from openmed_data.errors import UsageError
from openmed_data.kinds import Kind
from openmed_data.mask import mask
from openmed_data.pipeline.workers import Engine, EngineName, Here, Workers, open_workers
from openmed_data.progress import Advance, Progress, Silent, ignore
from openmed_data.registry import CHECKS, all_of, find
from openmed_data.report.model import Report, Sample
from openmed_data.report.samples import make_samples
from openmed_data.scratch import scratch
from openmed_data.spread import Batches
from openmed_data.survey import Survey, integrity, survey
from openmed_data.verdict import judge

Task = TypeVar("Task")
Result = TypeVar("Result")

# Worker processes take seconds to start; fewer rows are looked at before they are ready.
_FEWEST_STRETCHES = 4

_LIBRARIES = ("great_expectations", "polars", "pyarrow")


@dataclass(frozen=True, slots=True)
class Planned:
    """A check and the thresholds it will be held to."""

    check: Check[Any]
    settings: Settings


def validate(
    dataset: Dataset,
    checks: Sequence[str] | None = None,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    engine: Engine | None = None,
    progress: Progress | None = None,
) -> Report:
    """Run checks over a dataset and let Great Expectations judge their figures.

    Parameters
    ----------
    dataset
        What `openmed_data.dataset.open_dataset` opened.
    checks
        Names of the checks to run; by default every one that has something to say about the dataset's kind. Where a
        manifest stands beside the files, these are held against it whatever the checks.
    settings
        Settings by check and name. What is not given of a check by which the build filtered its rows is as the build
        was told, by its manifest; anything else is at its default.
    engine
        Who looks at the rows, if not this process; the report does not depend on it.
    progress
        Told about every check.

    Raises
    ------
    UsageError
        A check or threshold does not exist, does not fit the kind or has a wrong value; all are listed. Or a check is
        asked for by name that cannot run.
    SourceError
        A file is damaged.
    """
    progress = progress or Silent()
    dataset = _seen(dataset, engine or Engine())
    planned = plan(dataset.kind, checks, remembered(dataset, checks, settings or {}, progress))
    with _workers(dataset, engine) as (workers, folder):
        found = survey(dataset, workers, folder, progress.step("reading", None))
        total = sum(found.rows.values())
        results = [
            one.check.run(
                _Watched(dataset, progress.step(f"check: {one.check.name}", total), workers, folder), one.settings
            )
            for one in planned
        ]
        whole = integrity(dataset, found)
        samples = make_samples(found.sample, _flagger(_Watched(dataset, ignore, workers, folder), planned, results))
    return _report(dataset, found, _without_private_ids([*([whole] if whole else []), *results]), samples)


def _seen(dataset: Dataset, engine: Engine) -> Dataset:
    """Return the dataset by paths that workers find wherever they run."""
    files = tuple(replace(file, path=engine.seen(file.path)) for file in dataset.files)
    return replace(dataset, root=engine.seen(dataset.root), files=files)


@contextmanager
def _workers(dataset: Dataset, engine: Engine | None) -> Generator[tuple[Workers, Path]]:
    """Open workers, and a folder that all of them see: on a cluster one that stands beside the dataset."""
    if engine is None or engine.name is EngineName.LOCAL:
        with scratch() as folder:
            few = len(list(islice(dataset.stretches(), _FEWEST_STRETCHES))) < _FEWEST_STRETCHES
            if engine is None or engine.workers == 1 or few:
                yield Here(), folder
            else:
                with open_workers(engine, folder, threads=False) as workers:
                    yield workers, folder
        return
    root = dataset.root.absolute()
    with (
        tempfile.TemporaryDirectory(prefix=f".{root.name}.", suffix=".validating", dir=root.parent) as folder,
        open_workers(engine, Path(folder), threads=False) as workers,
    ):
        yield workers, Path(folder)


def _report(dataset: Dataset, found: Survey, results: Sequence[CheckResult], samples: tuple[Sample, ...]) -> Report:
    verdict = judge(dataset.kind, results)
    document: Mapping[str, Any] = dataset.manifest or {}
    return Report(
        name=document.get("dataset") or dataset.root.resolve().name,
        kind=dataset.kind,
        manifest_digest=manifest.digest(dataset.root) if dataset.manifest else None,
        content_digest=found.content_digest,
        rows=found.rows,
        results=tuple(results),
        passed=verdict.passed,
        expectations=verdict.expectations,
        books=document.get("books", {}),
        figures=document.get("figures", {}),
        versions={"openmed-data": __version__, **{name: version(name) for name in _LIBRARIES}},
        samples=samples,
    )


def remembered(
    dataset: Dataset,
    names: Sequence[str] | None,
    given: Mapping[str, Mapping[str, Any]],
    progress: Progress,
) -> dict[str, Mapping[str, Any]]:
    """Return the settings `given`, over those by which the build filtered its rows; what is not at its default is told.

    A build that was told to mend rows, or to look for benchmarks, is so judged by what it was told.
    """
    known: Mapping[str, Check[Any]] = all_of(CHECKS)
    settings = dict(given)
    for use in (dataset.manifest or {}).get("filters", ()):
        check = known.get(use["check"])
        if check is None or (names is not None and check.name not in names):
            continue
        own = given.get(check.name, {})
        recalled = {name: value for name, value in check.recall(use["given"], own).items() if name not in own}
        settings[check.name] = {**recalled, **own}
        defaults = check.settings_model().model_dump(mode="json")
        if told := [f"{name}={value}" for name, value in recalled.items() if value != defaults[name]]:
            progress.note(f"{check.name} as the build was told: {', '.join(told)}")
    return settings


def plan(kind: Kind, names: Sequence[str] | None, settings: Mapping[str, Mapping[str, Any]]) -> tuple[Planned, ...]:
    """Choose the checks and validate their thresholds.

    Raises
    ------
    UsageError
        As in `validate`.
    """
    every: Mapping[str, Check[Any]] = all_of(CHECKS) if names is None else {name: find(CHECKS, name) for name in names}
    unfit = [name for name, check in every.items() if kind not in check.kinds]
    if names is not None and unfit:
        check = every[unfit[0]]
        raise UsageError(
            f"check '{check.name}' has nothing to say about a dataset of kind '{kind}'",
            hint=f"It is for {', '.join(sorted(check.kinds))}.",
        )
    chosen = {name: check for name, check in every.items() if name not in unfit}
    for name in settings.keys() - chosen.keys():
        find(CHECKS, name)  # an unknown name gets the error with near misses
        raise UsageError(f"thresholds are given for check '{name}', which is not run", hint="Name it among the checks.")
    planned = tuple(Planned(check, parse_settings(check, settings.get(name, {}))) for name, check in chosen.items())
    for one in planned if names is not None else ():
        if reason := one.check.not_run(one.settings):
            hint = f"{reason[0].upper()}{reason[1:]}."
            raise UsageError(f"check '{one.check.name}' was asked for and cannot run", hint=hint)
    return planned


@dataclass(frozen=True, slots=True)
class _StretchTask:
    """Let a function of a check look at one stretch."""

    function: Callable[[Batches], Any]
    stretch: Stretch


def _look(task: _StretchTask) -> tuple[int, Any]:
    rows = 0

    def counted() -> Iterator[tuple[str, pl.DataFrame]]:
        nonlocal rows
        for split, batch in task.stretch.named():
            rows += batch.height
            yield split, batch

    result = task.function(counted())
    return rows, result


@dataclass(frozen=True, slots=True)
class _Watched:
    """A dataset as checks see it: spread over workers, and progress is told."""

    dataset: Dataset
    advance: Advance
    workers: Workers
    folder: Path

    @property
    def kind(self) -> Kind:
        return self.dataset.kind

    @property
    def manifest(self) -> Mapping[str, Any] | None:
        return self.dataset.manifest

    def batches(self) -> Iterator[tuple[str, pl.DataFrame]]:
        return chain.from_iterable(one.named() for one in self.dataset.stretches())

    def over(self, function: Callable[[Batches], Result]) -> Iterator[Result]:
        tasks = (_StretchTask(function, stretch) for stretch in self.dataset.stretches())
        for rows, result in self.workers.map(_look, tasks):
            self.advance(rows)
            yield result

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        return self.workers.map(function, tasks)


def _flagger(
    watched: "_Watched", planned: Sequence[Planned], results: Sequence[CheckResult]
) -> Callable[[pl.DataFrame], bool]:
    """Return a function that says whether any check finds anything in a row; asked anew, for results hold only few."""
    known = {name for one in results for name in one.findings["id"]}
    settled = [(one.check, one.check.settle(watched, one.settings)) for one in planned]

    def flagged(row: pl.DataFrame) -> bool:
        return row["id"][0] in known or any(check.scan(row, settings).findings.height for check, settings in settled)

    return flagged


def _without_private_ids(results: Sequence[CheckResult]) -> list[CheckResult]:
    """Mask the ids of all findings where a check found something private in an id."""
    in_id = (pl.col("field") == "id") & (pl.col("end") > pl.col("start"))
    private = any(one.findings.select(in_id.any()).item() for one in results)
    if not private:
        return list(results)
    return [
        replace(one, findings=one.findings.with_columns(pl.col("id").map_elements(mask, pl.String))) for one in results
    ]
