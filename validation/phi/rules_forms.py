"""Numbers that are identifiers by their own form and check digits, whatever stands before them."""

import re
from collections.abc import Iterator

from .kinds import Candidate, IdentifierType, Level
from .rules_labels import CODE, DIGITS_GATE
from .validators import is_dea, is_iban, is_luhn, is_mbi, is_npi, is_ssn, is_vin

__all__ = ["FORM_GATES", "credentials", "formed_numbers"]

FORM_GATES = (
    DIGITS_GATE,
    (
        r"[0-9]{3}[- ][0-9]{2}[- ][0-9]{4}|[3-6][0-9]{3}[ -]?[0-9]{4}[ -]?[0-9]{4}|3[47][0-9]{2}[ -]?[0-9]{6}"
        r"|[A-HJ-NPR-Z0-9]{17}|\(01\)[0-9]{14}|[0-9] ?\((?:MRN|SSN|NPI|DEA)\)"
        r"|(?-u:\b)[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4} ?[A-Z0-9]{4}"
        r"|(?-u:\b)[1-9][A-Z][A-Z0-9][0-9]-?[A-Z][A-Z0-9][0-9]-?[A-Z]{2}[0-9]{2}"
    ),
)
"""A row must match both to hold a number that is an identifier by its form."""

_SSN = re.compile(r"(?<![\w.-])\d{3}-\d{2}-\d{4}(?![\w-])")
_CARD = re.compile(r"(?<![\w.-])(?:[3-6]\d{3}(?:[ -]?\d{4}){3}|3[47]\d{2}[ -]?\d{6}[ -]?\d{5})(?![\w-])")
_VIN = re.compile(r"\b[A-HJ-NPR-Z0-9]{17}\b")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_MBI = re.compile(r"\b[1-9][A-Z][A-Z0-9]\d-?[A-Z][A-Z0-9]\d-?[A-Z]{2}\d{2}\b")
_UDI = re.compile(r"\(01\)\d{14}(?:\(\d\d\)[A-Za-z0-9]+)*")
_FORMED = (
    (_CARD, is_luhn, IdentifierType.ACCOUNT, Level.HARD),
    (_VIN, is_vin, IdentifierType.VEHICLE, Level.HARD),
    (_IBAN, is_iban, IdentifierType.ACCOUNT, Level.HARD),
    (_MBI, is_mbi, IdentifierType.HEALTH_PLAN, Level.CONTEXT),
    (_UDI, bool, IdentifierType.DEVICE, Level.HARD),
)
_LABEL_BEHIND = re.compile(rf"(?<![\w-])(?P<id>\d{{3}}[- ]\d{{2}}[- ]\d{{4}}|{CODE}) ?\((?P<label>MRN|SSN|NPI|DEA)\)")
_TYPE_BEHIND = {
    "MRN": IdentifierType.MRN,
    "SSN": IdentifierType.SSN,
    "NPI": IdentifierType.LICENSE,
    "DEA": IdentifierType.LICENSE,
}


def formed_numbers(text: str) -> Iterator[Candidate]:
    """Yield social security, card, vehicle, bank, Medicare and device numbers, and those with ``(MRN)`` behind them."""
    for found in _SSN.finditer(text):
        yield Candidate(*found.span(), IdentifierType.SSN, Level.HARD if is_ssn(found[0]) else Level.CONTEXT)
    for found in _LABEL_BEHIND.finditer(text):
        yield Candidate(*found.span("id"), _TYPE_BEHIND[found["label"]], Level.HARD)
    for pattern, valid, kind, level in _FORMED:
        for found in pattern.finditer(text):
            if valid(found[0]):
                yield Candidate(*found.span(), kind, level)


def credentials(text: str) -> Iterator[Candidate]:
    """Yield prescribers' registrations (DEA, NPI) by check digit alone: one number in ten passes, so for strict use."""
    for found in re.finditer(r"\b(?:[A-Z][A-Z9]\d{7}|[12]\d{9})\b", text):
        if is_dea(found[0]) or is_npi(found[0]):
            yield Candidate(*found.span(), IdentifierType.LICENSE, Level.CONTEXT)
