"""Read numbers with units."""

# ruff: noqa: RUF001  (typographic quotes, dashes and signs are what is read)

import re
from typing import NamedTuple, Self

from openmed_data.answers.gold import Gold
from openmed_data.answers.reading import UNCLEAR, explains, joined, sentence, taken_back, unwrap
from openmed_data.answers.units import convertible, pint_unit, same_quantity

_NUMBER = (
    r"[-+−–]?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d{1,2}(?:,\d{2})+,\d{3}(?!\d)|\d+)?(?:\.\d+)?"
    r"(?:\s*[x×·]\s*10\s*\^?\s*\{?[-−]?\d{1,3}(?!\d)\}?|e[-+]?\d+)?"
)
_HEAD = re.compile(
    r"(?P<sign><=|>=|[<>≤≥]|(?:less|more|greater) than\s)?\s*(?:about|approximately|around|roughly|~|≈)?\s*"
    rf"(?P<number>(?=[-+−–]?\.?\d){_NUMBER})(?:\s*/\s*(?P<divisor>\d+)(?![\d/]))?(?P<rest>.*)",
    re.DOTALL | re.IGNORECASE,
)
_UNIT = re.compile(
    r"(?:-(?=[A-Za-z])|\s*)(?:\\?%|(?:°\s*|°)?[A-Za-zμµ°]+\d?)?(?:\s?(?:/|\bper\b)\s*[A-Za-zμµ]+\d?){0,3}(?:\s(?:Hg|H2O)\b)?(?:/[A-Za-z]+)?"
)
_POWER = re.compile(r"(?<!\s)\s*[x×·]\s*10\s*\^?\s*\{?([-−]?\d+)\}?")
_SECOND = re.compile(
    r"^\s*+(?:,?\s*+(?:or|and|to|versus|vs\.?)\b|[-–—/:]|\+/-|±)\s*[-+~≈<>]?\.?\d|^,\s*\d|\bor\s+(?:about\s+)?\d",
    re.IGNORECASE,
)
# A limit, a sum or a share, which the number alone is not: "or longer", "at most", "maximum", "plus 2", "out of 12".
_MOVED = re.compile(
    r"^\s*(?:\+(?!\S)|(?:or|and) (?:more|less|above|below|up|\w+er)\b|(?:or|and) \w+wards\b|at (?:most|least)\b|"
    r"(?:min|max)(?:imum|imal)?\b|(?:plus|minus|times)\b|(?:(?:out )?of|in)\s+\d)",
    re.IGNORECASE,
)
# Nothing but signs before the next number, so that no word tells what this one is: "12 13", "12; 13", "12^2".
_NEXT = re.compile(r"^(?:[^\w\[]|[x×])*(?=\.?\d)", re.IGNORECASE)
# Behind one of these a number explains the answer: "8 g, because 2 g feed 8 kcal".
_REASON = re.compile(r"\b(?:because|since|as|not|rather|instead|given|due|which|from|so)\b|[=:]", re.IGNORECASE)
_MULTIPLES = {
    "dozen": 12, "hundred": 100, "thousand": 1e3, "k": 1e3, "lakh": 1e5, "lakhs": 1e5, "million": 1e6, "crore": 1e7,
    "crores": 1e7, "billion": 1e9,
}  # fmt: skip
_MULTIPLE = re.compile(rf"(?:\s*\b)?({'|'.join(_MULTIPLES)})\b")
_DIGITS = re.compile(r"(?<![\w.,^])\d")
_TIMES = re.compile(r"\\(?:times|cdot)(?![a-z])")
_LATEX = re.compile(r"\\(?:text|mathrm)\s*\{([^{}]*)\}|\\[,;! ]|[${}]|\\(?=%)")
_REACH = 300  # characters in which a second quantity is looked for
_CONVERTED = 0.02  # relative; who gives an answer in a second unit rounds it
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_SIGNS = {"≤": "<=", "≥": ">=", "less than": "<", "more than": ">", "greater than": ">"}


class Quantity(NamedTuple):
    """A number, its unit as pint writes it (``""`` for none) and its comparison sign (``""`` for none)."""

    sign: str
    value: float
    unit: str
    rest: str


def read_quantity(text: str) -> Quantity | None:
    """Read the quantity a text opens with.

    Examples
    --------
    >>> read_quantity("1,500 mg/dL because")
    Quantity(sign='', value=1500.0, unit='milligram / deciliter', rest=' because')
    >>> read_quantity("46 chromosomes").unit
    ''
    """
    plain = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", lambda run: "^" + run.group().translate(_SUPERSCRIPTS), text)
    plain = _LATEX.sub(lambda found: found.group(1) or "", _TIMES.sub("×", plain)).lstrip()
    plain = plain.replace("per cent", "percent")
    found = _HEAD.match(plain)
    value = _value(found["number"], found["divisor"]) if found else None
    if found is None or value is None:
        return None
    rest = found["rest"]
    if multiple := _MULTIPLE.match(rest):
        value, rest = value * _MULTIPLES[multiple.group(1)], rest[multiple.end() :]
    unit, rest = _unit(rest)
    sign = (found["sign"] or "").strip().lower()
    return Quantity(_SIGNS.get(sign, sign), value, unit, rest)


def _value(number: str, divided_by: str | None) -> float | None:
    power = _POWER.search(number)
    exponent = int(power.group(1).replace("−", "-")) if power else 0
    digits = number[: power.start()] if power else number
    divisor = float(divided_by or 1)
    if abs(exponent) > 300 or not divisor:
        return None
    return float(re.sub(r"[−–]", "-", digits).replace(",", "")) * 10.0**exponent / divisor


def _unit(rest: str) -> tuple[str, str]:
    """Split what follows a number into the longest unit that is known and the remainder."""
    found = _UNIT.match(rest)
    end = found.end() if found else 0
    while end:
        unit = pint_unit(rest[:end].strip().lstrip("\\-").replace("^", ""))
        if unit is not None:
            return unit, rest[end:]
        end = max(rest.rfind(" ", 0, end), rest.rfind("/", 0, end), 0)
    return "", rest


class NumberReader:
    """Reads quantities; the canonical answer is sign, value and unit."""

    quoted: tuple[str, ...] = ()

    def __init__(self, rights: list[Quantity], tolerance: float) -> None:
        self._rights, self._tolerance = rights, tolerance

    @classmethod
    def of(cls, gold: Gold) -> Self | None:
        """Prepare a gold; None where its answer is no single quantity ("5-10 years", "1:4")."""
        rights = [quantity for text in (gold.answer, *gold.accepted) if (quantity := read_quantity(text))]
        first = read_quantity(gold.answer)
        if first is None or (first.rest.strip(" .") and re.search(r"\d", first.rest)):
            return None
        return cls(rights, gold.tolerance)

    def is_right(self, value: str) -> bool:
        """Say whether a canonical quantity equals the gold within the tolerance."""
        sign, number, unit = value.split("|")
        return any(
            sign == right.sign
            and same_quantity(float(number), unit, right.value, right.unit, self._tolerance_of(right))
            for right in self._rights
        )

    def _tolerance_of(self, right: Quantity) -> float:
        return 0.0 if not right.unit and right.value.is_integer() else self._tolerance

    def read(self, passage: str, *, exact: bool, alone: bool) -> str | None:
        """Read the quantity a passage opens with; see :class:`Reader`."""
        found = read_quantity(unwrap(passage))
        if found is None:
            return None
        rest = found.rest if alone else sentence(found.rest)
        if _SECOND.search(rest) or _MOVED.match(rest) or taken_back(found.rest):
            return UNCLEAR
        if _differs(found, rest) or _beside(found, rest) or (joined(rest) and re.search(r"\d", rest)):
            return UNCLEAR
        if exact and re.search(r"\d", found.rest) and not explains(found.rest):
            return None
        return f"{found.sign}|{found.value!r}|{found.unit}"


def _differs(first: Quantity, rest: str) -> bool:
    """Say whether another number follows that is not the same quantity in another unit."""
    gap = _NEXT.match(rest)
    second = read_quantity(rest[gap.end() :]) if gap else None
    if second is None:
        return False
    comparable = bool(first.unit and second.unit)
    return not (comparable and same_quantity(first.value, first.unit, second.value, second.unit, _CONVERTED))


def _beside(first: Quantity, rest: str) -> bool:
    """Say whether the sentence gives another quantity of the same kind: "75% of men, 80% of women"."""
    if not first.unit:
        return False
    said = _REASON.split(sentence(rest)[:_REACH], maxsplit=1)[0]
    others = (read_quantity(said[number.start() :]) for number in _DIGITS.finditer(said))
    return any(
        other.unit
        and convertible(other.unit, first.unit)
        and not same_quantity(other.value, other.unit, first.value, first.unit, _CONVERTED)
        for other in others
        if other
    )
