"""Draw the rows of a mixture, and leave out what an earlier part says already."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import polars as pl
import xxhash

from openmed_data.builder import FILE, LINE, ROW, UID, ReasonCode, Rows
from openmed_data.kinds import Kind
from openmed_data.pipeline.splits import TRAIN
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
_EMPTY = pl.col("messages").fill_null("").is_in(["", "[]", "null"]).alias("empty")
_KEPT = ("id", "source", "source_id", "license", "messages", "tools", "domain", "origin")


class Reason(ReasonCode):
    """Reasons of this builder."""

    EMPTY = "empty", "the row has no messages"
    NOT_DRAWN = "not_drawn", "its part has more rows than the recipe asks for"
    REPEATED_ID = "repeated_id", "an earlier row has its id: it comes from the same passage; the recipe's order decides"
    NEAR_DUPLICATE = "near_duplicate", "it asks and tells nearly the same as an earlier row; the recipe's order decides"
    HELD_OUT = "held_out", "a row for training whose passage another part holds in validation or test"


def with_tasks(batch: pl.DataFrame) -> pl.DataFrame:
    """Add `task`: the second part of `origin`, or the format of a trace."""
    own = pl.col("origin").fill_null("").str.split("/").list.get(1, null_on_oob=True)
    return batch.with_columns(pl.coalesce(own, "format", pl.lit("")).alias("task"))


def words_of_replies() -> pl.Expr:
    """Count the words that the assistant says or calls with in each row: those that the loss is taken over."""
    return _said_by("assistant").str.count_matches(r"\S+").alias("words")


def prepare(drawing: Drawing, source: Iterable[pl.DataFrame], seed: int) -> Drawing:
    """Compare all rows that are drawn; of two that have one id, or nearly agree, the later one goes.

    Of the others, those for training go whose passage is held out: trained on, the answer would be known.
    """
    held = [
        _decoded(drawn).select(
            ROW, "id", "split", place=pl.format("row {} of {}", LINE, FILE), passage=_passage(), text=_spoken()
        )
        for drawn in (batch.filter(_is_drawn(batch, drawing, seed)) for batch in source)
    ]
    rows = pl.concat(held)
    repeated = _of_one_id(rows)
    rows = rows.filter(~pl.col(ROW).is_in(repeated[ROW].implode()))
    near = _nearly_agreeing(rows)
    leaked = _held_out(rows.filter(~pl.col(ROW).is_in(near[ROW].implode())))
    found = {Reason.REPEATED_ID: repeated, Reason.NEAR_DUPLICATE: near, Reason.HELD_OUT: leaked}
    gone = {row: (reason, f"as {first}") for reason, rows in found.items() for row, first in rows.iter_rows()}
    return replace(drawing, gone=gone)


def _of_one_id(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows whose id an earlier one has, and the place of that one.

    An id is made of what its row was made from: two builds of one source, with another seed or other options, say the
    same of a passage in other words, and may hold it in different splits.
    """
    named = rows.filter(pl.col("id").fill_null("") != "")
    again = named.with_columns(pl.col("place").first().over("id").alias("first"))
    return again.filter(~pl.col("id").is_first_distinct()).select(ROW, "first")


def _nearly_agreeing(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that nearly repeat an earlier one, and the place of that one."""
    found = find_duplicates(rows["text"].to_list(), threshold=NEAR).clusters.filter(pl.col("differs").is_null())
    firsts = found.with_columns(pl.col("row").min().over("cluster").alias("first"))
    pairs = firsts.filter(pl.col("row") != pl.col("first")).select("row", "first")
    return pl.DataFrame({ROW: rows[ROW].gather(pairs["row"]), "first": rows["place"].gather(pairs["first"])})


def _passage() -> pl.Expr:
    """Return what a row was made from: `source_id`, without the address that may follow, in its source."""
    named = pl.col("source_id").fill_null("").str.replace(r" https?://\S+$", "")
    return pl.when(named != "").then(pl.concat_str(pl.col("source").fill_null(""), named, separator="\x1f"))


def _held_out(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows for training of which another one of the same passage is held out, and the place of that one."""
    named = rows.filter(pl.col("passage").is_not_null())
    held = named.filter(pl.col("split") != TRAIN).unique("passage", keep="first", maintain_order=True)
    trained = named.filter(pl.col("split") == TRAIN)
    return trained.join(held.select("passage", first="place"), on="passage", maintain_order="left").select(ROW, "first")


def mix(batch: pl.DataFrame, drawing: Drawing, seed: int) -> Rows:
    """Draw the rows of one batch."""
    stays = _is_drawn(batch, drawing, seed) & ~batch[ROW].is_in(list(drawing.gone))
    kept = _decoded(batch.filter(stays))
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
        pl.col("tools").replace("[]", None),
        pl.coalesce("domain", "format", pl.lit("")).alias("domain"),
        pl.concat_str("part", pl.coalesce("origin", pl.concat_str(pl.lit("traces/"), "format")), separator=":").alias(
            "origin"
        ),
    )
    return Rows(kept=rows.select(ROW, *_KEPT), rejected=_rejected(batch, stays, drawing), keys=keys)


def _is_drawn(batch: pl.DataFrame, drawing: Drawing, seed: int) -> pl.Series:
    chances = uniform(_uids(batch), seed, "mixture")
    pairs = zip(batch["part"].to_list(), with_tasks(batch)["task"].to_list(), strict=True)
    rates = np.array([drawing.rates[pair] for pair in pairs], dtype=np.float64)
    return pl.Series(chances < rates) & ~batch.select(_EMPTY)["empty"]


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
    return _said_by("user", "assistant").str.head(_CHARACTERS)


def _said_by(*roles: str) -> pl.Expr:
    message = pl.element().struct
    calls = message.field("tool_calls").list.join("\n", ignore_nulls=True)
    said = pl.concat_str(message.field("content"), calls, separator="\n", ignore_nulls=True)
    turns = pl.when(message.field("role").is_in(roles)).then(said)
    return pl.col("messages").list.eval(turns).list.join("\n", ignore_nulls=True)


def _rejected(batch: pl.DataFrame, kept: pl.Series, drawing: Drawing) -> pl.DataFrame:
    lost = batch.select(ROW, _EMPTY).filter(~kept)
    why = [
        (Reason.EMPTY, "") if empty else drawing.gone.get(row, (Reason.NOT_DRAWN, ""))
        for row, empty in lost.iter_rows()
    ]
    return lost.select(
        ROW,
        pl.Series("reason", [reason.value for reason, _ in why], dtype=pl.String),
        pl.Series("detail", [detail for _, detail in why], dtype=pl.String),
    )
