"""Text without identifiers must pass: eponyms, citations, codes, exam questions."""

import csv
import json
from pathlib import Path

import pytest

from openmed_data.validation.phi import scan, scan_frame

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"

# Sentences written for this test: each once looked like an identifier to some rule.
CLEAN = [
    "Lyme disease, Creutzfeldt-Jakob disease, Down syndrome, Addison disease and Crohn disease.",
    "Recheck all readings.Precautions include lowering the blood pressure.So treat early.",
    "The protease has EC number 3.4.21.4 and a mass of 25000 Da.",
    "SNOMED 22298006 and PMID 31978945 are codes; trial NCT01234567 is registered.",
    "The pain is worse at night.It wakes him at 3.",
    "A 45-year-old man from Lagos presents to the Emergency Department at St age IV.",
    "Robert Koch described the bacillus; William Osler wrote the textbook.",
    "Anna Freud and Erik Erikson proposed stages of development.",
    "Ref: Nelson textbook of pediatrics, Robert Kliegman 20th ed, p 1234.",
    "Give 5/12/75 mg; BP 120/80; ratio 1-2-3; take 10-20-2 tablets.",
    "She was diagnosed in 2021 and followed up last year.",
    "The national programme was launched on 26 March 1997.",
    "See https://www.ncbi.nlm.nih.gov/books/NBK430685 and doi.org/10.1056/nejm.",
    "Blood supply: the branch accounts for 20-30% of the scaphoid.",
    "He was admitted to ICU and seen at OPD; MRI and CT were normal.",
    "Mr. X and Mrs. Y are siblings; Dr. Smith's test is negative.",
    "Patient Reported Outcome Measures and the Child Feeding Questionnaire were used.",
    "It is a lymphoma of a B cell.” [DOID:0050745] It has a ring (OMIM:1234567).",
    "Platelets 150000 per microlitre, sodium 140 mEq/L, 98.6 F, SpO2 97%.",
    "It arises in the ganglion cell layer (Ref. Radiation of the eye, (1991) 5. 239-251).",
    "The patient may relapse: diabetes type 2 may be diagnosed late, and dob, date of birth, is asked.",
    "My mother Earth costume itched, her father Parkinson's disease was mild, and her sister Chromatids separate.",
    "With best wishes\nThe Editors",
    "In Paris, Charcot presented the case. In Boston, Cushing was admitted to the academy.",
    "He lives 5 Days a week in the city; PATIENT HAS FEVER; Name the DRUG OF CHOICE; PT INR, APTT are raised.",
    "The Eunice Kennedy Shriver National Institute of Child Health and Human Development explains it to patients.",
    "He was admitted for withdrawal and liked the visit at Gamblers Anonymous.",
    "NI number of cells 12 34 56, MRN 12 34, and the date 12345678 does not exist.",
    "Records are kept at example.com and read e.g. at example.org; the user was seen at 00 10 20 30.",
    "",
]


@pytest.mark.parametrize("text", CLEAN)
def test_clean_text_raises_nothing(text: str) -> None:
    assert scan([text]) == [[]]


@pytest.mark.parametrize(
    "text",
    [
        "Patients diagnosed at Westmead Hospital were enrolled in the study from 1 July 2009.",
        "A retrospective cohort was treated at Hill Valley Hospital between May 1, 2001 and June 30, 2006.",
    ],
)
def test_places_and_dates_of_a_study_are_not_a_patients(text: str) -> None:
    assert all(one.level == 1 for one in scan([text])[0])


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is absent")
def test_eponym_traps_raise_nothing() -> None:
    texts = [json.loads(line)["text"] for line in (SHARED / "phi/eponym_traps.jsonl").read_text("utf-8").splitlines()]
    flagged = [(text, found) for text, found in zip(texts, scan(texts), strict=True) if found]
    assert len(texts) == 49
    assert flagged == []


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is absent")
def test_real_exam_questions_are_left_alone() -> None:
    texts: list[str] = []
    for line in (SHARED / "medmcqa/dev.json").read_text("utf-8").splitlines():
        row = json.loads(line)
        texts.append("\n".join([row["question"], row["opa"], row["opb"], row["opc"], row["opd"]]))
    for subject in ("anatomy", "clinical_knowledge", "professional_medicine"):
        with (SHARED / f"benchmarks/mmlu/{subject}_test.csv").open(encoding="utf-8", newline="") as file:
            texts += ["\n".join(row[:5]) for row in csv.reader(file)]
    frame = scan_frame(texts)
    assert len(texts) > 4_800
    assert frame.filter(frame["level"] >= 2)["row"].n_unique() <= 0.002 * len(texts)
    assert frame.filter(frame["level"] == 3).is_empty()


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is absent")
def test_annotated_queries_are_covered_and_hard_negatives_pass() -> None:
    rows = [json.loads(line) for line in (SHARED / "phi/asq_phi_dev.jsonl").read_text("utf-8").splitlines()]
    spans = touched = alarms = 0
    for row, found in zip(rows, scan([row["text"] for row in rows]), strict=True):
        alarms += row["hard_negative"] and bool(found)
        for span in row["spans"]:
            spans += 1
            touched += any(one.level >= 2 and one.start < span["end"] and span["start"] < one.end for one in found)
    assert spans > 1_400
    assert touched / spans >= 0.97
    assert alarms <= 0.01 * sum(row["hard_negative"] for row in rows)
