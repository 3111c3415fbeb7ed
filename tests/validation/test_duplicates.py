"""Planted duplicates are found and clustered, different questions are kept apart, and order does not matter."""

import itertools
import random

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from openmed_data.text.near import Difference, difference, find_duplicates
from openmed_data.text.near import shingles as _shingles
from openmed_data.text.near.candidates import candidate_pairs
from openmed_data.text.near.shingles import shingle
from openmed_data.text.near.verify import jaccard

BASE = (
    "A gardener of sixty wakes with a swollen knee after a day of digging. Fluid drawn from it shows crystals "
    "shaped like needles. Which drug shortens the attack? Colchicine Penicillin Insulin Digoxin"
)
NEAR = BASE.replace("gardener", "farmer")
FAR = "Which vitamin is lost when rice is polished? Thiamine Retinol Biotin Folate"
CLEAN = (
    BASE,
    FAR,
    "Which vitamin is lost when milk is boiled for an hour? Thiamine Retinol Biotin Folate Ascorbic acid",
    "The nerve that lifts the upper eyelid leaves the brain stem between which two arteries?",
    "A gardener of sixty wakes with a swollen hand after a wasp sting. Which drug is given first?",
)
words = st.lists(st.text("abcdeghmnorst", min_size=2, max_size=7), min_size=6, max_size=14)


def clusters(texts: list[str]) -> list[set[int]]:
    table = find_duplicates(texts).clusters
    return [set(rows) for rows in table.group_by("cluster", maintain_order=True).agg("row")["row"].to_list()]


def test_exact_and_near_duplicates_form_clusters() -> None:
    texts = [FAR, BASE, "  " + BASE.upper().replace(" ", "\n ") + "!!", NEAR, CLEAN[3], FAR + "."]
    found = find_duplicates(texts)
    assert clusters(texts) == [{0, 5}, {1, 2, 3}]
    assert found.clusters["kind"].to_list() == ["exact", "exact", "exact", "exact", "near"]
    near = found.clusters.row(4, named=True)
    assert near["row"] == 3
    assert 0.8 < near["similarity"] < 1
    assert near["differs"] is None
    assert found.pairs.select("left", "right", "kind").rows() == [(0, 5, "exact"), (1, 2, "exact"), (1, 3, "near")]


@pytest.mark.parametrize("texts", [[], [BASE], list(CLEAN), ["", " ", "...", "?!", "", "--"]], ids=len)
def test_clean_rows_pass(texts: list[str]) -> None:
    found = find_duplicates(texts)
    assert found.clusters.is_empty()
    assert found.pairs.is_empty()
    assert found.clusters.columns == ["cluster", "row", "kind", "similarity", "differs"]


LONG = "A mother of three asks the midwife in the village about her next child. Her blood is {}. What is given to her?"
APART = [
    ("Rh+ve", "Rh-ve", "sign"),
    ("Rh (+)", "Rh (-)", "sign"),
    ("<0.9", ">0.9", "sign"),
    ("+2 SD", "-2 SD", "sign"),
    ("5 mg/dl", "50 mg/dl", "number"),
    ("0.5 g", "0.05 g", "number"),
    ("type II", "type III", "number"),
    ("normal", "not normal", "negation"),
    ("true", "false", "negation"),
    ("hypertonic", "hypotonic", "opposite"),
    ("increased", "decreased", "opposite"),
    ("<5 mg", ">50 mg", "number"),
]


@pytest.mark.parametrize(("left", "right", "note"), APART)
def test_different_questions_are_near_with_a_note(left: str, right: str, note: str) -> None:
    found = find_duplicates([LONG.format(left), LONG.format(right)])
    assert found.pairs["kind"].to_list() == ["near"]
    assert note in found.pairs["differs"].item().split("+")
    assert note in found.clusters["differs"].unique().item().split("+")


@pytest.mark.parametrize(("left", "right", "note"), APART)
def test_signs_and_numbers_alone_never_make_an_exact_duplicate(left: str, right: str, note: str) -> None:
    assert find_duplicates([left, right]).clusters.filter(kind="exact").is_empty()


def test_spacing_between_digits_is_not_case_or_punctuation() -> None:
    assert find_duplicates([f"{FAR} 1 25", f"{FAR} 12 5"]).pairs["kind"].to_list() == ["near"]


@pytest.mark.parametrize("ending", [":-", " -", "-", ": –", " —", "?-"])  # noqa: RUF001
def test_a_dash_after_a_question_is_no_sign(ending: str) -> None:
    assert (
        find_duplicates(["The treatment of choice is", f"The treatment of choice is{ending}"]).pairs["kind"].item()
        == "exact"
    )


@pytest.mark.parametrize("text", ["Serum Cl-", "Blood group Rh-", "Give IgM -"])
def test_a_dash_that_is_a_sign_is_kept(text: str) -> None:
    assert find_duplicates([text, text.rstrip(" -")]).clusters.filter(kind="exact").is_empty()


@pytest.mark.parametrize(
    ("left", "right", "kinds"),
    [
        ("same words", "same  WORDS", ()),
        ("other word here", "other thing here", ()),
        ("give 5 mg of one", "give 7 mg of two", ()),
        ("not seen in 5", "seen in 7", (Difference.NUMBER, Difference.NEGATION)),
        ("C5 and C6", "C5 and C7", (Difference.NUMBER,)),
        ("stable angina", "unstable angina", (Difference.OPPOSITE,)),
        ("the \u03b1-fetoprotein", "the alpha fetoprotein", ()),
        ("Na+ falls", "Na- falls", (Difference.SIGN,)),
    ],
)
def test_kinds_of_difference(left: str, right: str, kinds: tuple[Difference, ...]) -> None:
    assert difference(left, right) == kinds
    assert difference(right, left) == kinds


@given(words, st.data())
def test_case_and_spacing_noise_leaves_exact_duplicates(parts: list[str], data: st.DataObject) -> None:
    gap = st.sampled_from([" ", "  ", "\n", " \t"])
    noisy = "".join(data.draw(st.sampled_from([part, part.upper(), part.title()])) + data.draw(gap) for part in parts)
    assert find_duplicates([" ".join(parts), noisy]).pairs["kind"].to_list() == ["exact"]


def made_rows(chance: random.Random) -> list[str]:
    texts = [" ".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=12)) for _ in range(6)]
    copies = [text.upper() if chance.random() < 0.4 else " ".join([*text.split()[1:], "zz"]) for text in texts * 2]
    return texts + copies + ["", "x"]


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_clusters_do_not_depend_on_row_order(seed: int, chance: random.Random) -> None:
    texts = made_rows(random.Random(seed))
    order = list(range(len(texts)))
    chance.shuffle(order)
    moved = clusters([texts[row] for row in order])
    assert {frozenset(order[row] for row in rows) for rows in moved} == {frozenset(rows) for rows in clusters(texts)}


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 400))
def test_the_batch_size_does_not_matter(seed: int, size: int) -> None:
    texts = made_rows(random.Random(seed))
    whole = find_duplicates(texts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_shingles, "_CHARACTERS", size)
        again = find_duplicates(texts)
    assert_frame_equal(again.pairs, whole.pairs)
    assert_frame_equal(again.clusters, whole.clusters)


@given(st.lists(st.lists(st.sampled_from("abcdef"), max_size=9).map(" ".join), min_size=2, max_size=6))
def test_similarity_is_true_jaccard(texts: list[str]) -> None:
    def pairs_of(text: str) -> set[str]:
        parts = text.split()
        return {f"{one} {two}" for one, two in itertools.pairwise(parts)} or set(parts)

    filled = [text for text in texts if text]
    ends = [(one, two) for one in range(len(filled)) for two in range(one + 1, len(filled))]
    expected = [
        len(pairs_of(filled[a]) & pairs_of(filled[b])) / len(pairs_of(filled[a]) | pairs_of(filled[b])) for a, b in ends
    ]
    places = np.array(ends, np.int64).reshape(-1, 2)
    assert jaccard(shingle(filled), places).tolist() == pytest.approx(expected)


def test_every_near_pair_of_a_larger_set_is_a_candidate() -> None:
    chance = random.Random(3)
    vocabulary = [f"w{number}" for number in range(400)]
    texts = [" ".join(chance.choices(vocabulary, k=30)) for _ in range(300)]
    edited = [" ".join([*text.split()[:-1], "changed"]) for text in texts]
    found = {tuple(pair) for pair in candidate_pairs(shingle(texts + edited)).tolist()}
    assert {(row, row + 300) for row in range(300)} <= found


def test_a_crowd_is_one_cluster_without_every_pair() -> None:
    texts = [f"{BASE} case number {number}" for number in range(400)]
    found = find_duplicates(texts)
    assert found.clusters["cluster"].unique().to_list() == [0]
    assert found.clusters.height == 400
    assert found.pairs.height < 400 * 100


def test_a_chain_is_one_cluster() -> None:
    parts = [f"word{number}" for number in range(40)]
    chain = [" ".join(parts[:start] + [f"new{n}" for n in range(start)] + parts[start:]) for start in range(8)]
    assert clusters(chain[::-1]) == [set(range(8))]


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match=r"between 0\.5 and 1, got 0\.2"):
        find_duplicates([], threshold=0.2)


def test_result_types_are_fixed() -> None:
    assert find_duplicates([]).clusters.schema == find_duplicates([BASE, NEAR]).clusters.schema
    assert find_duplicates([BASE, NEAR]).pairs.schema["differs"] == pl.String
