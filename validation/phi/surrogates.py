"""Invented values for identifiers: consistent within a document, seeded, plainly fictional where a range exists.

Telephone numbers use the range 555-0100 to 555-0199 (reserved for fiction by the North American Numbering Plan),
e-mail and web addresses ``example.org`` (RFC 2606), IP addresses 192.0.2.0/24 and 2001:db8::/32 (RFC 5737, 3849),
social security numbers the area 900 and above, which the SSA does not issue. Dates move by one number of days
per document, so that the intervals between them stay.

An invented value follows from the seed, the document and its place among those invented before, not from the
identifier, of which it keeps no more than the form and, of a telephone number, the area code: nobody who knows the
first two can try identifiers until one fits. The days follow from all identifiers of the document together.
"""

import random
import re
import string
from collections.abc import Callable, Iterable
from datetime import timedelta

from .dates import DateForm, parse_date
from .kinds import IdentifierType
from .name_guards import FIRST, PARTICLES, SURNAMES
from .rules_dates import OLD
from .words import cues

__all__ = ["Surrogates"]

_GIVEN = tuple("Avery Blake Dakota Devon Emerson Finley Harley Jamie Kendall Marlowe Reese Rowan".split())
_FAMILY = tuple(
    "Ashgrove Brightwell Copperfield Dunmore Elderwood Fairweather Greystone Hollowell Larkspur Merriweather".split()
)
_TOWNS = ("Springvale", "Northbrook Falls", "Millhaven", "Eastmere", "Graywater", "Oakhollow")
_TITLE = re.compile(rf"{cues('title')}\.? ")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_MAX_SHIFT = 365
_OLD = re.compile(OLD, re.IGNORECASE)


class Surrogates:
    """The invented values of one document, which may be several texts: a row with all its messages and calls.

    A name is invented word by word, so "Alice Smith", "Smith, Alice" and "Ms. Smith" stay one person, and two people
    stay two as long as there are names left.

    Parameters
    ----------
    seed, document
        Decide every value together: the same pair gives the same surrogates for the same identifiers, asked for in the
        same order.
    identifiers
        All that the document is found to hold, with types. The dates move by days that follow from it, and one that
        names its year says which year "May 3rd" is taken to be in, so that a leap day does not move the two apart.

    Examples
    --------
    >>> invent = Surrogates(0, "row-1")
    >>> whole, short = (invent.value(name, IdentifierType.NAME) for name in ("Alice Smith", "Ms. Smith"))
    >>> whole.split()[1] == short.split()[1]
    True
    >>> invent.value("617-867-5309", IdentifierType.PHONE)[:8]
    '617-555-'
    """

    def __init__(self, seed: int, document: str, identifiers: Iterable[tuple[str, IdentifierType]] = ()) -> None:
        self._key = f"{seed}/{document}"
        held = list(identifiers)
        shifts = [*range(-_MAX_SHIFT, -6), *range(7, _MAX_SHIFT)]
        self._days = self._rng("days", *sorted({text for text, _ in held})).choice(shifts)
        self._made: dict[tuple[IdentifierType, str], str] = {}
        self._given: dict[str, str] = {}
        self._family: dict[str, str] = {}
        forms = (parse_date(text) for text, kind in held if kind is IdentifierType.DATE)
        dated = (form for form in forms if form and "y" in form.order)
        self._year = next((form.day.year for form in dated), None)
        self._makers: dict[IdentifierType, Callable[[str, random.Random], str]] = {
            IdentifierType.NAME: lambda value, _: self._name(value),
            IdentifierType.LOCATION: _place,
            IdentifierType.DATE: lambda value, _: self._date(value),
            IdentifierType.AGE: lambda value, _: _OLD.sub("90", value, count=1),
            IdentifierType.PHONE: _phone,
            IdentifierType.FAX: _phone,
            IdentifierType.EMAIL: lambda _, rng: f"person{rng.randint(100, 999)}@example.org",
            IdentifierType.URL: lambda _, rng: f"https://example.org/page/{rng.randint(100, 999)}",
            IdentifierType.IP: _ip,
            IdentifierType.SSN: lambda value, rng: _digits_from("9", value, rng),
            IdentifierType.PHOTO: lambda value, rng: f"image-{rng.randint(1000, 9999)}.{value.rsplit('.', 1)[-1]}",
        }

    def value(self, identifier: str, kind: IdentifierType) -> str:
        """Return the surrogate of an identifier; its case, spaces and punctuation do not matter to the choice."""
        make = self._makers.get(kind, _code)
        if kind in {IdentifierType.NAME, IdentifierType.DATE}:  # these keep together by their parts
            return make(identifier, self._rng())
        same = kind, re.sub(r"[\W_]+", "", identifier.casefold())
        if same not in self._made:
            rng = self._rng(kind.value, len(self._made))
            made = make(identifier, rng)
            self._made[same] = made if made != identifier else make(identifier, rng)
        return self._made[same]

    def _rng(self, *what: object) -> random.Random:
        return random.Random("/".join(map(str, (self._key, *what))))  # noqa: S311 - invented values, no secret

    def _date(self, value: str) -> str:
        form: DateForm | None = parse_date(value, self._year)
        if form is None:
            return "[DATE]"
        try:
            return form.render(form.day + timedelta(days=self._days), value)
        except OverflowError:  # 31 December 9999 stands for "never" in many databases
            return "[DATE]"

    def _name(self, value: str) -> str:
        title = _TITLE.match(value)
        start = title.end() if title else 0
        words = [word for word in _WORD.finditer(value, start) if word[0] not in PARTICLES]
        comma = value.find(",", start)  # "Smith, Alice"
        alone = len(words) == 1 and (title or (words[0][0] in SURNAMES and words[0][0] not in FIRST))
        for place, word in reversed(list(enumerate(words))):
            last = place == len(words) - 1 and (len(words) > 1 or bool(alone))
            family = word.start() < comma if comma >= 0 else last
            value = value[: word.start()] + self._name_for(word[0], family=family) + value[word.end() :]
        return value

    def _name_for(self, word: str, *, family: bool) -> str:
        """Return the invented name of one word of a name: its initial for an initial, in capitals for capitals."""
        known, pool = (self._family, _FAMILY) if family else (self._given, _GIVEN)
        same = word.casefold()
        if len(word) == 1:
            made = next((made for old, made in known.items() if old.startswith(same)), "")
            if not made:
                made = known[same] = self._rng(family, len(known)).choice(pool)
            return made[0]
        made = self._given.get(same) or self._family.get(same)
        if made is None:
            free = [one for one in pool if one not in known.values() and one.casefold() != same]
            made = known[same] = self._rng(family, len(known)).choice(free or pool)
        return made.upper() if word.isupper() else made.lower() if word.islower() else made


def _place(value: str, rng: random.Random) -> str:
    town = rng.choice(_TOWNS)
    for word in ("Hospital", "Clinic", "Medical Center", "Institute", "Center"):
        if word.lower() in value.lower():
            return f"{town} {word}"
    return f"{rng.randint(100, 999)} Example Street, {town}" if value[:1].isdigit() else town


def _phone(value: str, rng: random.Random) -> str:
    """Keep the area code and the form of a North American number, and put 555-01xx behind it."""
    line = f"555-01{rng.randint(0, 99):02}"
    form = re.match(r"\+?1?[-. ]?\(?(\d{3})\)?[-. ]?\d{3}[-. ]?\d{4}", value)
    return f"{form[1]}-{line}" if form else line


def _ip(value: str, rng: random.Random) -> str:
    return f"2001:db8::{rng.randrange(1, 65536):x}" if ":" in value else f"192.0.2.{rng.randint(1, 254)}"


def _digits_from(first: str, value: str, rng: random.Random) -> str:
    made = re.sub(r"\d", lambda _: rng.choice(string.digits), value)
    return re.sub(r"\d", first, made, count=1)


def _code(value: str, rng: random.Random) -> str:
    """Invent a code of the same form: a digit for a digit, a letter for a letter."""
    made = re.sub(r"\d", lambda _: rng.choice(string.digits), value)
    made = re.sub(r"[A-Z]", lambda _: rng.choice(string.ascii_uppercase), made)
    return re.sub(r"[a-z]", lambda _: rng.choice(string.ascii_lowercase), made)
