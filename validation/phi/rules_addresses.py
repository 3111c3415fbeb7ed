"""Postal addresses: streets with a house number, post-office boxes, towns with their ZIP."""

import re
from collections.abc import Iterator

from .kinds import Candidate, IdentifierType, Level
from .words import alternation, phrases

__all__ = ["ADDRESS_GATES", "STATE", "STREET", "TOWN_STATE", "addresses"]

_SUFFIX = (
    r"(?:Street|St|Avenue|Ave|Av|Road|Rd|Lane|Ln|Drive|Dr|Court|Ct|Boulevard|Blvd|Way|Place|Pl|Terrace|Ter|Circle|Cir"
    r"|Parkway|Pkwy|Highway|Hwy|Square|Sq|Trail|Trl|Crescent|Close|Alley)"
)
_BY_SUFFIX = (
    r"[0-9][A-Za-z]? (?:[A-Z]|[0-9]{1,3}(?:st|nd|rd|th))",
    rf" {_SUFFIX}(?-u:\b)",
    rf"(?-u:\b)[0-9]{{1,5}}[A-Za-z]? (?:[A-Z0-9][A-Za-z0-9.'-]* ){{1,4}}{_SUFFIX}(?-u:\b)",
)
_BY_BOX = (r"Box |BOX |box |Zip|zip|ZIP|Post|post|POST", r"(?i:p\.? ?o\.? box |zip|post(?:al)? ?code)")
_BY_CODE = (r"[0-9]{5}", r"[A-Z][a-z.]+,? (?:[A-Z]{2}|[A-Z][a-z]+),? [0-9]{5}(?-u:\b)")
_ABROAD = r"Rua|Rue|Calle|Avenida|Avenue de|Piazza|Viale|Plaza|Ulica"
_BY_WORD_ABROAD = (
    r"Rua |Rue |Calle |Avenida |Avenue de|Piazza |Viale |Plaza |Ulica |strasse |gatan |gade |utca ",
    rf"[0-9],? (?:{_ABROAD})|(?:{_ABROAD}) [^0-9\n]{{1,32}}[0-9]|(?:strasse|gatan|gade|utca) [0-9]",
)
_BY_CUE = (
    r"[Ll]iv(?:e|es|ed|ing) |[Rr]esid|[Aa]ddress",
    (
        r"(?:(?:[Ll]iv(?:e|es|ed|ing)|[Rr]esid[a-z]{1,3}) (?:at|of)|[Aa]ddress(?: is| was)?):? "
        r"[A-Za-z0-9 ,/-]{0,16}?[0-9][A-Za-z]? [A-Z]"
    ),
)
ADDRESS_GATES = (_BY_SUFFIX, _BY_BOX, _BY_CODE, _BY_WORD_ABROAD, _BY_CUE)
"""A row that passes none of these chains holds no postal address."""

# Postal codes of the states of the USA and the District of Columbia.
_CODES = (
    r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]"
    r"|W[AIVY])"
)
STATE = rf"(?:{_CODES}|{alternation(phrases('states'))})"
_TOWN = r"[A-Z][a-z]+(?:[ -][A-Z][a-z]+){0,2}|(?:St|Ft|Mt)\. [A-Z][a-z]+"
TOWN_STATE = rf"(?:{_TOWN}),? {STATE}\b(?:,? \d{{5}}(?:-\d{{4}})?)?"
STREET = rf"[A-Z][a-z]+(?: [A-Z][a-z]+)? {_SUFFIX}\b"
_UNIT = r"(?:,?\s(?:Apt|Apartment|Unit|Suite|Ste|Floor|Fl|Room|Rm|No)\.? ?#?[\w-]+|,? ?#\w+)?"
# Postal codes of the United Kingdom (a dozen houses each) and of Canada.
_CODE_ABROAD = r"(?:[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d)"
_TAIL = (
    rf"(?:,?\s(?:{TOWN_STATE})|,\s{alternation(phrases('cities'))}\b(?: \d{{5,6}}\b)?)?"
    rf"(?:(?:,\s(?:{_TOWN}))?,?\s{_CODE_ABROAD}\b)?"
)
_NAME = r"(?:[A-Z][A-Za-z.'-]*|\d{1,3}(?:st|nd|rd|th))(?: [A-Z][A-Za-z.'-]*){0,3}?"
_STREET = re.compile(rf"\b\d{{1,5}}[A-Za-z]? (?:[NSEW]\.? )?{_NAME} {_SUFFIX}\b\.?{_UNIT}{_TAIL}")
# Where somebody lives, or what has its town and ZIP, is an address whatever its street is called.
_NUMBER = r"(?:(?:Flat|Apt|Unit)\.? [\w-]+,? )?\d{1,5}[A-Za-z]?(?:/\d{1,4}[A-Za-z]?)?(?: [A-Z][A-Za-z.'-]*){1,4}"
_HOME = re.compile(
    rf"\b(?i:(?:liv(?:e|es|ed|ing)|resid(?:es?|ed|ing|ent)) (?:at|of)|address(?: is| was)?):? (?P<id>{_NUMBER}{_UNIT}"
    rf"(?:(?:,\s(?:{_TOWN}))?,?\s{_CODE_ABROAD}\b|{_TAIL}))"
)
_BY_ZIP = re.compile(rf"\b{_NUMBER}{_UNIT},? {TOWN_STATE}(?<=\d{{5}})\b")
_BOX = re.compile(rf"(?i:\bp\.? ?o\.? box) #?\d+{_TAIL}")
_STREET_ABROAD = re.compile(
    rf"\b(?:\d{{1,5}},? (?:{_ABROAD}) (?:[A-Za-z'-]+ ){{0,3}}[A-Z][a-z]+"
    rf"|(?:{_ABROAD}) (?:[A-Za-z'-]+ ){{0,3}}[A-Z][a-z]+,? \d{{1,5}}"
    r"|[A-Z][a-z]+(?:strasse|gatan|gade| utca) \d{1,4})\b(?:,? (?:\d{4,5} )?[A-Z][a-z]+)?"
)
_TOWN_ZIP = re.compile(rf"\b{TOWN_STATE}(?<=\d{{5}})\b")
_ZIP = re.compile(r"(?i:\b(?:zip|postal|post)(?: ?code)?:?(?: is)? )(?P<id>\d{5}(?:-\d{4})?|" + _CODE_ABROAD + r")\b")


def addresses(text: str) -> Iterator[Candidate]:
    """Yield street addresses (USA, and the plainest forms abroad), post-office boxes, and towns with their ZIP."""
    for found in _HOME.finditer(text):
        yield Candidate(*found.span("id"), IdentifierType.LOCATION, Level.CONTEXT)
    for pattern in (_STREET, _STREET_ABROAD, _BOX, _BY_ZIP, _TOWN_ZIP):
        for found in pattern.finditer(text):
            yield Candidate(*found.span(), IdentifierType.LOCATION, Level.CONTEXT)
    for found in _ZIP.finditer(text):
        yield Candidate(*found.span("id"), IdentifierType.LOCATION, Level.CONTEXT)
