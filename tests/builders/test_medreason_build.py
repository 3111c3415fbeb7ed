"""The rewards builder on its sample and on small sources of every shape."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from toy_builder import read_manifest, read_rejected, read_rows, run_pipeline, write_jsonl

from openmed_data.api import build_dataset, parse_options
from openmed_data.builders.medreason_rewards import BUILDER, MedreasonRewards, verifying
from openmed_data.errors import BuildError, SourceError, UsageError
from openmed_data.rewards import answer_format, correct_answer
from openmed_data.rewards.correct import GOLD_COLUMNS
from openmed_data.text.normalize import answer_key

HERE = Path(__file__).parent
EXPECTED: dict[str, list[int]] = json.loads((HERE / "medreason_sample_reasons.json").read_text(encoding="utf-8"))
Row = dict[str, Any]


class Threaded(MedreasonRewards):
    """The same in threads, which start at once and see what a test patches."""

    releases_gil = True


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_pipeline(Threaded(), "sample", tmp_path_factory.mktemp("medreason") / "out")


def reasons(build: Path) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for reason, record in read_rejected(build).select("reason", "record").iter_rows():
        found.setdefault(reason, []).append(int(json.loads(record)["id_in_dataset"]))
    return {reason: sorted(ids) for reason, ids in found.items()}


def paid(rows: pl.DataFrame, say: Callable[[Row], str]) -> list[float | None]:
    columns: dict[str, Any] = {name: rows[name].to_list() for name in GOLD_COLUMNS}
    texts = [f"<think>So be it.</think><answer>{say(row)}</answer>" for row in rows.iter_rows(named=True)]
    assert set(answer_format(texts)) <= {1.0}
    return correct_answer(texts, **columns)


def test_every_fault_of_the_sample_is_rejected_for_its_reason(built: Path) -> None:
    assert reasons(built) == {reason: sorted(ids) for reason, ids in EXPECTED.items()}


def test_every_reason_that_needs_no_file_stands_in_the_sample() -> None:
    needing_a_file = {"no_pass_rate", "outside_band"}
    assert {str(reason) for reason in BUILDER.reasons} - needing_a_file <= EXPECTED.keys()


def test_the_right_answer_is_paid_and_the_wrong_ones_are_not(built: Path) -> None:
    rows = read_rows(built)
    assert set(paid(rows, lambda row: row["answer_label"] or row["answer"])) == {1.0}
    lettered = rows.filter(pl.col("answer_label").is_not_null())
    for shift in (1, 2, 3):
        wrong = paid(lettered, lambda row, shift=shift: "ABCD"[("ABCD".index(row["answer_label"]) + shift) % 4])
        assert set(wrong) == {0.0}


def test_gold_columns_agree_with_the_prompt(built: Path) -> None:
    for row in read_rows(built).filter(pl.col("answer_type") == "choice").iter_rows(named=True):
        assert row["choices"]["ABCD".index(row["answer_label"])] == row["answer"]
        for letter, text in zip("ABCD", row["choices"], strict=False):
            assert f"\n{letter}. {text}\n" in row["prompt"][-1]["content"]


def test_no_prompt_gives_its_answer_away(built: Path) -> None:
    for row in read_rows(built).iter_rows(named=True):
        prompt = row["prompt"][-1]["content"]
        assert "Explanation:" not in prompt
        assert row["reference_reasoning"] not in prompt
        if row["answer_type"] in {"text", "number"}:
            assert f" {answer_key(row['answer'])} " not in f" {answer_key(prompt)} "


def test_options_move_only_where_they_may_and_letters_even_out(built: Path) -> None:
    sample = [json.loads(line) for line in MedreasonRewards.sample.read_text(encoding="utf-8").splitlines()]
    came = {str(row["id_in_dataset"]): row["options"].split("\n")[1:] for row in sample}
    rows = {
        row["source_id"]: row
        for row in read_rows(built).filter(pl.col("answer_type") == "choice").iter_rows(named=True)
    }
    kept_place = 0
    for name, row in rows.items():
        texts = [option[3:] for option in came[name]]
        stays = [f"{letter}. {text}" for letter, text in zip("ABCD", row["choices"], strict=True)] == came[name]
        refers = any("above" in text for text in texts) or "Answer A" in row["reference_reasoning"]
        assert stays or not refers
        kept_place += stays
    assert kept_place < len(rows) / 3
    counts = Counter(row["answer_label"] for row in rows.values())
    assert max(counts.values()) - min(counts.values()) <= 6


def test_damaged_words_are_mended_in_prompt_and_choices(built: Path) -> None:
    text = " ".join(row["prompt"][-1]["content"] for row in read_rows(built).iter_rows(named=True))
    assert "external carotid artery" in text
    assert not {"aery", "hea", "impoant", "shoest", "hypeension"} & set(text.lower().split())


def test_figures_count_what_was_built(built: Path) -> None:
    rows, figures = read_rows(built), read_manifest(built)["figures"]
    assert figures["answer_types"] == dict(rows["answer_type"].value_counts().iter_rows())
    assert figures["datasets"] == dict(rows["dataset"].value_counts().iter_rows())
    assert sum(figures["rejected_test_split_rows"].values()) == len(EXPECTED["test_split"])
    lettered = rows.filter(pl.col("answer_label").is_not_null())
    # Three forms of every choice; the duplicate and the two contradicting rows were verified before they were found.
    assert figures["verified_completions"]["wrong_options_paid_nothing"] >= 9 * lettered.height
    longest = max(len(row["prompt"][-1]["content"]) for row in rows.iter_rows(named=True))
    assert figures["prompt_characters"]["p100"] == longest


def test_bytes_do_not_depend_on_parts_or_processes(
    built: Path, tmp_path: Path, layout: Callable[..., None], tree_hash: Callable[[Path], dict[str, str]]
) -> None:
    processes = run_pipeline(BUILDER, "sample", tmp_path / "processes", workers=2)
    assert tree_hash(processes) == tree_hash(built)
    layout(part=7)
    parts = run_pipeline(Threaded(), "sample", tmp_path / "parts")
    assert read_manifest(parts)["content_digest"] == read_manifest(built)["content_digest"]


def test_test_splits_are_kept_where_that_is_asked_for(tmp_path: Path) -> None:
    build = run_pipeline(Threaded(), "sample", tmp_path / "out", keep_test_splits=True)
    found = reasons(build)
    assert "test_split" not in found
    kept = read_rows(build)["dataset"].to_list()
    assert {"MMLU", "MedXpertQA", "pubmedqa"} <= set(kept)
    expertise = read_rows(build).filter(pl.col("dataset") == "MedXpertQA").row(0, named=True)
    assert len(expertise["choices"]) == 5
    assert "Answer Choices" not in expertise["prompt"][-1]["content"]


def test_a_verifier_that_guesses_lets_no_row_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "correct_answer", lambda completions, **_: [1.0] * len(completions))
    build = run_pipeline(Threaded(), "sample", tmp_path / "out")
    # Open questions have no wrong option to be paid for.
    assert set(read_rows(build)["answer_type"]) == {"text", "number"}
    monkeypatch.setattr(verifying, "correct_answer", lambda completions, **_: [0.0] * len(completions))
    with pytest.raises(BuildError, match="no row was kept"):
        run_pipeline(Threaded(), "sample", tmp_path / "none")


def test_the_prompt_can_be_phrased(tmp_path: Path) -> None:
    build = run_pipeline(Threaded(), "sample", tmp_path / "out", system="Be brief.", answer_format="answer_only")
    prompts = read_rows(build)["prompt"].to_list()
    assert all([message["role"] for message in prompt] == ["system", "user"] for prompt in prompts)
    assert all("<think>" not in prompt[1]["content"] for prompt in prompts)
    assert prompts[0][0]["content"] == "Be brief."


def test_ids_stay_whatever_the_options(built: Path, tmp_path: Path) -> None:
    other = run_pipeline(
        Threaded(), "sample", tmp_path / "out", answer_format="answer_only", shuffle=False, repair=False
    )
    assert set(read_rows(other)["id"]) == set(read_rows(built)["id"])


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_the_band_keeps_what_teaches(built: Path, tmp_path: Path, suffix: str) -> None:
    ids = sorted(read_rows(built)["id"])
    rates = pl.DataFrame({"id": ids[:4], "n": [8] * 4, "pass_rate": [0.0, 0.5, 1.0, None]})
    path = tmp_path / f"rates.{suffix}"
    {"parquet": rates.write_parquet, "csv": rates.write_csv, "jsonl": rates.write_ndjson}[suffix](path)
    build = run_pipeline(Threaded(), "sample", tmp_path / "out", pass_rate_file=path, validation_fraction=0)
    assert read_rows(build)["id"].to_list() == [ids[1]]
    counts = {reason: len(found) for reason, found in reasons(build).items()}
    assert counts["outside_band"] == 2
    # Every row the band judged: those kept without it, and those that only later steps reject.
    later = sum(len(EXPECTED[reason]) for reason in ("duplicate", "conflicting_key", "unverifiable_gold"))
    assert counts["no_pass_rate"] == len(ids) - 3 + later
    manifest = read_manifest(build)
    assert manifest["options"]["pass_rate_file"].startswith(f"rates.{suffix} sha256:")
    assert str(tmp_path) not in json.dumps(manifest)
    wide = run_pipeline(
        Threaded(), "sample", tmp_path / "wide", pass_rate_file=path, min_pass_rate=0, keep_unrated=True
    )
    assert read_rows(wide).height == len(ids) - 1


def test_pass_rates_that_are_none_are_named(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "rates.jsonl", [{"id": "a", "pass_rate": 0.5}, {"id": "b", "pass_rate": 7}])
    with pytest.raises(SourceError, match=r"row 2, field 'pass_rate': found '7'"):
        run_pipeline(Threaded(), "sample", tmp_path / "out", pass_rate_file=path)


def test_options_that_contradict_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        parse_options(BUILDER, {"pass_rate_file": tmp_path / "absent.csv"})
    with pytest.raises(UsageError, match="min_pass_rate is above"):
        parse_options(BUILDER, {"min_pass_rate": 0.9, "max_pass_rate": 0.1})


def test_the_whole_path_from_name_to_card(tmp_path: Path) -> None:
    folder = build_dataset("medreason-rewards", "sample", tmp_path / "out", validation=False).path
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "test_split" in card
    assert "verified" in card.lower()


# ---- sources of other shapes


def build_of(rows: Iterable[Row], folder: Path, **options: Any) -> Path:
    return run_pipeline(
        Threaded(), write_jsonl(folder / "rows.jsonl", rows), folder / "out", validation_fraction=0, **options
    )


def test_medmcqa_is_read_by_its_key(tmp_path: Path) -> None:
    texts = {"opa": "Femur", "opb": "Tibia", "opc": "Fibula", "opd": "Talus"}
    rows = [
        {"id": "a", "question": "Which bone is the longest of the body?", **texts, "cop": 1},
        {"id": "b", "question": "Which bone carries the weight of the body on the foot?", **texts, "cop": 4},
        {"id": "c", "question": "Which bone lies on the outer side of the leg?", **texts, "cop": "NA"},
        {"id": "d", "question": "Which bone is the shin?", **texts | {"opd": "Tibia."}, "cop": 2},
    ]
    build = build_of(rows, tmp_path)
    kept = {row["source_id"]: row["answer"] for row in read_rows(build).iter_rows(named=True)}
    assert kept == {"a": "Femur", "b": "Talus"}
    assert sorted(read_rejected(build)["reason"]) == ["duplicate_options", "empty_gold"]
    with pytest.raises(SourceError, match="without guessing"):
        build_of(rows[:1], tmp_path / "ambiguous")
    stated = build_of(rows[:1], tmp_path / "stated", index_base="0")
    assert read_rows(stated)["answer"].to_list() == ["Tibia"]


def test_medqa_letter_and_text_must_agree(tmp_path: Path) -> None:
    row = {"question": "Which vitamin heals scurvy?", "options": {"A": "Vitamin A", "B": "Vitamin C"}, "meta_info": "x"}
    rows = [
        row | {"answer": "Vitamin C", "answer_idx": "B"},
        row | {"question": "Which vitamin heals night blindness?", "answer": "Vitamin C", "answer_idx": "A"},
        row | {"question": "Which vitamin heals rickets?", "answer": "Vitamin D", "answer_idx": "D"},
    ]
    build = build_of(rows, tmp_path)
    assert read_rows(build)["answer"].to_list() == ["Vitamin C"]
    assert read_rows(build)["dataset"].to_list() == ["medqa"]
    assert sorted(read_rejected(build)["reason"]) == ["contradicting_key", "gold_not_an_option"]


HUATUO = {
    "question": "Which of these is the pacemaker?",
    "options": {"A": "AV node", "B": "SA node"},
    "answer_idx": "B",
    "answer": "SA node",
    "Open-ended Verifiable Question": "Which part of the heart sets its rhythm?",
    "Ground-True Answer": "Sinoatrial node.",
    "Complex_CoT": "Cells that fire fastest lead. That is the sinoatrial node.",
}


def test_huatuo_asks_the_open_question_and_knows_the_wrong_options(tmp_path: Path) -> None:
    wrong_chain = HUATUO | {
        "Open-ended Verifiable Question": "Which valve has two cusps?",
        "Ground-True Answer": "Mitral valve",
        "options": {"A": "Mitral valve", "B": "Aortic valve"},
        "answer_idx": "A",
    }
    build = build_of([HUATUO, wrong_chain], tmp_path)
    first, second = read_rows(build).sort("answer", descending=True).iter_rows(named=True)
    assert (first["answer"], first["answer_type"], first["accepted_answers"]) == (
        "Sinoatrial node",
        "text",
        ["SA node"],
    )
    assert first["reference_reasoning"] == HUATUO["Complex_CoT"]
    assert "of these" not in first["prompt"][0]["content"]
    assert second["reference_reasoning"] is None
    assert read_manifest(build)["figures"]["verified_completions"] == {
        "right_answers_paid_in_full": 3,
        "wrong_options_paid_nothing": 2,
    }


def test_spoilt_options_are_mended_with_the_answer_that_repeats_one(tmp_path: Path) -> None:
    asked = {
        "question": "Of compressions to breaths the share is",
        "opa": "15:01",
        "opb": "30:01:00",
        "opc": "30:02:00",
    }
    lost = {"question": "The valve between the left chambers", "opa": "Mitral", "opb": "Aortic", "opc": "Pulmonary"}
    rows = [
        {"id": "a", **asked, "opd": "5:01", "cop": 3},
        {"id": "b", **lost, "opd": "Not recalled", "cop": 1},
        {"id": "c", **lost, "question": "Which valve lies before the right ventricle?", "opd": "Tricuspid", "cop": 4},
    ]
    build = build_of(rows, tmp_path)
    kept = {row["source_id"]: (row["answer"], sorted(row["choices"])) for row in read_rows(build).iter_rows(named=True)}
    assert kept["a"] == ("30:2", ["15:1", "30:1", "30:2", "5:1"])
    assert read_rejected(build)["reason"].to_list() == ["missing_option"]


def test_reasoning_that_concludes_otherwise_is_left_out(tmp_path: Path) -> None:
    other = "Cells of it fire first.\n\nThe AV node leads. The sinoatrial node may lead, but the AV node comes first."
    open_end = "The sinoatrial node fires first.\n\nWithout a tracing of the heart nobody can say which part leads."
    rows = [HUATUO | {"Open-ended Verifiable Question": f"What part leads in case {number}?", "Complex_CoT": told}
            for number, told in enumerate((other, open_end))]  # fmt: skip
    assert read_rows(build_of(rows, tmp_path))["reference_reasoning"].to_list() == [None, None]


@pytest.mark.parametrize(
    ("question", "gold", "reason"),
    [
        ("For a man who does not smoke or drink, what vaccine is given first?", "Mumps vaccine", None),
        ("What is the colour of the bag for lead, which is not burnt?", "Red", None),
        ("Among the drugs for gout, which drug is not given in renal failure?", "Probenecid", "many_answers"),
        ("When the heart fails, what drug is least helpful?", "Verapamil", "many_answers"),
        ("Which drug, which is cheap, is not given to children?", "Aspirin", "many_answers"),
        ("Which disease is it?", "Transposition of the Great Arteries (TGA)", None),
        ("Which disease is it?", "Transposition of the great arteries at birth", "free_text_too_long"),
    ],
)  # fmt: skip
def test_only_the_clause_that_asks_says_how_many_answers_there_are(
    tmp_path: Path, question: str, gold: str, reason: str | None
) -> None:
    open_form = {"options": None, "answer_idx": None, "answer": None, "question": None}
    row = HUATUO | open_form | {"Open-ended Verifiable Question": question, "Ground-True Answer": gold}
    build = build_of([HUATUO, row], tmp_path)
    assert read_rejected(build)["reason"].to_list() == ([reason] if reason else [])


def test_a_sentence_wrapped_over_lines_is_joined_and_findings_keep_theirs(tmp_path: Path) -> None:
    question = "Which part sets the rhythm of the\nheart at rest?\nPulse: 60/min\nECG: normal\nno fever\nno rash"
    build = build_of([HUATUO | {"Open-ended Verifiable Question": question}], tmp_path)
    (prompt,) = read_rows(build)["prompt"].to_list()
    assert "rhythm of the heart at rest?\nPulse: 60/min\nECG: normal\nno fever\nno rash\n" in prompt[0]["content"]


def test_open_golds_that_speak_of_options_or_a_picture_are_rejected(tmp_path: Path) -> None:
    open_form = {"options": None, "answer_idx": None, "answer": None, "question": None}
    rows = [
        HUATUO
        | open_form
        | {"Open-ended Verifiable Question": f"What number {number} is it?", "Ground-True Answer": gold}
        for number, gold in enumerate(
            ("All of the above", "Point G", "All-trans retinoic acid", "Atrioventricular (AV) node")
        )
    ]
    build = build_of(rows, tmp_path)
    kept = {row["answer"]: row["accepted_answers"] for row in read_rows(build).iter_rows(named=True)}
    assert kept == {
        "All-trans retinoic acid": [],
        "Atrioventricular (AV) node": ["Atrioventricular node", "AV node"],
    }
    assert sorted(read_rejected(build)["reason"]) == ["letter_combination", "no_options"]


def test_an_accepted_answer_says_something_else_than_the_answer(tmp_path: Path) -> None:
    options = {"A": "Hypeension", "B": "Asthma"}
    row = HUATUO | {"Ground-True Answer": "Hypertension", "options": options, "answer_idx": "A"}
    assert read_rows(build_of([row], tmp_path))["accepted_answers"].to_list() == [[]]


def test_an_answer_in_the_question_is_found_however_it_is_spelt(tmp_path: Path) -> None:
    asked = HUATUO | {"Open-ended Verifiable Question": "Tumours of which gland, apart from sinoatrial nodes, slow it?"}
    assert read_rejected(build_of([HUATUO, asked], tmp_path))["reason"].to_list() == ["answer_in_prompt"]


def test_huatuo_without_options_is_read_too(tmp_path: Path) -> None:
    open_form = ("Open-ended Verifiable Question", "Ground-True Answer")
    build = build_of([{name: HUATUO[name] for name in open_form}], tmp_path)
    assert read_rows(build)["answer"].to_list() == ["Sinoatrial node"]


def test_columns_of_no_shape_name_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nearest is MedQA") as caught:
        build_of([{"question": "q", "options": {}, "answer": "a"}], tmp_path)
    assert [problem.field for problem in caught.value.problems] == ["answer_idx"]
