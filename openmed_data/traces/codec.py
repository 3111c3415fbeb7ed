"""JSON as traces hold it: fast, and exact where the fast library is not."""

import json
from typing import Any

import orjson

# Whole numbers beyond 64 bits: orjson reads them as floats and cannot write them. That a text has so many digits in a
# row is seen fastest when all digits look alike.
_LONG = b"0" * 19
_ALIKE = bytes(ord("0") if chr(byte).isdigit() and byte < 128 else ord(" ") for byte in range(256))


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
    raw = text.encode()
    parsed = orjson.loads(raw)
    return json.loads(text) if _LONG in raw.translate(_ALIKE) else parsed


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
