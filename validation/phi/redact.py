"""Take identifiers out of a text: as tags, as invented values, or as a mask that a log may show."""

import re
from collections.abc import Sequence

from .kinds import Finding
from .surrogates import Surrogates

_LETTERS = re.compile(r"[^\W\d_]+")


def redact(text: str, findings: Sequence[Finding], invent: Surrogates | None = None) -> str:
    """Return ``text`` with each finding replaced by its type in brackets, or by an invented value.

    Parameters
    ----------
    text
        The text in which :func:`openmed_data.validation.phi.scan` found ``findings``.
    findings
        Spans without overlap, in any order.
    invent
        The invented values of the document that the text belongs to; texts that share it share names and the shift of
        dates.

    Raises
    ------
    ValueError
        If two findings overlap or one lies outside the text.

    Examples
    --------
    >>> from openmed_data.validation.phi import scan
    >>> text = "Seen by Dr. Alice Smith; MRN 00123456."
    >>> redact(text, scan([text])[0])
    'Seen by [NAME]; MRN [MRN].'
    """
    parts: list[str] = []
    last = 0
    for found in sorted(findings):
        if not last <= found.start < found.end <= len(text):
            raise ValueError(
                f"finding {found.start}:{found.end} overlaps another or leaves a text of {len(text)} characters"
            )
        value = text[found.start : found.end]
        parts += text[last : found.start], invent.value(value, found.type) if invent else f"[{found.type.value}]"
        last = found.end
    return "".join([*parts, text[last:]])


def mask(fragment: str) -> str:
    """Return what a report may show of an identifier: the first letter of each word, the rest as asterisks.

    Digits are all hidden, a single letter too, since a mask must not give the identifier back.

    Examples
    --------
    >>> mask("John Doe"), mask("123-45-6789"), mask("a.smith@mail.example.org")
    ('J*** D**', '***-**-****', '*.s****@m***.e******.o**')
    """
    return re.sub(r"\d", "*", _LETTERS.sub(_hide, fragment))


def _hide(word: re.Match[str]) -> str:
    hidden = "*" * len(word[0])
    return hidden if len(hidden) == 1 else word[0][0] + hidden[1:]
