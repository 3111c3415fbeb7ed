"""Postal addresses: streets with a house number, post-office boxes, towns with their ZIP."""

import re
from collections.abc import Iterator

from .kinds import Candidate, IdentifierType, Level
from .words import alternation, phrases

__all__ = ["ADDRESS_GATES", "STATE", "TOWN_STATE", "addresses"]

_SUFFIX = (
    r"(?:Street|St|Avenue|Ave|Av|Road|Rd|Lane|Ln|Drive|Dr|Court|Ct|Boulevard|Blvd|Way|Place|Pl|Terrace|Ter|Circle|Cir"
    r"|Parkway|Pkwy|Highway|Hwy|Square|Sq|Trail|Trl|Crescent|Close|Alley)"
)
_BY_SUFFIX = (
    r"[0-9][A-Za-z]? (?:[A-Z]|[0-9]{1,3}(?:st|nd|rd|th))",
    rf" {_SUFFIX}(?-u:\b)",
    rf"(?-u:\b)[0-9]{{1,5}}[A-Za-z]? (?:[A-Z0-9][A-Za-z0-9.'-]* ){{1,4}}{_SUFFIX}(?-u:\b)",
)
_BY_BOX = (r"Box |BOX |box |Zip|zip|ZIP|Post|post|POST", r"(?i:p\.? ?o\.? box |zip|postal code|post code)")
_BY_CODE = (r"[0-9]{5}", r"[A-Z][a-z.]+,? (?:[A-Z]{2}|[A-Z][a-z]+),? [0-9]{5}(?-u:\b)")
ADDRESS_GATES = (_BY_SUFFIX, _BY_BOX, _BY_CODE)
"""A row that passes none of these chains holds no postal address."""

# Postal codes of the states of the USA and the District of Columbia.
_CODES = (
    r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]"
    r"|W[AIVY])"
)
STATE = rf"(?:{_CODES}|{alternation(phrases('states'))})"
_TOWN = r"[A-Z][a-z]+(?:[ -][A-Z][a-z]+){0,2}|(?:St|Ft|Mt)\. [A-Z][a-z]+"
TOWN_STATE = rf"(?:{_TOWN}),? {STATE}\b(?:,? \d{{5}}(?:-\d{{4}})?)?"
_UNIT = r"(?:,? (?:Apt|Apartment|Unit|Suite|Ste|Floor|Fl|Room|Rm|No)\.? ?#?[\w-]+|,? ?#\w+)?"
_TAIL = rf"(?:,?\s(?:{TOWN_STATE})|,\s{alternation(phrases('cities'))}\b(?: \d{{5}})?)?"
_NAME = r"(?:[A-Z][A-Za-z.'-]*|\d{1,3}(?:st|nd|rd|th))(?: [A-Z][A-Za-z.'-]*){0,3}?"
_STREET = re.compile(rf"\b\d{{1,5}}[A-Za-z]? (?:[NSEW]\.? )?{_NAME} {_SUFFIX}\b\.?{_UNIT}{_TAIL}")
_BOX = re.compile(rf"(?i:\bp\.? ?o\.? box) #?\d+{_TAIL}")
_TOWN_ZIP = re.compile(rf"\b{TOWN_STATE}(?<=\d{{5}})\b")
_ZIP = re.compile(r"(?i:\b(?:zip|postal|post)(?: ?code)?:?(?: is)? )(?P<id>\d{5}(?:-\d{4})?)\b")


def addresses(text: str) -> Iterator[Candidate]:
    """Yield street addresses, post-office boxes, and towns with their ZIP."""
    for pattern in (_STREET, _BOX, _TOWN_ZIP):
        for found in pattern.finditer(text):
            yield Candidate(*found.span(), IdentifierType.LOCATION, Level.CONTEXT)
    for found in _ZIP.finditer(text):
        yield Candidate(*found.span("id"), IdentifierType.LOCATION, Level.CONTEXT)
