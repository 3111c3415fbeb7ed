"""Hold what a builder makes of a batch against its contract: columns, reasons, and every row accounted for."""

from collections.abc import Iterator
from functools import cache
from typing import Any, cast

import polars as pl
import pyarrow as pa

from openmed_data.builder import ROW, UID, Builder, ReasonCode, Rows
from openmed_data.errors import BooksError, BuildError
from openmed_data.kinds import Kind, schema

REJECTED = pl.Schema({ROW: pl.UInt64, "reason": pl.String, "detail": pl.String})
KEYS = pl.Schema({ROW: pl.UInt64, UID: pl.UInt64, "identity": pl.String, "answer": pl.String, "stem": pl.String})


@cache
def candidates(kind: Kind) -> pl.Schema:
    """Return the columns of candidate rows of a kind, JSON as text.

    Examples
    --------
    >>> candidates(Kind.TRACES)["n_calls"]
    Int32
    """
    return pl.Schema({ROW: pl.UInt64(), **{field.name: _dtype(field.type) for field in cast(Any, schema(kind))}})


def _dtype(kind: Any) -> pl.DataType:
    if pa.types.is_list(kind):
        return pl.List(_dtype(kind.value_type))
    if pa.types.is_struct(kind):
        return pl.Struct({name: _dtype(kind.field(name).type) for name in kind.names})
    return pl.Int32() if pa.types.is_int32(kind) else pl.String()


def hold(builder: Builder[Any, Any], batch: pl.DataFrame, rows: Rows) -> None:
    """Hold `rows`, which `builder` made of `batch`, against the contract.

    Raises
    ------
    BuildError
        A table has other columns or types than the contract says, or a row is rejected for an undeclared reason.
    BooksError
        A source row is neither used nor rejected, or is both, or a candidate comes from a row that is not used.
    """
    expected = {"kept": candidates(builder.kind), "rejected": REJECTED, "keys": KEYS}
    problems = [
        f"  {table}: {problem}"
        for table, columns in expected.items()
        for problem in _differences(getattr(rows, table).schema, columns)
    ]
    if problems:
        raise BuildError(
            "\n".join([f"builder '{builder.name}' gives other columns than the kind '{builder.kind}' has:", *problems]),
            hint="`openmed_data.kinds` and `openmed_data.builder.Rows` declare them.",
        )
    _require_reasons(builder, rows)
    _require_all_rows(builder.name, batch, rows)


def _differences(found: pl.Schema, expected: pl.Schema) -> Iterator[str]:
    """Say how columns differ, in whatever order they stand."""
    for name, kind in expected.items():
        if name not in found:
            yield f"lacks the column '{name}'; expected {kind}"
        elif found[name] != kind:
            yield f"column '{name}': found {found[name]}; expected {kind}"
    for name in found:
        if name not in expected:
            yield f"column '{name}' is unknown"


def _require_reasons(builder: Builder[Any, Any], rows: Rows) -> None:
    declared = {code.value for code in cast(Iterator[ReasonCode], builder.reasons)}
    unknown = sorted(set(rows.rejected["reason"].unique()) - declared, key=str)
    if unknown:
        raise BuildError(
            f"builder '{builder.name}' rejects rows as {', '.join(map(repr, unknown))}, which is none of its reasons",
            hint="Declare it, with its meaning, in the builder's `reasons`.",
        )


def _require_all_rows(name: str, batch: pl.DataFrame, rows: Rows) -> None:
    """Check that every source row is either used or rejected, once, and that every candidate comes from a used row."""
    accounted = pl.concat([rows.keys[ROW], rows.rejected[ROW]]).sort()
    if not accounted.equals(batch[ROW].sort()):
        lost = batch.height - accounted.n_unique()
        raise BooksError(
            f"builder '{name}' does not account for its rows: {batch.height} read, {rows.keys.height} used, "
            f"{rows.rejected.height} rejected, {lost} lost"
        )
    if not rows.kept[ROW].unique().sort().equals(rows.keys[ROW].sort()):
        raise BooksError(f"builder '{name}' gave candidates for other rows than it says it used")
