"""Benchmarks are read in the shapes in which they are published, and a wrong file is an error that says where."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from openmed_data.validation.contamination import (
    BenchmarkFileError,
    BenchmarkItem,
    BenchmarkItems,
    load_file,
    load_ifeval,
    load_medmcqa,
    load_medqa,
    load_mmlu,
    load_mmlu_pro,
    load_pubmedqa,
)

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data"
OPTIONS = ("one", "two", "three", "four")
MCQA = {"id": "m-1", "question": "Pick?", "opa": "one", "opb": "two", "opc": "three", "opd": "four", "cop": 2}


def json_lines(path: Path, *records: object) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def test_mmlu_has_no_header_and_quoted_commas(tmp_path: Path) -> None:
    with (tmp_path / "bats_test.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["Bats, do they\nfly?", *OPTIONS, "D"], ["Sleep?", *OPTIONS, "A"]])
    items = load_mmlu(tmp_path).items
    assert items[0] == BenchmarkItem("bats_test/0", "Bats, do they\nfly?", OPTIONS, "four")
    assert items[1].item_id == "bats_test/1"


def test_mmlu_pro_counts_answers_from_zero(tmp_path: Path) -> None:
    path = tmp_path / "pro.parquet"
    pl.DataFrame({"question_id": [7], "question": ["Pick?"], "options": [OPTIONS], "answer_index": [1]}).write_parquet(
        path
    )
    assert load_mmlu_pro(path).items == (BenchmarkItem("7", "Pick?", OPTIONS, "two"),)


def test_ifeval_has_prompts_only(tmp_path: Path) -> None:
    path = json_lines(tmp_path / "ifeval.jsonl", {"key": 1000, "prompt": "Write.", "kwargs": [{}]})
    assert load_ifeval(path).items == (BenchmarkItem("1000", "Write."),)


def test_medqa_is_numbered_by_row(tmp_path: Path) -> None:
    record = {"question": "Pick?", "options": dict(zip("ABCD", OPTIONS, strict=True)), "answer": "two"}
    path = json_lines(tmp_path / "medqa.jsonl", record, record)
    assert [item.item_id for item in load_medqa(path).items] == ["0", "1"]
    assert load_medqa(path).items[0] == BenchmarkItem("0", "Pick?", OPTIONS, "two")


def test_pubmedqa_is_keyed_by_pmid(tmp_path: Path) -> None:
    path = tmp_path / "pubmedqa.json"
    path.write_text(json.dumps({"123": {"QUESTION": "Does it?", "final_decision": "maybe", "CONTEXTS": ["Long."]}}))
    assert load_pubmedqa(path).items == (BenchmarkItem("123", "Does it?", (), "maybe"),)


def test_medmcqa_keys_need_their_base(tmp_path: Path) -> None:
    path = json_lines(tmp_path / "dev.json", MCQA)
    assert load_medmcqa(path, first_option=1).items[0].answer == "two"
    assert load_medmcqa(path, first_option=0).items[0].answer == "three"
    unlabelled = json_lines(tmp_path / "test.json", MCQA | {"cop": -1})
    assert load_medmcqa(unlabelled, first_option=0).items[0].answer == ""
    with pytest.raises(BenchmarkFileError, match=r"row 0.*cop is -1, which is no option when A is 1"):
        load_medmcqa(unlabelled, first_option=1)


def test_any_file_with_a_text_column(tmp_path: Path) -> None:
    records = [{"q": "Pick?", "o": list(OPTIONS), "a": "two"}, {"q": "More?", "o": None, "a": None}]
    lines = load_file(json_lines(tmp_path / "own.jsonl", *records), "own", "q", options="o", answer="a")
    assert lines.items == (BenchmarkItem("0", "Pick?", OPTIONS, "two"), BenchmarkItem("1", "More?"))
    pl.DataFrame(records).write_parquet(tmp_path / "own.parquet")
    assert load_file(tmp_path / "own.parquet", "own", "q").items[1] == BenchmarkItem("1", "More?")


BROKEN: list[tuple[str, str, Callable[[Path], BenchmarkItems], str]] = [
    ("x_test.csv", "Pick?,one,two,three,four\n", lambda path: load_mmlu(path.parent), r"x_test\.csv: row 0: expected"),
    ("x_test.csv", "Pick?,1,2,3,4,E\n", lambda path: load_mmlu(path.parent), r"row 0: expected"),
    ("i.jsonl", '{"key": 1}\n', load_ifeval, r"i\.jsonl: row 0: KeyError: 'prompt'"),
    ("i.jsonl", '{"key": 1, "prompt": "a"}\nnot json\n', load_ifeval, r"i\.jsonl: row 1: not JSON"),
    ("i.jsonl", '{"key": 1, "prompt": " "}\n', load_ifeval, r"row 0: ValueError: prompt must be a text, got ' '"),
    (
        "m.jsonl",
        '{"question": "a", "options": ["b"], "answer": "b"}\n',
        load_medqa,
        r"row 0: TypeError: options",
    ),
    ("p.json", "[1]", load_pubmedqa, r"p\.json: row 0: expected an object, found 1"),
    ("p.json", '{"1": "yes"}', load_pubmedqa, r"p\.json: row 0: KeyError: 'pubid'"),
    ("p.json", "{", load_pubmedqa, r"p\.json: row 0: not JSON"),
    ("p.parquet", "no", load_mmlu_pro, r"p\.parquet: not a Parquet file"),
    ("p.txt", "no", load_ifeval, r"p\.txt: expected a \.jsonl"),
]


@pytest.mark.parametrize(("name", "content", "load", "message"), BROKEN)
def test_a_wrong_file_says_where(
    tmp_path: Path, name: str, content: str, load: Callable[[Path], BenchmarkItems], message: str
) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(BenchmarkFileError, match=message):
        load(path)


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
def test_text_of_another_encoding_or_too_deep_is_an_error_that_names_the_file(tmp_path: Path, suffix: str) -> None:
    for number, held in enumerate(('{"question": "Café?"}'.encode("latin-1"), b"[" * 100_000)):
        path = tmp_path / f"{number}.{suffix}"
        path.write_bytes(held)
        with pytest.raises(BenchmarkFileError, match=rf"{number}.{suffix}: row 0: not JSON"):
            load_file(path, "own", "question")


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
def test_a_byte_order_mark_is_no_text(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"own.{suffix}"
    path.write_text('{"question": "Café?"}\n{"question": "Thé?"}\n', encoding="utf-8-sig")
    assert [item.stem for item in load_file(path, "own", "question").items] == ["Café?", "Thé?"]


def test_options_and_answers_may_be_missing(tmp_path: Path) -> None:
    rows = [{"question": "A?", "options": ["x"], "answer": "x"}, {"question": "B?"}]
    path = json_lines(tmp_path / "own.jsonl", *rows)
    assert [
        (item.options, item.answer)
        for item in load_file(path, "own", "question", options="options", answer="answer").items
    ] == [(("x",), "x"), ((), "")]
    unanswered = json_lines(tmp_path / "medqa.jsonl", {"question": "A?", "options": {"A": "x"}, "answer": None})
    assert load_medqa(unanswered).items[0].answer == ""


def test_a_key_outside_the_options_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "pro.parquet"
    pl.DataFrame({"question_id": [7], "question": ["Pick?"], "options": [OPTIONS], "answer_index": [-1]}).write_parquet(
        path
    )
    with pytest.raises(BenchmarkFileError, match="key -1 names none of 4 options"):
        load_mmlu_pro(path)
    with pytest.raises(BenchmarkFileError, match="no MMLU csv"):
        load_mmlu(tmp_path)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="../shared/data is absent")
def test_the_published_files_load() -> None:
    folder = SHARED / "benchmarks"
    sizes = {
        load_mmlu: (folder / "mmlu", 14_042),
        load_mmlu_pro: (folder / "mmlu_pro_test.parquet", 12_032),
        load_ifeval: (folder / "ifeval.jsonl", 541),
        load_medqa: (folder / "medqa_usmle_4opt_test.jsonl", 1_273),
        load_pubmedqa: (folder / "pubmedqa_labelled.json", 1_000),
    }
    assert {load: len(load(path).items) for load, (path, _) in sizes.items()} == {f: n for f, (_, n) in sizes.items()}
    assert len(load_medmcqa(SHARED / "medmcqa" / "dev.json", first_option=1).items) == 4_183
