"""Read a written date and write another one in the same form."""

import re
from dataclasses import dataclass
from datetime import date

from .words import words_in_order

__all__ = ["DateForm", "parse_date"]

_MONTHS = words_in_order("months")
_NUMERIC = re.compile(r"(\d{1,4})([-/.])(\d{1,2})\2(\d{2,4})")
_WORD = re.compile(r"[A-Za-z]{3,}")
_NUMBER = re.compile(r"\d+")
# A year that a date does not tell is taken as a leap year, so that 29 February has a place.
_NO_YEAR = 2000


@dataclass(frozen=True)
class DateForm:
    """A date and the order its text gives it in.

    Attributes
    ----------
    day
        The date; the first of the month where the text names no day.
    order
        Order of the parts: letters of ``"ymd"``, a missing part left out.
    """

    day: date
    order: str

    def render(self, day: date, like: str) -> str:
        """Write ``day`` in the form of the text ``like`` this form was read from.

        Examples
        --------
        >>> form = parse_date("Mar. 5th, 2021")
        >>> form.render(date(2022, 11, 21), "Mar. 5th, 2021")
        'Nov. 21st, 2022'
        """
        parts = iter(self.order.replace("m", "") if _WORD.search(like) else self.order)
        # Of "2023-12-18" no part tells that a month is written with two digits.
        padded = bool(re.search(r"\b0\d\b|\d{4}\D\d\d\D\d\d", like))
        written = _NUMBER.sub(
            lambda number: _number(number[0], next(parts, ""), day, padded=padded), _month_word(like, day)
        )
        suffix = "th" if 10 < day.day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th")
        return re.sub(r"(?<=\d)(?:st|nd|rd|th)\b", suffix, written)


def parse_date(text: str, year: int | None = None) -> DateForm | None:
    """Return the date a text writes, or ``None`` for "last Friday" and for what is no date.

    A numeric date that fits both orders is read month first, as in the USA. `year` is that of a date that tells none.

    Examples
    --------
    >>> parse_date("4/3/2023").day, parse_date("14.02.2023").order, parse_date("last Friday")
    (datetime.date(2023, 4, 3), 'dmy', None)
    """
    numeric = _NUMERIC.match(text)
    if numeric:
        first, second, third = int(numeric[1]), int(numeric[3]), int(numeric[4])
        if len(numeric[1]) == 4:
            return _form("ymd", first, second, third)
        year = third if len(numeric[4]) == 4 else 2000 + third
        return _form("mdy", year, first, second) or _form("dmy", year, second, first)
    word = _WORD.search(re.sub(r"(?<=\d)(?:st|nd|rd|th)\b", "", text))
    month = _month(word[0]) if word else None
    return _written(text, month, year, before=text[0].isdigit()) if month else None


def _month(word: str) -> int | None:
    """Return the number of a month from its name or the start of it, ``None`` for any other word."""
    start = "sep" if word.lower() == "sept" else word.lower()
    return next((number for number, name in enumerate(_MONTHS, start=1) if name.lower().startswith(start)), None)


def _written(text: str, month: int, unsaid: int | None, *, before: bool) -> DateForm | None:
    numbers = _NUMBER.findall(text)
    if not numbers:
        return None
    years = [n for n in numbers if len(n) == 4 or f"'{n}" in text] or (numbers[1:] if before else [])
    days = [n for n in numbers if n not in years]
    year = (int(years[0]) if len(years[0]) == 4 else 2000 + int(years[0])) if years else unsaid or _NO_YEAR
    order = ("dm" if before else "md") if days else "m"
    return _form(order + ("y" if years else ""), year, month, int(days[0]) if days else 1)


def _form(order: str, year: int, month: int, day: int) -> DateForm | None:
    try:
        return DateForm(date(year, month, day), order)
    except (ValueError, OverflowError):
        return None


def _number(old: str, part: str, day: date, *, padded: bool) -> str:
    if part == "y":
        return f"{day.year:04}" if len(old) == 4 else f"{day.year % 100:02}"
    if not part:
        return old
    return str(day.month if part == "m" else day.day).zfill(2 if padded else 1)


def _month_word(like: str, day: date) -> str:
    def swap(word: re.Match[str]) -> str:
        if _month(word[0]) is None:
            return word[0]
        name = _MONTHS[day.month - 1]
        short = name if len(word[0]) > 4 or word[0].lower() in {"may", "june", "july"} else name[:3]
        return short.upper() if word[0].isupper() else short

    return re.sub(r"[A-Za-z]{3,}", swap, like)
