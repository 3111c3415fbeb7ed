"""Show that a text stands somewhere without showing the text: ``John Doe, 42`` becomes ``J*** D**, **``."""

import re

_REST_OF_WORD = re.compile(r"(?<=[^\W\d_])[^\W_]+|[\d]")


def mask(text: str, most: int = 60) -> str:
    """Keep the first letter of each word, the spaces and the punctuation; digits never stay.

    Parameters
    ----------
    text
        Any text.
    most
        Characters to show; a longer text ends in ``…``.

    Examples
    --------
    >>> mask("John Doe, SSN 078-05-1120")
    'J*** D**, S** ***-**-****'
    """
    masked = _REST_OF_WORD.sub(lambda hit: "*" * len(hit[0]), text[:most])
    return masked + "…" if len(text) > most else masked
