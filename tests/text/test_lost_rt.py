import json
import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmed_data.text.lost_rt import Lexicon, Rule, build_lexicon, count, repair
from openmed_data.text.lost_rt.lexicon import readings
from openmed_data.text.lost_rt.wordlist import damaged_forms, load_word_list

KNOWN = load_word_list()
DAMAGED = sorted({*KNOWN.words, "aery", "hypeension", "impoant", "coicosteroids", "thiy-fouh"})
PLAIN = ["main", "the", "was", "so", "pay", "Vein", "of", "view", "pa", "PA", "aerial", "heart", "ale", "é", "2", "HEA"]
MARKS = ["", " ", ", ", "-", "\n", "_", "é", "."]

phrases = st.lists(st.tuples(st.sampled_from([*DAMAGED, *PLAIN]), st.sampled_from(MARKS)), max_size=12).map(
    lambda parts: "".join(word + mark for word, mark in parts)
)


def frame(*texts: str | None) -> pl.DataFrame:
    return pl.DataFrame({"text": texts}, schema={"text": pl.String})


def fixed(*texts: str) -> list[str]:
    rows = frame(*texts)
    return repair(rows, ["text"], build_lexicon(count(rows, ["text"])))[0]["text"].to_list()


@pytest.mark.parametrize(
    ("damaged", "intact"),
    [
        ("coronary aery disease", "coronary artery disease"),
        ("Aery and AERY", "Artery and ARTERY"),
        ("hypeensives postpaum coicosteroids", "hypertensives postpartum corticosteroids"),
        ("thiy-fouh, thirty-fouh, thiy-fourth", "thirty-fourth, thirty-fourth, thirty-fourth"),
        ("aooaeritis, aortoaeritis, aooarteritis", "aortoarteritis, aortoarteritis, aortoarteritis"),
        ("shoest squiing staed repos conve", "shortest squirting started reports convert"),
        ("most impoantThe heaRate HypotensionHea", "most importantThe heartRate HypotensionHeart"),
        ("ohopaedic hyperophied feilisation", "orthopaedic hypertrophied fertilisation"),
        ("an aerial blood gas; Aerial supply", "an arterial blood gas; Arterial supply"),
        ("first pa of the duodenum, which pa?", "first part of the duodenum, which part?"),
        ("Pa of the criteria", "Part of the criteria"),
        ("genital was are caused", "genital warts are caused"),
        ("he is conscious and ale", "he is conscious and alert"),
        ("Argyll Robeson pupil, Le Fo fracture", "Argyll Robertson pupil, Le Fort fracture"),
        (
            "brought in after a A with rib fractures; history of A, unconscious",
            "brought in after a RTA with rib fractures; history of RTA, unconscious",
        ),
        ("Proximal A", "Proximal RTA"),
        ("to diagnose A (renal tubular acidosis)", "to diagnose RTA (renal tubular acidosis)"),
    ],
)
def test_lost_letters_come_back(damaged, intact):
    assert fixed(damaged) == [intact]


@pytest.mark.parametrize(
    "text",
    [
        "The main complaint was pain, so we pay for the ski dive; no ale, no expo.",
        "PA view; a pa view of the chest; 10 pa; t-pa; p.a.; PaO2 60; kPa",
        "Vitamin A; with a A wave in the JVP; a history of A, B and C; following a A-P film; proximal A band",
        "PAS stain, a pas positive cell, ABO group, SpO2 98%, HEA and STA, COU",
        "aerial hyphae; aerial mycelium; lesion found in genital was seen",
        "The genital ulcer was deep. Disto-occlusal surface, stale food, moon face, the heel",
        "verapamil fahrenheit alcohol cohort lambert thiyl exceeds individual hyperopia overeating",
        "éhea heaé hea2 _hea thyroid overtime artery",
    ],
)
def test_real_words_stay(text):
    assert fixed(text) == [text]


def test_every_listed_word_is_repaired_from_each_of_its_damaged_forms():
    for form, intact in KNOWN.words.items():
        assert readings(form) == intact
    for form in KNOWN.pieces:
        repaired = readings(f"{form}")
        assert not repaired or not readings(repaired[0]), form


def test_a_piece_never_stands_in_an_intact_word():
    intact = {word for words in KNOWN.words.values() for word in words} | set(KNOWN.pieces.values())
    found = [
        (piece, word) for piece in KNOWN.pieces for word in intact if piece in word and piece not in damaged_forms(word)
    ]
    assert found == []
    assert [piece for piece in KNOWN.pieces.values() if piece.endswith("rt")] == []


def test_guards_have_reasons_and_are_needed():
    assert all(KNOWN.guards.values())
    assert not KNOWN.guards.keys() & KNOWN.words.keys()
    assert {context.form for context in KNOWN.contexts} <= KNOWN.guards.keys()


@given(st.lists(phrases, min_size=1, max_size=4))
def test_repair_is_idempotent(texts):
    rows = frame(*texts)
    lexicon = build_lexicon(count(rows, ["text"]))
    once, _ = repair(rows, ["text"], lexicon)
    twice, tally = repair(once, ["text"], lexicon)
    assert twice.equals(once)
    assert tally.is_empty()


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_only_letters_come_in(texts):
    for before, after in zip(texts, fixed(*texts), strict=True):
        assert re.sub("rt", "", after, flags=re.IGNORECASE) == re.sub("rt", "", before, flags=re.IGNORECASE)


@given(st.lists(phrases, min_size=2, max_size=6), st.integers(1, 5), st.randoms())
def test_counts_merge_in_any_order_and_grouping(texts, size, random):
    whole = count(frame(*texts), ["text"])
    batches = [count(batch, ["text"]) for batch in frame(*texts).iter_slices(size)]
    random.shuffle(batches)
    assert build_lexicon(pl.concat(batches)) == build_lexicon(whole)
    merged = pl.concat(batches).group_by("word").agg(pl.col("count").sum()).sort("word")
    assert merged.equals(whole)


def test_the_tally_tells_each_repair():
    rows = frame("Aery, aery and hea", None, "a pa of the aery")
    _, tally = repair(rows, ["text"], build_lexicon(count(rows, ["text"])))
    assert tally.rows() == [("aery", "artery", 3), ("hea", "heart", 1), ("pa", "part", 1)]


def test_evidence_is_kept_and_survives_json():
    rows = frame("aery aery artery", "antihypeensive", "first pa of it, part")
    lexicon = build_lexicon(count(rows, ["text"]))
    by_form = {entry.form: entry for entry in lexicon.entries}
    assert (by_form["aery"].damaged, by_form["aery"].intact) == (2, 1)
    assert by_form["antihypeensive"].rule is Rule.PIECE
    assert (by_form["pa"].rule, by_form["pa"].damaged, by_form["pa"].intact) == (Rule.CONTEXT, 1, 1)
    assert Lexicon.from_json(lexicon.to_json()) == lexicon
    with pytest.raises(KeyError):
        Lexicon.from_json(json.dumps({"form": "aery"}))


def test_words_that_no_sample_counted_are_repaired_by_rule_and_declined_ones_are_not():
    rows = frame("an aery", "the sta method")
    assert repair(rows, ["text"], Lexicon(()))[0]["text"].to_list() == ["an artery", "the start method"]
    declining = build_lexicon(count(frame(*["the sta method"] * 200), ["text"]))
    assert repair(rows, ["text"], declining)[0]["text"].to_list() == ["an artery", "the sta method"]


def test_a_corpus_can_show_that_a_form_is_its_own_word():
    rows = frame(*["the sta method"] * 200)
    assert build_lexicon(count(rows, ["text"])).entries == ()
    mixed = pl.concat([rows, frame(*["they start it"] * 100)])
    assert [entry.repaired for entry in build_lexicon(count(mixed, ["text"])).entries] == ["start"]


def test_nothing_to_do():
    empty = frame()
    assert count(empty, ["text"]).is_empty()
    assert repair(empty, ["text"], Lexicon(()))[0].equals(empty)
    rows = frame("vein", None)
    assert repair(rows, ["text"], Lexicon(()))[0].equals(rows)


@pytest.mark.shared
def test_clean_corpora_stay_as_they_are():
    path = Path(__file__).resolve().parents[2].parent / "shared/data/corpus/medquad.parquet"
    if not path.exists():
        pytest.skip(f"{path} is not here")
    rows = pl.read_parquet(path, columns=["question", "answer"])
    _, tally = repair(rows, rows.columns, build_lexicon(count(rows, rows.columns)))
    assert tally["count"].sum() <= 5, tally
