"""What a whole text is about, where that decides whether a place or a date in it belongs to one person."""

import re

from .words import cues

__all__ = ["is_study"]

_STUDY = re.compile(rf"(?i)\b{cues('study')}\b")


def is_study(text: str) -> bool:
    """Tell whether a text reports on a study: its hospitals and dates are those of the work, not of a patient.

    Examples
    --------
    >>> is_study("We enrolled 61 patients at Westmead Hospital.")
    True
    """
    return bool(_STUDY.search(text))
