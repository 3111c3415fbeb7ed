"""Every text of a batch with its place, whatever the kind: what rules about texts look at."""

from collections.abc import Iterator
from typing import Any

import polars as pl
import pyarrow as pa
from polars._typing import PolarsDataType

from openmed_data.kinds import MESSAGES, Kind, schema

from ._flat import compatible, message_columns

SCHEMA = pl.Schema({"row": pl.Int64, "field": pl.String, "column": pl.String, "role": pl.String, "text": pl.String})
# Columns of plain text that people or models wrote, and the role in which a rule should read them.
_WRITTEN = {"answer": "answer", "reference_reasoning": "reasoning"}


def texts_of(batch: pl.DataFrame, kind: Kind) -> pl.DataFrame:
    """Lay out the texts of a batch, one to a row.

    Returns
    -------
    pl.DataFrame
        `row` (number in the batch), `field` (its path, as in ``prompt[0].content``), `column`, `role` (the message's;
        ``answer``, ``reasoning`` or ``choice`` for columns of plain text) and `text`, which is never null. A message
        that calls tools and says nothing has no text. Columns of another type are left out: they are the business of
        the check `schema`.

    Examples
    --------
    >>> batch = pl.DataFrame({"messages": [[{"role": "user", "content": "Hello"}]]})
    >>> texts_of(batch, Kind.SFT).rows()
    [(0, 'messages[0].content', 'messages', 'user', 'Hello')]
    """
    numbered = batch.select(pl.int_range(pl.len(), dtype=pl.Int64).alias("row"), pl.all().exclude("row"))
    parts = [pl.DataFrame(schema=SCHEMA)]
    parts += [_said(numbered, name) for name in message_columns(kind) if _holds_messages(numbered.schema.get(name))]
    parts += _plain(numbered, kind)
    return pl.concat(parts).sort("row", maintain_order=True)


def _holds_messages(found: PolarsDataType | None) -> bool:
    return isinstance(found, pl.List) and compatible(found, MESSAGES)


def _said(batch: pl.DataFrame, name: str) -> pl.DataFrame:
    each = batch.select("row", pl.col(name).alias("message")).explode("message", empty_as_null=False)
    each = each.with_columns(pl.int_range(pl.len()).over("row").alias("place"))
    dtype = each.schema["message"]
    parts = {part.name: part.dtype for part in dtype.fields} if isinstance(dtype, pl.Struct) else {}
    said = pl.col("message").struct.field("content").cast(pl.String)
    calls = isinstance(parts.get("tool_calls"), pl.List)
    silent = pl.col("message").struct.field("tool_calls").list.len().fill_null(0) > 0 if calls else pl.lit(value=False)
    blank = said.fill_null("").str.strip_chars() == ""
    return each.filter(~(silent & blank)).select(
        "row",
        pl.format("{}[{}].content", pl.lit(name), "place").alias("field"),
        pl.lit(name).alias("column"),
        pl.col("message").struct.field("role").cast(pl.String).fill_null("").alias("role"),
        said.fill_null("").alias("text"),
    )


def _plain(batch: pl.DataFrame, kind: Kind) -> Iterator[pl.DataFrame]:
    columns: list[pa.Field[Any]] = list(schema(kind))
    for column in columns:
        name, found = column.name, batch.schema.get(column.name)
        if name in _WRITTEN and found == pl.String:
            held = batch.select("row", pl.col(name).alias("text")).drop_nulls("text")
            yield _named(held, pl.lit(name), name, _WRITTEN[name])
        elif pa.types.is_list(column.type) and found == pl.List(pl.String):
            held = batch.select("row", pl.col(name).alias("text")).explode("text", empty_as_null=False)
            held = held.with_columns(pl.int_range(pl.len()).over("row").alias("place")).drop_nulls("text")
            yield _named(held, pl.format("{}[{}]", pl.lit(name), "place"), name, "choice")


def _named(held: pl.DataFrame, path: pl.Expr, column: str, role: str) -> pl.DataFrame:
    return held.select(
        "row", path.alias("field"), pl.lit(column).alias("column"), pl.lit(role).alias("role"), pl.col("text")
    )
