"""Numbers and quantities of a text, in a form in which two texts can be compared."""

# ruff: noqa: RUF001  (typographic dashes and signs are what is read)

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

_UNITS = {
    "mg": "mg milligram milligrams", "g": "g gram grams gm", "mcg": "mcg µg μg ug microgram micrograms",
    "kg": "kg kilogram kilograms kilo kilos", "ml": "ml milliliter milliliters millilitre millilitres cc",
    "l": "l liter liters litre litres", "dl": "dl deciliter deciliters decilitre decilitres", "iu": "iu",
    "unit": "unit units", "mmol": "mmol millimole millimoles", "meq": "meq", "%": "% percent", "mmhg": "mmhg",
    "ng": "ng nanogram nanograms", "oz": "oz ounce ounces", "lb": "lb lbs pound pounds",
    "cm": "cm centimeter centimeters", "mm": "mm millimeter millimeters", "m": "meter meters metre metres",
    "inch": "inch inches", "foot": "foot feet",
    "m2": "m2 m²", "cal": "calorie calories kcal", "f": "°f fahrenheit", "c": "°c celsius", "tablet": "tablet tablets",
    "pill": "pill pills", "capsule": "capsule capsules", "puff": "puff puffs", "drop": "drop drops",
    "teaspoon": "teaspoon teaspoons", "second": "second seconds sec", "minute": "minute minutes min",
    "hour": "hour hours hr hrs h", "day": "day days d", "week": "week weeks wk", "month": "month months",
    "year": "year years yr yrs",
}  # fmt: skip
_CANONICAL = {alias: unit for unit, aliases in _UNITS.items() for alias in aliases.split()}
_OFTEN = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month", "yearly": "year"}
_TIMES = frozenset({"second", "minute", "hour", "day", "week", "month", "year"})
# Units in which medicines are measured out.
_DOSES = frozenset(
    {"mg", "g", "mcg", "ml", "iu", "unit", "mmol", "meq", "ng", "tablet", "pill", "capsule", "puff", "drop", "teaspoon"}
)
_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS = {
    **{word: str(number) for number, word in enumerate((_ONES + "eighteen nineteen").split())},
    **{word: str(10 * number) for number, word in enumerate(_TENS.split(), 2)},
    "once": "1",
    "twice": "2",
    "half": "0.5",
    "hundred": "100",
    "thousand": "1000",
    "million": "1000000",
}

_HUNDRED, _THOUSAND = 100, 1000
_NAME = "|".join(sorted(map(re.escape, _CANONICAL), key=len, reverse=True))
_COUNTS = {"once": 1, "twice": 2, "three times": 3, "four times": 4}
_PER = rf"\s*(?:(?:{'|'.join(_COUNTS)})\s+)?(?:/|per|an?|each|every)\s*"
# A number, or a range of which both ends have the unit; not what stands in a name, as in COVID-19 or B12.
_QUANTITY = re.compile(
    r"(?<![\w.])(?<![A-Za-z]-)(?P<low>\d[\d,]*(?:\.\d+)?)(?:\s*(?:-|–|to)\s*(?P<high>\d[\d,]*(?:\.\d+)?))?"
    rf"(?:[\s-]?(?P<unit>{_NAME})(?![\w²])(?P<per>(?:{_PER}(?:{_NAME})(?!\w)){{0,2}})"
    rf"(?:\s+(?:(?:{'|'.join(_COUNTS)})\s+)?(?P<often>{'|'.join(_OFTEN)}))?)?",
    re.IGNORECASE,
)
# "two tablets", "half a tablet", "twenty-five mg", "1\u00bd tablets": amounts of medicines that are written out.
_AMOUNT = "|".join(name for name in map(re.escape, _CANONICAL) if len(name) > 1 and _CANONICAL[name] in _DOSES)
_NUMBER_WORD = "|".join(sorted(_WORDS, key=len, reverse=True))
_WRITTEN_OUT = re.compile(
    rf"\b(?P<words>(?:{_NUMBER_WORD})(?:(?:-|\s+(?:and\s+)?)(?:{_NUMBER_WORD}))*)"
    rf"(?:-|\s+(?:an?\s+|of\s+an?\s+)?)(?=(?:{'|'.join(sorted(_AMOUNT.split('|'), key=len, reverse=True))})(?!\w))",
    re.IGNORECASE,
)
_FRACTION = re.compile("(\\d*)\\s?([\u00bc\u00bd\u00be])")
_NUMBERED = re.compile(r"(?m)^\s*(?:\*\*)?\d{1,2}[.)](?=\s)")


class Quantity(NamedTuple):
    """A number with what it counts.

    Attributes
    ----------
    number
        In its shortest decimal form.
    unit
        The canonical name, with any denominator that is no time; empty for a bare number.
    per
        The time it is per, as in ``"day"``, or ``"day by 2"`` for twice a day; empty where none is said.
    """

    number: str
    unit: str = ""
    per: str = ""

    @property
    def is_dose(self) -> bool:
        """Whether it is an amount of a medicine."""
        return self.unit.split("/")[0] in _DOSES

    def agrees(self, other: "Quantity") -> bool:
        """Whether both say the same; a time may be left unsaid."""
        same_time = self.per == other.per or not self.per or not other.per
        return self[:2] == other[:2] and same_time


def quantities_in(text: str) -> list[Quantity]:
    """Return the numbers of a text in figures, each with its unit.

    Examples
    --------
    >>> quantities_in("Take 10-20 mg per day, or 5 mg/kg/day for COVID-19; 1,500 people did.")
    [Quantity(number='10', unit='mg', per='day'), Quantity(number='20', unit='mg', per='day'), \
Quantity(number='5', unit='mg/kg', per='day'), Quantity(number='1500', unit='', per='')]
    """
    return [one for found in _QUANTITY.finditer(_in_figures(_NUMBERED.sub("", text))) for one in _read(found)]


def _in_figures(text: str) -> str:
    """Write in figures what is written out before a unit of medicines; elsewhere, as in "one of them", words stay."""
    text = _FRACTION.sub(lambda found: str(int(found[1] or 0) + unicodedata.numeric(found[2])), text)
    return _WRITTEN_OUT.sub(lambda found: f"{value_of(found['words'])} ", text)


def value_of(written: str) -> str | None:
    """Return a number that is written in figures or words, in figures; None where it is none.

    Examples
    --------
    >>> [value_of(text) for text in ("6", "six", "twenty-five", "two hundred thousand", "one half", "some")]
    ['6', '6', '25', '200000', '0.5', None]
    """
    if written.isdecimal():
        return plain(written)
    total, group = 0.0, 0.0  # a group is what "thousand" multiplies
    for word in re.split(r"-|\s+(?:and\s+)?", written.lower()):
        if word not in _WORDS:
            return None
        value = float(_WORDS[word])
        if 1 <= value < _HUNDRED or not value:
            group += value
        elif value < _THOUSAND:
            group = (group or 1) * value
        else:
            total, group = total + (group or 1) * value, 0.0
    return plain(f"{total + group:f}")


def _read(found: "re.Match[str]") -> Iterator[Quantity]:
    names = [
        _CANONICAL[name.lower()]
        for name in re.findall(rf"(?<![A-Za-z])(?:{_NAME})(?!\w)", found["per"] or "", re.IGNORECASE)
    ]
    per = next((name for name in names if name in _TIMES), _OFTEN.get((found["often"] or "").lower(), ""))
    times = next((number for words, number in _COUNTS.items() if words in found[0].lower()), 1)
    per += f" by {times}" if per and times > 1 else ""
    unit = _CANONICAL[found["unit"].lower()] if found["unit"] else ""
    whole = "/".join([unit, *(name for name in names if name not in _TIMES)])
    for number in filter(None, (found["low"], found["high"])):
        yield Quantity(plain(number), whole, per)


def numbers_in(text: str) -> set[str]:
    """Return the numbers of a text, in figures or words.

    Examples
    --------
    >>> sorted(numbers_in("One in 2,000 people, twice a day, 5.0 mg"))
    ['1', '2', '2000', '5']
    """
    words = (_WORDS.get(word) for word in re.findall(r"[a-z]+", text.lower()))
    return {quantity.number for quantity in quantities_in(text)} | {word for word in words if word}


def plain(number: str) -> str:
    """Return a decimal number without commas and idle zeros.

    Examples
    --------
    >>> plain("1,500.0"), plain("0.50"), plain("010")
    ('1500', '0.5', '10')
    """
    text = number.replace(",", "")
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{fraction}" if fraction else "")
