"""Take identifiers out of a text: as tags, as invented values, or as a mask that a log may show."""

import hashlib
import re
from collections.abc import Sequence
from enum import StrEnum

from .kinds import Finding
from .surrogates import Surrogates

__all__ = ["Action", "mask", "redact"]


class Action(StrEnum):
    """What to put in the place of a finding."""

    REDACT = "redact"
    """The type in brackets: ``[NAME]``."""
    SURROGATE = "surrogate"
    """An invented value of the same form, the same one for the same identifier throughout the text."""


def redact(
    text: str, findings: Sequence[Finding], action: Action | str = Action.REDACT, *, seed: int = 0, document: str = ""
) -> str:
    """Return ``text`` with each finding replaced.

    Parameters
    ----------
    text
        The text in which :func:`openmed_data.validation.phi.scan` found ``findings``.
    findings
        Spans without overlap, in any order.
    action
        ``"redact"`` or ``"surrogate"``.
    seed
        Seed of the surrogates.
    document
        What the text belongs to, for example a row id: texts of one document share surrogates and the shift of dates.
        Empty, each text is a document of its own.

    Raises
    ------
    ValueError
        If two findings overlap or one lies outside the text, or the action is unknown.

    Examples
    --------
    >>> from openmed_data.validation.phi import scan
    >>> text = "Seen by Dr. Alice Smith; MRN 00123456."
    >>> redact(text, scan([text])[0])
    'Seen by [NAME]; MRN [MRN].'
    """
    chosen = Action(action)
    invent = Surrogates(seed, document or hashlib.sha256(text.encode()).hexdigest())
    parts: list[str] = []
    last = 0
    for found in sorted(findings):
        if not last <= found.start < found.end <= len(text):
            raise ValueError(
                f"finding {found.start}:{found.end} overlaps another or leaves a text of {len(text)} characters"
            )
        value = text[found.start : found.end]
        tag = f"[{found.type.value}]"
        parts += text[last : found.start], tag if chosen is Action.REDACT else invent.value(value, found.type)
        last = found.end
    return "".join([*parts, text[last:]])


def mask(fragment: str) -> str:
    """Return what a report may show of an identifier: the first letter of each word, the rest as asterisks.

    Digits are all hidden, a single letter too, since a mask must not give the identifier back.

    Examples
    --------
    >>> mask("John Doe"), mask("123-45-6789"), mask("a.smith@mail.example.org")
    ('J*** D**', '***-**-****', 'a.s****@m***.e******.o**')
    """
    words = re.sub(r"[^\W\d_]{2,}", lambda word: word[0][0] + "*" * (len(word[0]) - 1), fragment)
    return re.sub(r"\d", "*", words)
