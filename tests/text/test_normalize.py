# ruff: noqa: RUF001, E501, RUF005  (ambiguous characters are the subject; tables read better in long lines)
import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from openmed_data.text.normalize import _MAP, answer_key, answer_key_expr

SHARED = Path(__file__).parents[2].parent / "shared" / "data"

tricky = st.text(
    alphabet="aAbgemnvVxhHμµαβΔß²³⁻⁺₂0123456789.,:;+-−–—±/\\^<>=≤≥%°()[]{}*_$'’\" \t\n\u00a0½éŁﬁ\ue000\ue001"
)
words = st.sampled_from(
    [
        "Rh",
        "+ve",
        "-ve",
        " (-) ",
        "mcg",
        "μg",
        " alpha",
        "alpha1",
        "1,500",
        "1,00,000",
        ".5",
        "-",
        "10^{3}",
        "\\frac{1}{2}",
    ]
    + ["\\text{", "+/-", "mm Hg", "5 mg", "1:2", "1.2.3", "5-10-15", " x ", "--", "^-", "¾", "ﬀ", "Na+/K+", "%"]
)
texts = st.one_of(st.text(), tricky, st.lists(st.one_of(words, tricky), max_size=8).map("".join))


@settings(max_examples=300, deadline=None)
@given(st.lists(texts, min_size=20, max_size=60))
@example(["", " ", "\n", ".", "x\n", "İ", "ΣΑΣ", "ǅ", "Å", "ﬃ"])
def test_the_polars_twin_agrees_with_the_function(rows: list[str]) -> None:
    twin = pl.DataFrame({"t": rows}, schema={"t": pl.String}).select(answer_key_expr(pl.col("t")))["t"].to_list()
    assert twin == [answer_key(row) for row in rows]


def test_the_twin_agrees_on_every_character_it_maps_alone_and_between_letters_and_digits() -> None:
    rows = [
        shape.format(char)
        for char in [*_MAP, *map(chr, range(0x20, 0x3000))]
        for shape in ("{}", "a{}b", "1{}2", "a {} 1")
    ]
    twin = pl.DataFrame({"t": rows}).select(answer_key_expr(pl.col("t")))["t"].to_list()
    assert twin == [answer_key(row) for row in rows]


def test_null_stays_null() -> None:
    assert pl.DataFrame({"t": [None, "A."]}).select(answer_key_expr(pl.col("t")))["t"].to_list() == [None, "a"]


@settings(max_examples=300, deadline=None)
@given(texts)
def test_case_and_surrounding_space_never_matter(text: str) -> None:
    ascii_upper = "".join(c.upper() if c.isascii() else c for c in text)
    if "\\" not in text:  # LaTeX commands are case-sensitive
        assert answer_key(f"  {ascii_upper} ") == answer_key(text)


DIFFERENT = [
    ("Rh+ve", "Rh-ve"), ("Rh+", "Rh-"), ("Rh (+)", "Rh (-)"), ("<0.9", ">0.9"), ("≤ 5", "< 5"), ("10^3", "103"), ("10³", "103"),
    ("10^-3", "10^3"), ("1.0", "10"), (".5", "5"), ("-2.5", "2.5"), ("- 2.5 SD", "2.5 SD"), ("T = -2.5", "T = 2.5"), ("1:2", "12"),
    ("1/2", "12"), ("1,2", "12"), ("5½", "51/2"), ("↑ TIBC", "↓ TIBC"), ("5%", "5"), ("37°C", "37 C"), ("Ca2+", "Ca2-"), ("A+B", "A-B"),
    ("A+B", "AB"), ("±2", "2"), ("~2", "2"), ("HCO3-", "HCO3"), ("a, b", "ab"), ("5 mg", "5 μg"), ("5 mg", "5 g"), ("5-10", "510"),
    ("Hepatitis B", "Hepatitis B and C"), ("alpha 1", "alpha 2"), ("HBsAg +, HBeAg -", "HBsAg -, HBeAg +"), ("x > y", "x < y"),
]  # fmt: skip
SAME = [
    ("Addison's disease", "ADDISON’S  DISEASE."), ("X-linked dominant", "X linked dominant"), ("HIF-1α", "HIF-1 alpha"), ("TNF-α", "TNF alpha"),
    ("≥ 5 %", ">=5%"), ("10³", "10^{3}"), ("Ca²⁺", "Ca2+"), ("Ca^{2+}", "Ca2+"), ("1,500", "1500"), ("1,00,000", "100000"), ("10–12", "10 - 12"),
    ("50 μg", "50 mcg"), ("50 µg", "50μg"), (".5 mg", "0.5 mg"), ("**Splenium**", "splenium"), ("\\text{Splenium}", "Splenium"), ("Rh −ve", "Rh-ve"),
    ("Sjögren's", "Sjogren’s"), ("“yes”", "yes"), ("B. fragilis", "B fragilis"), ("β-blocker", "beta blocker"), ("ß-blocker", "β blocker"),
    ("±2", "+/- 2"), ("5 × 10⁹/L", "5x10^9/L"), ("mm Hg", "mmHg"), ("Na⁺/K⁺ ATPase", "Na+ / K+ ATPase"), ("HLA-B27", "hla b27"), ("½", "1/2"),
]  # fmt: skip


@pytest.mark.parametrize(("left", "right"), DIFFERENT)
def test_a_sign_is_never_lost(left: str, right: str) -> None:
    assert answer_key(left) != answer_key(right)


@pytest.mark.parametrize(("left", "right"), SAME)
def test_typography_never_matters(left: str, right: str) -> None:
    assert answer_key(left) == answer_key(right)


@pytest.mark.parametrize("text", ["", " ", ".", "...", "()", "**", "\n\t", "''"])
def test_punctuation_alone_has_the_empty_key(text: str) -> None:
    assert answer_key(text) == ""


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="../shared/data is absent")
def test_the_twin_agrees_on_every_medmcqa_text() -> None:
    lines = (SHARED / "medmcqa" / "dev.json").read_text(encoding="utf-8").splitlines()
    rows = [row[c] or "" for row in map(json.loads, lines) for c in ("question", "opa", "opb", "opc", "opd", "exp")]
    twin = pl.DataFrame({"t": rows}).select(answer_key_expr(pl.col("t")))["t"].to_list()
    assert twin == [answer_key(row) for row in rows]
