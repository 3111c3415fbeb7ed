"""The rows of one batch: candidates, rejections, keys and counts, as the engine wants them."""

from collections import Counter
from collections.abc import Sequence

import polars as pl

from openmed_data import tally
from openmed_data.builder import LICENSE, ROW, SOURCE, UID, Rows
from openmed_data.search.tools import TOOLS_JSON

from .making import Made, Shares, calls_of, make_traces
from .options import SearchOptions
from .planning import open_plan
from .preparing import SearchState, open_index
from .reading import read_questions

FORMAT = "search"
_TEXT = pl.String()
_MESSAGE = pl.Struct(
    {"role": _TEXT, "content": _TEXT, "tool_calls": pl.List(_TEXT), "tool_call_id": _TEXT, "name": _TEXT}
)
_KEPT: dict[str, pl.DataType] = {
    ROW: pl.UInt64(),
    **dict.fromkeys(("id", "source", "source_id", "license"), _TEXT),
    "messages": pl.List(_MESSAGE),
    "tools": _TEXT,
    "format": _TEXT,
    "n_calls": pl.Int32(),
}
_REJECTED = {ROW: pl.UInt64, "reason": pl.String, "detail": pl.String}
_KEYS = {ROW: pl.UInt64, UID: pl.UInt64, "identity": pl.String, "answer": pl.String, "stem": pl.String}


def search_rows(batch: pl.DataFrame, state: SearchState, options: SearchOptions) -> Rows:
    """Make the search traces of a batch of corpus rows or questions; the same ones whatever the batch's size."""
    questions, unasked = read_questions(batch, state, options)
    shares = Shares(options.no_tool_share, state.held_out)
    with open_plan(state, options) as plan:
        made, rejected = make_traces(questions, open_index(state.folder), shares, plan)
    every = [*unasked, *rejected]
    return Rows(
        kept=_kept(made, batch),
        rejected=pl.DataFrame(every, schema=_REJECTED, orient="row"),
        keys=_keys(made),
        tally=_counted(made),
    )


def _kept(made: Sequence[Made], batch: pl.DataFrame) -> pl.DataFrame:
    rows = [
        {
            ROW: trace.question.row,
            "id": f"search-{trace.question.uid:016x}",
            "source_id": trace.question.source_id,
            "messages": trace.messages,
            "tools": TOOLS_JSON,
            "format": FORMAT,
            "n_calls": calls_of(trace.messages),
        }
        for trace in made
    ]
    own = {name: kind for name, kind in _KEPT.items() if name not in {"source", "license"}}
    given = batch.select(ROW, pl.col(SOURCE).alias("source"), pl.col(LICENSE).alias("license"))
    return pl.DataFrame(rows, schema=own).join(given, on=ROW, how="left", maintain_order="left").select(*_KEPT)


def _keys(made: Sequence[Made]) -> pl.DataFrame:
    """Return the global keys: who asks the same of the same corpus gets the same answer, so no two answers conflict."""
    rows = [(one.question.row, one.question.uid, one.question.identity, "", one.question.text) for one in made]
    return pl.DataFrame(rows, schema=_KEYS, orient="row")


def _counted(made: Sequence[Made]) -> pl.DataFrame:
    endings = Counter(trace.ending for trace in made)
    frame = pl.DataFrame({"key": list(endings), "count": list(endings.values())}, {"key": pl.String, "count": pl.Int64})
    return tally.tally("search endings", frame, key="key")
