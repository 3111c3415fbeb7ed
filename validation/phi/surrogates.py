"""Invented values for identifiers: consistent within a document, seeded, plainly fictional where a range exists.

Telephone numbers use the range 555-0100 to 555-0199 (reserved for fiction by the North American Numbering Plan),
e-mail and web addresses ``example.org`` (RFC 2606), IP addresses 192.0.2.0/24 and 2001:db8::/32 (RFC 5737, 3849),
social security numbers the area 900 and above, which the SSA does not issue. Dates move by one number of days
per document, so that the intervals between them stay.
"""

import random
import re
import string
from collections.abc import Callable
from datetime import timedelta

from .dates import DateForm, parse_date
from .kinds import IdentifierType

__all__ = ["Surrogates"]

_FIRST = (
    "Avery",
    "Blake",
    "Dakota",
    "Devon",
    "Emerson",
    "Finley",
    "Harley",
    "Jamie",
    "Kendall",
    "Marlowe",
    "Reese",
    "Rowan",
)
_LAST = (
    "Ashgrove",
    "Brightwell",
    "Copperfield",
    "Dunmore",
    "Elderwood",
    "Fairweather",
    "Greystone",
    "Hollowell",
    "Larkspur",
)
_TOWNS = ("Springvale", "Northbrook Falls", "Millhaven", "Eastmere", "Graywater", "Oakhollow")
_TITLE = re.compile(r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Doctor|Prof|Professor|Nurse|Sister|Rev|Capt|Sgt)\.? ")
_MAX_SHIFT = 365


class Surrogates:
    """The invented values of one document.

    Parameters
    ----------
    seed, document
        Decide every value together: the same pair gives the same surrogates for the same identifiers.

    Examples
    --------
    >>> invent = Surrogates(0, "row-1")
    >>> invent.value("Alice Smith", IdentifierType.NAME) == invent.value("alice smith", IdentifierType.NAME)
    True
    >>> invent.value("617-867-5309", IdentifierType.PHONE)[:8]
    '617-555-'
    """

    def __init__(self, seed: int, document: str) -> None:
        self._key = f"{seed}/{document}"
        self._days = random.Random(f"{self._key}/days").choice([*range(-_MAX_SHIFT, -6), *range(7, _MAX_SHIFT)])  # noqa: S311
        self._makers: dict[IdentifierType, Callable[[str, random.Random], str]] = {
            IdentifierType.NAME: _name,
            IdentifierType.LOCATION: _place,
            IdentifierType.DATE: lambda value, _: self._date(value),
            IdentifierType.AGE: lambda value, _: re.sub(r"\d+", "90", value, count=1),
            IdentifierType.PHONE: _phone,
            IdentifierType.FAX: _phone,
            IdentifierType.EMAIL: lambda _, rng: f"person{rng.randint(100, 999)}@example.org",
            IdentifierType.URL: lambda _, rng: f"https://example.org/page/{rng.randint(100, 999)}",
            IdentifierType.IP: _ip,
            IdentifierType.SSN: lambda value, rng: _digits_from("9", value, rng),
            IdentifierType.PHOTO: lambda value, rng: f"image-{rng.randint(1000, 9999)}.{value.rsplit('.', 1)[-1]}",
        }

    def value(self, identifier: str, kind: IdentifierType) -> str:
        """Return the surrogate of an identifier; case and spacing of the original do not matter to the choice."""
        same = " ".join(identifier.casefold().split())
        rng = random.Random(f"{self._key}/{kind.value}/{same}")  # noqa: S311 - invented values, no secret
        made = self._makers.get(kind, _code)(identifier, rng)
        return made if made != identifier else self._makers.get(kind, _code)(identifier, random.Random(rng.random()))  # noqa: S311

    def _date(self, value: str) -> str:
        form: DateForm | None = parse_date(value)
        if form is None:
            return "[DATE]"
        return form.render(form.day + timedelta(days=self._days), value)


def _name(value: str, rng: random.Random) -> str:
    title = _TITLE.match(value)
    bare = value[title.end() :] if title else value
    first, last = rng.choice(_FIRST), rng.choice(_LAST)
    parts = bare.split()
    whole = f"{first} {last[0]}." if len(parts) > 1 and len(parts[-1].rstrip(".")) == 1 else f"{first} {last}"
    return (title[0] if title else "") + (last if len(parts) == 1 and title else first if len(parts) == 1 else whole)


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
