"""What a source writes in Python's notation: calls, and arguments that are text whatever their type.

The Hermes set has calls such as `{'name': 'weigh', 'arguments': {'bed': 4}}`; API-Bank writes `"2"` for a number and
`"['a', 'b']"` for a list. There only the declared type tells `"970420"` the code from 970420 the number.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from openmed_data.traces.codec import dumps, loads
from openmed_data.traces.toolbox import Toolbox
from openmed_data.traces.trace import Call, Message

LITERAL = "calls written in Python's notation read"
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
    value = _literal(text)
    fits = isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))
    return value if fits else text


def as_json(text: str) -> str:
    """Return an object or a list in Python's notation as JSON; any other text as it stands.

    Examples
    --------
    >>> as_json("{'bed': 4, 'late': True}"), as_json('{"bed": true}'), as_json("{'bed': open('x')}")
    ('{"bed":4,"late":true}', '{"bed": true}', "{'bed': open('x')}")
    """
    try:
        loads(text)
    except ValueError:
        value = _literal(text)
        return dumps(value) if isinstance(value, dict | list) else text
    return text


def _literal(text: str) -> Any:
    """Return the value of a literal that JSON can hold too, None where the text is none."""
    try:
        value: Any = ast.literal_eval(text.strip())
        return value if loads(dumps(value)) == value else None
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
