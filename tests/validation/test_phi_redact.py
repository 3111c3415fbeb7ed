"""Nothing that was found is left in a redacted, masked or surrogate text, and surrogates keep together."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmed_data.mask import mask
from openmed_data.validation.phi import Finding, IdentifierType, redact, scan
from openmed_data.validation.phi.dates import parse_date
from openmed_data.validation.phi.disguise import DISGUISES, disguised
from openmed_data.validation.phi.planting import plants
from openmed_data.validation.phi.surrogates import Surrogates

NOTE = (
    "Patient: Alice Smith, DOB 03/04/1961, seen 2 May 2023 and again 9 May 2023 at Mercy Clinic. "
    "Alice Smith can be reached at (617) 867-5309 or alice.smith@mail.net. MRN: 00471123."
)


def test_tags() -> None:
    assert redact(NOTE, scan([NOTE])[0]) == (
        "Patient: [NAME], DOB [DATE], seen [DATE] and again [DATE] at [LOCATION]. "
        "[NAME] can be reached at [PHONE] or [EMAIL]. MRN: [MRN]."
    )


@pytest.mark.parametrize("invent", [None, Surrogates(0, "row-1")], ids=["tags", "surrogates"])
def test_no_planted_string_survives(invent: Surrogates | None) -> None:
    chosen = [
        plant for plant in plants(4, seed=11) if plant.kind in {"name", "email", "phone", "ssn", "mrn", "ip", "date"}
    ]
    for plant, findings in zip(chosen, scan([plant.text for plant in chosen]), strict=True):
        value = plant.text[plant.start : plant.end]
        if any(one.start <= plant.start and one.end >= plant.end for one in findings):
            assert value not in redact(plant.text, findings, invent), plant.text


@pytest.mark.parametrize("name", sorted(DISGUISES))
def test_a_disguise_does_not_survive_either(name: str) -> None:
    plant = disguised(next(plant for plant in plants(1) if plant.kind == "email"), name)
    assert "@" not in redact(plant.text, scan([plant.text])[0]).replace("\uff20", "@")


def test_surrogates_are_consistent_and_seeded() -> None:
    findings = scan([NOTE])[0]
    made = redact(NOTE, findings, Surrogates(3, "row-1"))
    assert made == redact(NOTE, findings, Surrogates(3, "row-1"))
    assert made != redact(NOTE, findings, Surrogates(4, "row-1"))
    assert made != redact(NOTE, findings, Surrogates(3, "row-2"))
    name = re.match(r"Patient: (.+?), DOB", made)
    assert name is not None
    assert made.count(name[1]) == 2
    assert "Smith" not in made
    assert re.search(r"617-555-01\d\d", made)
    assert re.search(r"person\d{3}@example\.org", made)


def test_dates_move_together() -> None:
    made = redact(NOTE, scan([NOTE])[0], Surrogates(5, "row-1"))
    birth, first, second = re.findall(r"DOB (\S+), seen (.+) and again (.+) at", made)[0]
    days = [parsed.day for parsed in map(parse_date, (birth, first, second)) if parsed]
    shift = days[0] - date(1961, 3, 4)
    assert shift.days != 0
    assert [day - shift for day in days] == [date(1961, 3, 4), date(2023, 5, 2), date(2023, 5, 9)]
    assert re.fullmatch(r"\d\d/\d\d/\d{4}", birth)


def test_a_person_has_one_invented_name_in_every_form() -> None:
    invent = Surrogates(0, "row-1")
    forms = ("Alice Smith", "Smith, Alice", "SMITH, ALICE", "Ms. Smith", "Alice", "A. Smith", "alice smith")
    first, last = invent.value(forms[0], IdentifierType.NAME).split()
    assert {first, last}.isdisjoint({"Alice", "Smith"})
    assert [invent.value(form, IdentifierType.NAME) for form in forms[1:]] == [
        f"{last}, {first}",
        f"{last}, {first}".upper(),
        f"Ms. {last}",
        first,
        f"{first[0]}. {last}",
        f"{first} {last}".lower(),
    ]
    doctor = invent.value("Dr. Maria de la Cruz", IdentifierType.NAME)
    assert re.fullmatch(rf"Dr\. (?!{first})[A-Z][a-z]+ de la (?!{last})[A-Z][a-z]+", doctor)


def test_two_people_stay_two() -> None:
    invent = Surrogates(0, "row-1")
    people = [f"{given} Smith" for given in ("Alice", "Bob", "Carol", "Dan", "Eve", "Frank", "Grace", "Heidi")]
    assert len({invent.value(one, IdentifierType.NAME) for one in people}) == len(people)


def test_the_punctuation_of_a_number_does_not_matter() -> None:
    invent = Surrogates(0, "row-1")
    plain = invent.value("00471123", IdentifierType.MRN)
    assert invent.value("00-471-123", IdentifierType.MRN).replace("-", "") == plain != "00471123"


@given(st.integers(0, 200), st.dates(date(2023, 1, 1), date(2025, 12, 31)))
def test_a_date_moves_alike_with_its_year_and_without(row: int, day: date) -> None:
    whole, short = day.isoformat(), f"{day:%B} {day.day}"
    invent = Surrogates(0, str(row), [(short, IdentifierType.DATE), (whole, IdentifierType.DATE)])
    moved = date.fromisoformat(invent.value(whole, IdentifierType.DATE))
    assert invent.value(short, IdentifierType.DATE) == f"{moved:%B} {moved.day}"


@given(
    st.dates(date(1930, 1, 1), date(2030, 12, 31)), st.sampled_from(["%m/%d/%Y", "%Y-%m-%d", "%B %d, %Y", "%d %b %Y"])
)
def test_a_date_is_read_and_written_in_its_own_form(day: date, form: str) -> None:
    text = day.strftime(form)
    parsed = parse_date(text)
    assert parsed is not None
    assert parsed.day == day
    assert parsed.render(day, text) == text


@pytest.mark.parametrize("text", ["12/31/9999", "01/01/0001"])
def test_a_date_at_the_end_of_the_calendar_has_a_surrogate(text: str) -> None:
    made = {Surrogates(0, f"row-{number}").value(text, IdentifierType.DATE) for number in range(20)}
    assert "[DATE]" in made
    assert text not in made


def test_a_month_that_is_written_against_its_day_moves_with_it() -> None:
    form = parse_date("31May")
    assert form is not None
    assert form.render(date(2000, 11, 4), "31May") == "4November"


@pytest.mark.parametrize(
    "text", ["May", "99999999999 May", "31/31/2020", "Febtember 3", "last Friday", "30 February 2021", ""]
)
def test_what_is_no_date_is_not_read(text: str) -> None:
    assert parse_date(text) is None


@pytest.mark.parametrize(
    "findings",
    [
        [Finding(0, 5, IdentifierType.NAME, 2), Finding(3, 8, IdentifierType.NAME, 2)],
        [Finding(0, 99, IdentifierType.NAME, 2)],
        [Finding(4, 4, IdentifierType.NAME, 2)],
    ],
)
def test_findings_that_do_not_fit_are_an_error(findings: list[Finding]) -> None:
    with pytest.raises(ValueError, match="finding"):
        redact("some text", findings)


@given(st.text(min_size=2))
def test_a_mask_shows_no_digit_and_keeps_the_length(fragment: str) -> None:
    masked = mask(fragment, len(fragment))
    assert len(masked) == len(fragment)
    assert not any(char.isdecimal() for char in masked)


def test_mask_hides_all_but_first_letters() -> None:
    assert mask("Mary-Ann O'Neil") == "M***-A** *'N***"
    assert mask("MRN AB12345") == "M** A******"


@pytest.mark.parametrize(
    ("age", "invented"),
    [("94M", "90M"), ("ninety-three-year-old", "90-year-old"), ("Ninety two years old", "90 years old")],
)
def test_an_age_over_89_is_cut_to_90_in_words_too(age: str, invented: str) -> None:
    assert Surrogates(42, "row-1").value(age, IdentifierType.AGE) == invented


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        (IdentifierType.MRN, "00123456", "00987654"),
        (IdentifierType.SSN, "078-05-1120", "219-09-9999"),
        (IdentifierType.PHONE, "617-867-5309", "617-212-0000"),
        (IdentifierType.NAME, "Alice Smith", "Priya Kumar"),
        (IdentifierType.EMAIL, "a.smith@mail.example.org", "b.jones@mail.example.org"),
    ],
)
def test_an_invented_value_tells_nothing_of_the_one_it_stands_for(
    kind: IdentifierType, first: str, second: str
) -> None:
    # Whoever knows seed and row could else try identifiers until one gives the value that was published.
    made = {Surrogates(42, "row-1", [(value, kind)]).value(value, kind) for value in (first, second)}
    assert len(made) == 1
    invent = Surrogates(42, "row-1")
    assert invent.value(first, kind) != invent.value(second, kind)
    assert invent.value(first, kind) == invent.value(first.replace("-", " "), kind)


def test_the_days_of_a_document_follow_from_all_that_it_holds() -> None:
    held = [("3/4/1961", IdentifierType.DATE), ("Alice Smith", IdentifierType.NAME)]
    moved = {
        Surrogates(42, "row-1", [held[0], (name, IdentifierType.NAME)]).value("3/4/1961", IdentifierType.DATE)
        for name in ("Alice Smith", "Priya Kumar", "Tom Becker", "Zhang Wei")
    }
    assert len(moved) > 1
    turned = Surrogates(42, "row-1", reversed(held))
    assert turned.value("3/4/1961", IdentifierType.DATE) == Surrogates(42, "row-1", held).value(*held[0])


@pytest.mark.parametrize("title", ["Dr. ", "Smt. ", "Herr ", "Baby girl "])
def test_a_title_stays_before_an_invented_name(title: str) -> None:
    invent = Surrogates(42, "row-1")
    whole = invent.value(f"{title}Hernandez", IdentifierType.NAME)
    assert whole.startswith(title)
    assert whole.removeprefix(title) == invent.value("Hernandez", IdentifierType.NAME)


def test_a_mask_hides_single_letters() -> None:
    assert mask("R.K.") == "*.*."
    assert mask("J. Smith, 42 A St") == "*. S****, ** * S*"
