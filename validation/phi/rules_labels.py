"""Numbers of a person or a thing of theirs, found by the label before them: ``MRN``, ``Member ID``, ``serial no.``."""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from .kinds import Candidate, IdentifierType, Level
from .words import table, words

__all__ = ["CODE", "DIGITS_GATE", "label_gates", "labelled_numbers"]

DIGITS_GATE = r"[0-9](?:[ ./()-]{0,2}[A-Za-z/-]{0,3}[0-9]){2}|[0-9]{2} [A-Z]{3}"
"""A row without three digits close together holds no number of a person."""

# Of the rows with digits, those with more than a dose, a range or a blood pressure.
_LONG_NUMBER = (
    r"(?:[0-9][A-Za-z]{0,3}){4}|[0-9]{3}[-A-Z]|[A-Z]-?[0-9]{3}|[0-9]{2}[-/.][0-9]{2}[-/.]|[0-9]{2} [A-Z]{3}"
    r"|[0-9]{3}[ .][0-9]{2,3}[ .]|[0-9]-[A-Z]{2}[0-9]|[0-9]{2} [0-9]{2} [0-9]{2}"
)
CODE = (
    # In groups: first, else the first group is taken for the whole.
    r"\d{3} \d{3} \d{3,4}|\d{4} \d{4} \d{4}|\d{4} \d{5} \d|\d\d(?: \d\d){2,5}|[A-Z]{1,4}\d{2,} \d{5,}"
    r"|#?(?:[A-Za-z]{0,6}[-/]?\d(?:[A-Za-z0-9]|[-/](?=[A-Za-z0-9]))*|[A-Z]{1,6}(?:-[A-Z0-9]+)+|[A-Z]{2,4} ?\d{4,})"
)
"""An identifier in letters, digits and hyphens."""

_NO = r"\.?[ -]?(?:numbers?|nos?|num|nr|#|IDs?|identifiers?|code)"
_VALUES = {
    "code": CODE,
    "last": r"\d{4}",
    "ssn": r"\d{3}[- .]?\d{2}[- .]?\d{4}|[Xx*]{3}-[Xx*]{2}-\d{4}|[A-Z]{2} ?\d\d ?\d\d ?\d\d ?[A-D]",
    "card": rf"\d(?:[ -]?\d){{12,18}}|{CODE}",
    "iban": rf"[A-Z]{{2}}\d{{2}}(?: ?[A-Z0-9]{{2,4}}){{3,8}}|{CODE}",
    "plate": (
        r"[A-Z0-9]{17}|[A-Z]{2}[ -]?\d{1,2}[ -]?[A-Z]{1,3}[ -]?\d{4}|[A-Z]{2}\d{2} [A-Z]{3}"
        r"|[A-Z0-9]{1,4}[- ][A-Z0-9]{2,4}|[A-Z0-9]{5,8}"
    ),
    "device": rf"(?:\(\d\d\)[A-Za-z0-9]+)+|(?:[0-9A-Fa-f]{{2}}[:-]){{5}}[0-9A-Fa-f]{{2}}|{CODE}",
    "hash": rf"[0-9A-Fa-f]{{12,128}}|{CODE}",
}
# Between a label and its value stand punctuation and a few words; the usual ones may stand before any value, others
# only before a long one ("the card she handed over was 4111 ...").
_BETWEEN = r"(?P<between>(?:[\s:=#(\[.,'\"/-]|\b[A-Za-z]{1,14}\b){0,14}?)"
_USUAL = words("usual_between")
_NO_IDENTIFIER = re.compile(
    r"\d{1,2}[-/]\d{1,2}[-/]\d{4}|\d{1,2}/\d{1,2}/\d{2}|\d{4}[-/]\d{1,2}[-/]\d{1,2}"  # a date
    r"|\d+-[a-z]+(?:-[a-z]+)*|\d{1,4}[a-z]+|(?:19|20)\d\d-\d{2,4}"  # a duration, a dose, a span of years
    r"|(?:1-?)?8(?:00|33|44|55|66|77|88)-?\d{3}-?\d{4}"  # a toll-free line
)


class _Label(NamedTuple):
    type: IdentifierType
    level: Level
    form: str
    pattern: re.Pattern[str]


@cache
def _labels() -> tuple[_Label, ...]:
    return tuple(
        _Label(IdentifierType(kind), Level(int(level)), form, _expression(pattern, _VALUES[form]))
        for kind, level, form, pattern in table("labels")
    )


def _expression(label: str, value: str) -> re.Pattern[str]:
    named = rf"(?<![A-Za-z0-9])(?i:{label.replace('{no}', _NO)})(?:(?<=[#.])|(?![A-Za-z]))"
    return re.compile(rf"{named}{_BETWEEN}(?P<id>{value})(?![A-Za-z0-9]|\s?%)")


@cache
def label_gates() -> tuple[tuple[str, ...], ...]:
    """Return the chains of which a row with a labelled number passes one: digits, fast to find, then the labels."""
    # Rust's expressions have no look-ahead; without it the gate only lets a few rows more pass.
    either = "|".join(re.sub(r"\(\?!.*?\)", "", pattern).replace("{no}", _NO) for *_, pattern in table("labels"))
    label = rf"(?-u:\b)(?i-u:{either})"
    near = r"(?:[^A-Za-z0-9\n][^0-9\n]{0,48}|[A-Z]{1,6}-?)?"
    digits = (
        r"(?:(?:[0-9][ .]?[A-Za-z/-]{0,3}){3}|[0-9]{1,2}[ -][A-Z]{1,3}[ -][0-9]{4}|[0-9]{2} [A-Z]{3}|[0-9A-Fa-f]{12})"
    )
    vehicle = (r"VIN|[Pp]late|[Tt]ag|[Vv]ehicle|[Rr]eg", r"[A-HJ-NPR-Z0-9]{17}")
    return (DIGITS_GATE, _LONG_NUMBER, label, label + near + digits), vehicle


def labelled_numbers(text: str) -> Iterator[Candidate]:
    """Yield each number that follows a label, with the label's type."""
    for label in _labels():
        for found in label.pattern.finditer(text):
            usual = _USUAL.issuperset(re.findall("[a-z]+", found["between"].lower()))
            if label.form in {"ssn", "last"} or _is_plausible(found["id"], label.form, usual=usual):
                yield Candidate(*found.span("id"), label.type, label.level)


def _is_plausible(value: str, form: str, *, usual: bool) -> bool:
    """Tell an identifier from a date, a year, a dose, a duration or a count after the same word."""
    plain = value.lstrip("#")
    least = (2 if form == "plate" else 3) if usual else 6
    digits = sum(char.isdigit() for char in plain)
    return len(plain) >= 5 and digits >= least and not _NO_IDENTIFIER.fullmatch(plain)
