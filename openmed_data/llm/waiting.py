"""How long to wait before the next attempt."""

import random
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

_FIRST = 0.5
_LONGEST = 30.0
_SPREAD = 0.1


def backoff(attempt: int) -> float:
    """Return seconds to wait after attempt number `attempt`, counted from 1.

    Exponential with full jitter: a random share of 0.5 s, 1 s, 2 s … at most 30 s (M. Brooker, "Exponential Backoff And
    Jitter", AWS Architecture Blog, 2015).
    """
    return random.uniform(0, min(_LONGEST, _FIRST * 2 ** (attempt - 1)))  # noqa: S311


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a response asks to wait (RFC 9110, 10.2.3), or None where it does not ask.

    A date is compared with the response's own, so that a wrong clock on this machine does no harm.

    Examples
    --------
    >>> retry_after({"retry-after": "1.5"})
    1.5
    >>> retry_after({"retry-after": "Fri, 31 Jan 2025 23:59:59 GMT", "date": "Fri, 31 Jan 2025 23:59:49 GMT"})
    10.0
    >>> retry_after({"retry-after": "soon"}) is None
    True
    """
    asked = headers.get("retry-after", "").strip()
    if not asked:
        return None
    try:
        seconds = float(asked)
    except ValueError:
        then, now = _timestamp(asked), _timestamp(headers.get("date", "")) or time.time()
        if then is None:
            return None
        seconds = then - now
    return max(0.0, seconds) if seconds < float("inf") else None


def _timestamp(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError):
        return None


class Gate:
    """Says how long every request is to be held back since the endpoint asks for it."""

    def __init__(self) -> None:
        self._opens = 0.0

    def close_for(self, seconds: float) -> None:
        """Let nothing pass for so long."""
        self._opens = max(self._opens, time.monotonic() + seconds)

    def closed(self) -> float:
        """Return how long to wait before asking again; a little more for some, so that not all come at once."""
        left = self._opens - time.monotonic()
        return left * (1 + random.uniform(0, _SPREAD)) if left > 0 else 0.0  # noqa: S311
