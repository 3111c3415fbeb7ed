"""JSON as traces hold it: fast, and exact where the fast library is not."""

import json
import re
from typing import Any

import orjson

# Whole numbers beyond 64 bits: orjson reads them as floats and cannot write them.
_LONG = re.compile(r"\d{19}")


def loads(text: str) -> Any:
    """Parse JSON text; whole numbers of any length stay whole.

    Raises
    ------
    ValueError
        The text is no JSON, or holds `NaN` or half of a surrogate pair.

    Examples
    --------
    >>> loads('{"n": 12345678901234567890123}')
    {'n': 12345678901234567890123}
    """
    parsed = orjson.loads(text)
    return json.loads(text) if _LONG.search(text) else parsed


def dumps(value: Any) -> str:
    """Return `value` as JSON text without spaces; keys keep their order and letters of every script stay as they are.

    Examples
    --------
    >>> dumps({"dose": 5.0, "unit": "µg"})
    '{"dose":5.0,"unit":"µg"}'
    """
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
