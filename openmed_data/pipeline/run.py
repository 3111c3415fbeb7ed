"""Run a build from source to finished folder."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from openmed_data import tally
from openmed_data.books import Books
from openmed_data.builder import FILE, FIT_ROWS, LINE, ROW, Builder, Options
from openmed_data.digest import set_digest
from openmed_data.errors import BuildError
from openmed_data.files import write_text
from openmed_data.manifest import NAME, FileFacts, Manifest, made_with
from openmed_data.pipeline import decide, filters, splits
from openmed_data.pipeline.filters import Filter
from openmed_data.pipeline.shards import RejectedTask, ShardTask, plan, write
from openmed_data.pipeline.stage import StagedFile, stage
from openmed_data.pipeline.steps import (
    FitTask,
    RowsTask,
    Settled,
    SettleTask,
    fit_parts,
    rows_part,
    settle_part,
)
from openmed_data.pipeline.work import Work, read_frame
from openmed_data.pipeline.workers import Engine, Workers, open_workers
from openmed_data.progress import Progress, Silent
from openmed_data.sources import Source
from openmed_data.sources.readers import PART_ROWS

_SMALL_BYTES = 256 << 20
# Where a part holds few sampled rows, what every batch costs (regular expressions are compiled anew) outweighs them.
_SAMPLED_PARTS_AT_ONCE = 3


@dataclass(frozen=True, slots=True)
class Request:
    """What to build: everything that decides the bytes."""

    builder: Builder[Any, Any]
    source: Source
    options: Options
    limit: int | None = None
    filters: tuple[Filter, ...] = ()


def build(
    request: Request,
    work: Work,
    *,
    engine: Engine | None = None,
    progress: Progress | None = None,
) -> Manifest:
    """Make every file of a build in `work.result`, resuming what an earlier run left there.

    Parameters
    ----------
    request
        What to build.
    work
        Where to; the caller holds its lock.
    engine
        Where parts are worked on, and by how many at once; one after another on this machine where it is left out. The
        bytes do not depend on it.

    Raises
    ------
    UsageError
        The engine is not there.
    SourceError
        The source cannot be read, or cannot be understood without guessing.
    BuildError
        No row was kept, or the books do not balance.
    """
    with open_workers(engine or Engine(), work.root, threads=_threads_do(request)) as workers:
        return _Run(request, work, workers, progress or Silent()).run()


def _threads_do(request: Request) -> bool:
    """Tell whether threads make the rows as fast as processes, which take seconds to start.

    Checks hold the interpreter for most of their time, so where candidates are filtered threads wait for each other.
    """
    small = sum(file.path.stat().st_size for file in request.source.files) < _SMALL_BYTES
    return request.builder.releases_gil and (small or not request.filters)


class _Run:
    """The steps of one build, in order."""

    def __init__(self, request: Request, work: Work, workers: Workers, progress: Progress) -> None:
        self.builder, self.options, self.source = request.builder, request.options, request.source
        self.limit, self.filters = request.limit, request.filters
        self.work, self.workers, self.progress = work, workers, progress

    def run(self) -> Manifest:
        """Run every step and write the manifest."""
        if self.work.open(self._recipe()):
            self.progress.note("resuming an interrupted build: finished parts are kept")
        staged = self._stage()
        state = self._prepare(self._fit(sum(file.rows for file in staged)))
        prepared = filters.prepare(self.filters, _Parts(self.work))
        self._rows(state, prepared)
        settled = self._settle(staged)
        files, rejected = self._write(settled)
        self.work.sweep()
        books = self._books(staged, settled, files)
        books.check()
        counted = tally.merge(read_frame(path) for step in ("tally", "measures") for path in self.work.parts(step))
        manifest = Manifest(
            dataset=self.builder.name,
            kind=self.builder.kind,
            source=self._source_facts(staged),
            options=self.options.model_dump(mode="json"),
            limit=self.limit,
            books=books,
            state=self.builder.describe_state(state),
            figures=self.builder.figures(counted),
            filters=filters.facts(self.filters, prepared, counted),
            files=files,
            rejected_files=rejected,
            content_digest=set_digest(self.work.parts("digests")),
        )
        write_text(self.work.result / NAME, manifest.to_text())
        return manifest

    def _recipe(self) -> dict[str, Any]:
        """Return what finished parts depend on, besides the bytes of the source (checked by `stage`)."""
        return {
            "made_with": made_with(),
            "builder": self.builder.name,
            "options": self.options.model_dump(mode="json"),
            "files": [[file.name, file.split] for file in self.source.files],
            "revision": self.source.revision,
            "limit": self.limit,
            "filters": [[one.check, one.record] for one in self.filters],
        }

    def _stage(self) -> tuple[StagedFile, ...]:
        advance = self.progress.step("reading the source", None)
        return stage(
            self.work,
            self.source,
            self.builder.parts,
            self.workers,
            limit=self.limit,
            advance=advance,
        )

    def _fit(self, rows: int) -> Any:
        every = -(-rows // FIT_ROWS)
        at_once = max(1, min(every, _SAMPLED_PARTS_AT_ONCE))
        groups = [self._parts[start : start + at_once] for start in self._parts[::at_once]]
        tasks = [FitTask(self.builder, self.options, self.work, parts, every) for parts in groups]
        self._collect("learning from the source", len(tasks), self.workers.map(fit_parts, tasks))
        evidence = tally.merge(read_frame(path) for path in self.work.parts("fit"))
        return self.builder.state(evidence, self.options)

    def _prepare(self, state: Any) -> Any:
        return self.builder.prepare(state, _Parts(self.work), self.options, self.progress)

    def _rows(self, state: Any, prepared: tuple[Filter, ...]) -> None:
        origin = (self.source.repo or self.source.name, self.source.license)
        tasks = [
            RowsTask(self.builder, self.options, state, self.work, index, *origin, prepared) for index in self._parts
        ]
        self._collect("making rows", len(tasks), self.workers.map(rows_part, tasks))

    @property
    def _parts(self) -> range:
        return range(len(self.work.parts("stage")))

    def _settle(self, staged: Sequence[StagedFile]) -> list[Settled]:
        gone = decide.repeated(self.work, self.workers, len(self._parts))
        named = [file.split for file in staged for _ in range(file.parts)]
        drawn = pl.Series(ROW, [], dtype=pl.UInt64)
        search, stems = splits.Search(self.work, self.workers), self.work.parts("words")
        if self.source.splits:
            by_split = {
                split: [path for path, name in zip(stems, named, strict=True) if (name or splits.TRAIN) == split]
                for split in (splits.TRAIN, splits.VALIDATION, splits.TEST)
            }
            gone = pl.concat([gone, splits.leaks(search, by_split, gone[ROW])]).sort(ROW)
        else:
            named = [splits.TRAIN] * len(named)
            seed, fraction = self.options.seed, self.options.validation_fraction
            drawn = splits.draw(search, self.work.parts("keys"), stems, gone[ROW], seed, fraction)
        gone = _with_places(gone, self.work)
        tasks = (
            SettleTask(self.work, index, split or splits.TRAIN, gone[_of(index, gone[ROW])], drawn[_of(index, drawn)])
            for index, split in enumerate(named)
        )
        return self._collect("duplicates, conflicts and splits", len(named), self.workers.map(settle_part, tasks))

    def _write(self, settled: Sequence[Settled]) -> tuple[list[FileFacts], list[FileFacts]]:
        per_split = {
            split: [part.splits.get(split, 0) for part in settled]
            for split in (splits.TRAIN, splits.VALIDATION, splits.TEST)
        }
        if not sum(map(sum, per_split.values())):
            lost = _added(counts for part in settled for counts in (part.rejected, part.filtered))
            reasons = ", ".join(f"{reason} {count}" for reason, count in lost.items())
            raise BuildError("no row was kept", hint=f"All rows were rejected: {reasons}.")
        shards = plan("data", per_split)
        rejected = plan("rejected", {"rejected": [part.records for part in settled]})
        tasks = [
            *(ShardTask(self.builder, self.work, shard, index) for index, shard in enumerate(shards)),
            *(RejectedTask(self.work, shard) for shard in rejected),
        ]
        files = self._collect("writing shards", len(tasks), self.workers.map(write, tasks))
        return files[: len(shards)], files[len(shards) :]

    def _collect(self, name: str, total: int, results: Iterable[Any]) -> list[Any]:
        advance = self.progress.step(name, total)
        done: list[Any] = []
        for result in results:
            done.append(result)
            advance(1)
        return done

    def _books(
        self,
        staged: Sequence[StagedFile],
        settled: Sequence[Settled],
        files: Sequence[FileFacts],
    ) -> Books:
        kept: dict[str, int] = {}
        for file in files:
            footer = pq.read_metadata(self.work.result / file.name)
            kept[file.split] = kept.get(file.split, 0) + footer.num_rows
        return Books(
            source_rows=sum(file.rows for file in staged),
            used_rows=sum(part.used for part in settled),
            candidate_rows=sum(part.candidates for part in settled),
            rejected_source=_added(part.rejected for part in settled),
            rejected_candidates=_added(part.filtered for part in settled),
            kept_rows=kept,
        )

    def _source_facts(self, staged: Sequence[StagedFile]) -> dict[str, Any]:
        source = self.source
        return {
            "name": source.name,
            "repo": source.repo,
            "revision": source.revision,
            "license": source.license,
            "upstream": self.builder.upstream.repo,
            "homepage": self.builder.upstream.homepage,
            "files": [
                {"name": file.name, "split": file.split, "sha256": file.sha256, "rows": file.rows} for file in staged
            ],
        }


def _with_places(gone: pl.DataFrame, work: Work) -> pl.DataFrame:
    """Write the file and row of each `other` into its detail, as they were staged: a part may be less than full."""
    others = gone["other"].drop_nulls().unique().sort()
    of_part = [(index, others[_of(index, others)]) for index in (others // PART_ROWS).unique()]
    places = [
        read_frame(work.part("stage", index), [ROW, FILE, LINE]).filter(pl.col(ROW).is_in(wanted.implode()))
        for index, wanted in of_part
    ]
    known = pl.concat(places) if places else pl.DataFrame(schema={ROW: pl.UInt64, FILE: pl.String, LINE: pl.UInt32})
    placed = gone.join(known, left_on="other", right_on=ROW, how="left", maintain_order="left")
    named = pl.col("detail").str.replace("{}", pl.format("row {} of {}", LINE, FILE), literal=True)
    detail = pl.when(pl.col("other").is_null()).then("detail").otherwise(named)
    return placed.select(ROW, "reason", detail.alias("detail"))


@dataclass(frozen=True, slots=True)
class _Parts:
    """The rows of the source as they were staged, part by part, as often as anyone asks."""

    work: Work

    def __iter__(self) -> Iterator[pl.DataFrame]:
        return (read_frame(path) for path in self.work.parts("stage"))


def _of(part: int, rows: pl.Series) -> slice:
    """Return where a part's row numbers stand in `rows`, which are sorted."""
    first, after = (rows.search_sorted(edge * PART_ROWS, side="left") for edge in (part, part + 1))
    return slice(first, after)


def _added(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for count in counts:
        for key, value in count.items():
            total[key] = total.get(key, 0) + value
    return dict(sorted(total.items()))
