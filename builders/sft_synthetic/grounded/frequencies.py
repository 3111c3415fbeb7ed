"""How often something is taken: the same rate in whatever words two texts say it."""

import re
from collections.abc import Iterator
from fractions import Fraction

from .quantities import value_of

_DAYS = dict.fromkeys(("day", "night", "morning", "evening"), Fraction(1)) | {
    "hour": Fraction(1, 24),
    "week": Fraction(7),
    "month": Fraction(30),
    "year": Fraction(365),
}
_ADVERBS = {"hourly": "hour", "daily": "day", "nightly": "night", "weekly": "week", "monthly": "month"}
_SYMBOLS = {"d": "day", "hr": "hour", "h": "hour", "wk": "week"}  # behind a slash
_SHORT = {"qd": 1, "bid": 2, "tid": 3, "qid": 4}
_UNIT = "|".join(_DAYS)
_TIMES = r"(?:(?P<often>once|twice|thrice)|(?P<count>[a-z]+|\d+)\s+times)"
_PER = rf"\b(?:an?|per|each|every|in an?)\s+(?P<unit>{_UNIT})(?!\w)"
_SLASH = rf"/\s?(?P<symbol>{_UNIT}|{'|'.join(_SYMBOLS)})(?!\w)"
_RATE = re.compile(rf"(?:\b{_TIMES}\s*)?(?:{_PER}|{_SLASH}|\b(?P<adverb>{'|'.join(_ADVERBS)})\b)", re.IGNORECASE)
_EVERY = re.compile(
    rf"\bevery\s+(?P<low>other|[a-z]+|\d+)(?:\s*(?:-|\u2013|to|or)\s*(?P<high>[a-z]+|\d+))?\s+(?:{_UNIT})s?\b"
    r"|\bq\.?\s?(?P<hours>\d+)\s?h\b",
    re.IGNORECASE,
)
_ABBREVIATED = re.compile(r"\b(?:q\.?d|b\.?i\.?d|t\.?i\.?d|q\.?i\.?d)\b\.?", re.IGNORECASE)
_OFTEN = {"once": 1, "twice": 2, "thrice": 3}


def rates_in(text: str) -> set[Fraction]:
    """Return every rate that a text states, in times a day.

    Examples
    --------
    >>> [sorted(map(str, rates_in(text))) for text in ("twice a day", "every 12 hours", "2 times daily", "b.i.d.")]
    [['2'], ['2'], ['2'], ['2']]
    >>> [sorted(map(str, rates_in(text))) for text in ("5 mg/kg/day", "3 times/d", "every 0 hours")]
    [['1'], ['3'], []]
    >>> sorted(map(str, rates_in("15 mg once weekly, or every 4 to 6 hours as needed")))
    ['1/7', '4', '6']
    """
    return {*_per_unit(text), *_intervals(text), *(Fraction(_SHORT[one]) for one in _abbreviated(text))}


def _per_unit(text: str) -> Iterator[Fraction]:
    for found in _RATE.finditer(text):
        times = _OFTEN[found["often"].lower()] if found["often"] else value_of(found["count"]) if found["count"] else 1
        said = (found["unit"] or found["symbol"] or found["adverb"]).lower()
        if times:
            yield Fraction(times) / _DAYS[(_SYMBOLS | _ADVERBS).get(said, said)]


def _intervals(text: str) -> Iterator[Fraction]:
    for found in _EVERY.finditer(text):
        unit = next((name for name in _DAYS if re.search(rf"{name}s?$", found[0], re.IGNORECASE)), "hour")
        for written in filter(None, (found["hours"], found["low"], found["high"])):
            days = Fraction(2 if written.lower() == "other" else value_of(written) or 0) * _DAYS[unit]
            if days:  # a model may well write "every 0 hours"
                yield 1 / days


def _abbreviated(text: str) -> Iterator[str]:
    for found in _ABBREVIATED.finditer(text):
        yield found[0].replace(".", "").lower()
