"""Draw the rows of a mixture, and leave out what an earlier part says already."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import polars as pl
import xxhash

from openmed_data.builder import FILE, LINE, ROW, UID, ReasonCode, Rows
from openmed_data.kinds import Kind
from openmed_data.seeds import U64, uniform
from openmed_data.text.keys import question_key
from openmed_data.text.near import find_duplicates
from openmed_data.text.rows import asked, told

from .drawing import Drawing
from .recipe import UNKNOWN

NEAR = 0.8
_CHARACTERS = 1_500
_MESSAGES = pl.List(
    pl.Struct(
        {
            "role": pl.String,
            "content": pl.String,
            "tool_calls": pl.List(pl.String),
            "tool_call_id": pl.String,
            "name": pl.String,
        }
    )
)
_KEPT = ("id", "source", "source_id", "license", "messages", "tools", "domain", "origin")


class Reason(ReasonCode):
    """Reasons of this builder."""

    EMPTY = "empty", "the row has no messages"
    NOT_DRAWN = "not_drawn", "its part has more rows than the recipe asks for"
    NEAR_DUPLICATE = "near_duplicate", "it asks and tells nearly the same as an earlier row; the recipe's order decides"


def with_tasks(batch: pl.DataFrame) -> pl.DataFrame:
    """Add `task`: the second part of `origin`, or the format of a trace."""
    own = pl.col("origin").fill_null("").str.split("/").list.get(1, null_on_oob=True)
    return batch.with_columns(pl.coalesce(own, "format", pl.lit("")).alias("task"))


def prepare(drawing: Drawing, source: Iterable[pl.DataFrame], seed: int) -> Drawing:
    """Compare all rows that are drawn; of two that nearly agree the later one goes."""
    held = [
        _decoded(drawn).select(ROW, place=pl.format("row {} of {}", LINE, FILE), text=_spoken())
        for drawn in (batch.filter(_is_drawn(batch, drawing, seed)) for batch in source)
    ]
    rows = pl.concat(held)
    found = find_duplicates(rows["text"].to_list(), threshold=NEAR).clusters.filter(pl.col("differs").is_null())
    firsts = found.with_columns(pl.col("row").min().over("cluster").alias("first")).filter(
        pl.col("row") != pl.col("first")
    )
    numbers, places = rows[ROW].to_list(), rows["place"].to_list()
    return replace(
        drawing,
        repeats={numbers[row]: f"as {places[first]}" for row, first in firsts.select("row", "first").iter_rows()},
    )


def mix(batch: pl.DataFrame, drawing: Drawing, seed: int) -> Rows:
    """Draw the rows of one batch."""
    empty = batch["messages"].fill_null("").is_in(["", "[]", "null"])
    drawn = _is_drawn(batch, drawing, seed) & ~empty
    again = batch[ROW].is_in(list(drawing.repeats))
    kept = _decoded(batch.filter(drawn & ~again))
    keys = kept.select(
        ROW,
        pl.Series(UID, _uids(kept), dtype=pl.UInt64),
        identity=pl.concat_str(
            question_key(asked(kept, Kind.SFT)), question_key(told(kept, Kind.SFT)), separator="\x1f"
        ),
        answer=pl.lit(""),
        stem=asked(kept, Kind.SFT).fill_null(""),
    )
    stated = pl.col("facts").str.json_path_match("$.license")
    rows = kept.with_columns(
        pl.when(pl.col("license").fill_null(UNKNOWN) == UNKNOWN).then(stated).otherwise("license").alias("license"),
        pl.col("tools").fill_null("[]"),
        pl.coalesce("domain", "format", pl.lit("")).alias("domain"),
        pl.concat_str("part", pl.coalesce("origin", pl.concat_str(pl.lit("traces/"), "format")), separator=":").alias(
            "origin"
        ),
    )
    return Rows(kept=rows.select(ROW, *_KEPT), rejected=_rejected(batch, empty, drawn, again, drawing), keys=keys)


def _is_drawn(batch: pl.DataFrame, drawing: Drawing, seed: int) -> pl.Series:
    chances = uniform(_uids(batch), seed, "mixture")
    pairs = zip(batch["part"].to_list(), with_tasks(batch)["task"].to_list(), strict=True)
    rates = np.array([drawing.rates[pair] for pair in pairs], dtype=np.float64)
    return pl.Series(chances < rates)


def _uids(batch: pl.DataFrame) -> U64:
    """Return 64 bits for each row, from its part and id."""
    names = batch.select(pl.concat_str(pl.col("part"), pl.col("id").fill_null(""), separator="\x1f"))["part"]
    return np.array([xxhash.xxh3_64_intdigest(name.encode()) for name in names.to_list()], dtype=np.uint64)


def _decoded(batch: pl.DataFrame) -> pl.DataFrame:
    return batch.with_columns(pl.col("messages").str.json_decode(_MESSAGES))


def _spoken() -> pl.Expr:
    """Return what user and assistant say and call.

    A system prompt is the same in all rows of a set, and searches about one subject list the same documents: by these,
    rows that ask and answer something else would pass for repeats.
    """
    message = pl.element().struct
    calls = message.field("tool_calls").list.join("\n", ignore_nulls=True)
    said = pl.concat_str(message.field("content"), calls, separator="\n", ignore_nulls=True)
    turns = pl.when(message.field("role").is_in(["user", "assistant"])).then(said)
    return pl.col("messages").list.eval(turns).list.join("\n", ignore_nulls=True).str.head(_CHARACTERS)


def _rejected(
    batch: pl.DataFrame, empty: pl.Series, drawn: pl.Series, again: pl.Series, drawing: Drawing
) -> pl.DataFrame:
    reason = (
        pl.when(empty)
        .then(pl.lit(Reason.EMPTY.value))
        .when(~drawn)
        .then(pl.lit(Reason.NOT_DRAWN.value))
        .otherwise(pl.lit(Reason.NEAR_DUPLICATE.value))
    )
    gone = batch.with_columns(reason.alias("reason")).filter(~drawn | again)
    details = [drawing.repeats.get(row, "") for row in gone[ROW].to_list()]
    return gone.select(ROW, "reason", pl.Series("detail", details, dtype=pl.String))
