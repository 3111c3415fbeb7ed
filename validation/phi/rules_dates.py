"""Dates tied to a person, and ages over 89."""

import re
from collections.abc import Iterator

from .context import is_study
from .kinds import Candidate, IdentifierType, Level
from .validators import is_date
from .words import cues, words_in_order

__all__ = ["AGE_GATE", "DATE_GATES", "OLD", "ages", "all_dates", "cued_dates"]

_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?"
    r"|Dec(?:ember)?)"
)
_ANY_MONTH = (
    "(?:[Jj]an|[Ff]eb|[Mm]ar|[Aa]pr|[Mm]ay|[Jj]un|[Jj]ul|[Aa]ug|[Ss]ep|[Oo]ct|[Nn]ov|[Dd]ec"
    "|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)"
)
# Three small expressions run ten times as fast as one that holds them all.
DATE_GATES = (
    rf"(?-u:\b){_ANY_MONTH}[A-Za-z]{{0,6}}\.?,?[ -]'?[0-9]",
    rf"[0-9](?:st|nd|rd|th)?[ -]?(?:of )?{_ANY_MONTH}",
    r"(?-u:\b)[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]",
    r"(?i:DOB|birth|date)[^0-9\n]{1,20}[0-9]{8}",
)
"""A row without any of these holds no date with a day in it."""
AGE_GATE = (
    r"(?:9[0-9]|1[0-2][0-9])(?:[ -]?[yY]| ?[MF] )|ge[dD]?:? (?:9[0-9]|1[0-2][0-9])|, (?:9[0-9]|1[0-2][0-9]), |inety"
)
"""A row without this holds no age over 89."""

_YEAR = r"(?:\d{4}|'\d{2})"
_WRITTEN = re.compile(
    rf"(?i)\b(?:(?P<month1>{_MONTH})\.?[ -](?P<day1>\d{{1,2}})(?:st|nd|rd|th)?(?:,?[ -](?P<year1>{_YEAR}))?"
    rf"|(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?[ -]?(?:of )?(?P<month2>{_MONTH})(?![A-Za-z])\.?"
    rf"(?:,?[ -]?(?P<year2>{_YEAR}|(?<![ .,])\d\d|\d\d(?=[ ]*(?:[.,;)\n]|$))))?)\b"
)
# A date as databases write it; eight digits after any other word are as often a number.
_COMPACT = re.compile(r"(?i)\b(?:DOB|(?:birth ?)?date(?: of [a-z]+)?)\W{1,4}(?:is |was )?(?P<id>\d{8})\b")
_NUMERIC = re.compile(
    r"(?<![\w./-])(?:(?P<y>\d{4})(?P<m1>[-/.])(?P<m>\d{1,2})(?P=m1)(?P<d>\d{1,2})"
    r"|(?P<a>\d{1,2})(?P<m2>[-/.])(?P<b>\d{1,2})(?P=m2)(?P<yy>\d{4}|\d{2}))(?:T\d\d:\d\d(?::\d\d)?Z?)?(?![\w/-]|\.\d)"
)
_SHORT_YEAR = re.compile(r"[ ,]+\d\d\b")
_QUANTITY = re.compile(r"\s*(?:mg|ml|mcg|kg|g|mm|cm|%|units?|mmHg|tablets?|doses?)\b")
_MONTH_YEAR = re.compile(rf"(?i)\b{_MONTH}\.?,? (?:of )?\d{{4}}\b")
_LOOSE = re.compile(
    rf"(?i)\b(?:{_MONTH}\.?,? (?:of )?\d{{4}}"
    r"|(?:last|next|this) (?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|week|month))\b"
)
# A month and a day alone is as often a fraction: it takes a word of care right before it.
_SHORT = re.compile(
    r"(?i)\b(?:admitted|discharged|seen|visit|dated?|since|surgery|labs?|on)(?: on)? (?P<id>\d{1,2}/\d{1,2})(?![\d/])"
)
_EVENT = re.compile(rf"(?i)\b{cues('event')}\b")
_BIRTH = re.compile(rf"(?i)\b{cues('birth')}\W*(?:is |was |on )?$")
_PERSON = re.compile(rf"(?i)\b{cues('one')}\b")
_PUBLIC = re.compile(rf"(?i)\b{cues('public')}\b")
_MONTH_NUMBERS = {name[:3]: number for number, name in enumerate(words_in_order("months"), start=1)}


def all_dates(text: str) -> Iterator[Candidate]:
    """Yield every date of a text, tied to a person or not, with month-and-year and "last Friday" forms as well."""
    for start, end, _ in _dates(text):
        yield Candidate(start, end, IdentifierType.DATE, Level.CONTEXT)
    for found in _LOOSE.finditer(text):
        yield Candidate(*found.span(), IdentifierType.DATE, Level.CONTEXT)
    for found in _SHORT.finditer(text):
        first, second = (int(part) for part in found["id"].split("/"))
        if is_date(2000, first, second) or is_date(2000, second, first):
            yield Candidate(*found.span("id"), IdentifierType.DATE, Level.CONTEXT)


def cued_dates(text: str) -> Iterator[Candidate]:
    """Yield the dates that an event of care, or a person in the same sentence, makes somebody's own.

    The dates of a text about a study are those of the work: level 1, but for a birth or an admission.
    """
    for start, end, whole in _dates(text):
        sentence = _sentence_before(text, start)
        if _PUBLIC.search(sentence):
            continue
        dated = whole or sentence.endswith((" on ", " since "))
        person = dated and _PERSON.search(sentence + " " + text[end : end + 60].split(". ", 1)[0])
        if person or _EVENT.search(sentence[-70:]):
            quasi = is_study(text) and not _BIRTH.search(sentence)
            yield Candidate(start, end, IdentifierType.DATE, Level.QUASI if quasi else Level.CONTEXT)
    for found in () if is_study(text) else _MONTH_YEAR.finditer(text):
        before = _sentence_before(text, found.start())
        told = before.endswith((" in ", " since ")) and _EVENT.search(before[-40:])
        if told and _PERSON.search(before) and not _PUBLIC.search(before):
            yield Candidate(*found.span(), IdentifierType.DATE, Level.CONTEXT)


def _sentence_before(text: str, start: int) -> str:
    return re.split(r"[.?!]\s+(?=[A-Z])|\n", text[max(0, start - 200) : start])[-1]


def _dates(text: str) -> Iterator[tuple[int, int, bool]]:
    """Yield the span of each date that exists, and whether it names its year."""
    for found in _COMPACT.finditer(text):
        if _exists_compact(found["id"]):
            yield *found.span("id"), True
    for found in _WRITTEN.finditer(text):
        if found[0].islower() and not (found["year1"] or found["year2"]) and "may" in found[0]:
            continue  # "type 2 may be"
        month = _MONTH_NUMBERS[(found["month1"] or found["month2"])[:3].title()]
        year = found["year1"] or found["year2"]
        if is_date(_year(year) if year else 2000, month, int(found["day1"] or found["day2"])):
            short = None if year else _SHORT_YEAR.match(text, found.end())
            born = short if short and _BIRTH.search(text[: found.start()][-40:]) else None
            yield found.start(), born.end() if born else found.end(), bool(year or born)
    for found in _NUMERIC.finditer(text):
        if _exists(found, text) and not _QUANTITY.match(text, found.end()):
            yield *found.span(), True


def _year(digits: str) -> int:
    short = digits.removeprefix("'")
    return int(short) if len(short) == 4 else 2000 + int(short)


def _exists_compact(digits: str) -> bool:
    year_first = int(digits[:4]), int(digits[4:6]), int(digits[6:])
    year, first, second = int(digits[4:]), int(digits[:2]), int(digits[2:4])
    return any(is_date(*parts) for parts in (year_first, (year, first, second), (year, second, first)))


def _exists(found: re.Match[str], text: str) -> bool:
    if found["y"]:
        return is_date(int(found["y"]), int(found["m"]), int(found["d"]))
    first, second, year = int(found["a"]), int(found["b"]), _year(found["yy"])
    # A section or a version (4.11.19) has the same form.
    if found["m2"] == "." and len(found["yy"]) == 2 and not _BIRTH.search(text[: found.start()][-40:]):
        return False
    return is_date(year, first, second) or is_date(year, second, first)


OLD = r"(?:9\d|1[0-2]\d|ninety(?:[- ](?:one|two|three|four|five|six|seven|eight|nine))?)"
"""An age over 89, in digits or in words."""
_AGE = re.compile(
    rf"(?i)(?<![\w.]){OLD}(?:[- ]?(?:years?|yrs?)[- ]?old|[- ]?(?:y/o|y\.o\.|y\.?o)(?!\w)|[- ]?years? of age)"
    rf"|(?<=\baged ){OLD}\b|(?<=\bage ){OLD}\b|(?<=\bage: ){OLD}\b"
    r"|(?<=[a-z], )(?:9\d|1[0-2]\d)(?=, (?:is|was|has|had|who|presents|came|lives|of|a|an)\b)"
    # As notes write it; "95F" alone is as often a temperature.
    r"|(?<![\w.])(?:9\d|1[0-2]\d) ?(?-i:[MF])(?= (?:with|w/|[csh]/[op]|who|present\w*|admitted|brought)(?!\w))"
)


def ages(text: str) -> Iterator[Candidate]:
    """Yield ages over 89, which Safe Harbor counts among the dates; younger ages are no identifier."""
    for found in _AGE.finditer(text):
        yield Candidate(*found.span(), IdentifierType.AGE, Level.QUASI)
