"""Take identifiers out of a text: as tags, or as invented values."""

from collections.abc import Sequence

from .kinds import Finding
from .surrogates import Surrogates


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
