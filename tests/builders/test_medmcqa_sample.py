"""The bundled MedMCQA-shaped sample: its schema, its planted defects, and that it is nobody else's text.

The rules below are deliberately plain and share nothing with the builder; each must find exactly the rows that
`medmcqa_sample_defects.json` lists for its defect, so a row that is meant to be clean cannot hide one.
In that file the rows of a duplicate or near-identical pair stand next to each other.
"""

import json
import re
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEV = ROOT.parent / "shared" / "data" / "medmcqa" / "dev.json"
KEYS = (
    *("question", "exp", "cop", "opa", "opb", "opc", "opd"),
    *("subject_name", "topic_name", "id", "choice_type"),
)
OPTIONS = ("opa", "opb", "opc", "opd")
SUBJECTS = {
    *("Anatomy", "Physiology", "Biochemistry", "Pathology", "Pharmacology", "Microbiology", "Forensic Medicine"),
    *("Social & Preventive Medicine", "ENT", "Ophthalmology", "Medicine", "Surgery", "Gynaecology & Obstetrics"),
    *("Pediatrics", "Orthopaedics", "Anaesthesia", "Radiology", "Psychiatry", "Skin", "Dental", "Unknown"),
}
EPONYMS = re.compile(
    r"\b(?:Crohn|Addison|Down syndrome|Parkinson|Wilson disease|Graves|Hodgkin|Burkitt|Turner|Guillain-Barre|Kawasaki"
    r"|Meniere|Epley|Heimlich|Horner|Wickham|Koebner|Colles|Pott disease|Ortolani|Lachman|Mallampati|Apgar|Angle class"
    r"|Fordyce|Lesch-Nyhan|Li-Fraumeni|Coombs|Charcot|Hesselbach|Hounsfield|Kayser-Fleischer|Gaucher|Krabbe|Bowman"
    r"|Huntington|Hashimoto|Coats disease|Cushing|Conn syndrome|Hirschsprung|Meckel|Glasgow|Valsalva|Sims|Cusco"
    r"|Guedel|Eustachian)"
)
LOST_RT = re.compile(
    r"\b(?:aery|hea|impoant|hypeension|staed|shoest|bihs?|coex|coical|postpaum|poal|cailage|moality)\b", re.IGNORECASE
)
PICTURE_CUE = re.compile(r"following X-ray|image shown|ECG given below|photomicrograph|Refer to the figure")
PICTURE_NO_CUE = re.compile(r"^(?:Name|Identify) (?:the|this)\b")
PICTURE_WORD = re.compile(r"\b(?:X-ray|ECG|CT|films?|ultrasound|imag\w+|figure|marked|given|view)\b")
NAMED_LETTER = re.compile(r"\bAns(?:wer)?(?:\.|:)? ?(?:is )?\(?([A-Da-d])\b")
REFERS = re.compile(
    r"^(?:all|none)(?: of the above)?$|^both [a-d] and [a-d]$|^[a-e]{3}$|^\d(?:, \d)* and \d(?: only)?$", re.IGNORECASE
)
PLACEHOLDERS = {".", "repeat", "rpt question", "Ans. is None"}
PHI = re.compile(r"\b(?:Mr|Mrs|Ms|Dr)\b|@|https?:|\b(?:19|20)\d\d\b|\d{1,2}/\d{1,2}/\d{2,4}|\b\d{3}[- ]\d{4}\b|\bMRN\b")

Row = dict[str, Any]


def rows() -> list[Row]:
    path = ROOT / "builders" / "medmcqa_prefs" / "sample.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


ROWS = rows()
DEFECTS: dict[str, list[str]] = json.loads(
    Path(__file__).with_name("medmcqa_sample_defects.json").read_text(encoding="utf-8")
)


def options(row: Row) -> list[str]:
    return [row[key] or "" for key in OPTIONS]


def texts(row: Row) -> list[str]:
    return [row["question"], row["exp"] or "", *options(row)]


def plain(text: str) -> str:
    """Case, spaces and sentence punctuation removed; signs kept."""
    return " ".join(re.sub(r"[.,:;?!]", " ", text.casefold()).split())


def signless(text: str) -> str:
    return re.sub(r"[-+<>]", "", plain(text))


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.casefold())


def markup_only(option: str) -> bool:
    return bool(option.strip()) and not re.sub(r"<[^>]*>|&\w+;", "", option).strip()


def bare_reference(explanation: str) -> bool:
    return re.match(r"Ref ?:", explanation) is not None


def letter_agrees(row: Row) -> bool | None:
    named = NAMED_LETTER.search(row["exp"] or "")
    return None if named is None else "ABCD".index(named[1].upper()) == row["cop"] - 1


def repeats_an_option(row: Row) -> bool:
    filled = [plain(option) for option in options(row) if option]
    return len(set(filled)) < len(filled)


def differs_by_sign(row: Row) -> bool:
    pairs = list(combinations(options(row), 2)) + [
        (row["question"], other["question"]) for other in ROWS if other is not row
    ]
    return any(a and b and plain(a) != plain(b) and signless(a) == signless(b) for a, b in pairs)


def placeholder(row: Row) -> bool:
    return row["exp"] is not None and (row["exp"] in PLACEHOLDERS or bare_reference(row["exp"]))


def needs_picture(row: Row) -> bool:
    return bool(PICTURE_CUE.search(row["question"]) or PICTURE_NO_CUE.search(row["question"]))


RULES: dict[str, Callable[[Row], Any]] = {
    "unlabelled": lambda row: row["cop"] is None,
    "missing_option": lambda row: not all(options(row)),
    "duplicate_options": repeats_an_option,
    "picture_cue": lambda row: PICTURE_CUE.search(row["question"]),
    "picture_no_cue": lambda row: PICTURE_NO_CUE.search(row["question"]),
    "picture_words_only": lambda row: PICTURE_WORD.search(row["question"]) and not needs_picture(row),
    "unanswerable_stem": lambda row: re.fullmatch(r"\W*(?:\d+|True about|All are true except)?\W*", row["question"]),
    "lost_table": lambda row: re.search(r"[a-z]\d{4}", row["question"]),
    "lost_space": lambda row: re.search(r"[a-z]\.[A-Z]|\w[bcd]\) ", row["question"]),
    "contradicting_letter": lambda row: letter_agrees(row) is False,
    "letter_in_explanation": letter_agrees,
    "mentions_other_option": lambda row: re.search(r"\b[Oo]ptions? [A-D]\b", row["exp"] or ""),
    "markup_only_option": lambda row: any(map(markup_only, options(row))),
    "broken_markup": lambda row: any(
        re.search(r"&;|&#?\w+;|</?[a-z]+", text) for text in texts(row) if not markup_only(text)
    ),
    "leading_number": lambda row: re.match(r"(?:Q\.?)?\d+[.):]\s", row["question"]),
    "leading_number_kept": lambda row: re.match(r"\d+[-,]\w", row["question"]),
    "lost_rt": lambda row: any(map(LOST_RT.search, texts(row))),
    "sign_only": differs_by_sign,
    "options_refer": lambda row: any(map(REFERS.search, options(row))),
    "placeholder_explanation": placeholder,
    "citation_in_explanation": lambda row: re.search(r"\bRef\b", row["exp"] or "") and not placeholder(row),
    "eponym": lambda row: any(map(EPONYMS.search, texts(row))),
    "odd_whitespace": lambda row: any(
        re.search(r"[\t\r\n\u00a0\u2009\u200b\ufeff]|  |^ | $", text) for text in texts(row)
    ),
}


def same_question_groups() -> list[list[Row]]:
    groups: defaultdict[tuple[str, frozenset[str]], list[Row]] = defaultdict(list)
    for row in ROWS:
        groups[plain(row["question"]), frozenset(map(plain, options(row)))].append(row)
    return [group for group in groups.values() if len(group) > 1]


def gold(row: Row) -> str:
    return plain(options(row)[row["cop"] - 1])


def one_word_apart(a: Row, b: Row) -> bool:
    first, second = words(a["question"]), words(b["question"])
    return len(first) == len(second) >= 8 and sum(x != y for x, y in zip(first, second, strict=True)) == 1


def detected_pairs() -> dict[str, set[frozenset[str]]]:
    found: dict[str, set[frozenset[str]]] = {"conflicting_duplicates": set(), "exact_duplicates": set()}
    for group in same_question_groups():
        kind = "exact_duplicates" if len({gold(row) for row in group}) == 1 else "conflicting_duplicates"
        found[kind].add(frozenset(row["id"] for row in group))
    found["near_identical_stems"] = {
        frozenset((a["id"], b["id"])) for a, b in combinations(ROWS, 2) if one_word_apart(a, b)
    }
    return found


def test_every_row_has_the_schema_of_the_original_release():
    for row in ROWS:
        assert tuple(row) == KEYS
        assert row["cop"] in {1, 2, 3, 4, None}
        assert row["choice_type"] in {"single", "multi"}
        assert all(isinstance(row[key], str) for key in ("question", "subject_name", "id"))
        assert all(isinstance(row[key], str | None) for key in ("exp", "topic_name", *OPTIONS))


def test_there_are_enough_rows_with_unique_uuids():
    assert len(ROWS) >= 240
    assert len({uuid.UUID(row["id"]) for row in ROWS}) == len(ROWS)


def test_every_subject_has_several_rows():
    counts = Counter(row["subject_name"] for row in ROWS)
    assert set(counts) == SUBJECTS
    assert min(counts.values()) >= 8


def test_gold_letters_are_balanced():
    counts = Counter(row["cop"] for row in ROWS if row["cop"] is not None)
    assert all(0.2 <= counts[letter] / counts.total() <= 0.3 for letter in (1, 2, 3, 4)), counts


def test_gold_is_never_told_by_length_alone():
    clean = [row for row in ROWS if row["cop"] and all(options(row))]
    longest = sum(max(options(row), key=len) == options(row)[row["cop"] - 1] for row in clean)
    assert longest / len(clean) < 0.4


def test_explanations_are_present_in_the_intended_shares():
    letter = sum(letter_agrees(row) is True for row in ROWS)
    clean = sum(row["exp"] is not None and letter_agrees(row) is None and not placeholder(row) for row in ROWS)
    assert 0.12 <= letter / len(ROWS) <= 0.18
    assert 0.40 <= clean / len(ROWS) <= 0.50


def test_every_listed_defect_has_a_rule():
    assert set(DEFECTS) == set(RULES) | set(detected_pairs())


@pytest.mark.parametrize("defect", sorted(DEFECTS))
def test_listed_ids_exist_and_are_at_least_two(defect: str):
    ids = DEFECTS[defect]
    assert len(ids) == len(set(ids)) >= 2
    assert set(ids) <= {row["id"] for row in ROWS}


@pytest.mark.parametrize("defect", sorted(RULES))
def test_rule_finds_exactly_the_listed_rows(defect: str):
    found = {row["id"]: row["question"] for row in ROWS if RULES[defect](row)}
    listed = set(DEFECTS[defect])
    assert set(found) == listed, [found.get(key, key) for key in set(found) ^ listed]


@pytest.mark.parametrize("defect", sorted(detected_pairs()))
def test_pairs_are_exactly_the_listed_pairs(defect: str):
    ids = DEFECTS[defect]
    assert detected_pairs()[defect] == {frozenset(pair) for pair in zip(ids[::2], ids[1::2], strict=True)}


def test_conflicting_pairs_disagree_and_differ_in_order_or_case():
    rows_by_id = {row["id"]: row for row in ROWS}
    ids = DEFECTS["conflicting_duplicates"]
    for first, second in zip(ids[::2], ids[1::2], strict=True):
        a, b = rows_by_id[first], rows_by_id[second]
        assert gold(a) != gold(b)
        assert (a["question"], options(a)) != (b["question"], options(b))


def test_lost_letters_occur_in_stem_options_and_explanation():
    affected = [row for row in ROWS if RULES["lost_rt"](row)]
    assert sum(LOST_RT.search(row["question"]) is not None for row in affected) >= 2
    assert sum(any(map(LOST_RT.search, options(row))) for row in affected) >= 2
    assert sum(LOST_RT.search(row["exp"] or "") is not None for row in affected) >= 2


def test_intact_forms_of_the_main_damaged_words_occur_elsewhere():
    seen = set(words(" ".join(text for row in ROWS for text in texts(row))))
    assert seen >= {"artery", "heart", "important", "hypertension", "started", "shortest", "birth", "births"}
    assert seen >= {"cortex", "cortical", "postpartum", "portal", "cartilage", "mortality"}


def test_nothing_looks_like_protected_health_information():
    found = {row["id"]: match[0] for row in ROWS for text in texts(row) if (match := PHI.search(text))}
    assert found == {}


@pytest.mark.shared
@pytest.mark.skipif(not DEV.exists(), reason="../shared/data/medmcqa/dev.json is absent")
def test_no_eight_words_in_a_row_are_shared_with_medmcqa():
    def runs(text: str) -> set[str]:
        tokens = words(text)
        return {" ".join(tokens[start : start + 8]) for start in range(len(tokens) - 7)}

    with DEV.open(encoding="utf-8") as lines:
        known = set().union(*(runs(text) for line in lines for text in texts(json.loads(line))))
    assert known
    assert {run for row in ROWS for text in texts(row) for run in runs(text) if run in known} == set()
