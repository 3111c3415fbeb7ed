"""Show that a text stands somewhere without showing the text: ``John Doe, 42`` becomes ``J*** D**, **``."""

import re

_LETTERS = re.compile(r"[^\W\d_]+")


def mask(text: str, most: int = 60) -> str:
    """Keep the first letter of each longer word, the spaces and the punctuation; digits and initials never stay.

    Parameters
    ----------
    text
        Any text.
    most
        Characters to show; a longer text ends in ``…``.

    Examples
    --------
    >>> mask("John Q. Doe, SSN 078-05-1120")
    'J*** *. D**, S** ***-**-****'
    """
    masked = re.sub(r"\d", "*", _LETTERS.sub(_hide, text[:most]))
    return masked + "…" if len(text) > most else masked


def _hide(word: re.Match[str]) -> str:
    hidden = "*" * len(word[0])
    return hidden if len(hidden) == 1 else word[0][0] + hidden[1:]
