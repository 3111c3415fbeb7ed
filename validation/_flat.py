"""Lay a batch out flat: one plain column for everything that a row-level rule asks about."""

from string import ascii_lowercase
from typing import Any, cast

import polars as pl
import pyarrow as pa
from polars._typing import PolarsDataType

from openmed_data.kinds import Kind, schema

ROLES = ("system", "developer", "user", "assistant", "tool")
ROW = "_row"
_LETTERS = ascii_lowercase
_ROLE, _CONTENT, _CALLS = "role", "content", "tool_calls"


def compatible(found: PolarsDataType, expected: Any) -> bool:
    """Whether a column can be used as the one whose Arrow type is declared.

    Nulls alone have no type, integers may be of any width, text may be JSON, and a message may lack parts that are not
    `role` or `content`, or have more: what files of other makers look like.

    Examples
    --------
    >>> compatible(pl.Int64(), pa.int32()), compatible(pl.String(), pa.list_(pa.string()))
    (True, False)
    """
    if found == pl.Null:
        return True
    if isinstance(expected, pa.ListType):
        return isinstance(found, pl.List) and compatible(found.inner, expected.value_type)
    if isinstance(expected, pa.StructType):
        parts = {part.name: part.dtype for part in found.fields} if isinstance(found, pl.Struct) else {}
        declared = {part.name: part.type for part in cast("list[pa.Field[Any]]", list(expected))}
        return {_ROLE, _CONTENT} <= parts.keys() and all(
            compatible(dtype, declared[name]) for name, dtype in parts.items() if name in declared
        )
    if pa.types.is_integer(expected):
        return found.is_integer()
    return found == pl.String or isinstance(expected, pa.JsonType)


def message_columns(kind: Kind) -> list[str]:
    """Return the columns of `kind` that hold message lists."""
    return [field.name for field in _fields(kind) if _holds_messages(field.type)]


def flatten(batch: pl.DataFrame, kind: Kind) -> pl.DataFrame:
    """Return the columns that rules ask about; one that is absent or of another type is all null.

    Returns
    -------
    pl.DataFrame
        `ROW`; text and numbers as they are; for a message list `m` its length `m.messages`, the role of its last
        message `m.last_role`, and how many messages have a role that nobody knows, `m.unknown_roles`, or say and
        call nothing, `m.empty`; of a choice `answer.wrong`, 1 where another is meant than its label names.
    """
    columns: list[pl.Expr] = []
    for field in _fields(kind):
        found = batch.schema.get(field.name)
        usable = found is not None and found != pl.Null and compatible(found, field.type)
        if _holds_messages(field.type):
            columns += _flat_messages(field.name, found) if found is not None and usable else _no_messages(field.name)
        elif not isinstance(field.type, pa.ListType):
            dtype = pl.Int64 if pa.types.is_integer(field.type) else pl.String
            columns.append(pl.col(field.name).cast(dtype) if usable else pl.lit(None, dtype).alias(field.name))
    if kind is Kind.REWARDS:
        columns.append(_wrong_answer(batch.schema))
    # The row number broadcasts the nulls of absent columns.
    return batch.select(pl.int_range(pl.len()).alias(ROW), *columns)


def _wrong_answer(columns: pl.Schema) -> pl.Expr:
    """Return 1 where the answer is not the choice of its label, or, without a label, none of the choices.

    An answer that is given as a letter is the choice of that letter.
    """
    texts = columns.get("answer") == columns.get("answer_type") == pl.String
    if not texts or columns.get("choices") != pl.List(pl.String):
        return pl.lit(None, pl.Int64).alias("answer.wrong")
    answer, choices = _folded(pl.col("answer")), pl.col("choices").list.eval(_folded(pl.element()))
    label = _folded(pl.col("answer_label")) if columns.get("answer_label") == pl.String else pl.lit("")
    unlabelled = label.fill_null("") == ""
    letter = pl.when(unlabelled).then(answer).otherwise(label)
    place = letter.replace_strict(list(_LETTERS), range(len(_LETTERS)), default=None, return_dtype=pl.Int64)
    named = choices.list.get(place, null_on_oob=True)
    right = named.is_not_null() & ((named == answer) | (letter == answer))
    right = right | (unlabelled & choices.list.contains(answer))
    asked = (pl.col("answer_type") == "choice") & (choices.list.len() > 0) & (answer != "")
    return (asked & ~right.fill_null(value=False)).cast(pl.Int64).alias("answer.wrong")


def _folded(text: pl.Expr) -> pl.Expr:
    return text.str.strip_chars().str.to_lowercase()


def _fields(kind: Kind) -> "list[pa.Field[Any]]":
    return list(schema(kind))


def _no_messages(name: str) -> list[pl.Expr]:
    numbers = [pl.lit(None, pl.Int64).alias(f"{name}.{part}") for part in ("messages", "unknown_roles", "empty")]
    return [*numbers, pl.lit(None, pl.String).alias(f"{name}.last_role")]


def _holds_messages(dtype: pa.DataType) -> bool:
    return isinstance(dtype, pa.ListType) and isinstance(dtype.value_type, pa.StructType)


def _flat_messages(name: str, dtype: PolarsDataType) -> list[pl.Expr]:
    messages = pl.col(name)
    message = pl.element().struct
    said = message.field(_CONTENT).cast(pl.String).str.strip_chars().fill_null("") != ""
    if _calls_tools(dtype):
        said = said | (message.field(_CALLS).list.len().fill_null(0) > 0)
    role = message.field(_ROLE).cast(pl.String)
    # A tool may well return nothing; nobody is trained to say it.
    said = said | ((role == "tool") & message.field(_CONTENT).is_not_null()).fill_null(value=False)
    known = role.is_in(ROLES).fill_null(value=False)
    return [
        messages.list.len().cast(pl.Int64).alias(f"{name}.messages"),
        messages.list.last().struct.field(_ROLE).cast(pl.String).alias(f"{name}.last_role"),
        messages.list.eval(~known).list.sum().cast(pl.Int64).alias(f"{name}.unknown_roles"),
        messages.list.eval(~said).list.sum().cast(pl.Int64).alias(f"{name}.empty"),
    ]


def _calls_tools(dtype: PolarsDataType) -> bool:
    inner = dtype.inner if isinstance(dtype, pl.List) else None
    parts = {part.name: part.dtype for part in inner.fields} if isinstance(inner, pl.Struct) else {}
    return isinstance(parts.get(_CALLS), pl.List)
