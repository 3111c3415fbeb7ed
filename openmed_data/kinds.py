"""The four kinds of dataset and the one Arrow schema of each.

Message lists have the field's standard shape (`role`, `content`). Tool calls and tool schemas are JSON text in a
string column: a struct inferred from unlike arguments pads every other key with null and corrupts the schemas.
Where a row has no tools, they are null: an empty list of them is to some templates a list to explain.
"""

from enum import StrEnum
from typing import Any

import pyarrow as pa


class Kind(StrEnum):
    """What a dataset is for."""

    SFT = "sft"
    PREFERENCES = "preferences"
    REWARDS = "rewards"
    TRACES = "traces"


MESSAGE = pa.struct([pa.field("role", pa.string()), pa.field("content", pa.string())])
MESSAGES = pa.list_(MESSAGE)
TOOL_MESSAGE = pa.struct(
    [
        pa.field("role", pa.string()),
        pa.field("content", pa.string()),
        pa.field("tool_calls", pa.list_(pa.json_())),
        pa.field("tool_call_id", pa.string()),
        pa.field("name", pa.string()),
    ]
)
TOOL_MESSAGES = pa.list_(TOOL_MESSAGE)

SHARED: "tuple[pa.Field[Any], ...]" = (
    pa.field("id", pa.string()),
    pa.field("source", pa.string()),
    pa.field("source_id", pa.string()),
    pa.field("license", pa.string()),
)

_COLUMNS: dict[Kind, "tuple[pa.Field[Any], ...]"] = {
    Kind.SFT: (
        pa.field("messages", TOOL_MESSAGES),
        pa.field("tools", pa.string()),
        pa.field("domain", pa.string()),
        pa.field("origin", pa.string()),
    ),
    Kind.PREFERENCES: (
        pa.field("prompt", MESSAGES),
        pa.field("chosen", MESSAGES),
        pa.field("rejected", MESSAGES),
        pa.field("chosen_label", pa.string()),
        pa.field("rejected_label", pa.string()),
        pa.field("subject", pa.string()),
        pa.field("topic", pa.string()),
    ),
    Kind.REWARDS: (
        pa.field("prompt", MESSAGES),
        pa.field("answer", pa.string()),
        pa.field("answer_type", pa.string()),
        pa.field("choices", pa.list_(pa.string())),
        pa.field("answer_label", pa.string()),
        pa.field("accepted_answers", pa.list_(pa.string())),
        pa.field("reference_reasoning", pa.string()),
        pa.field("dataset", pa.string()),
    ),
    Kind.TRACES: (
        pa.field("messages", TOOL_MESSAGES),
        pa.field("tools", pa.string()),
        pa.field("format", pa.string()),
        pa.field("n_calls", pa.int32()),
    ),
}


def schema(kind: Kind) -> pa.Schema:
    """Return the Arrow schema every shard of `kind` has, shared columns first.

    Examples
    --------
    >>> schema(Kind.PREFERENCES).names[:6]
    ['id', 'source', 'source_id', 'license', 'prompt', 'chosen']
    """
    return pa.schema([*SHARED, *_COLUMNS[kind]])


def kind_of(columns: set[str]) -> Kind | None:
    """Return the kind whose own columns all occur in `columns`, or None where no single kind fits.

    Examples
    --------
    >>> kind_of({"prompt", "chosen", "rejected"})
    <Kind.PREFERENCES: 'preferences'>
    >>> kind_of({"text"}) is None
    True
    """
    needed = {
        Kind.PREFERENCES: {"prompt", "chosen", "rejected"},
        Kind.REWARDS: {"prompt", "answer", "answer_type"},
        Kind.TRACES: {"messages", "tools", "n_calls"},
        Kind.SFT: {"messages"},
    }
    return next((kind for kind, names in needed.items() if names <= columns), None)
