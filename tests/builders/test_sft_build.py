"""The dialogue builder on its sample and on small sources of every shape."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from toy_builder import read_manifest, read_rejected, read_rows, run_pipeline, write_jsonl

from openmed_data.api import build_dataset
from openmed_data.builders.sft_synthetic import BUILDER, SftSynthetic
from openmed_data.builders.sft_synthetic.phrasings import phrasings
from openmed_data.builders.sft_synthetic.sentences import sentences, squash
from openmed_data.errors import SourceError

SAMPLE = [json.loads(line) for line in SftSynthetic.sample.read_text(encoding="utf-8").splitlines()]
Row = dict[str, Any]
OWN_WORDS = [one.text for kind in ("note", "table") for one in phrasings(kind)]


class Threaded(SftSynthetic):
    """The same in threads, which start at once and see what a test patches."""

    releases_gil = True


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_pipeline(Threaded(), "sample", tmp_path_factory.mktemp("sft") / "out")


def of(build: Path, source_id: str) -> list[Row]:
    return [row for row in read_rows(build).iter_rows(named=True) if row["source_id"].split(" ")[0] == source_id]


def said(row: Row, role: str) -> str:
    return "\n\n".join(one["content"] for one in row["messages"] if one["role"] == role)


def test_every_fault_of_the_sample_is_rejected_for_its_reason(built: Path) -> None:
    found: dict[str, set[str]] = {}
    for reason, record in read_rejected(built).select("reason", "record").iter_rows():
        found.setdefault(reason, set()).add(json.loads(record)["id"])
    assert found == {
        "ambiguous": {"s003-4", "s019-3"},
        "empty": {"s902-1"},
        "merged": {"s002-3", "s004-4", "s005-4", "s006-2", "s008-3"},
        "near_duplicate": {"s007-1", "s901-1"},
        "off_topic": {"s020-1"},
        "only_references": {"s004-5", "s005-5", "s009-2", "s017-1"},
        "run_on": {"s021-1"},
        "title_as_subject": {"s016-1"},
        "too_short": {"s010-1", "s018-2"},
    }


def test_no_tools_are_null(built: Path) -> None:
    """To an empty list of them, Llama's template writes how to call them."""
    assert read_rows(built)["tools"].is_null().all()


def test_every_sentence_of_an_answer_stands_in_its_source(built: Path) -> None:
    planted = re.compile(r" \(AZ-ma\)|(?<=[a-z]\.)[12](?= |$)")  # a pronunciation and two marks of footnotes
    sources = {row["id"]: squash(planted.sub("", row["answer"])) for row in SAMPLE}
    pages: dict[str, str] = {}
    for row in SAMPLE:
        page = row["id"].rpartition("-")[0]
        pages[page] = pages.get(page, "") + "\x1f" + sources[row["id"]]
    own = re.compile("|".join(re.escape(text).replace(re.escape("{x}"), ".+") for text in OWN_WORDS))
    checked = 0
    for row in read_rows(built).iter_rows(named=True):
        text = pages[row["source_id"].split(" ")[0].rpartition("-")[0]]
        for line in said(row, "assistant").split("\n"):
            for sentence in sentences(line.removeprefix("- ")):
                if own.fullmatch(line) or own.fullmatch(sentence) or sentence.startswith("Source: "):
                    continue
                checked += 1
                assert squash(sentence) in text, sentence
    assert checked > 150


def test_numbers_and_units_stay_as_they_are(built: Path) -> None:
    text = "\n".join(said(row, "assistant") for row in read_rows(built).iter_rows(named=True))
    for fact in ("200 mcg", "3 to 6 months", "below 6 mg/dL", "100 mg a day", "325 mg", "5 to 10 mm", "2.5 liters",
                 "1 in 3,500", "1 in 10,000 to 15,000", "5%", "8 to 14 hours", "50 C", "95th percentile"):  # fmt: skip
        assert fact in text


def test_what_a_page_has_besides_its_answer_goes(built: Path) -> None:
    text = "\n".join(said(row, "assistant") for row in read_rows(built).iter_rows(named=True))
    for dirt in ("www.", "Key Points", "Read more", "Watch the video", "go to the", "figure below", "AZ-ma",
                 "NCI website", "Summary :", "National Institute", "Is genetic testing", "How is Marfan", "attacks.1",
                 "Human Phenotype", "Overview", "Other Signs", "Autosomal dominant", "blood.2", "More on"):  # fmt: skip
        assert dirt not in text
    assert "A person's risk rises" in text
    assert "Parkinson's disease" in text
    assert "They don't start it alone" in text


def test_lists_and_tables_are_lists(built: Path) -> None:
    (artery,) = of(built, "s003-1")
    answer = said(artery, "assistant")
    assert answer.count("cold feet") == 1
    assert "\n- cold feet\n" in answer
    (marfan,) = of(built, "s008-1")
    assert "\n- Tall stature (90%)\n" in said(marfan, "assistant")
    (noonan,) = of(built, "s009-1")
    assert "- Webbed neck (13 of 20)\n- Cryptorchidism (3/5)\n- Short stature" in said(noonan, "assistant")


def test_questions_are_asked_anew_and_fit_their_subject(built: Path) -> None:
    asked = [said(row, "user") for row in read_rows(built).iter_rows(named=True)]
    assert not [text for text in asked if " (are) " in text or " ?" in text or "?." in text or "  " in text]
    assert not [text for text in asked if re.search(r"\b(?:is|does|has) kidney stones\b", text, re.IGNORECASE)]
    assert not [text for text in asked if "Parasites" in text or "Scabies" in text]
    assert "How vaccines prevent disease?" in asked


def test_a_dialogue_of_two_turns_gives_both_answers(built: Path) -> None:
    (row,) = of(built, "s005-3")
    assert [one["role"] for one in row["messages"] if one["role"] != "system"] == ["user", "assistant"] * 2
    assert "PAH gene" in row["messages"][-3]["content"]
    assert "autosomal recessive" in row["messages"][-1]["content"]
    assert row["origin"].split("/")[1] == "follow-up"


def test_a_long_answer_is_also_given_briefly(built: Path) -> None:
    full, short = sorted(of(built, "s004-1"), key=lambda row: -len(said(row, "assistant")))
    assert short["id"] == f"{full['id']}-brief"
    number = {"two": 2, "three": 3}[
        next(word for word in ("two", "three") if f" {word}" in f" {said(short, 'user')}".lower())
    ]
    told = said(short, "assistant").split("\n\nSource:")[0]
    assert len(sentences(told)) == number
    assert full["domain"] == short["domain"] == "overview"


def test_notes_stand_where_advice_is_asked_and_nowhere_else(tmp_path: Path) -> None:
    notes = {one.text for one in phrasings("note")}
    advice = {one.text for topic in ("treatment", "prevention", "diet", "key points", "outlook")
              for one in phrasings("then", topic) if one.advice}  # fmt: skip
    seen = 0
    for seed in range(4):
        build = run_pipeline(Threaded(), "sample", tmp_path / str(seed), seed=seed)
        for row in read_rows(build).iter_rows(named=True):
            turns = [one["content"] for one in row["messages"] if one["role"] != "system"]
            for asked, answer in zip(turns[::2], turns[1::2], strict=True):
                wants = any(question in asked for question in advice)
                assert wants == any(note in answer for note in notes)
                seen += wants
    assert seen > 3


def test_sources_are_named_where_that_is_asked(tmp_path: Path) -> None:
    rows = [dict(row, url=f"https://www.example.gov/{row['id'].rpartition('-')[0]}") for row in SAMPLE]
    path = write_jsonl(tmp_path / "rows.jsonl", rows)
    requests = [one.text for one in phrasings("citing")]
    for cite in ("never", "asked", "always"):
        build = run_pipeline(Threaded(), path, tmp_path / cite, cite=cite, cite_share=0.5)
        for row in read_rows(build).iter_rows(named=True):
            asked = said(row, "user").endswith(tuple(requests))
            named = "\n\nSource: " in said(row, "assistant")
            assert named == {"never": False, "asked": asked, "always": True}[cite]
            assert row["source_id"].split(" ")[1].startswith("https://www.example.gov/")


def test_addresses_of_pages_that_are_not_public_are_left_out(tmp_path: Path) -> None:
    rows = [dict(row, url="https://someone.example.com/page") for row in SAMPLE[:5]]
    build = run_pipeline(Threaded(), write_jsonl(tmp_path / "rows.jsonl", rows), tmp_path / "out", cite="always")
    assert "example.com" not in json.dumps(read_rows(build).to_dicts())


def test_bytes_do_not_depend_on_parts_or_processes(
    built: Path, tmp_path: Path, layout: Callable[..., None], tree_hash: Callable[[Path], dict[str, str]]
) -> None:
    processes = run_pipeline(BUILDER, "sample", tmp_path / "processes", workers=2)
    assert tree_hash(processes) == tree_hash(built)
    layout(part=7)
    parts = run_pipeline(Threaded(), "sample", tmp_path / "parts")
    assert read_manifest(parts)["content_digest"] == read_manifest(built)["content_digest"]


def test_figures_count_what_was_built(built: Path) -> None:
    rows, figures = read_rows(built), read_manifest(built)["figures"]
    origins = [row.split("/") for row in rows["origin"]]
    assert figures["tasks"] == dict(Counter(origin[1] for origin in origins))
    assert figures["topics"] == dict(Counter(rows["domain"]))
    assert sum(figures["words_of_answers"].values()) == rows.height
    commonest = Counter(origin[2] for origin in origins if origin[2] != "as-asked").most_common(1)[0][1]
    assert figures["diversity"]["share of rows with the commonest phrasing"] == round(commonest / rows.height, 4)
    with_system = sum(row[0]["role"] == "system" for row in rows["messages"])
    assert figures["shares"]["with a system prompt"] == round(with_system / rows.height, 4)


def test_all_of_one_subject_stands_in_one_split(tmp_path: Path) -> None:
    build = run_pipeline(Threaded(), "sample", tmp_path / "out", validation_fraction=0.4)
    splits: dict[str, set[str]] = {}
    for row in read_rows(build).iter_rows(named=True):
        splits.setdefault(row["source_id"].rpartition("-")[0], set()).add(row["split"])
    assert {len(held) for held in splits.values()} == {1}
    assert len(set.union(*splits.values())) == 2


def test_the_whole_path_from_name_to_a_passing_report(tmp_path: Path) -> None:
    made = build_dataset("sft-synthetic", "sample", tmp_path / "out", workers=1)
    assert made.passed
    card = (made.path / "README.md").read_text(encoding="utf-8")
    assert "SFTTrainer" in card
    assert "near_duplicate" in card


# ---- sources of other shapes


def build_of(rows: Iterable[Row], folder: Path, **options: Any) -> Path:
    options.setdefault("system_share", 0)
    return run_pipeline(
        Threaded(), write_jsonl(folder / "rows.jsonl", rows), folder / "out", validation_fraction=0, **options
    )


EXAM = {"id": "a", "question": "Which drug lowers uric acid?", "opa": "Allopurinol", "opb": "Aspirin", "opc": "Codeine",
        "opd": "Digoxin", "subject_name": "Pharmacology"}  # fmt: skip


def test_medmcqa_gives_questions_with_clean_explanations(tmp_path: Path) -> None:
    exp = "Ans. A. Allopurinol inhibits xanthine oxidase, so less uric acid is made in the body. (Ref: p. 12)"
    rows = [
        EXAM | {"cop": 1, "exp": exp},
        EXAM | {"id": "b", "question": "Which drug eases pain by opioid receptors?", "cop": 3, "exp": "rpt question"},
        EXAM
        | {"id": "c", "question": "Which drug slows the heart in flutter?", "cop": 4, "exp": "Ans. B. It does so."},
        EXAM | {"id": "d", "question": "Identify the drug shown in the image below", "cop": 1, "exp": exp},
        EXAM | {"id": "e", "question": "Which of them is salicylate in origin?", "cop": "", "exp": exp},
    ]
    build = build_of(rows, tmp_path)
    (row,) = read_rows(build).iter_rows(named=True)
    assert said(row, "assistant").startswith("A. Allopurinol\n\nAllopurinol inhibits xanthine oxidase")
    assert "Ref" not in said(row, "assistant")
    assert "A. Allopurinol\nB. Aspirin\nC. Codeine\nD. Digoxin" in said(row, "user")
    assert row["domain"] == "Pharmacology"
    found = dict(
        zip(read_rejected(build)["record"].str.json_path_match("$.id"), read_rejected(build)["reason"], strict=True)
    )
    assert found == {"b": "no_clean_explanation", "c": "contradicting_explanation", "d": "unaskable", "e": "unlabelled"}
    with pytest.raises(SourceError, match="without guessing"):
        build_of(rows[:1], tmp_path / "one")


def test_medreason_gives_reasoning_and_then_the_answer(tmp_path: Path) -> None:
    row = {
        "dataset_name": "medmcqa", "id_in_dataset": 5, "question": "Which vitamin heals scurvy?",
        "answer": "Vitamin C. Explanation: It is ascorbic acid.",
        "options": "Answer Choices:\nA. Vitamin A\nB. Vitamin C",
        "reasoning": "**Finding reasoning paths:**\n\n1. Scurvy -> Collagen\n\n**Reasoning Process:**\n\n"
                     "Scurvy is a lack of ascorbic acid. Collagen needs it.\n\n**Conclusion:** Vitamin C heals it.",
    }  # fmt: skip
    build = build_of([row, row | {"dataset_name": "MMLU", "id_in_dataset": 6}], tmp_path)
    (made,) = read_rows(build).iter_rows(named=True)
    assert said(made, "assistant").endswith("Answer: Vitamin C")
    assert "Scurvy is a lack of ascorbic acid." in said(made, "assistant")
    assert "->" not in said(made, "assistant")
    assert "**" not in said(made, "assistant")
    assert read_rejected(build)["reason"].to_list() == ["test_split"]


def test_medreason_that_concludes_otherwise_or_lacks_an_option_is_rejected(tmp_path: Path) -> None:
    told = "Stool tests are simple.\n\nThe breath test is preferred. A biopsy helps, but the breath test comes first."
    row = {
        "dataset_name": "medmcqa", "id_in_dataset": 5, "question": "Most sensitive test of the stomach's germ",
        "answer": "Biopsy. Explanation: It is.", "options": "Answer Choices:\nA. Breath test\nB. Biopsy\nC. Culture",
        "reasoning": told,
    }  # fmt: skip
    share = {
        "id_in_dataset": 6, "question": "Share of adults that carry it", "answer": "15-Oct. Explanation: It is.",
        "options": "Answer Choices:\nA. 3-Jan\nB. 15-Oct\nC. 20-90", "reasoning": "Surveys agree on it.",
    }  # fmt: skip
    lost = {"id_in_dataset": 7, "question": "Where does the germ live?", "options": "A. Not recalled\nB. Biopsy"}
    build = build_of([row, row | share, row | lost], tmp_path)
    (made,) = read_rows(build).iter_rows(named=True)
    assert said(made, "assistant").endswith("Answer: 10-15")
    assert "A. 1-3\nB. 10-15\nC. 20-90" in said(made, "user")
    assert sorted(read_rejected(build)["reason"]) == ["contradicting_explanation", "unaskable"]


def test_pubmedqa_decides_and_gives_the_reason(tmp_path: Path) -> None:
    told = ['Forty "fit" adults at sea level (\u00b1 5 m).AIM: To walk.', "Pressure fell."]
    study = {"QUESTION": "Does exercise lower blood pressure?", "CONTEXTS": told,
             "LONG_ANSWER": "Walking lowered the pressure of adults by 4 mm Hg.", "final_decision": "yes"}  # fmt: skip
    path = tmp_path / "labelled.json"
    unlike = {"102": study | {"final_decision": "unsure", "QUESTION": "Does it?"}, "103": study | {"CONTEXTS": []}}
    path.write_text(json.dumps({"101": study} | unlike))
    build = run_pipeline(Threaded(), path, tmp_path / "out", validation_fraction=0)
    (row,) = read_rows(build).iter_rows(named=True)
    assert said(row, "assistant") == "Yes. Walking lowered the pressure of adults by 4 mm Hg."
    assert 'Forty "fit" adults at sea level (\u00b1 5 m). AIM: To walk.\nPressure fell.' in said(row, "user")
    assert row["source_id"] == "101"
    assert sorted(read_rejected(build)["reason"]) == ["empty", "unlabelled"]


def test_labelled_pubmedqa_is_a_test_split(tmp_path: Path) -> None:
    artificial = {"QUESTION": "Does rest help?", "CONTEXTS": ["Forty adults rested."], "final_decision": "no",
                  "LONG_ANSWER": "Rest did not help adults with back pain."}  # fmt: skip
    labelled = artificial | {"QUESTION": "Does walking help?", "reasoning_required_pred": "no",
                             "LONG_ANSWER": "Walking did not help adults with neck pain."}  # fmt: skip
    path = tmp_path / "pubmedqa.json"
    path.write_text(json.dumps({"101": artificial, "102": labelled}))
    build = run_pipeline(Threaded(), path, tmp_path / "out", validation_fraction=0)
    assert read_rows(build)["source_id"].to_list() == ["101"]
    assert read_rejected(build).select("reason", "detail").rows() == [("test_split", "PubMedQA")]
    every = run_pipeline(Threaded(), path, tmp_path / "every", validation_fraction=0, keep_test_splits=True)
    assert set(read_rows(every)["source_id"]) == {"101", "102"}


def test_decisions_of_medreason_are_a_test_split(tmp_path: Path) -> None:
    row = {"dataset_name": "pubmedqa", "id_in_dataset": 5, "question": "Does walking help?", "options": "",
           "answer": "The final decision is: no. It did not.",
           "reasoning": "Walking did not help the adults."}  # fmt: skip
    open_one = row | {"dataset_name": "pubmedqa_u", "id_in_dataset": 6, "answer": "It did not."}
    build = build_of([row, open_one], tmp_path)
    assert "test_split" in read_rejected(build)["reason"].to_list()
    assert read_rows(build)["source_id"].to_list() == ["pubmedqa_u-6"]


def test_a_users_own_questions_keep_their_words(tmp_path: Path) -> None:
    rows = [
        {
            "question": "what lowers a fever",
            "answer": "<p>Paracetamol lowers a fever.</p> For more information, click here.",
        },
        {"question": "What is it?", "answer": "See www.example.org for details."},
    ]
    build = build_of(rows, tmp_path)
    (row,) = read_rows(build).iter_rows(named=True)
    assert [one["content"] for one in row["messages"]] == ["What lowers a fever?", "Paracetamol lowers a fever."]
    assert read_rejected(build)["reason"].to_list() == ["only_references"]


def test_a_local_file_has_the_licence_of_its_shape(tmp_path: Path) -> None:
    mine = write_jsonl(tmp_path / "mine.jsonl", [{"question": "q", "answer": "a"}])
    exam = write_jsonl(tmp_path / "exam.jsonl", [EXAM | {"cop": 4, "exp": ""}])
    assert BUILDER.source(str(mine)).license == "unknown"
    assert BUILDER.source(str(exam)).license == "mit"
    assert BUILDER.source("sample").license == "apache-2.0"


def test_ids_stay_whatever_the_options(built: Path, tmp_path: Path) -> None:
    other = run_pipeline(
        Threaded(), "sample", tmp_path / "out", max_words=60, system_share=1, seed=7, follow_up_share=0
    )
    assert (
        read_rows(other)
        .filter(~pl.col("id").str.ends_with("-brief"))["id"]
        .is_in(read_rows(built)["id"].to_list())
        .mean()
        > 0.9
    )
