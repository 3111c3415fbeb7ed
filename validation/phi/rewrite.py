"""Put other texts into a nested value, at the paths that `leaves` gives them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from .fields import named_items, parsed

__all__ = ["rewrite"]


def rewrite(value: Any, path: str, texts: Mapping[str, str]) -> Any:
    """Return ``value``, which stands at ``path``, with the text at each path of ``texts`` replaced.

    A JSON object or list written as a string stays one; a number in it that is replaced becomes a text.

    Examples
    --------
    >>> call = {"name": "book", "arguments": '{"patient": "Alice Smith", "day": 3}'}
    >>> rewrite(call, "tool", {"tool.arguments.patient": "[NAME]"})
    {'name': 'book', 'arguments': '{"patient": "[NAME]", "day": 3}'}
    """
    if isinstance(value, str):
        inner = parsed(value)
        if inner is None:
            return texts.get(path, value)
        changed = rewrite(inner, path, texts)
        return value if changed == inner else json.dumps(changed, ensure_ascii=False)
    if isinstance(value, Mapping):
        items = named_items(cast("Mapping[object, object]", value))
        return {
            texts.get(f"{path}{named}", key) if named != key else key: rewrite(one, f"{path}.{named}", texts)
            for key, one, named in items
        }
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [rewrite(one, f"{path}[{place}]", texts) for place, one in enumerate(cast("Sequence[Any]", value))]
    return texts.get(path, value)
