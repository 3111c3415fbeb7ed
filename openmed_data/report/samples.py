"""Rows to show: messages as a person reads them, and nothing of a row in which a check found something."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import polars as pl

from openmed_data.mask import mask
from openmed_data.report.model import Sample

MOST_CHARACTERS = 1_500
_MASKED_CHARACTERS = 200


def make_samples(
    rows: Sequence[tuple[str, pl.DataFrame]], flagged: Callable[[pl.DataFrame], bool]
) -> tuple[Sample, ...]:
    """Turn rows into samples.

    Parameters
    ----------
    rows
        Split and row, as a frame of one.
    flagged
        Whether a check finds anything in the row. Such a row is masked in every field: what one check found in one
        field may well stand in another that no check looks at.
    """
    return tuple(_sample(split, row, hidden=flagged(row)) for split, row in rows)


def _sample(split: str, row: pl.DataFrame, *, hidden: bool) -> Sample:
    texts = {name: _text(value) for name, value in row.row(0, named=True).items()}
    name = texts.pop("id", "")
    fields = {field: mask(text, _MASKED_CHARACTERS) if hidden else _cut(text) for field, text in texts.items() if text}
    return Sample(mask(name) if hidden else name, split, fields, masked=hidden)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value:
        parts = cast(list[Any], value)
        if all(isinstance(one, dict) and "role" in one for one in parts):
            return "\n\n".join(_message(one) for one in parts)
    return json.dumps(value, ensure_ascii=False, default=str)


def _message(message: Mapping[str, Any]) -> str:
    calls: Sequence[Any] = message.get("tool_calls") or ()
    return "\n".join([f"{message['role']}: {message.get('content') or ''}", *(f"→ {call}" for call in calls)])


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS] + "…"
