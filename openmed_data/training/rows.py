"""Rows of a build, or a sample of them spread over it, as the trainer sees them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

MOST = 2_000


def sample(files: Sequence[Path], columns: Sequence[str], most: int = MOST) -> list[dict[str, Any]]:
    """Return at most `most` rows, every n-th of all, with the JSON text of tool calls parsed."""
    import pyarrow.parquet as pq

    total = sum(pq.read_metadata(path).num_rows for path in files)
    step = max(1, -(-total // most))
    rows: list[dict[str, Any]] = []
    place = 0
    for path in files:
        for batch in pq.ParquetFile(path).iter_batches(columns=list(columns)):
            first = -place % step
            rows += map(parsed, batch.take(list(range(first, batch.num_rows, step))).to_pylist())
            place += batch.num_rows
    return rows


def parsed(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with the JSON text of its tool calls parsed; tools of a row stay text, as the stages read them.

    Examples
    --------
    >>> parsed({"messages": [{"role": "assistant", "tool_calls": ['{"id": "a"}']}], "tools": None})
    {'messages': [{'role': 'assistant', 'tool_calls': [{'id': 'a'}]}], 'tools': None}
    """
    found = dict(row)
    if "messages" in found:
        found["messages"] = [_message(message) for message in found["messages"]]
    return found


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    calls = message.get("tool_calls")
    if not calls:
        return {key: value for key, value in message.items() if value is not None}
    read = [json.loads(call) if isinstance(call, str) else call for call in calls]
    return {key: value for key, value in {**message, "tool_calls": read}.items() if value is not None}
