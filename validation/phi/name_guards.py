"""What a name is made of, and what looks like one but names no patient: eponyms, authors, figures of history."""

import re

from .words import alternation, phrases, words

__all__ = [
    "CAP",
    "FIRST",
    "INITIAL",
    "PARTICLES",
    "SURE_FIRST",
    "SURNAMES",
    "core",
    "is_citation",
    "is_eponym",
    "is_figure",
    "is_known",
]

FIRST = words("first_names") | words("ambiguous_first_names")
SURE_FIRST = words("first_names") - words("ambiguous_first_names")
SURNAMES = words("surnames")
CAP = r"(?:[A-Z]'[A-Z][a-z]+|[A-Z][A-Za-z]*[a-z])(?:['-][A-Z][A-Za-z]*[a-z])*"
INITIAL = r"[A-Z](?:\.|\b(?!['-]))"

_STOP = words("not_names")
_FAMOUS = phrases("eponyms")
PARTICLES = frozenset({"de", "la", "da", "van", "der", "von", "bin", "al"})
_MEDICAL = re.compile(
    r"(?:a?emia|itis|osis|oma|pathy|plasty|ectomy|ostomy|otomy|uria|algia|trophy|plasia|genesis|lysis|sclerosis|atresia|phobia|cillin"
    r"|mycin|azole|statin|pril|sartan|olol|ase|ide|ate|ine|gen|cyte|blast|virus|coccus|glycan|globin|globulin|syndrome|scopy|graphy"
    r"|gram|logy|metry|therapy|tension|oid|ium|ic|al|ous|ive|ary|ism|tion)$"
)
_NOUN = re.compile(rf"(?:'s?)?(?: [A-Z][a-z-]+)?[ -](?i:{alternation(phrases('eponym_nouns'))})\b")
_FIGURE = re.compile(rf"(?i)\b{alternation(phrases('figures_cues'))}\b")
_CITED = re.compile(
    r"(?i)[^\n]{0,40}?(?:\d ?/ ?e\b|\d(?:st|nd|rd|th)? ?ed\b|\bed(?:itio)?n\b|\bpp?(?:age|g)?[ .-]*(?:no)?[. ]*\d"
    r"|\bet al\b|\b(?:obs|gynae|textbook|surgery|pathology|physiology) \d)"
    r"| (?:Obs|Gynae|Textbook|Serum|Principles|Manual)\b"
)


def core(run: str, *, terms: bool = True) -> tuple[int, str]:
    """Return the part of a run of capitalised words that can be a name, and how many characters stand before it.

    Words such as "Patient" are cut off in front; the name ends before the next such word, and with
    ``terms`` also before what ends like a medical term and is on no list of names.

    Examples
    --------
    >>> core("Patient Alice Smith Denies")
    (8, 'Alice Smith')
    """
    parts = run.split(" ")
    skipped = 0
    while parts and parts[0] in _STOP:
        skipped += len(parts.pop(0)) + 1
    kept: list[str] = []
    for part in parts:
        # A given name and an initial ask for a surname: "John Q. Public".
        asked = len(kept) > 1 and kept[0] in FIRST and len(kept[-1].rstrip(".")) == 1
        term = terms and not asked and _MEDICAL.search(part) and part not in FIRST and part not in SURNAMES
        if part in _STOP or term:
            break
        kept.append(part)
    while kept and kept[-1] in PARTICLES:
        kept.pop()
    return skipped, " ".join(kept)


def is_known(name: str) -> bool:
    """Tell whether a list holds one of the words of a name."""
    return any(part.split("-")[0] in FIRST or part in SURNAMES for part in name.split(" "))


def is_eponym(text: str, name: str, end: int) -> bool:
    """Tell whether ``name``, ending at ``end``, is a figure of history or stands before a word such as "syndrome"."""
    return " ".join(name.split(" ")[:2]) in _FAMOUS or bool(_NOUN.match(text, end))


def is_figure(text: str, start: int, end: int) -> bool:
    """Tell whether the words around a name speak of a discoverer, an author or a theory."""
    return bool(_FIGURE.search(text, max(0, start - 60), end + 60))


def is_citation(text: str, end: int) -> bool:
    """Tell whether an edition, a page or "et al" follows a name."""
    return bool(_CITED.match(text, end))
