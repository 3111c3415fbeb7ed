"""Places a person was at: the hospital, clinic or town of a visit, and others once a row is about a person."""

import re
from collections.abc import Iterator

from .context import is_study
from .kinds import Candidate, IdentifierType, Level
from .rules_addresses import STATE, STREET, TOWN_STATE
from .words import alternation, cues, phrases, words

__all__ = ["CARE_GATES", "HOME_GATE", "care_places", "companion_places", "home_places"]

_KNOWN_PLACES = alternation(phrases("facilities"))
_CITIES = alternation(phrases("cities"))
_KINDS = "(?:Hospital|Clinic|County|Med|Medical|Health|Infirmary|Hospice|Institute|Cent(?:er|re)|Memorial|General)"
CARE_GATES = (
    (r"(?-u:\b)at (?:the |our )?(?:[A-Z][a-z]|[A-Z]{2})",),
    (
        rf"{_KINDS}|St\. |Mt\. |{_KNOWN_PLACES}",
        rf"[A-Za-z'] {_KINDS}(?-u:\b)|(?:St|Mt)\.? [A-Z]|(?-u:\b){_KNOWN_PLACES}(?-u:\b)",
    ),
)
"""A row that passes neither chain names no hospital, clinic or place after "at"."""

_WORD = r"(?:(?:St|Mt|Ft)\.? |[A-Z][A-Za-z'&-]*[a-z]'?s? |[A-Z]{2,5} |(?:of|and|for|the|&) )"
_KEYWORD = (
    r"(?:(?:University |Regional |Community |Memorial |General |Medical |Health |Children's |County |Surgical )*"
    r"(?:Hospitals?|[Hh]osp\b\.?|Clinics?|Med(?:ical)? (?:Center|Centre|Ctr|Campus|Group|Plaza)|Medical|Med\b"
    r"|Health(?:care)?(?: Care| System| Network| Center| Services)?|Infirmary|Hospice|Sanatorium"
    r"|(?:Heart|Cancer|Eye|Neurology|Surgery|Wellness|Care|Dialysis|Trauma|Imaging|Rehab(?:ilitation)?)? ?"
    r"(?:Institute|Center|Centre)|Nursing Home|County|Memorial|General|VA|Methodist|Presbyterian|hospital|clinic))"
)
_NEXT_TOWN = rf"(?:,? (?:in )?{TOWN_STATE}|,? (?:in )?{_CITIES}\b|, {STATE}\b)?"
_FACILITY = re.compile(
    rf"\b(?!The )(?:St\. |(?:[A-Z][A-Za-z'&-]*[a-z]'?s?|[A-Z]{{2,5}}) ){_WORD}{{0,4}}?{_KEYWORD}(?:\s{_KEYWORD})?"
    rf"(?![A-Za-z-])(?:(?<!Health)|(?! (?:and )?[A-Z])){_NEXT_TOWN}"
)
_SAINT = re.compile(rf"\b(?:St\.?|Saint|Mt\.?|Mount) [A-Z][a-z]+(?:'s)?(?: {_KEYWORD})?{_NEXT_TOWN}")
_KNOWN = re.compile(rf"\b{_KNOWN_PLACES}\b(?: {_WORD}{{0,2}}{_KEYWORD})?{_NEXT_TOWN}")
_AFTER_AT = re.compile(r"\b(?P<at>at|by|of|under|in|from|to) (?:the |our )?(?=[A-Z])")
_PROPER = re.compile(r"(?:(?:St|Mt|Ft)\.? )?[A-Z][A-Za-z'&-]+(?: (?:St\. |of |and )?[A-Z][A-Za-z'&.-]*[A-Za-z])*")
_CARE_BEFORE = re.compile(rf"(?i)\b{cues('care')}\b")
# Bodies that serve the public: to have been named by one says nothing of where a patient was.
_PUBLIC_BODY = re.compile(r"\bNational\b|Surgeon General|^University$")
_EVERYWHERE = re.compile(r" Anonymous$")  # groups of Alcoholics Anonymous and its kin meet in every town
_NOT_A_PLACE = words("not_places")


def care_places(text: str) -> Iterator[Candidate]:
    """Yield the named hospital, clinic or town at which the text says somebody was seen.

    A text about a study rather than a person names its hospital as its author's address: that is level 1.
    """
    for found in _AFTER_AT.finditer(text):
        sentence = re.split(r"[.?!;]\s+(?=[A-Z])|\n", text[max(0, found.start() - 64) : found.start()])[-1]
        span = _place(text, found.end(), only_named=found["at"] != "at") if _CARE_BEFORE.search(sentence) else None
        if span:
            yield Candidate(*span, IdentifierType.LOCATION, Level.QUASI if is_study(text) else Level.CONTEXT)


def _place(text: str, start: int, *, only_named: bool) -> tuple[int, int] | None:
    """Return the span of the place that begins at ``start``; ``only_named`` asks for "Hospital" or the like in it."""
    proper = _PROPER.match(text, start)
    if proper is None or proper[0].split()[0] in _NOT_A_PLACE or _EVERYWHERE.search(proper[0]):
        return None
    for pattern in (_FACILITY, _SAINT, _KNOWN):
        whole = pattern.match(text, start)
        if whole and not _PUBLIC_BODY.search(whole[0]):
            return whole.span()
    shouted = proper[0].isupper()
    return None if only_named or shouted or len(proper[0]) < 4 else proper.span()


HOME_GATE = (
    r"(?:[Ll]iv(?:e|es|ed|ing)|[Rr]esid(?:es?|ed|ing|ent)|[Nn]ative|[Ii]nmate|[Ii]ncarcerated|[Ss]tudent|[Ww]orks|"
    r"[Ee]mployed) (?:in|near|of|at|on|by) (?:the )?[A-Z]"
)
"""A row that does not match this tells of no town, street or institution as somebody's own."""
_DWELLS = r"(?i:\b(?:liv(?:es?|ed|ing)|resid(?:es?|ed|ing|ent)|native) (?:in|near|of|at|on)) "
_HOME_TOWN = re.compile(rf"{_DWELLS}(?P<id>{TOWN_STATE}|{_CITIES}\b(?:, {STATE}\b)?|{STREET})")
_STAYS = re.compile(
    r"(?i:\b(?:(?P<of>resident of)|(?:resides|lives|living|student|works|incarcerated|inmate|employed) at)) (?:the )?"
    r"(?P<id>[A-Z][A-Za-z'&-]+(?: [A-Z][A-Za-z'&-]+)+)"
)
_INSTITUTION = re.compile(rf"\b{_KEYWORD}")


def home_places(text: str) -> Iterator[Candidate]:
    """Yield the town or street where somebody lives, and the home, school, prison or firm where he is to be found."""
    level = Level.QUASI if is_study(text) else Level.CONTEXT
    for pattern in (_HOME_TOWN, _STAYS):
        for found in pattern.finditer(text):
            land = pattern is _STAYS and found["of"] and not _INSTITUTION.search(found["id"])  # "of New Mexico"
            if not land and found["id"].split()[0] not in _NOT_A_PLACE:
                yield Candidate(*found.span("id"), IdentifierType.LOCATION, level)


_CITY = re.compile(
    r"(?:(?<= in )|(?<= at )|(?<= from )|(?<= near )|(?<= of )|(?<= to )|(?<= our )|(?<= the )|(?<=, )|(?<=: ))"
    rf"(?:(?:{TOWN_STATE})|{_CITIES}\b(?:, {STATE}\b)?(?: (?:[a-z]+ )?(?:clinic|hospital|office|branch|campus)\b)?)"
)
_AT = re.compile(r"\bat (?:the |our )?(?P<id>[A-Z][A-Za-z'&-]*[A-Za-z](?: [A-Z][A-Za-z'&-]*[A-Za-z])*)")


def companion_places(text: str) -> Iterator[Candidate]:
    """Yield places that matter once a row holds a person: facilities, towns, and whatever name follows "at"."""
    for pattern in (_FACILITY, _SAINT, _KNOWN, _CITY):
        for found in pattern.finditer(text):
            if found[0].split()[0] not in _NOT_A_PLACE and not _PUBLIC_BODY.search(found[0]):
                yield Candidate(*found.span(), IdentifierType.LOCATION, Level.CONTEXT)
    for found in _AT.finditer(text):
        named = found["id"]
        if named.split()[0] not in _NOT_A_PLACE and not _PUBLIC_BODY.search(named) and not _EVERYWHERE.search(named):
            yield Candidate(*found.span("id"), IdentifierType.LOCATION, Level.CONTEXT)
