"""What the scanner finds, at which level, and where: planted identifiers, disguises, offsets."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmed_data.validation.phi import (
    FRAME_SCHEMA,
    SAFE_HARBOR,
    Finding,
    IdentifierType,
    Level,
    Profile,
    scan,
    scan_frame,
)
from openmed_data.validation.phi.disguise import DISGUISES, disguised
from openmed_data.validation.phi.planting import Plant, half, plants, templates
from openmed_data.validation.phi.scanner import families

PLANTS = list(plants(3, seed=7))
NOISE = "ab\u200b\ufeff\uff15\u00e9\u0301\u0416\u00b5\n ."
# Kinds whose planted values a rule knows by themselves, whatever the sentence.
FORMED = [plant for plant in PLANTS if plant.kind in {"email", "mrn", "name", "phone"}]


def found(text: str, profile: str = "gate") -> list[tuple[str, str, int]]:
    return [(text[one.start : one.end], one.type.value, one.level) for one in scan([text], profile)[0]]


def missed(chosen: list[Plant]) -> list[str]:
    """Return the texts of the plants that no finding touches."""
    scanned = scan([plant.text for plant in chosen])
    return [plant.text for plant, findings in zip(chosen, scanned, strict=True) if not touched(plant, findings)]


def touched(plant: Plant, findings: list[Finding]) -> bool:
    return any(one.start < plant.end and plant.start < one.end for one in findings)


@pytest.mark.parametrize("kind", sorted({kind for kind, _ in templates()}))
def test_planted_identifiers_of_every_class_are_found(kind: str) -> None:
    chosen = [plant for plant in PLANTS if plant.kind == kind]
    missed = [
        plant.text for plant, one in zip(chosen, scan([p.text for p in chosen]), strict=True) if not touched(plant, one)
    ]
    assert len(missed) <= 0.04 * len(chosen), missed


def test_the_types_cover_the_eighteen_safe_harbor_classes() -> None:
    assert set(SAFE_HARBOR) == set(IdentifierType)
    assert set(SAFE_HARBOR.values()) == set("ABCDEFGHIJKLMNOPQR")


def test_templates_are_split_into_two_halves() -> None:
    sides = [half(sentence) for _, sentence in templates()]
    assert 0.4 < sides.count("judging") / len(sides) < 0.6
    assert {plant.text for plant in plants(1, only="tuning")}.isdisjoint(
        plant.text for plant in plants(1, only="judging")
    )


@pytest.mark.parametrize("name", sorted(DISGUISES))
def test_disguised_identifiers_are_found_where_they_stand(name: str) -> None:
    worn = [disguised(plant, name) for plant in FORMED]
    missed = [
        plant.text for plant, one in zip(worn, scan([p.text for p in worn]), strict=True) if not touched(plant, one)
    ]
    assert len(missed) <= 0.02 * len(worn), missed


@given(
    plant=st.sampled_from([plant for plant in PLANTS if plant.kind == "email"]),
    before=st.text(alphabet=NOISE, max_size=20),
    after=st.text(alphabet=NOISE, max_size=20),
    hide=st.sampled_from([*DISGUISES, ""]),
)
def test_offsets_are_those_of_the_original(plant: Plant, before: str, after: str, hide: str) -> None:
    worn = disguised(plant, hide) if hide else plant
    value = worn.text[worn.start : worn.end]
    text = f"{before} {worn.text[: worn.start]}{value}{worn.text[worn.end :]} {after}"
    start = len(before) + 1 + worn.start
    emails = [one for one in scan([text])[0] if one.type is IdentifierType.EMAIL]
    assert any(one.start <= start and one.end >= start + len(value.rstrip("\u200b\u00ad\u0301")) for one in emails), (
        text
    )
    assert all(0 <= one.start < one.end <= len(text) for one in emails)


@given(texts=st.lists(st.one_of(st.none(), st.text(max_size=60)), max_size=12))
def test_any_text_is_scanned_without_overlap(texts: list[str | None]) -> None:
    for text, findings in zip(texts, scan(pl.Series(texts, dtype=pl.String), "strict"), strict=True):
        ends = [0, *(one.end for one in findings)]
        assert all(end <= one.start < one.end <= len(text or "") for end, one in zip(ends, findings, strict=False))


WORDS = [
    *(
        "Patient",
        "Discharge",
        "Summary",
        "John",
        "Smith",
        "Dr.",
        "Mr",
        "A.",
        "B",
        "St.",
        "Mary's",
        "Hospital",
        "Clinic",
    ),
    *("Day", "National", "Syndrome", "test", "seen", "lives", "at", "from", "admitted", "3/14", "son", "Tom\u200b"),
    *("MRN", "12345678", "Phone:", "(617) 867-5309", "DOB", "1/2/1990", "May 3", "aged 93", "yo", "NHS no", "#1"),
    *("name:", "NAME:", "SMITH, JOHN", "john smith", "IMG_1.jpg", "zip", "01970", "12 Oak Street", "a@b.co", "\uff4a"),
    *(",", "\n", ".", ";", "(", ")", "'", "-", "@", "https://", "10.2.3.4"),
]


@given(st.lists(st.sampled_from(WORDS), max_size=30), st.sampled_from([*Profile]))
def test_no_order_of_clinical_words_breaks_the_rules(chosen: list[str], profile: Profile) -> None:
    text = " ".join(chosen)
    for one in scan([text], profile)[0]:
        assert 0 <= one.start < one.end <= len(text)
        assert text[one.start : one.end].strip()


def test_rows_do_not_depend_on_their_neighbours() -> None:
    texts = [plant.text for plant in PLANTS]
    assert scan(texts) == [scan([text])[0] for text in texts]


def test_frame_and_list_agree() -> None:
    texts = ["nothing", *(plant.text for plant in PLANTS[:30]), "", "nothing"]
    frame = scan_frame(pl.Series(texts))
    assert frame.schema == FRAME_SCHEMA
    rows = [
        (row, one.start, one.end, one.type.value, one.level) for row, found in enumerate(scan(texts)) for one in found
    ]
    assert frame.rows() == rows


def test_empty_and_missing_texts() -> None:
    assert scan([]) == []
    assert scan(pl.Series(["", None, "fine"])) == [[], [], []]
    assert scan_frame([]).schema == FRAME_SCHEMA


def test_unknown_profile_is_an_error() -> None:
    with pytest.raises(ValueError, match="lenient"):
        scan(["text"], "lenient")


def test_a_person_raises_what_is_quasi_identifying() -> None:
    assert found("A 93-year-old woman from Chicago has a cough.") == [("93-year-old", "AGE", 1)]
    assert found("Alice Smith, a 93-year-old woman from Chicago, has a cough.") == [
        ("Alice Smith", "NAME", 2),
        ("93-year-old", "AGE", 2),
        ("Chicago", "LOCATION", 2),
    ]


def test_later_mentions_of_a_found_name_count() -> None:
    text = "Patient: Keisha Okafor. Keisha denies pain. Dr. Lee saw Okafor at noon."
    assert [value for value, kind, _ in found(text) if kind == "NAME"] == [
        "Keisha Okafor",
        "Keisha",
        "Dr. Lee",
        "Okafor",
    ]


@pytest.mark.parametrize(
    ("text", "value", "kind", "level"),
    [
        ("SSN: 219-09-9999", "219-09-9999", IdentifierType.SSN, Level.HARD),
        ("Charged to 4111 1111 1111 1111 today", "4111 1111 1111 1111", IdentifierType.ACCOUNT, Level.HARD),
        ("Car 1M8GDM9AXKP042788 was towed", "1M8GDM9AXKP042788", IdentifierType.VEHICLE, Level.HARD),
        (
            "Refund GB82 WEST 1234 5698 7654 32 please",
            "GB82 WEST 1234 5698 7654 32",
            IdentifierType.ACCOUNT,
            Level.HARD,
        ),
        ("MBI 1EG4-TE5-MK73", "1EG4-TE5-MK73", IdentifierType.HEALTH_PLAN, Level.HARD),
        ("Seen at Cedar Crest on May 3, 2021", "Cedar Crest", IdentifierType.LOCATION, Level.CONTEXT),
        ("patient name: john smith", "john smith", IdentifierType.NAME, Level.CONTEXT),
        ("Patient: SMITH, JOHN", "SMITH, JOHN", IdentifierType.NAME, Level.CONTEXT),
        ("call toll-free 1-800-555-0199", "1-800-555-0199", IdentifierType.PHONE, Level.QUASI),
        ("see www.example.com", "www.example.com", IdentifierType.URL, Level.QUASI),
        ("Aadhaar 4991 1866 5246 shown", "4991 1866 5246", IdentifierType.OTHER_ID, Level.CONTEXT),
        ("NHS number 943 476 5919", "943 476 5919", IdentifierType.MRN, Level.HARD),
        ("license plate KA 01 AB 1234", "KA 01 AB 1234", IdentifierType.VEHICLE, Level.HARD),
        ("D.O.B.: 14.03.52", "14.03.52", IdentifierType.DATE, Level.CONTEXT),
        ("Phone: ٩٨٧٦٥٤٣٢١٠", "٩٨٧٦٥٤٣٢١٠", IdentifierType.PHONE, Level.HARD),
        ("write to иван@больница.рф now", "иван@больница.рф", IdentifierType.EMAIL, Level.HARD),
        ("MRN ००४८२९१३", "००४८२९१३", IdentifierType.MRN, Level.HARD),
    ],
)
def test_type_and_level(text: str, value: str, kind: IdentifierType, level: Level) -> None:
    assert (value, kind.value, int(level)) in found(text)


@pytest.mark.parametrize(
    "address",
    [
        "jane AT mail DOT com", "jane at mail dot com", "j.doe2 at st-lukes dot co dot uk",
        "jane dot doe at mail dot org", "jane [at] mail dot com", "jane[AT]mail.com", "jane (at) mail (dot) com",
        "jane@mail dot com", "jane { at } mail { dot } net", "Jane\nat mail dot com",
    ],
)  # fmt: skip
def test_an_address_that_is_spelt_out_is_one(address: str) -> None:
    assert found(f"Write to me, {address}, or call.") == [(address, "EMAIL", 3)]
    assert found(f"Reach me at {address}") == [(address, "EMAIL", 3)]


@pytest.mark.parametrize(
    "text",
    [
        "Look at example dot com for the form; it is at example dot org too.",
        "Sign up at example dot org, check us out at example dot com, and enroll at example dot gov.",
        "Vaccines at example dot gov, and patients treated at example dot org.",
        "Patients at home DOT in nine of ten were cured; the children at school DOT is free of charge.",
        "Proteins at low dose (dot blot) and at rest, dot plot; a dot at the centre dot communis.",
        "Seen at example.com and at clinic.The rest was normal.",
        "Ataxia telangiectasia (AT) is rare. Antithrombin [AT] falls.",
    ],
)
def test_what_only_looks_like_a_spelt_address_is_none(text: str) -> None:
    assert [one for one in found(text) if one[1] == "EMAIL"] == []


@pytest.mark.parametrize("text", ["The patient was born. Section 14.03.52 applies.", "Rule 4.11.19 of the code"])
def test_a_section_is_no_date_of_birth(text: str) -> None:
    assert not found(text)


def test_strict_profile_hears_what_the_gate_lets_pass() -> None:
    text = "The file of Okonjo was moved yesterday; it began on 4 March 2021."
    assert found(text) == []
    assert {kind for _, kind, _ in found(text, Profile.STRICT)} >= {"NAME", "DATE"}


def test_a_block_of_contact_lines_names_its_owner() -> None:
    text = "Dorrit Quillfeather\nGarden adviser\nPhone:\n60-56-85-91\nE-mail: dq@mail.net"
    assert [kind for _, kind, _ in found(text)] == ["NAME", "PHONE", "EMAIL"]


@pytest.mark.parametrize(
    "text",
    [
        "Zorvane Quillmore lives at home with two cats.",
        "Zorvane Quillmore is a 47-year-old teacher.",
        "My name is Zorvane and I have a cough.",
        "Patient: Zorvane Quillmore.",
    ],
)
def test_a_name_on_no_list_is_found_by_its_neighbours(text: str) -> None:
    assert [(kind, level) for _, kind, level in found(text)] == [("NAME", 2)]


@pytest.mark.parametrize(
    "text",
    ["Calle de Alcala 48, Madrid", "12 Rua do Ouvidor", "Hauptstra\u00dfe 5, Bremen", "P.O. Box 77, Erie, PA 16501"],
)
def test_addresses_of_other_forms(text: str) -> None:
    assert [(text[: len(value)] == value, kind) for value, kind, _ in found(text)] == [(True, "LOCATION")]


def test_an_admission_note_is_read_to_the_end() -> None:
    text = (
        "72M admitted 3/14 via ED, daughter Maria at bedside. PCP: Dr. Anne Marie O'Leary. "
        "MRN 4471882, NHS no 943 476 5919. Lives in Dayton OH. Username is kwilson84."
    )
    assert [value for value, _, _ in found(text)] == [
        "3/14",
        "Maria",
        "Dr. Anne Marie O'Leary",
        "4471882",
        "943 476 5919",
        "Dayton OH",
        "kwilson84",
    ]


@pytest.mark.parametrize(
    "text", ["Seen in Urology Clinic.", "Referred to the Sleep Center.", "Admitted to Burn Unit at Hospital."]
)
def test_a_department_is_no_place(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize("profile", list(Profile))
def test_polars_keeps_every_first_gate_compiled(profile: Profile) -> None:
    """With more of them than its 32, each would be compiled anew at every scan: two and a half times the work."""
    assert len({family.gates[0] for family in families(profile) if family.gates}) <= 32
