"""Places smaller than a state: street addresses, postal codes, the hospital or clinic where somebody was seen."""

import re
from collections.abc import Iterator

from .context import is_study
from .kinds import Candidate, IdentifierType, Level
from .words import alternation, phrases

__all__ = ["ADDRESS_GATES", "CARE_GATES", "addresses", "care_places", "companion_places"]

_SUFFIX = (
    r"(?:Street|St|Avenue|Ave|Av|Road|Rd|Lane|Ln|Drive|Dr|Court|Ct|Boulevard|Blvd|Way|Place|Pl|Terrace|Ter|Circle|Cir|Parkway|Pkwy"
    r"|Highway|Hwy|Square|Sq|Trail|Trl|Crescent|Close|Alley)"
)
ADDRESS_GATES = (
    rf" {_SUFFIX}(?-u:\b)|[bB][oO][xX] [#0-9]|[zZ][iI][pP]|[pP]ost(?:al)? ?[cC]ode|[A-Za-z] [0-9]{{5}}(?-u:\b)",
    rf"(?-u:\b)[0-9]{{1,5}}[A-Za-z]? (?:[A-Z0-9][A-Za-z0-9.'-]* ){{1,4}}{_SUFFIX}(?-u:\b)"
    r"|(?i:p\.? ?o\.? box )|(?i:zip|postal code|post code)|,? [A-Z][a-z.]+,? (?:[A-Z]{2}|[A-Z][a-z]+) [0-9]{5}(?-u:\b)",
)
"""A row must match both to hold a postal address: a word of streets or a ZIP; then the address around it."""

_CODES = r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY])"
_STATE = rf"(?:{_CODES}|{alternation(phrases('states'))})"
_TOWN = r"[A-Z][a-z]+(?:[ -][A-Z][a-z]+){0,2}|(?:St|Ft|Mt)\. [A-Z][a-z]+"
_TOWN_STATE = rf"(?:{_TOWN}),? {_STATE}\b(?:,? \d{{5}}(?:-\d{{4}})?)?"
_UNIT = r"(?:,? (?:Apt|Apartment|Unit|Suite|Ste|Floor|Fl|Room|Rm|No)\.? ?#?[\w-]+|,? ?#\w+)?"
_TAIL = rf"(?:,?\s(?:{_TOWN_STATE})|,\s{alternation(phrases('cities'))}\b(?: \d{{5}})?)?"
_STREET = re.compile(
    rf"\b\d{{1,5}}[A-Za-z]? (?:[NSEW]\.? )?(?:[A-Z][A-Za-z.'-]*|\d{{1,3}}(?:st|nd|rd|th))(?: [A-Z][A-Za-z.'-]*){{0,3}}? {_SUFFIX}\b\.?{_UNIT}{_TAIL}"
)
_BOX = re.compile(rf"(?i:\bp\.? ?o\.? box) #?\d+{_TAIL}")
_ZIP = re.compile(
    rf"\b{_TOWN_STATE}(?<=\d{{5}})\b|(?i:\b(?:zip|postal|post)(?: ?code)?:?(?: is)? )(?P<id>\d{{5}}(?:-\d{{4}})?)\b"
)


def addresses(text: str) -> Iterator[Candidate]:
    """Yield street addresses, post-office boxes, and towns with their ZIP."""
    for pattern in (_STREET, _BOX, _ZIP):
        for found in pattern.finditer(text):
            start, end = found.span("id") if pattern is _ZIP and found["id"] else found.span()
            yield Candidate(start, end, IdentifierType.LOCATION, Level.CONTEXT)


_CARE = (
    r"seen|treated|admitted|evaluated|diagnosed|visit|visited|attended|attending|presented|presenting|presents|operated|surgery|discharged|assessed|reviewed|observed|hospitali[sz]ed"
    r"|monitored|consulted|performed|appointment|scheduled|examined|transferred|referred|followed|follow-up|f/u|underwent|received|care|cared|patient|currently|case|identified|delivered|born"
    r"|therapy|replacement|report|records|scan|lab|results?|arrest|ablation|admit|last|recently|discussed|replaced|transplant|specimen|sent|ordered|outpatient|office|clinic|meeting|tested"
)
CARE_GATES = (
    (r"(?-u:\b)at (?:the |our )?(?:[A-Z][a-z]|[A-Z]{2})",),
    (
        rf"Hospital|Clinic|Med |Med\.|Medical|Health|Infirmary|Hospice|Institute|Cent(?:er|re)|Memorial|General|St\. |Mt\. |{alternation(phrases('facilities'))}",
        rf"[A-Za-z'] (?:Hospital|Clinic|Med|Medical|Health|Infirmary|Hospice|Institute|Cent(?:er|re)|Memorial|General)(?-u:\b)|(?:St|Mt)\.? [A-Z]"
        rf"|(?-u:\b){alternation(phrases('facilities'))}(?-u:\b)",
    ),
)
"""A row that passes neither chain names no hospital, clinic or place after "at"."""

_WORD = r"(?:(?:St|Mt|Ft)\.? |[A-Z][A-Za-z'&-]*[a-z]'?s? |[A-Z]{2,5} |(?:of|and|for|the|&) )"
_KEYWORD = (
    r"(?:(?:University |Regional |Community |Memorial |General |Medical |Health |Children's |County |Surgical |Veterans )*"
    r"(?:Hospitals?|[Hh]osp\b\.?|Clinics?|Med(?:ical)? (?:Center|Centre|Ctr|Campus|Group|Plaza)|Medical|Med\b|Health(?:care)?(?: Care| System| Network| Center| Services)?|Infirmary|Hospice|Sanatorium"
    r"|(?:Heart|Cancer|Eye|Neurology|Surgery|Wellness|Care|Dialysis|Trauma|Imaging|Rehab(?:ilitation)?)? ?(?:Institute|Center|Centre)|Nursing Home|Memorial|General|VA|Methodist|Presbyterian|hospital|clinic))"
)
_NEXT_TOWN = rf"(?:,? (?:in )?{_TOWN_STATE}|,? (?:in )?{alternation(phrases('cities'))}\b|, {_STATE}\b)?"
_FACILITY = re.compile(
    rf"\b(?!The )(?:St\. |(?:[A-Z][A-Za-z'&-]*[a-z]'?s?|[A-Z]{{2,5}}) ){_WORD}{{0,4}}?{_KEYWORD}(?:\s{_KEYWORD})?(?![A-Za-z-]){_NEXT_TOWN}"
)
_SAINT = re.compile(rf"\b(?:St\.?|Saint|Mt\.?|Mount) [A-Z][a-z]+(?:'s)?(?: {_KEYWORD})?{_NEXT_TOWN}")
_KNOWN = re.compile(rf"\b{alternation(phrases('facilities'))}\b(?: {_WORD}{{0,2}}{_KEYWORD})?{_NEXT_TOWN}")
_AFTER_AT = re.compile(r"\b(?P<at>at|by|of|under|in|from|to) (?:the |our )?(?=[A-Z])")
_PROPER = re.compile(r"(?:(?:St|Mt|Ft)\.? )?[A-Z][A-Za-z'&-]+(?: (?:St\. |of |and )?[A-Z][A-Za-z'&.-]*[A-Za-z])*")
_CARE_BEFORE = re.compile(rf"(?i)\b(?:{_CARE})\b")
_NOT_A_PLACE = frozenset(
    """ICU CCU NICU PICU MICU SICU ED ER A&E OPD OR OT PACU ENT OB OBGYN GP PCP Emergency Intensive Hospital Clinic Department Casualty
    National Report Surgeon Outpatient Labor Labour Cardiology Neurology Surgery Psychiatry Pediatric Paediatric CT MRI PET EEG ECG EKG HIV AIDS TB
    Dr Mr Mrs Ms Prof Doctor""".split()
)


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
    """Return the span of the place that begins at ``start``; ``only_named`` asks for a word such as "Hospital" in it."""
    proper = _PROPER.match(text, start)
    if proper is None or proper[0].split()[0] in _NOT_A_PLACE:
        return None
    for pattern in (_FACILITY, _SAINT, _KNOWN):
        if whole := pattern.match(text, start):
            return whole.span()
    shouted = proper[0].isupper()
    return None if only_named or shouted else proper.span()


_CITY = re.compile(
    rf"(?:(?<= in )|(?<= at )|(?<= from )|(?<= near )|(?<= of )|(?<= to )|(?<= our )|(?<= the )|(?<=, )|(?<=: ))(?:(?:{_TOWN_STATE})|{alternation(phrases('cities'))}\b"
    rf"(?:, {_STATE}\b)?(?: (?:[a-z]+ )?(?:clinic|hospital|office|branch|campus)\b)?)"
)
_AT = re.compile(r"\bat (?:the |our )?(?P<id>[A-Z][A-Za-z'&-]*[A-Za-z](?: [A-Z][A-Za-z'&-]*[A-Za-z])*)")


def companion_places(text: str) -> Iterator[Candidate]:
    """Yield places that matter once a row holds a person: facilities, towns, and whatever name follows "at"."""
    for pattern in (_FACILITY, _SAINT, _KNOWN, _CITY):
        for found in pattern.finditer(text):
            if found[0].split()[0] not in _NOT_A_PLACE and "Surgeon General" not in found[0]:
                yield Candidate(*found.span(), IdentifierType.LOCATION, Level.CONTEXT)
    for found in _AT.finditer(text):
        if found["id"].split()[0] not in _NOT_A_PLACE:
            yield Candidate(*found.span("id"), IdentifierType.LOCATION, Level.CONTEXT)
