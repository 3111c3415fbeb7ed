# ruff: noqa: E501  (the tables read better in long lines)
"""Identifiers in the forms that other countries, databases and evaders give them."""

import pytest

from openmed_data.validation.phi import redact, scan
from openmed_data.validation.phi.dates import parse_date

FORMS = [
    ("Ring 0049 30 901820 after noon.", "0049 30 901820", "PHONE"),
    ("Write to jane.doe at example.com today.", "jane.doe at example.com", "EMAIL"),
    ("Write to j_doe AT mail.example.co.uk today.", "j_doe AT mail.example.co.uk", "EMAIL"),
    ("Mail jane.doe&#64;example.com today.", "jane.doe&#64;example.com", "EMAIL"),
    ("See ?to=jane.doe%40example.com now", "jane.doe%40example.com", "EMAIL"),
    ("dob=14031961", "14031961", "DATE"),
    ("Date of birth: 19610314.", "19610314", "DATE"),
    ("D.O.B: 14-MAR-61, male", "14-MAR-61", "DATE"),
    ("Mr. van der Berg complains of cough.", "Mr. van der Berg", "NAME"),
    ("Name - Priya Sharma", "Priya Sharma", "NAME"),
    ("Priya Sharma, 45F, has dyspnoea.", "Priya Sharma", "NAME"),
    ("He lives at 14 Acacia Avenue, Leeds LS1 4AB.", "14 Acacia Avenue, Leeds LS1 4AB", "LOCATION"),
    ("Her postcode is SW1A 1AA.", "SW1A 1AA", "LOCATION"),
    ("Postal code: K1A 0B1", "K1A 0B1", "LOCATION"),
    ("SIN 046 454 286", "046 454 286", "SSN"),
    ("Medicare 2123 45670 1", "2123 45670 1", "HEALTH_PLAN"),
    ("IP No. 334455/21 was filed.", "334455/21", "MRN"),
    ("OPD No: 88231", "88231", "MRN"),
    ("MRN 11 42 53 64 on the wristband", "11 42 53 64", "MRN"),
    ("Member ID K0031 558213 was given.", "K0031 558213", "HEALTH_PLAN"),
    ("National Insurance no. AB 12 34 56 C", "AB 12 34 56 C", "SSN"),
    ("Fax it to 415/555-0170 please.", "415/555-0170", "FAX"),
    ("EDD: 2024/9/2, scan tomorrow", "2024/9/2", "DATE"),
    ("Date of death: 2021-11-05T04:12:00Z", "2021-11-05T04:12:00Z", "DATE"),
    ("Date of admission 20240109", "20240109", "DATE"),
    ("She lives at 31 Heron Quay, Bristol BS1 4QA", "31 Heron Quay, Bristol BS1 4QA", "LOCATION"),
    ("Sent to 850 Meadowlark, Tulsa, OK 74104", "850 Meadowlark, Tulsa, OK 74104", "LOCATION"),
    ("The patient was transferred from Clark County today.", "Clark County", "LOCATION"),
    ("Hello, my name is samira and I cannot sleep.", "samira", "NAME"),
    ("It has itched since Monday.\nMany thanks,\nBernadette O'Shea", "Bernadette O'Shea", "NAME"),
    ("My son Thaddeus swallowed a coin.", "Thaddeus", "NAME"),
    ("Her husband, Leopold, noticed jaundice.", "Leopold", "NAME"),
    ("KOWALCZYK, ANNA is a 54F with palpitations", "KOWALCZYK, ANNA", "NAME"),
    ("Pt. Lindqvist, Erik denies fever.", "Lindqvist, Erik", "NAME"),
    ("Patient name: D'ANGELO, MARIA TERESA", "D'ANGELO, MARIA TERESA", "NAME"),
    ("MRS. ELEANOR RIGBY HAS DYSPNEA", "ELEANOR RIGBY", "NAME"),
    ("<name>Yolanda Briggs</name>", "Yolanda Briggs", "NAME"),
    ("Pt (John Q. Public) has chest pain.", "John Q. Public", "NAME"),
    ("The neonate of Latoya Washington was cyanotic.", "Latoya Washington", "NAME"),
    ("DOB: 14MAR61, male", "14MAR61", "DATE"),
    ("Discharged 22Mar2021 in good health.", "22Mar2021", "DATE"),
    ("DOB 14 Mar 61 and well", "14 Mar 61", "DATE"),
    ("He underwent a bypass in March 2019 and is well.", "March 2019", "DATE"),
    ("Smt. Lakshmi Devi was started on insulin.", "Smt. Lakshmi Devi", "NAME"),
    ("Herr Schmidt was operated on.", "Herr Schmidt", "NAME"),
    ("Baby girl Hernandez was born at term.", "Baby girl Hernandez", "NAME"),
    ("Dear colleague, thank you for seeing Emily Clark.", "Emily Clark", "NAME"),
    ("The patient's initials: R.K.", "R.K.", "NAME"),
    ("J.S. is a 45-year-old man with gout.", "J.S.", "NAME"),
    ("pt maria gonzalez called re: labs", "maria gonzalez", "NAME"),
    ("Spoke with pt's aunt Consuelo, who agreed.", "Consuelo", "NAME"),
    ("She lives in Toledo, Ohio with her husband.", "Toledo, Ohio", "LOCATION"),
    ("She lives on Maple Street with her husband.", "Maple Street", "LOCATION"),
    ("He is a resident of Sunrise Nursing Home.", "Sunrise Nursing Home", "LOCATION"),
    ("He is incarcerated at Folsom State Prison.", "Folsom State Prison", "LOCATION"),
    ("Address: 45 Elm Ave\nApt 3B\nBoston, MA 02115", "45 Elm Ave\nApt 3B\nBoston, MA 02115", "LOCATION"),
    ("The SSN ending in 6789 was given.", "6789", "SSN"),
    ("The last four of her SSN are 6789.", "6789", "SSN"),
    ("social 219 09 9999", "219 09 9999", "SSN"),
    ("Paid with a card ending in 1111.", "1111", "ACCOUNT"),
    ("FIN 20012345678, arrived by car", "20012345678", "MRN"),
    ("GMC 7654321 signed.", "7654321", "LICENSE"),
    ("The van reg AB12 CDE was seen.", "AB12 CDE", "VEHICLE"),
    ("Her blog janedoe-cancer.blogspot.com has photos.", "janedoe-cancer.blogspot.com", "URL"),
    ("His Instagram is @jsmith_89 now.", "@jsmith_89", "OTHER_ID"),
]


@pytest.mark.parametrize(("text", "identifier", "kind"), FORMS)
def test_a_form_is_found_whole_and_redacted(text: str, identifier: str, kind: str) -> None:
    (findings,) = scan([text])
    grave = [(text[one.start : one.end], one.type.value) for one in findings if one.level >= 2]
    assert (identifier, kind) in grave
    assert redact(text, findings) == text.replace(identifier, f"[{kind}]")


@pytest.mark.parametrize("text", [
    "On 14 Mar 61 patients were screened.", "The U.S. was the first.", "A.B.G. was normal.", "The patient may feel well.", "pt will improve",
    "most likely GCS score of such a patient would be:March 2013 (b, c, d)", "Approved by the FDA in March 2019.", "The social class 3 12 45", "He lives in a nursing home in Ohio.",
    "The last four of 6789 patients died.", "She works at night.", "DNA RNA, PROTEIN", "The student at the back",
    "She is a resident of New Mexico.", "A permanent resident of the United States was seen.",
])  # fmt: skip
def test_what_only_looks_like_such_a_form_is_left_alone(text: str) -> None:
    assert [one for one in scan([text])[0] if one.level >= 2] == []


@pytest.mark.parametrize(("text", "age"), [
    ("94M with pneumonia.", "94M"), ("A ninety-three-year-old woman", "ninety-three-year-old"), ("Mr. Ito, 92, was seen.", "92"), ("She is 94 y.o. and well.", "94 y.o."),
])  # fmt: skip
def test_an_age_over_89_is_found_as_notes_write_it(text: str, age: str) -> None:
    (findings,) = scan([text])
    assert [text[one.start : one.end] for one in findings if one.type.value == "AGE"] == [age]


@pytest.mark.parametrize("text", ["A fever of 95F", "Asn, 93, binds it", "94M NaCl", "eighty-nine-year-old man"])
def test_a_temperature_is_no_age(text: str) -> None:
    assert scan([text]) == [[]]


@pytest.mark.parametrize("text", ["dob=99999999", "The birth weight was 12031961 units.", "Tube no 12031961"])
def test_eight_digits_are_a_birth_date_only_where_one_is_named_and_exists(text: str) -> None:
    assert "DATE" not in [one.type.value for one in scan([text])[0]]


@pytest.mark.parametrize(
    ("text", "moved"), [("14-MAR-61", "14-MAR-72"), ("14MAR61", "14MAR72"), ("14 Mar 61", "14 Mar 72")]
)
def test_a_year_of_two_digits_moves_with_its_date(text: str, moved: str) -> None:
    form = parse_date(text)
    assert form is not None
    assert (form.day.day, form.day.month, form.order) == (14, 3, "dmy")
    assert form.render(form.day.replace(year=1972), text) == moved


def test_blank_lines_cost_no_more_than_other_text() -> None:
    text = "Mueller, Hans was seen." + "\n" * 200_000
    assert [(one.start, one.end) for one in scan([text])[0]] == [(0, 13)]


@pytest.mark.parametrize("text", ["her blog ", "instagram @", "www. "])
def test_long_runs_of_labels_cost_no_more_than_their_length(text: str) -> None:
    assert "URL" not in [one.type.value for one in scan([text + "a." * 100_000])[0]]


def test_a_text_with_ten_thousand_mentions_is_read() -> None:
    text = "Patient: Alice Smith, MRN 10000000. " + "Alice Smith, " * 10_000
    assert len(scan([text])[0]) == 10_002


@pytest.mark.parametrize("town", ["San Francisco", "Ann Arbor"])
def test_a_town_whose_words_are_names_is_a_place(town: str) -> None:
    text = f"Patient: Alice Smith, MRN 12345678. University of Elsewhere, {town}."
    (findings,) = scan([text])
    assert [one.type.value for one in findings if text[one.start : one.end] == town] == ["LOCATION"]


def test_a_name_in_capitals_heads_the_note_of_a_person() -> None:
    text = "RAMIREZ, CARLOS M DOB 3/14/61\nDNR, DNI"
    assert redact(text, scan([text])[0]) == "[NAME] DOB [DATE]\nDNR, DNI"
