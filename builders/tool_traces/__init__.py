"""`tool-traces`: conversations with tool calls, from every format in which they are published, or searched for anew."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from openmed_data import tally
from openmed_data.builder import FILE, Builder, FilterUse, Rows
from openmed_data.index_base import index_bases
from openmed_data.kinds import Kind
from openmed_data.progress import Progress
from openmed_data.search.corpora import LICENSES
from openmed_data.sources import Source, SourceFile, Upstream
from openmed_data.sources.readers import Part
from openmed_data.traces.beginnings import beginnings, count_beginnings
from openmed_data.traces.codec import dumps, loads
from openmed_data.traces.detect import count_formats, decide, formats, sure
from openmed_data.traces.infer import count_calls, infer
from openmed_data.traces.reading import LOG, RECORD, SUFFIXES, TABLE, TEXT, record_parts

from .card import CARD
from .figures import count_rows, figures_of
from .making import TraceState, likeliest, make_rows, readable
from .options import TraceOptions
from .reasons import Reason
from .searching import SHAPES as SEARCHED
from .searching import SUFFIXES as CORPORA
from .searching import (
    SearchState,
    count_exam_keys,
    count_search,
    is_searchable,
    prepare_plans,
    prepare_search,
    search_figures,
    search_parts,
    search_rows,
)

_UNKNOWN = "unknown"
SAMPLES = Path(__file__).with_name("samples")


class ToolTraces(Builder[TraceOptions, TraceState]):
    """Traces of tool use in one form."""

    name = "tool-traces"
    kind = Kind.TRACES
    summary = "Tool-use traces for SFT, from eight formats or searched in a corpus: each call fits its tool's schema"
    upstream = Upstream(
        repo="NousResearch/hermes-function-calling-v1",
        license="apache-2.0",
        homepage="https://github.com/NousResearch/Hermes-Function-Calling",
    )
    shapes = {TABLE: (RECORD,), LOG: (RECORD,), TEXT: (RECORD,), **SEARCHED}  # noqa: RUF012 - the base declares it
    reasons = Reason
    filters = (FilterUse("phi", {"action": "drop", "level": 2}), FilterUse("contamination"))
    sample = SAMPLES
    suffixes = tuple(dict.fromkeys((*SUFFIXES, *CORPORA)))
    card = CARD

    @property
    def options_model(self) -> type[TraceOptions]:
        """Return the options of this builder."""
        return TraceOptions

    def source(self, text: str | None) -> Source:
        """Find the files; the sample is a folder, and of local files only the public corpora's licences are known."""
        if text == "sample":
            files = tuple(SourceFile(path, path.name) for path in sorted(SAMPLES.iterdir()))
            return Source("sample", files, "apache-2.0")
        found = super().source(text)
        if found.repo:
            return found
        searched = [file for file in found.files if is_searchable(file)]
        licenses = {LICENSES.get(part.shape, _UNKNOWN) for file in searched for part in islice(search_parts(file), 1)}
        known = len(licenses) == 1 and len(searched) == len(found.files)
        return Source(found.name, found.files, licenses.pop() if known else _UNKNOWN)

    def parts(self, file: SourceFile) -> Iterator[Part]:
        """Read traces as one record each; corpora and exam questions, told by their columns, as they stand."""
        return search_parts(file) if is_searchable(file) else record_parts(file)

    def fit(self, batch: pl.DataFrame, options: TraceOptions) -> pl.DataFrame:
        """Count how sure the formats are of the rows, and what the calls of undeclared tools hold."""
        if RECORD not in batch.columns:
            return count_exam_keys(batch)
        texts: list[str] = batch[RECORD].to_list()
        found = [sure(loads(text)) for text in texts]
        likely = [likeliest(one, options.format) for one in found]
        counted = count_formats(list(zip(batch[FILE].to_list(), found, strict=True)))
        traces = list(readable(texts, likely))
        return tally.merge([counted, count_calls(traces), count_beginnings(trace for _, trace in traces)])

    def state(self, evidence: pl.DataFrame, options: TraceOptions) -> TraceState:
        """Tell the format of each file, infer undeclared tools, and find traces that others hold."""
        decided = decide(evidence, options.format)
        used = sorted(set(decided.values()))
        inferred = {name: dumps(infer(evidence, name, formats()[name].descriptions)) for name in used}
        bases = index_bases(evidence, options.index_base)
        return TraceState(decided, inferred, beginnings(evidence), SearchState(bases))

    def prepare(
        self, state: TraceState, source: Iterable[pl.DataFrame], options: TraceOptions, progress: Progress
    ) -> TraceState:
        """Open the index that questions are searched in, where there are any, and have their searches planned."""
        if all(RECORD in batch.columns for batch in source):
            return state
        search = prepare_search(source, state.search, options, progress)
        return replace(state, search=prepare_plans(source, search, options, progress))

    def rows(self, batch: pl.DataFrame, state: TraceState, options: TraceOptions) -> Rows:
        """Convert one batch and hold every trace against the laws, or search for the answers of its questions."""
        if RECORD not in batch.columns:
            return search_rows(batch, state.search, options)
        return make_rows(batch, state, end_with_call=options.end_with_call)

    def describe_state(self, state: TraceState) -> Mapping[str, Any]:
        """Return the format of each file, the inferred tools, and how many traces are the beginning of others."""
        inferred = {name: loads(text) for name, text in state.inferred.items() if text != "[]"}
        return {
            "formats": dict(state.formats),
            "inferred_tools": inferred,
            "beginnings": len(state.beginnings),
            "search_index": dict(state.search.facts),
            **({"search_planner": dict(state.search.planner)} if state.search.planner else {}),
        }

    def measure(self, kept: pl.DataFrame) -> pl.DataFrame:
        """Count formats, calls and turns of the rows as written, and what searches found."""
        return tally.merge([count_rows(kept), count_search(kept)])

    def figures(self, counts: pl.DataFrame) -> Mapping[str, Any]:
        """Return what became of the records of each format, and what was changed in those that were kept."""
        return {**figures_of(counts), "search": search_figures(counts)}


BUILDER = ToolTraces()
