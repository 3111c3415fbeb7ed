"""The smallest builder of search traces, and the few lines that run it through the real pipeline.

It stands in a module of its own, on `sys.path` (see `conftest.py`), because worker processes import it by name.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from openmed_data.builder import Builder, CardText, Rows
from openmed_data.builders.tool_traces.searching import (
    COLUMNS,
    SHAPES,
    SUFFIXES,
    SearchOptions,
    SearchReason,
    SearchState,
    count_exam_keys,
    count_search,
    prepare_search,
    search_figures,
    search_parts,
    search_rows,
)
from openmed_data.index_base import index_bases
from openmed_data.kinds import Kind
from openmed_data.manifest import Manifest
from openmed_data.pipeline.run import Request, build
from openmed_data.pipeline.work import Work
from openmed_data.pipeline.workers import Engine
from openmed_data.progress import Progress
from openmed_data.sources import SourceFile, Upstream
from openmed_data.sources.readers import Part


class Searching(Builder[SearchOptions, SearchState]):
    """Makes search traces from a corpus."""

    name = "searching"
    kind = Kind.TRACES
    summary = "Search traces"
    upstream = Upstream(repo="toys/search", license="mit", homepage="")
    shapes = SHAPES
    optional_columns = COLUMNS
    suffixes = SUFFIXES
    reasons = SearchReason
    releases_gil = True  # untrue, but a thread starts at once
    card = CardText(title="", what="", how="", limits="")

    @property
    def options_model(self) -> type[SearchOptions]:
        return SearchOptions

    def parts(self, file: SourceFile) -> Iterator[Part]:
        return search_parts(file)

    def fit(self, batch: pl.DataFrame, options: SearchOptions) -> pl.DataFrame:
        return count_exam_keys(batch)

    def state(self, evidence: pl.DataFrame, options: SearchOptions) -> SearchState:
        return SearchState(index_bases(evidence, options.index_base))

    def prepare(
        self, state: SearchState, source: Iterable[pl.DataFrame], options: SearchOptions, progress: Progress
    ) -> SearchState:
        return prepare_search(source, state, options, progress)

    def rows(self, batch: pl.DataFrame, state: SearchState, options: SearchOptions) -> Rows:
        return search_rows(batch, state, options)

    def describe_state(self, state: SearchState) -> Mapping[str, Any]:
        return dict(state.facts)

    def measure(self, kept: pl.DataFrame) -> pl.DataFrame:
        return count_search(kept)

    def figures(self, counts: pl.DataFrame) -> Mapping[str, Any]:
        return search_figures(counts)


class SearchingInProcesses(Searching):
    """The same with workers as the real builder has them."""

    releases_gil = False


BUILDER = Searching()


def run(source: Path, out: Path, options: SearchOptions, *, workers: int = 1, limit: int | None = None) -> Manifest:
    """Build search traces from `source` into `out`."""
    builder = SearchingInProcesses() if workers > 1 else BUILDER
    request = Request(builder, builder.source(str(source)), options, limit=limit)
    work = Work(out)
    with work.lock():
        return build(request, work, engine=Engine(workers=workers))
