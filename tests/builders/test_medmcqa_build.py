"""The preference builder over its bundled sample, whose defects are listed row by row."""

import json
import re
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from toy_builder import read_manifest, read_rejected, read_rows, run_pipeline, write_jsonl

from openmed_data.builder import UID
from openmed_data.builders.medmcqa_prefs import BUILDER
from openmed_data.builders.medmcqa_prefs.balance import Balance
from openmed_data.builders.medmcqa_prefs.pairs import choose_wrong
from openmed_data.builders.medmcqa_prefs.reasons import Negatives, PrefsOptions

OPTIONS = ("opa", "opb", "opc", "opd")
LETTERS = "ABCD"
SAMPLE = [json.loads(line) for line in BUILDER.sample.read_text(encoding="utf-8").splitlines()]
BY_ID = {row["id"]: row for row in SAMPLE}
DEFECTS: dict[str, list[str]] = json.loads(
    Path(__file__).with_name("medmcqa_sample_defects.json").read_text(encoding="utf-8")
)
REASONS = {
    "unlabelled": DEFECTS["unlabelled"],
    "missing_option": DEFECTS["missing_option"],
    "markup_only_option": DEFECTS["markup_only_option"],
    "duplicate_options": DEFECTS["duplicate_options"],
    "unanswerable_stem": DEFECTS["unanswerable_stem"],
    "lost_table": DEFECTS["lost_table"],
    "needs_picture": DEFECTS["picture_cue"] + DEFECTS["picture_no_cue"],
    "contradicting_explanation": DEFECTS["contradicting_letter"],
    "conflicting_key": DEFECTS["conflicting_duplicates"],
    "duplicate": DEFECTS["exact_duplicates"][1::2],
}
CHANGED = {
    key
    for name in ("broken_markup", "lost_rt", "lost_space", "leading_number", "odd_whitespace")
    for key in DEFECTS[name]
}  # rows whose text is cleaned or repaired
# Rows whose options must stay where they are. "1 and 2 only" speaks of the stem's statements, not of options.
FIXED = {
    key
    for name in ("options_refer", "letter_in_explanation", "mentions_other_option")
    for key in DEFECTS[name]
    if not re.match(r"\d and \d", BY_ID[key]["opa"] or "")
}
LOST_RT = re.compile(
    r"\b(?:aery|hea|impoant|hypeension|staed|shoest|bihs?|coex|postpaum|poal|cailage|moality)\b", re.IGNORECASE
)

Pair = dict[str, Any]
Pairs = dict[str, list[Pair]]


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Pairs]:
    """Return the function that builds the sample with options, once, and gives its pairs by source id."""

    @cache
    def build(**options: Any) -> Pairs:
        grouped: Pairs = defaultdict(list)
        for row in read_rows(folder(**options)).iter_rows(named=True):
            grouped[row["source_id"]].append(row)
        return dict(grouped)

    @cache
    def folder(**options: Any) -> Path:
        return run_pipeline(BUILDER, "sample", tmp_path_factory.mktemp("prefs") / "out", workers=2, **options)

    build.folder = folder
    return build


@pytest.fixture(scope="session")
def default(pairs: Any) -> Pairs:
    return pairs()


def question(pair: Pair) -> str:
    return pair["prompt"][-1]["content"].split("\n\n")[0]


def shown(pair: Pair) -> list[str]:
    """Return the options as the prompt lists them."""
    lines = pair["prompt"][-1]["content"].split("\n\n")[1].split("\n")
    assert [line[:3] for line in lines] == ["A. ", "B. ", "C. ", "D. "]
    return [line[3:] for line in lines]


def reply(pair: Pair, side: str) -> str:
    (message,) = pair[side]
    assert message["role"] == "assistant"
    return message["content"]


def given_options(key: str) -> list[str]:
    return [BY_ID[key][name] for name in OPTIONS]


def dice(a: str, b: str) -> float:
    left, right = ({text[at : at + 2] for at in range(max(1, len(text) - 1))} for text in (a.lower(), b.lower()))
    return 2 * len(left & right) / (len(left) + len(right))


@pytest.mark.parametrize("reason", REASONS)
def test_each_reason_rejects_exactly_its_rows(pairs: Any, reason: str):
    rejected = read_rejected(pairs.folder())
    found = [json.loads(text)["id"] for text in rejected.filter(rejected["reason"] == reason)["record"]]
    assert sorted(found) == sorted(REASONS[reason])


def test_every_other_row_is_used_once(pairs: Any, default: Pairs):
    expected = BY_ID.keys() - {key for ids in REASONS.values() for key in ids}
    assert default.keys() == expected
    assert all(len(group) == 1 for group in default.values())
    books = read_manifest(pairs.folder())["books"]
    assert (books["source_rows"], books["used_rows"], books["candidate_rows"]) == (360, 317, 317)


def test_rejected_rows_say_what_caused_it(pairs: Any):
    rejected = read_rejected(pairs.folder())
    assert set(rejected["level"]) == {"source"}
    assert set(rejected["file"]) == {"sample.jsonl"}
    for row in rejected.iter_rows(named=True):
        assert SAMPLE[row["line"] - 1]["id"] == json.loads(row["record"])["id"]
    details = {(row["reason"], row["detail"]) for row in rejected.iter_rows(named=True)}
    assert all(detail is not None for _, detail in details)
    assert any(reason == "duplicate" and detail.startswith("same as row ") for reason, detail in details)
    assert any(reason == "conflicting_key" and " | " in detail for reason, detail in details)


def test_a_pair_is_the_key_against_another_option_of_the_same_question(default: Pairs):
    for key, (pair,) in default.items():
        options = shown(pair)
        right, wrong = pair["chosen_label"], pair["rejected_label"]
        assert right != wrong
        assert reply(pair, "chosen") == f"{right}. {options[LETTERS.index(right)]}"
        assert reply(pair, "rejected") == f"{wrong}. {options[LETTERS.index(wrong)]}"
        if key not in CHANGED:
            assert question(pair) == " ".join(BY_ID[key]["question"].split())
            assert sorted(options) == sorted(given_options(key))
            assert options[LETTERS.index(right)] == given_options(key)[BY_ID[key]["cop"] - 1]


def test_shared_columns_are_filled(default: Pairs):
    for key, (pair,) in default.items():
        assert (pair["source"], pair["license"]) == ("sample", "apache-2.0")
        assert re.fullmatch(r"medmcqa-[0-9a-f]{16}", pair["id"])
        assert pair["subject"] == BY_ID[key]["subject_name"]
        assert pair["topic"] == (BY_ID[key]["topic_name"] or "")
    assert len({pair["id"] for (pair,) in default.values()}) == len(default)


@pytest.mark.parametrize(
    "defect", ["picture_words_only", "sign_only", "leading_number_kept", "placeholder_explanation"]
)
def test_what_only_looks_like_a_defect_is_kept(default: Pairs, defect: str):
    assert set(DEFECTS[defect]) <= default.keys()


def test_signs_survive(default: Pairs):
    for key in set(DEFECTS["sign_only"]) - CHANGED:
        (pair,) = default[key]
        assert sorted(shown(pair)) == sorted(given_options(key))
        assert re.findall(r"[-+<>]", question(pair)) == re.findall(r"[-+<>]", BY_ID[key]["question"])


def test_leading_numbers_go_and_others_stay(default: Pairs):
    for key in DEFECTS["leading_number"]:
        assert re.match(r"[A-Z][a-z]+ ", question(default[key][0]))
        assert BY_ID[key]["question"].endswith(question(default[key][0]))
    for key in DEFECTS["leading_number_kept"]:
        assert question(default[key][0]) == BY_ID[key]["question"]


def test_markup_and_entities_go(default: Pairs):
    for key in DEFECTS["broken_markup"]:
        text = default[key][0]["prompt"][-1]["content"]
        assert not re.search(r"&;|&#?\w+;|</?[a-z]+", text), text


def test_odd_white_space_goes(default: Pairs):
    for (pair,) in default.values():
        for text in (question(pair), *shown(pair)):
            assert text == " ".join(text.split())
            assert not re.search("[\u00a0\u200b\ufeff\u00ad]", text)


def test_lost_letters_are_put_back_and_counted(pairs: Any, default: Pairs):
    damaged = {
        key for key in DEFECTS["lost_rt"] if LOST_RT.search(" ".join([BY_ID[key]["question"], *given_options(key)]))
    }
    assert len(damaged) >= 8
    for key in damaged:
        (pair,) = default[key]
        assert not LOST_RT.search(pair["prompt"][-1]["content"])
        assert re.search(r"rt", question(pair) + " ".join(shown(pair)))
    figures = read_manifest(pairs.folder())["figures"]
    before = {entry["before"]: entry["after"] for entry in figures["repairs"]}
    assert before["aery"] == "artery"
    assert all(after.replace("rt", "", 1) == word for word, after in before.items())
    assert figures["repaired_words"] == sum(entry["count"] for entry in figures["repairs"])
    left = [pair for group in pairs(repair=False).values() for pair in group if LOST_RT.search(question(pair))]
    assert left


@pytest.mark.parametrize("options", [{}, {"seed": 7}, {"negatives": "all"}])
def test_rows_that_speak_of_letters_keep_their_order(pairs: Any, options: dict[str, Any]):
    built = pairs(**options)
    fixed = (FIXED & built.keys()) - CHANGED
    assert len(fixed) > 40
    for key in fixed:
        assert all(shown(pair) == given_options(key) for pair in built[key])
        assert all(pair["chosen_label"] == LETTERS[BY_ID[key]["cop"] - 1] for pair in built[key])


def test_other_rows_are_shuffled_unless_told_not_to(pairs: Any, default: Pairs):
    free = default.keys() - FIXED - CHANGED
    moved = [key for key in free if shown(default[key][0]) != given_options(key)]
    assert len(moved) / len(free) > 0.8
    kept = pairs(shuffle=False)
    assert all(shown(kept[key][0]) == given_options(key) for key in kept.keys() - CHANGED)


def test_letters_and_lengths_tell_nothing(pairs: Any, default: Pairs):
    bias = read_manifest(pairs.folder())["figures"]["bias"]
    labels = [pair["chosen_label"] for (pair,) in default.values()]
    shares = {letter: round(labels.count(letter) / len(labels), 4) for letter in LETTERS}
    assert bias["chosen_letters"] == shares
    assert all(abs(share - 0.25) <= 0.02 for share in shares.values())
    low, high = bias["length_classifier_interval"]
    assert low <= 0.5 <= high
    difference = [len(reply(pair, "chosen")) - len(reply(pair, "rejected")) for (pair,) in default.values()]
    assert bias["mean_length_difference"] == round(sum(difference) / len(difference), 2)


def test_another_seed_chooses_otherwise_from_the_same_questions(pairs: Any, default: Pairs):
    other = pairs(seed=7)
    assert other.keys() == default.keys()
    assert {group[0]["id"] for group in other.values()} == {group[0]["id"] for group in default.values()}
    assert sum(other[key][0]["rejected"] != default[key][0]["rejected"] for key in default) > 100
    assert sum(other[key][0]["chosen_label"] != default[key][0]["chosen_label"] for key in default) > 100
    assert {key for key, group in other.items() if group[0]["split"] == "validation"} != {
        key for key, group in default.items() if group[0]["split"] == "validation"
    }


@pytest.mark.parametrize("most", [1, 2, 3])
def test_all_wrong_options_up_to_a_number(pairs: Any, default: Pairs, most: int):
    built = pairs(negatives="all", max_pairs_per_question=most)
    assert built.keys() == default.keys()
    for key, group in built.items():
        assert len(group) == most
        assert len({reply(pair, "rejected") for pair in group}) == most
        assert len({(reply(pair, "chosen"), pair["prompt"][0]["content"], pair["split"]) for pair in group}) == 1
        base = default[key][0]["id"]
        assert [pair["id"] for pair in group] == [base, f"{base}-2", f"{base}-3"][:most]


def test_a_hard_wrong_option_is_the_closest_in_spelling(pairs: Any):
    for (pair,) in pairs(negatives="hard").values():
        options = shown(pair)
        right = options[LETTERS.index(pair["chosen_label"])]
        wrong = options[LETTERS.index(pair["rejected_label"])]
        best = max(dice(right, option) for option in options if option != right)
        assert dice(right, wrong) == pytest.approx(best)


def test_among_equally_close_options_none_is_wrong_more_often():
    rows = pl.DataFrame({UID: np.arange(900, dtype=np.uint64) << 40, "gold": np.zeros(900, dtype=np.int64)})
    rows = rows.with_columns(
        pl.lit(text).alias(name) for name, text in zip(OPTIONS, ("aa", "bb", "cc", "dd"), strict=True)
    )
    (wrong,) = choose_wrong(rows, PrefsOptions(negatives=Negatives.HARD), Balance((), ()))
    assert min(np.bincount(wrong, minlength=4)[1:]) > 250


def test_a_rationale_is_shared_clean_and_names_no_letter(pairs: Any, default: Pairs):
    built = pairs(style="rationale")
    assert 80 < len(built) < 250
    for key, (pair,) in built.items():
        sides = [reply(pair, side).split("\n\nAnswer: ") for side in ("chosen", "rejected")]
        (reason, right), (same, wrong) = sides
        assert reason == same
        assert right != wrong
        assert right[:3] == f"{pair['chosen_label']}. "
        assert len(reason.split()) >= 6
        assert reason.endswith((".", "!", "?"))
        assert not re.search(
            r"\b(?:[Oo]ptions?|[Aa]ns(?:wer)?)\b[ .:]*(?:is )?\(?[A-Da-d]\b|\([A-Da-d]\)|\bRef\b|</?[a-z]|&\w+;", reason
        )
        if key not in CHANGED:
            assert all(word in BY_ID[key]["exp"] for word in reason.split()[1:3])
    assert not built.keys() & set(DEFECTS["placeholder_explanation"])
    rejected = read_rejected(pairs.folder(style="rationale"))
    assert "no_clean_explanation" in set(rejected["reason"])


@pytest.mark.parametrize("style", ["answer", "rationale"])
def test_a_contested_question_is_never_used(pairs: Any, style: str):
    assert not pairs(style=style).keys() & set(DEFECTS["conflicting_duplicates"])


def test_a_system_prompt_comes_first(pairs: Any, default: Pairs):
    for key, (pair,) in pairs(system="You are a careful physician.").items():
        assert pair["prompt"][0] == {"role": "system", "content": "You are a careful physician."}
        assert pair["prompt"][1:] == default[key][0]["prompt"]
    assert all([message["role"] for message in pair["prompt"]] == ["user"] for (pair,) in default.values())


def test_near_identical_stems_share_a_split(pairs: Any):
    ids = DEFECTS["near_identical_stems"]
    for seed in (42, 7):
        built = pairs() if seed == 42 else pairs(seed=seed)
        for first, second in zip(ids[::2], ids[1::2], strict=True):
            assert built[first][0]["split"] == built[second][0]["split"]


@pytest.mark.parametrize("unlabelled", [-1, "NA", "", None])
def test_the_same_rows_counted_from_zero_give_the_same_pairs(tmp_path: Path, pairs: Any, unlabelled: int | str | None):
    rows = [{**row, "cop": unlabelled if row["cop"] is None else row["cop"] - 1} for row in SAMPLE]
    built = run_pipeline(BUILDER, write_jsonl(tmp_path / "sample.jsonl", rows), tmp_path / "out")
    come_from = ("source", "license")
    assert read_rows(built).drop(come_from).equals(read_rows(pairs.folder()).drop(come_from))
    assert read_manifest(built)["state"]["index_base"] == {"sample.jsonl": 0}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"question": "Which is the thickest layer?", **dict(zip(OPTIONS, "ABCD", strict=True))}, "letters_alone"),
        ({"question": "The goggles are worn in", "exp": "The image shows goggles of lead glass."}, "needs_picture"),
        ({"question": "The goggles are worn in", "exp": "The clinical picture is typical."}, None),
    ],
)
def test_what_stood_in_a_picture_is_not_asked(tmp_path: Path, changed: dict[str, str], reason: str | None):
    rows = [*SAMPLE[:40], {**BY_ID[DEFECTS["eponym"][0]], "id": "new", **changed}]
    built = run_pipeline(BUILDER, write_jsonl(tmp_path / "rows.jsonl", rows), tmp_path / "out")
    rejected = {json.loads(row["record"])["id"]: row["reason"] for row in read_rejected(built).iter_rows(named=True)}
    assert rejected.get("new") == reason


@pytest.mark.shared
@pytest.mark.parametrize("seed", [42, 7])
def test_lengths_and_letters_tell_nothing_on_the_real_file(tmp_path: Path, shared_data: Path, seed: int):
    source = shared_data / "medmcqa" / "dev.json"
    built = run_pipeline(BUILDER, source, tmp_path / "out", workers=2, seed=seed)
    manifest = read_manifest(built)
    books, bias = manifest["books"], manifest["figures"]["bias"]
    assert books["source_rows"] == 4_183
    assert books["used_rows"] > 3_900
    assert manifest["state"]["index_base"] == {"dev.json": 1}
    assert abs(bias["length_classifier_accuracy"] - 0.5) <= 0.02
    assert all(abs(share - 0.25) <= 0.01 for share in bias["chosen_letters"].values())
