"""What a finding is: its type, its level, and the HIPAA Safe Harbor class it belongs to."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NamedTuple

__all__ = ["SAFE_HARBOR", "Candidate", "Finding", "IdentifierType", "Level", "Profile"]


class IdentifierType(StrEnum):
    """The kinds of identifier that are looked for; :data:`SAFE_HARBOR` numbers them by the rule's own list."""

    NAME = "NAME"
    LOCATION = "LOCATION"
    DATE = "DATE"
    AGE = "AGE"
    PHONE = "PHONE"
    FAX = "FAX"
    EMAIL = "EMAIL"
    SSN = "SSN"
    MRN = "MRN"
    HEALTH_PLAN = "HEALTH_PLAN"
    ACCOUNT = "ACCOUNT"
    LICENSE = "LICENSE"
    VEHICLE = "VEHICLE"
    DEVICE = "DEVICE"
    URL = "URL"
    IP = "IP"
    BIOMETRIC = "BIOMETRIC"
    PHOTO = "PHOTO"
    OTHER_ID = "OTHER_ID"


SAFE_HARBOR: dict[IdentifierType, str] = {
    IdentifierType.NAME: "A",
    IdentifierType.LOCATION: "B",
    IdentifierType.DATE: "C",
    IdentifierType.AGE: "C",
    IdentifierType.PHONE: "D",
    IdentifierType.FAX: "E",
    IdentifierType.EMAIL: "F",
    IdentifierType.SSN: "G",
    IdentifierType.MRN: "H",
    IdentifierType.HEALTH_PLAN: "I",
    IdentifierType.ACCOUNT: "J",
    IdentifierType.LICENSE: "K",
    IdentifierType.VEHICLE: "L",
    IdentifierType.DEVICE: "M",
    IdentifierType.URL: "N",
    IdentifierType.IP: "O",
    IdentifierType.BIOMETRIC: "P",
    IdentifierType.PHOTO: "Q",
    IdentifierType.OTHER_ID: "R",
}
"""The letter of each type in 45 CFR 164.514(b)(2)(i), the Safe Harbor list; ages over 89 belong to the dates."""


class Level(IntEnum):
    """How sure a finding is and what a gate should do with it."""

    QUASI = 1
    """Reported only: an age over 89, an address-like or name-like phrase that nothing ties to a person."""
    CONTEXT = 2
    """A titled or cued name, an address, a date of care: fails a gate or is reviewed."""
    HARD = 3
    """An identifier by its form or its label: always fails a gate."""


class Profile(StrEnum):
    """How suspicious to be."""

    GATE = "gate"
    """Quiet on medical exam text: something must tie a name, date or place to a person."""
    STRICT = "strict"
    """For notes about real people: every date, place, number and name-like word counts, cue or none."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """An identifier at ``text[start:end]``, in characters of the text as it was given.

    Examples
    --------
    >>> Finding(0, 4, IdentifierType.NAME, Level.CONTEXT).type
    <IdentifierType.NAME: 'NAME'>
    """

    start: int
    end: int
    type: IdentifierType
    level: int


class Candidate(NamedTuple):
    """What a rule proposes, in characters of the normalised text."""

    start: int
    end: int
    type: IdentifierType
    level: int
