"""Words as this repair sees them: runs of letters, parted again where a capital shows that a space was lost."""

import re

_SEGMENT = re.compile(r"[A-Z]+(?![^\WA-Z\d_])|[A-Z]?[^\WA-Z\d_]+")
_SHORT_ACRONYM = 4


def segments(token: str) -> list[str]:
    """Part a run of letters at its inner capitals.

    Examples
    --------
    >>> segments("HypotensionHea")
    ['Hypotension', 'Hea']
    >>> segments("PMAemisinin")
    ['PM', 'Aemisinin']
    """
    return _SEGMENT.findall(token)


def may_be_acronym(segment: str) -> bool:
    """Tell capitals too short to be told from an acronym (HEA, STA); they are never read as whole damaged words."""
    return segment.isupper() and len(segment) <= _SHORT_ACRONYM


def like(segment: str, repaired: str) -> str:
    """Give `repaired` the case of `segment`.

    Examples
    --------
    >>> like("Aery", "artery"), like("AERY", "artery"), like("aery", "artery")
    ('Artery', 'ARTERY', 'artery')
    """
    if segment.isupper() and len(segment) > 1:
        return repaired.upper()
    return repaired[0].upper() + repaired[1:] if segment[0].isupper() else repaired
