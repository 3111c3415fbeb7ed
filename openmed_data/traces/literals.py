"""Arguments that a source writes as text whatever their type: `"2"` for a number, `"['a', 'b']"` for a list.

API-Bank does, in Python's notation. Only the declared type tells `"970420"` the code from 970420 the number.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from openmed_data.traces.codec import dumps, loads
from openmed_data.traces.toolbox import Toolbox
from openmed_data.traces.trace import Call, Message

UNQUOTED = "arguments written as text read as the type that the tool declares"
_TYPES: Mapping[str, Any] = {"array": list, "object": dict, "integer": int, "number": (int, float), "boolean": bool}
_MOST = 10_000  # characters of a literal


def unquoted(messages: Sequence[Message], tools: Toolbox) -> tuple[Message, ...]:
    """Return messages whose calls have arguments of the declared types, where the source wrote all of them as text.

    An argument that is no literal of its type stays as it is. A source that writes one argument as what it is means
    the others to be text.
    """
    given = [value for message in messages for call in message.calls for value in call.arguments.values()]
    if not all(isinstance(value, str) for value in given):
        return tuple(messages)
    schemas = {tool["function"]["name"]: tool["function"]["parameters"]["properties"] for tool in tools.tools}
    return tuple(
        replace(message, calls=tuple(_call(call, schemas.get(call.name, {})) for call in message.calls))
        for message in messages
    )


def _call(call: Call, declared: Mapping[str, Any]) -> Call:
    return Call(call.name, {key: _value(text, declared.get(key)) for key, text in call.arguments.items()}, call.id)


def _value(text: str, schema: Any) -> Any:
    """Return the value of a literal of the type that `schema` names; the text itself where it is none."""
    stated: Any = cast("dict[str, Any]", schema).get("type") if isinstance(schema, dict) else None
    wanted = _TYPES.get(stated) if isinstance(stated, str) else None
    if wanted is None or len(text) > _MOST:
        return text
    try:
        value: Any = ast.literal_eval(text.strip())
        is_json = loads(dumps(value)) == value
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text
    fits = isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))
    return value if fits and is_json else text
