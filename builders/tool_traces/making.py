"""Turn records into rows: read, held against the laws, laid out, identified."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter

import polars as pl
import xxhash

from openmed_data import tally
from openmed_data.builder import FILE, LICENSE, ROW, SOURCE, UID, Rows
from openmed_data.traces.beginnings import beginning
from openmed_data.traces.columns import columns_of
from openmed_data.traces.convert import Converter, read
from openmed_data.traces.detect import AUTO, formats
from openmed_data.traces.reading import RECORD
from openmed_data.traces.reasons import Law, Unfit
from openmed_data.traces.toolbox import toolbox
from openmed_data.traces.trace import Trace

from .figures import count_outcomes
from .searching import SearchState

_REJECTED = {ROW: pl.UInt64, "reason": pl.String, "detail": pl.String}
_KEYS = {ROW: pl.UInt64, UID: pl.UInt64, "identity": pl.String, "answer": pl.String, "stem": pl.String}


@dataclass(frozen=True, slots=True)
class TraceState:
    """What the whole source tells.

    Attributes
    ----------
    formats
        Format of each file.
    inferred
        Of each format the tools that its traces call, as JSON, for traces that do not declare them.
    beginnings
        Hashes of traces that are the beginning of a longer one.
    search
        What is searched, where rows are questions and not traces.
    """

    formats: Mapping[str, str]
    inferred: Mapping[str, str]
    beginnings: frozenset[str]
    search: SearchState = field(default_factory=SearchState)


def readable(texts: Sequence[str], likely: Sequence[str]) -> Iterator[tuple[str, Trace]]:
    """Yield format and trace of the records that can be read; what failed tasks call teaches nothing."""
    for text, name in zip(texts, likely, strict=True):
        try:
            trace = read(text, formats()[name]) if name else None
        except Unfit:
            continue
        if trace is not None and trace.passed is not False:
            yield name, trace


def likeliest(found: Mapping[str, float], stated: str) -> str:
    """Return the format to read one record by before its file's is decided; empty where no format knows it."""
    return stated if stated != AUTO else max(sorted(found), key=found.__getitem__, default="")


def make_rows(batch: pl.DataFrame, state: TraceState, *, end_with_call: bool) -> Rows:
    """Convert a batch of records; `end_with_call` says whether a trace may end with a call."""
    of_row = [state.formats[file] for file in batch[FILE]]
    outcomes: list[Trace | Unfit] = []
    for name, group in groupby(zip(of_row, batch[RECORD].to_list(), strict=True), key=itemgetter(0)):
        converter = Converter(formats()[name], toolbox(state.inferred[name]), end_with_call)
        outcomes += (_alone(one, state) for one in converter.convert([text for _, text in group]))
    numbered = list(zip(batch[ROW].to_list(), of_row, outcomes, strict=True))
    rejected = [(row, str(one.law), one.detail) for row, _, one in numbered if isinstance(one, Unfit)]
    kept = [(row, name, one) for row, name, one in numbered if isinstance(one, Trace)]
    frame = _frame(kept, batch)
    return Rows(
        kept=frame.drop(UID),
        rejected=pl.DataFrame(rejected, schema=_REJECTED, orient="row"),
        keys=_keys(kept, frame[UID]),
        tally=tally.merge([count_outcomes(zip(of_row, outcomes, strict=True))]),
    )


def _alone(one: Trace | Unfit, state: TraceState) -> Trace | Unfit:
    """Return a trace, unless a longer one holds it."""
    if isinstance(one, Trace) and state.beginnings and beginning(one) in state.beginnings:
        return Unfit(Law.BEGINNING, f"its {len(one.messages)} messages")
    return one


def _frame(kept: Sequence[tuple[int, str, Trace]], batch: pl.DataFrame) -> pl.DataFrame:
    """Return the candidate rows in the order of the records, and `UID`: a hash of the messages and the tools."""
    held = columns_of([trace for _, _, trace in kept])
    texts = held.select(pl.concat_str(pl.struct("messages").struct.json_encode(), "tools")).to_series()
    uids = [xxhash.xxh3_64_intdigest(text) for text in texts.cast(pl.Binary).to_list()]
    facts = pl.DataFrame(
        {
            ROW: [row for row, _, _ in kept],
            UID: uids,
            "id": [f"trace-{uid:016x}" for uid in uids],
            "source_id": [trace.source_id for _, _, trace in kept],
            "format": [name for _, name, _ in kept],
        },
        schema={ROW: pl.UInt64, UID: pl.UInt64, **dict.fromkeys(("id", "source_id", "format"), pl.String)},
    )
    given = batch.select(ROW, pl.col(SOURCE).alias("source"), pl.col(LICENSE).alias("license"))
    placed = facts.join(given, on=ROW, how="left", maintain_order="left")
    columns = (ROW, UID, "id", "source", "source_id", "license", "messages", "tools", "format", "n_calls")
    return pl.concat([placed, held], how="horizontal").select(columns)


def _keys(kept: Sequence[tuple[int, str, Trace]], uids: pl.Series) -> pl.DataFrame:
    """Return the global keys: equal traces are duplicates, and another way to the same answer is none."""
    rows = [
        (row, uid, f"{uid:016x}", "", _asked(trace)) for (row, _, trace), uid in zip(kept, uids.to_list(), strict=True)
    ]
    return pl.DataFrame(rows, schema=_KEYS, orient="row")


def _asked(trace: Trace) -> str:
    """Return the user's first turn, by which the same task is kept out of the other split."""
    return next(message.content for message in trace.messages if message.role == "user")
