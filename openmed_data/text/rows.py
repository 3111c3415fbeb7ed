"""The text of a row as strings: what it asks, and what it tells."""

import polars as pl
from polars._typing import PolarsDataType

from openmed_data.kinds import Kind

_ASKED = {Kind.PREFERENCES: "prompt", Kind.REWARDS: "prompt", Kind.SFT: "messages", Kind.TRACES: "messages"}
_TOLD = {
    Kind.PREFERENCES: ("chosen", "rejected"),
    Kind.REWARDS: ("choices", "answer", "reference_reasoning"),
    Kind.SFT: ("messages",),
    Kind.TRACES: ("messages",),
}
_ASKING = ("user", "human")


def asked(frame: pl.DataFrame, kind: Kind) -> pl.Series:
    """Return what each row asks: its prompt without the system's part, or the user's turns of its conversation.

    Examples
    --------
    >>> turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]
    >>> asked(pl.DataFrame({"messages": [turns + [{"role": "assistant", "content": "So."}]]}), Kind.SFT).to_list()
    ['Why?']
    """
    column = _ASKED[kind]
    return frame.select(_text(column, frame.schema.get(column, pl.Null()), asking=True).alias("asked")).to_series()


def told(frame: pl.DataFrame, kind: Kind) -> pl.Series:
    """Return what each row tells: replies, options, reasoning, the results and calls of tools; null where nothing.

    Examples
    --------
    >>> frame = pl.DataFrame({"prompt": [[{"role": "user", "content": "Why?"}]], "answer": ["So."], "id": ["1"]})
    >>> told(frame, Kind.REWARDS).to_list()
    ['So.']
    """
    parts = [_text(name, frame.schema[name], asking=False) for name in _TOLD[kind] if name in frame.columns]
    joined = pl.concat_str(parts, separator="\n", ignore_nulls=True) if parts else pl.lit(None, pl.String)
    return frame.select(pl.int_range(pl.len()), pl.when(joined != "").then(joined).alias("told"))["told"]


def _text(name: str, dtype: PolarsDataType, *, asking: bool) -> pl.Expr:
    """Join the texts below a column; of messages those of the user, or of all others with their tool calls."""
    if dtype == pl.String:
        return pl.col(name)
    if not isinstance(dtype, pl.List):
        return pl.lit(None, pl.String)
    if dtype.inner == pl.String:
        return pl.col(name).list.join("\n", ignore_nulls=True)
    parts = {part.name: part.dtype for part in dtype.inner.fields} if isinstance(dtype.inner, pl.Struct) else {}
    if not {"role", "content"} <= parts.keys():
        return pl.lit(None, pl.String)
    message = pl.element().struct
    texts = [message.field("content").cast(pl.String)]
    if not asking and parts.get("tool_calls") == pl.List(pl.String):
        texts.append(message.field("tool_calls").list.join("\n", ignore_nulls=True))
    line = pl.concat_str(texts, separator="\n", ignore_nulls=True)
    from_user = message.field("role").cast(pl.String).is_in(_ASKING)
    return pl.col(name).list.eval(pl.when(from_user == asking).then(line)).list.join("\n", ignore_nulls=True)
