"""Numbers given to a person or a thing of theirs: found by the label before them, or by their own form and check digits."""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from .kinds import Candidate, IdentifierType, Level
from .validators import is_dea, is_iban, is_luhn, is_mbi, is_npi, is_ssn, is_vin
from .words import table

__all__ = ["DIGITS_GATE", "FORM_GATE", "credentials", "formed_numbers", "label_gates", "labelled_numbers"]

_NO = r"\.?[ -]?(?:numbers?|nos?|num|nr|#|IDs?|identifiers?|code)"
_CODE = r"#?(?:[A-Za-z]{0,6}[-/]?\d(?:[A-Za-z0-9]|[-/](?=[A-Za-z0-9]))*|[A-Z]{1,6}(?:-[A-Z0-9]+)+|[A-Z]{2,4} ?\d{4,})"
_VALUES = {
    "code": _CODE,
    "ssn": r"\d{3}[- .]?\d{2}[- .]?\d{4}|[Xx*]{3}-[Xx*]{2}-\d{4}",
    "card": rf"\d(?:[ -]?\d){{12,18}}|{_CODE}",
    "iban": rf"[A-Z]{{2}}\d{{2}}(?: ?[A-Z0-9]{{2,4}}){{3,8}}|{_CODE}",
    "plate": r"[A-Z0-9]{17}|[A-Z]{2}\d{2} [A-Z]{3}|[A-Z0-9]{1,4}[- ][A-Z0-9]{2,4}|[A-Z0-9]{5,8}",
    "device": rf"(?:\(\d\d\)[A-Za-z0-9]+)+|(?:[0-9A-Fa-f]{{2}}[:-]){{5}}[0-9A-Fa-f]{{2}}|{_CODE}",
    "hash": rf"[0-9A-Fa-f]{{12,128}}|{_CODE}",
}
# Between a label and its value stand punctuation and a few words; these may stand before any value, others only
# before a long one ("the card she handed over was 4111 ...").
_BETWEEN = r"(?P<between>(?:[\s:=#(\[.,'\"/-]|\b[A-Za-z]{1,14}\b){0,14}?)"
_USUAL = frozenset(
    """is was are of number numbers no nos num id ids identifier identifiers identification code on file as read reads the her his listed show
    shows card policy plan exp account acct member record reference serial template scan hash profile for under with subscriber beneficiary
    certificate licence license plate device unit ref medical and stored filed lot model address s n sn asset pump implant device hospital group""".split()
)


class _Label(NamedTuple):
    type: IdentifierType
    level: Level
    form: str
    pattern: re.Pattern[str]


@cache
def _labels() -> tuple[_Label, ...]:
    return tuple(
        _Label(
            IdentifierType(kind),
            Level(int(level)),
            form,
            re.compile(
                rf"(?<![A-Za-z0-9])(?i:{pattern.replace('{no}', _NO)})(?:(?<=[#.])|(?![A-Za-z])){_BETWEEN}(?P<id>{_VALUES[form]})(?![A-Za-z0-9]|\s?%)"
            ),
        )
        for kind, level, form, pattern in table("labels")
    )


@cache
def label_gates() -> tuple[tuple[str, ...], ...]:
    """Return the chains of which a row with a labelled number passes one: digits, fast to find; some label; both together."""
    # Rust's expressions have no look-ahead; without it the gate only lets a few rows more pass.
    either = "|".join(re.sub(r"\(\?!.*?\)", "", pattern).replace("{no}", _NO) for *_, pattern in table("labels"))
    label = rf"(?-u:\b)(?i-u:{either})"
    behind = r"(?:[^A-Za-z0-9\n][^0-9\n]{0,48}|[A-Z]{1,6}-?)?(?:(?:[0-9][ .]?[A-Za-z/-]{0,3}){3}|[0-9]{2} [A-Z]{3}|[0-9A-Fa-f]{12})"
    return (DIGITS_GATE, label, label + behind), (r"VIN|[Pp]late|[Tt]ag|[Vv]ehicle|[Rr]eg", r"[A-HJ-NPR-Z0-9]{17}")


def labelled_numbers(text: str) -> Iterator[Candidate]:
    """Yield each number that follows a label such as ``MRN``, ``Member ID`` or ``serial no.``, with the label's type."""
    for label in _labels():
        for found in label.pattern.finditer(text):
            usual = _USUAL.issuperset(re.findall("[a-z]+", found["between"].lower()))
            if _plausible(found["id"], label.form, at_least=3 if usual else 6):
                yield Candidate(*found.span("id"), label.type, label.level)


def _plausible(value: str, form: str, *, at_least: int) -> bool:
    """Tell an identifier of ``at_least`` digits from a date, a year, a dose, a duration or a count after the same word."""
    if form == "ssn":
        return True
    plain = value.lstrip("#")
    if re.fullmatch(
        r"\d{1,2}[-/]\d{1,2}[-/]\d{4}|\d{1,2}/\d{1,2}/\d{2}|\d{4}[-/]\d{1,2}[-/]\d{1,2}|\d+-[a-z]+(?:-[a-z]+)*|\d{1,4}[a-z]+|(?:19|20)\d\d-\d{2,4}|(?:1-?)?8(?:00|33|44|55|66|77|88)-?\d{3}-?\d{4}",
        plain,
    ):
        return False
    return len(plain) >= 5 and sum(char.isdigit() for char in plain) >= (
        2 if form == "plate" and at_least == 3 else at_least
    )


DIGITS_GATE = r"[0-9](?:[ ./()-]{0,2}[A-Za-z/-]{0,3}[0-9]){2}|[0-9]{2} [A-Z]{3}"
"""A row without three digits close together holds no number of a person."""
FORM_GATE = (
    r"[0-9]{3}[- ][0-9]{2}[- ][0-9]{4}|[3-6][0-9]{3}[ -]?[0-9]{4}[ -]?[0-9]{4}|[A-HJ-NPR-Z0-9]{17}|\(01\)[0-9]{14}|[0-9] ?\((?:MRN|SSN|NPI|DEA)\)"
    r"|(?-u:\b)[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4} ?[A-Z0-9]{4}|(?-u:\b)[1-9][A-Z][A-Z0-9][0-9]-?[A-Z][A-Z0-9][0-9]-?[A-Z]{2}[0-9]{2}"
)
"""A row without any of these holds no number that is an identifier by its form."""
_SSN = re.compile(r"(?<![\w.-])\d{3}-\d{2}-\d{4}(?![\w-])")
_CARD = re.compile(r"(?<![\w.-])(?:[3-6]\d{3}(?:[ -]?\d{4}){3}|3[47]\d{2}[ -]?\d{6}[ -]?\d{5})(?![\w-])")
_VIN = re.compile(r"\b[A-HJ-NPR-Z0-9]{17}\b")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_MBI = re.compile(r"\b[1-9][A-Z][A-Z0-9]\d-?[A-Z][A-Z0-9]\d-?[A-Z]{2}\d{2}\b")
_UDI = re.compile(r"\(01\)\d{14}(?:\(\d\d\)[A-Za-z0-9]+)*")
_BEFORE = re.compile(rf"(?<![\w-])(?P<id>\d{{3}}[- ]\d{{2}}[- ]\d{{4}}|{_CODE}) ?\((?P<label>MRN|SSN|NPI|DEA)\)")
_BEFORE_TYPES = {
    "MRN": IdentifierType.MRN,
    "SSN": IdentifierType.SSN,
    "NPI": IdentifierType.LICENSE,
    "DEA": IdentifierType.LICENSE,
}
_FORMED = (
    (_CARD, is_luhn, IdentifierType.ACCOUNT, Level.HARD),
    (_VIN, is_vin, IdentifierType.VEHICLE, Level.HARD),
    (_IBAN, is_iban, IdentifierType.ACCOUNT, Level.HARD),
    (_MBI, is_mbi, IdentifierType.HEALTH_PLAN, Level.CONTEXT),
    (_UDI, bool, IdentifierType.DEVICE, Level.HARD),
)


def formed_numbers(text: str) -> Iterator[Candidate]:
    """Yield numbers that their own form gives away: SSN, card, VIN, IBAN, Medicare number, device identifier."""
    for found in _SSN.finditer(text):
        yield Candidate(*found.span(), IdentifierType.SSN, Level.HARD if is_ssn(found[0]) else Level.CONTEXT)
    for found in _BEFORE.finditer(text):
        yield Candidate(*found.span("id"), _BEFORE_TYPES[found["label"]], Level.HARD)
    for pattern, valid, kind, level in _FORMED:
        for found in pattern.finditer(text):
            if valid(found[0]):
                yield Candidate(*found.span(), kind, level)


def credentials(text: str) -> Iterator[Candidate]:
    """Yield prescribers' registrations (DEA, NPI) by check digit alone; one number in ten passes, so only in strict use."""
    for found in re.finditer(r"\b(?:[A-Z][A-Z9]\d{7}|[12]\d{9})\b", text):
        if is_dea(found[0]) or is_npi(found[0]):
            yield Candidate(*found.span(), IdentifierType.LICENSE, Level.CONTEXT)
