"""Check digits and ranges, on published examples and on their neighbours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmed_data.validation.phi import validators as v


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (v.is_luhn, "4111 1111 1111 1111", "4111 1111 1111 1112"),
        (v.is_luhn, "79927398713", "00000000000"),
        (v.is_iban, "DE89 3704 0044 0532 0130 00", "DE89 3704 0044 0532 0130 01"),
        (v.is_vin, "1M8GDM9AXKP042788", "1M8GDM9A0KP042788"),
        (v.is_dea, "AB1234563", "AB1234564"),
        (v.is_npi, "1234567893", "1234567890"),
        (v.is_mbi, "1EG4-TE5-MK73", "1EG4-TE5-MKB3"),
        (v.is_ssn, "219-09-9999", "666-09-9999"),
        (v.is_ssn, "001-01-0001", "001-00-0001"),
        (v.is_ipv4, "192.168.10.4", "256.1.1.1"),
        (v.is_ipv4, "8.8.8.8", "127.0.0.1"),
        (v.is_ipv6, "2001:db8:0:1::7", "12:30"),
    ],
)
def test_a_good_number_passes_and_its_neighbour_does_not(check, good: str, bad: str) -> None:
    assert check(good)
    assert not check(bad)


@given(st.from_regex(r"[0-9]{5,18}", fullmatch=True), st.integers(0, 17), st.integers(1, 9))
def test_luhn_sees_every_single_wrong_digit(body: str, place: int, by: int) -> None:
    number = body + v.luhn_digit(body)
    place %= len(number)
    wrong = number[:place] + str((int(number[place]) + by) % 10) + number[place + 1 :]
    assert v.luhn_digit(wrong[:-1]) != wrong[-1]


@pytest.mark.parametrize(
    ("day", "real"), [((2024, 2, 29), True), ((2023, 2, 29), False), ((1850, 1, 1), False), ((2020, 13, 1), False)]
)
def test_dates_that_exist(day: tuple[int, int, int], real: bool) -> None:
    assert v.is_date(*day) is real
