"""Check digits and ranges that tell a real identifier from a number that only looks like one.

Sources: ISO/IEC 7812-1 (Luhn), ISO 13616 (IBAN), ISO 3779 and 49 CFR 565 (VIN), 21 CFR 1301 practice (DEA),
45 CFR 162.406 (NPI), CMS "Understanding the Medicare Beneficiary Identifier Format", SSA randomisation rules (SSN).
"""

import re
from datetime import date
from ipaddress import AddressValueError, IPv4Address, IPv6Address

__all__ = [
    "dea_digit",
    "iban_digits",
    "is_date",
    "is_dea",
    "is_iban",
    "is_ipv4",
    "is_ipv6",
    "is_luhn",
    "is_mbi",
    "is_npi",
    "is_ssn",
    "is_vin",
    "luhn_digit",
    "vin_digit",
]

_VIN_VALUES = {c: int(v) for c, v in zip("ABCDEFGHJKLMNPRSTUVWXYZ", "12345678123457923456789", strict=True)}
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_MBI = re.compile(
    r"[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d[AC-HJKMNP-RT-Y]{2}\d\d"
)
_MARKS = str.maketrans("", "", " -.")


def luhn_digit(body: str) -> str:
    """Return the Luhn check digit that completes ``body``.

    Examples
    --------
    >>> luhn_digit("7992739871")
    '3'
    """
    total = 0
    for place, char in enumerate(reversed(body)):
        doubled = int(char) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


def is_luhn(number: str) -> bool:
    """Tell whether a number (spaces and hyphens ignored) ends in its Luhn digit and is not one digit repeated."""
    digits = number.translate(_MARKS)
    return digits.isdigit() and len(set(digits)) > 1 and luhn_digit(digits[:-1]) == digits[-1]


def iban_digits(country: str, body: str) -> str:
    """Return the two ISO 13616 check digits of an account ``body`` in ``country``.

    Examples
    --------
    >>> iban_digits("GB", "WEST12345698765432")
    '82'
    """
    return f"{98 - int(''.join(str(int(c, 36)) for c in body + country + '00')) % 97:02}"


def is_iban(text: str) -> bool:
    """Tell whether ``text`` (spaces ignored) is an IBAN of a plausible length with right check digits."""
    code = text.translate(_MARKS).upper()
    return 15 <= len(code) <= 34 and code.isalnum() and iban_digits(code[:2], code[4:]) == code[2:4]


def vin_digit(code: str) -> str:
    """Return the check character of a 17-character VIN; the character now at position 9 is ignored.

    Examples
    --------
    >>> vin_digit("1M8GDM9A_KP042788")
    'X'
    """
    total = sum(w * _VIN_VALUES.get(c, int(c) if c.isdigit() else 0) for w, c in zip(_VIN_WEIGHTS, code, strict=True))
    return "X" if total % 11 == 10 else str(total % 11)


def is_vin(text: str) -> bool:
    """Tell whether ``text`` is a 17-character VIN with its (North American) check digit right."""
    code = text.upper()
    return bool(re.fullmatch(r"[A-HJ-NPR-Z\d]{17}", code)) and not code.isalpha() and vin_digit(code) == code[8]


def dea_digit(body: str) -> str:
    """Return the check digit of the six-digit body of a DEA registration.

    Examples
    --------
    >>> dea_digit("123456")
    '3'
    """
    odd, even = (sum(int(c) for c in body[start:6:2]) for start in (0, 1))
    return str((odd + 2 * even) % 10)


def is_dea(text: str) -> bool:
    """Tell whether ``text`` is a DEA registration: two letters (or letter and 9), six digits, right check digit."""
    return bool(re.fullmatch(r"[A-HJ-MPR-UX][A-Z9]\d{7}", text.upper())) and dea_digit(text[2:8]) == text[8]


def is_npi(text: str) -> bool:
    """Tell whether ``text`` is a ten-digit National Provider Identifier (Luhn under the prefix 80840)."""
    return bool(re.fullmatch(r"[12]\d{9}", text)) and is_luhn("80840" + text)


def is_mbi(text: str) -> bool:
    """Tell whether ``text`` (hyphens ignored) has the eleven-character form of a Medicare Beneficiary Identifier."""
    return bool(_MBI.fullmatch(text.translate(_MARKS).upper()))


def is_ssn(text: str) -> bool:
    """Tell whether nine digits (hyphens or spaces ignored) lie in a range the SSA can have issued."""
    digits = text.translate(_MARKS)
    if len(digits) != 9 or not digits.isdigit():
        return False
    return digits[:3] not in {"000", "666"} and digits[0] != "9" and digits[3:5] != "00" and digits[5:] != "0000"


def is_date(year: int, month: int, day: int) -> bool:
    """Tell whether the day exists and a living or lately dead patient could have it (1900 to 2099).

    Examples
    --------
    >>> is_date(2023, 2, 29), is_date(2024, 2, 29)
    (False, True)
    """
    if not 1900 <= year <= 2099:
        return False
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def is_ipv4(text: str) -> bool:
    """Tell whether ``text`` is a dotted IPv4 address that can belong to one host."""
    try:
        address = IPv4Address(text)
    except AddressValueError:
        return False
    return not (address.is_unspecified or address.is_loopback or address.is_multicast or text.startswith("0."))


def is_ipv6(text: str) -> bool:
    """Tell whether ``text`` is an IPv6 address of at least four groups (``a::b`` is too often a ratio or a time)."""
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return len(re.findall(r"[0-9A-Fa-f]+", text)) >= 4
