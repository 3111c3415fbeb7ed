"""The check `contamination`: which benchmarks it reads, what it leaves out, what it says when there is none."""

import csv
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from openmed_data.builder import ROW
from openmed_data.check import parse_settings
from openmed_data.errors import UsageError
from openmed_data.kinds import Kind
from openmed_data.validation.contamination import CHECK, BenchmarkFileError, ContaminationSettings, load

QUESTIONS = [
    ("Which artery runs behind the medial malleolus between two flexor tendons?", ("Posterior tibial", "Peroneal")),
    ("Which enzyme of the urea cycle is missing in ornithine transcarbamylase deficiency of infants?", ("OTC", "ASS")),
    ("Which layer of the retina holds the nuclei of the rods and of the cones?", ("Outer nuclear", "Inner nuclear")),
]


def records() -> list[dict[str, Any]]:
    return [
        {"id": f"{number:08x}-quiz", "question": text, "opa": right, "opb": wrong, "opc": "Both", "opd": "Neither",
         "cop": 1 + number}
        for number, (text, (right, wrong)) in enumerate([*QUESTIONS, ("Name the bones of the wrist.", ("x", "y"))])
    ]  # fmt: skip


def lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Any:
    def make(*benchmarks: object, **more: Any) -> ContaminationSettings:
        return ContaminationSettings(benchmarks=tuple(map(str, benchmarks)), cache=str(tmp_path / "cache"), **more)

    return make


def message(content: str, role: str = "user") -> list[dict[str, str]]:
    return [{"role": role, "content": content}]


def rows(texts: list[str], ids: list[str] | None = None) -> list[dict[str, Any]]:
    return [
        {"id": f"row-{number}", "source_id": (ids or [""] * len(texts))[number], "prompt": message(text),
         "chosen": message("a"), "rejected": message("b")}
        for number, text in enumerate(texts)
    ]  # fmt: skip


@pytest.mark.parametrize("given", ["{0}/gone.jsonl", "mine={0}/gone.jsonl", "{0},{0}/gone.jsonl"])
def test_a_path_where_nothing_stands_is_named_with_its_option(given: str, tmp_path: Path):
    with pytest.raises(UsageError, match=rf"--benchmarks names '{tmp_path}/gone\.jsonl', and no file") as caught:
        parse_settings(CHECK, {"benchmarks": given.format(tmp_path)})
    assert caught.value.exit_code == 2
    assert parse_settings(CHECK, {"benchmarks": str(tmp_path)})


def test_benchmarks_are_recognised_by_what_they_hold(tmp_path: Path):
    folder = tmp_path / "benchmarks"
    (folder / "mmlu").mkdir(parents=True)
    text, options = QUESTIONS[0]
    with (folder / "mmlu" / "anatomy_test.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerow((text, *options, "Both", "Neither", "A"))
    pro = {"question_id": [7], "question": [text], "options": [list(options)], "answer_index": [0]}
    pl.DataFrame(pro).write_parquet(folder / "pro.parquet")
    lines(folder / "follow.jsonl", [{"key": 1, "prompt": "Answer in two words.", "instruction_id_list": []}])
    lines(
        folder / "usmle.jsonl",
        [{"question": text, "answer": options[0], "options": dict(zip("AB", options, strict=True))}],
    )
    (folder / "pubmed.json").write_text(json.dumps({"12": {"QUESTION": text, "final_decision": "yes"}}, indent=1))
    lines(folder / "dev.json", records())
    lines(folder / "own.jsonl", [{"text": text}])
    found = {items.name: len(items.items) for items in load([str(folder)])}
    assert found == {
        "ifeval": 1, "medmcqa/validation": 4, "medqa/test": 1, "mmlu-pro/test": 1, "mmlu/test": 1, "own": 1,
        "pubmedqa/labelled": 1,
    }  # fmt: skip
    (named,) = load([f"exam/2020={folder / 'dev.json'}"])
    assert named.name == "exam/2020"
    assert named.items[0].answer == "Posterior tibial"


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.json", {"12": {"QUESTION": "Does it?"}}, ("pubmedqa/unlabelled", "12", ())),
        ("a.jsonl", {"pubid": 12, "question": "Does it?"}, ("pubmedqa/unlabelled", "12", ())),
        ("a.jsonl", {"pubid": 12, "question": "Does it?", "final_decision": "no"}, ("pubmedqa/labelled", "12", ())),
        (
            "test-00000-of-00001.jsonl",
            {"question": "Does it?", "choices": ["yes", "no"], "answer": 0, "subject": "anatomy"},
            ("mmlu/test", "anatomy/0", ("yes", "no")),
        ),
        (
            "own.jsonl",
            {"question": "Does it?", "choices": ["yes", "no"], "answer": "yes", "subject": "anatomy"},
            ("own", "0", ("yes", "no")),
        ),
        ("own.json", [{"question": "Does it?", "options": ["yes", "no"]}], ("own", "0", ("yes", "no"))),
    ],
)
def test_copies_of_a_benchmark_are_recognised(name: str, content: Any, expected: Any, tmp_path: Path):
    (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
    (items,) = load([str(tmp_path / name)])
    assert (items.name, items.items[0].item_id, items.items[0].options) == expected


@pytest.mark.parametrize(("base", "keys"), [(1, (1, 4)), (0, (0, 3)), (0, (-1, 2))])
def test_the_base_of_a_medmcqa_key_is_told_by_the_whole_file(base: int, keys: tuple[int, int], tmp_path: Path):
    given = [row | {"cop": key} for row, key in zip(records(), keys, strict=False)]
    (items,) = load([str(lines(tmp_path / "dev.json", given))])
    assert items.items[1].answer == ("Neither" if keys[1] - base == 3 else "Both")


def test_what_cannot_be_told_or_read_is_an_error(tmp_path: Path, settings: Any):
    vague = lines(tmp_path / "vague.json", [row | {"cop": 2} for row in records()])
    with pytest.raises(BenchmarkFileError, match="do not tell which"):
        load([str(vague)])
    strange = lines(tmp_path / "strange.jsonl", [{"a": 1}])
    with pytest.raises(UsageError, match=r"no benchmark known by its columns \(a\)"):
        CHECK.record(settings(strange))
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no benchmark"):
        CHECK.record(settings(tmp_path / "empty"))


def test_an_index_is_built_once_and_may_be_given_itself(tmp_path: Path, settings: Any):
    given = settings(lines(tmp_path / "dev.json", records()))
    record = CHECK.record(given)
    (index,) = (tmp_path / "cache").glob("*.index")
    assert CHECK.record(settings(index)) == record
    assert CHECK.prepare(given, []).benchmarks == (str(index),)
    with pytest.raises(UsageError, match="stands alone"):
        CHECK.record(settings(index, tmp_path / "dev.json"))
    assert str(tmp_path) not in json.dumps(record)


def test_items_are_found_in_what_a_row_asks_and_in_what_it_tells(tmp_path: Path, settings: Any, memory: Any):
    given = settings(lines(tmp_path / "dev.json", records()))
    leaked = rows(["What is a joint?", QUESTIONS[0][0] + " Posterior tibial, Peroneal, Both, Neither", "Tell me more."])
    leaked[2]["chosen"] = message(QUESTIONS[1][0] + " OTC, ASS, Both, Neither", "assistant")
    result = CHECK.run(memory(leaked, batch=2), given)
    assert {figure.name: figure.value for figure in result.figures if not figure.passed} == {"medmcqa/validation": 2}
    assert result.findings.select("id", "field", "code").rows() == [
        ("row-1", "asked", "contamination:medmcqa/validation"),
        ("row-2", "told", "contamination:medmcqa/validation"),
    ]
    frame = pl.DataFrame(leaked).with_columns(pl.int_range(3, dtype=pl.UInt64).alias(ROW))
    filtered = CHECK.filter(frame, CHECK.prepare(given, []))
    assert filtered.kept["id"].to_list() == ["row-0"]
    assert filtered.rejected["reason"].unique().to_list() == ["contamination:medmcqa/validation"]


@pytest.mark.parametrize(
    "coded",
    [
        lambda text: text.replace("r", "&#114;").replace(" ", "&nbsp;"),
        lambda text: json.dumps({"found": text.replace("e", "\u0435")}),
        lambda text: json.dumps({"raw": json.dumps({"inner": text.replace("e", "\u0435")})}),
    ],
)
def test_characters_in_code_hide_no_item(coded: Any, tmp_path: Path, settings: Any, memory: Any):
    given = settings(lines(tmp_path / "quiz.jsonl", records()))
    told = [row | {"chosen": message(coded(QUESTIONS[1][0]), "assistant")} for row in rows(["What is it about?"])]
    assert CHECK.run(memory(told), given).findings["field"].to_list() == ["told"]


def test_an_item_in_the_prompt_of_the_system_is_found(tmp_path: Path, settings: Any, memory: Any):
    leaked = rows(["What is a joint?", "Tell me more.", "And now?"])
    example = f"Answer as in this example. {QUESTIONS[0][0]} Posterior tibial, Peroneal, Both, Neither"
    leaked[1]["prompt"] = [*message(example, "system"), *leaked[1]["prompt"]]
    leaked[2]["prompt"] = [*message(example), *message(QUESTIONS[1][0], "assistant"), *leaked[2]["prompt"]]
    result = CHECK.run(memory(leaked), settings(lines(tmp_path / "dev.json", records())))
    assert result.findings.select("id", "field").rows() == [("row-1", "shown"), ("row-2", "asked")]


def test_a_benchmark_that_the_rows_were_made_from_is_left_out(tmp_path: Path, settings: Any, memory: Any):
    given = settings(lines(tmp_path / "dev.json", records()))
    own = rows([text for text, _ in QUESTIONS], [row["id"] for row in records()[:3]])
    result = CHECK.run(memory(own), given)
    assert all(figure.passed for figure in result.figures)
    assert not result.findings.height
    (left,) = [figure for figure in result.figures if figure.name.startswith("left out")]
    assert left.name == "left out: medmcqa/validation"
    assert "3 of the 3 rows are items of it, by their ids and their text" in left.meaning


def test_ids_alone_leave_nothing_out(tmp_path: Path, settings: Any, memory: Any):
    """MedQA numbers its rows, and so do others."""
    given = settings(lines(tmp_path / "own.jsonl", [{"question": text} for text, _ in QUESTIONS]))
    numbered = rows(["What is a joint?", QUESTIONS[2][0], "What is a nerve?"], ["0", "1", "2"])
    result = CHECK.run(memory(numbered), given)
    assert {figure.name: figure.value for figure in result.figures if not figure.passed} == {"own": 1}


def test_a_leak_of_a_few_rows_with_their_ids_is_no_source(tmp_path: Path, settings: Any, memory: Any):
    given = settings(lines(tmp_path / "dev.json", records()))
    texts = [f"What does the {number}th rib join?" for number in range(40)] + [QUESTIONS[0][0]]
    leaked = rows(texts, [""] * 40 + [records()[0]["id"]])
    assert not all(figure.passed for figure in CHECK.run(memory(leaked), given).figures)


def test_the_build_s_own_exclusion_holds_in_validation(tmp_path: Path, settings: Any, memory: Any):
    given = settings(lines(tmp_path / "dev.json", records()))
    used = dict(CHECK.record(given)) | {"excluded": {"medmcqa/validation": "made from it"}}
    leaked = rows([*(f"What does the {number}th rib join?" for number in range(40)), QUESTIONS[0][0]])
    manifest = {"filters": [{"check": "contamination", "used": used}]}
    assert not CHECK.run(memory(leaked, manifest=manifest), given).findings.height
    other = {"filters": [{"check": "contamination", "used": used | {"index": "another"}}]}
    assert CHECK.run(memory(leaked, manifest=other), given).findings.height


def test_a_named_exclusion_needs_a_benchmark_that_is_there(tmp_path: Path, settings: Any):
    path = lines(tmp_path / "dev.json", records())
    with pytest.raises(UsageError, match="names mmlu, which is not indexed"):
        CHECK.prepare(settings(path, exclude="mmlu=never seen"), [])
    assert CHECK.record(settings(path, exclude="medmcqa/validation=made from it; "))["excluded"] == {
        "medmcqa/validation": "made from it"
    }


def test_without_benchmarks_nothing_is_said_to_have_passed(memory: Any):
    result = CHECK.run(memory(rows(["Why?"])), ContaminationSettings())
    assert result.figures == ()
    assert result.not_run.startswith("no benchmarks were given to look for")
    assert CHECK.record(ContaminationSettings()) == {"not_run": result.not_run}
    assert CHECK.kinds == frozenset(Kind)


def test_paths_of_benchmarks_hold_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "split=test"  # as partitioned data lies
    place.mkdir()
    (place / "asked.jsonl").write_text('{"question": "Which vein drains the liver?"}\n')
    monkeypatch.chdir(place)
    monkeypatch.setenv("HOME", str(place))
    given = ("asked.jsonl", "mine=asked.jsonl", "mine=~/asked.jsonl", f"mine={place}/asked.jsonl")
    named = f"mine={place}/asked.jsonl"
    settings = ContaminationSettings(benchmarks=given)
    assert settings.benchmarks == (f"{place}/asked.jsonl", named, named, named)
    monkeypatch.chdir(tmp_path)
    assert ContaminationSettings(benchmarks=settings.benchmarks) == settings
    assert [one.name for one in load(settings.benchmarks)] == ["asked", "mine", "mine", "mine"]
