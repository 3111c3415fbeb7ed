"""The gate from the command line: each planted fault is caught by name, and no output shows what was found."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from openmed_data.cli import main

Row = dict[str, Any]
Ran = tuple[int, str]

# Written for these tests; the numbers are of the kind that is never given out.
PHONE, SSN, PERSON = "617-555-0143", "219-09-9998", "Margaret Hollingsworth"
LEAKED = (
    "Which cranial nerve carries taste from the anterior two thirds of the tongue through the chorda tympani branch?"
)
OPTIONS = ("Facial nerve", "Vagus nerve", "Glossopharyngeal nerve", "Hypoglossal nerve")
_ORGANS = ("liver", "spleen", "kidney", "pancreas", "thyroid", "thymus", "stomach", "bladder")
_DOES = ("stores", "filters", "secretes", "absorbs", "inactivates", "conjugates")
_WHAT = (
    "iron",
    "bile salts",
    "glycogen",
    "platelets",
    "cortisol",
    "vitamin A",
    "iodide",
    "urea",
    "ammonia",
    "bicarbonate",
)
_WHEN = ("after a fatty meal", "during a long fast", "in the newborn", "in late pregnancy", "under heavy exercise")


def message(role: str, content: str) -> Row:
    return {"role": role, "content": content}


def pair(number: int) -> Row:
    """One clean pair; every letter is right equally often, and both replies are equally long."""
    chosen, rejected = "ABCD"[number % 4], "ABCD"[(number + 1 + number // 4 % 3) % 4]
    does, what = _DOES[number % 6], _WHAT[number // 6 % 10]
    asked = f"Which of these {does} {what} {_WHEN[number // 60 % 5]}, and by which of its {_ORGANS[number % 7]} cells?"
    return {
        "id": f"pair-{number:05d}",
        "source": "made",
        "source_id": f"made-{number}",
        "license": "mit",
        "prompt": [message("user", asked)],
        "chosen": [message("assistant", f"{chosen}. organ {number % 5} of the list")],
        "rejected": [message("assistant", f"{rejected}. organ {5 + number % 5} of the list")],
        "chosen_label": chosen,
        "rejected_label": rejected,
        "subject": "Physiology",
        "topic": "",
    }


@pytest.fixture
def benchmarks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A benchmark in MMLU's shape, and a home of its own for the index."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    folder = tmp_path / "mmlu"
    folder.mkdir()
    with (folder / "anatomy_test.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(
            [
                (LEAKED, *OPTIONS, "A"),
                (
                    "Which bone articulates with the trochlear notch of the ulna?",
                    "Humerus",
                    "Radius",
                    "Hamate",
                    "Ulna",
                    "A",
                ),
            ]
        )
    return folder


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run the command in this process; return its exit code and everything that it printed."""

    def run(*arguments: object) -> Ran:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out + printed.err

    return run


def write(folder: Path, splits: dict[str, list[Row]]) -> Path:
    folder.mkdir()
    for split, rows in splits.items():
        pl.DataFrame(rows, infer_schema_length=None).write_parquet(folder / f"{split}.parquet")
    return folder


def in_prompt(text: str) -> Callable[[dict[str, list[Row]]], None]:
    return lambda splits: splits["train"][9]["prompt"][0].update(content=text)


def ask_again(splits: dict[str, list[Row]]) -> None:
    splits["validation"].append(splits["train"][9] | {"id": "again"})


def flip(splits: dict[str, list[Row]]) -> None:
    row = splits["train"][9]
    flipped = {
        "chosen": "rejected",
        "rejected": "chosen",
        "chosen_label": "rejected_label",
        "rejected_label": "chosen_label",
    }
    splits["train"].append(row | {name: row[other] for name, other in flipped.items()} | {"id": "flipped"})


def relabel(splits: dict[str, list[Row]]) -> None:
    row = splits["train"][9]
    row["chosen_label"], row["rejected_label"] = row["rejected_label"], row["chosen_label"]


FAULTS = {
    "phone": ("phi.level_3_rows", in_prompt(f"What should the patient on {PHONE} be told about his warfarin?")),
    "ssn": ("phi.level_3_rows", in_prompt(f"Her SSN is {SSN}. Which vaccine does she need?")),
    "name": ("phi.level_2_per_1000", in_prompt(f"Patient: {PERSON}, seen for cough. Which test comes first?")),
    "leak": ("contamination.mmlu/test", in_prompt("\n".join([LEAKED, *OPTIONS]))),
    "across splits": ("duplicates.across_splits", ask_again),
    "flipped key": ("duplicates.conflicting_answers", flip),
    "flipped label": ("pairs.wrong_labels", relabel),
}
PRIVATE = (PHONE, SSN, PERSON, PERSON.split()[1])


def every_text(folder: Path) -> Iterator[tuple[str, str]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.name, path.read_text(encoding="utf-8", errors="replace")


@pytest.mark.parametrize("fault", [None, *FAULTS])
def test_a_planted_fault_is_caught_by_name_and_shown_nowhere(
    fault: str | None, tmp_path: Path, benchmarks: Path, command: Callable[..., Ran]
):
    splits = {
        "train": [pair(number) for number in range(240)],
        "validation": [pair(number) for number in range(240, 300)],
    }
    if fault is not None:
        FAULTS[fault][1](splits)
    data = write(tmp_path / "data", splits)
    report = tmp_path / "report"
    code, printed = command("validate", data, "--benchmarks", benchmarks, "--report-dir", report, "--github")
    assert code == (0 if fault is None else 1), printed
    missed = {
        f"{check['check']}.{figure['figure']}"
        for check in json.loads((report / "report.json").read_text())["checks"]
        for figure in check["figures"]
        if not figure["passed"] and figure["severity"] == "fail"
    }
    assert missed == (set() if fault is None else {FAULTS[fault][0]})
    if fault is not None:
        assert FAULTS[fault][0] in printed
    outputs = [("printed", printed), *every_text(report)]
    assert len(outputs) == 5
    assert [(name, text) for name, whole in outputs for text in PRIVATE if text in whole] == []


def test_without_benchmarks_the_check_says_that_it_did_not_run(tmp_path: Path, command: Callable[..., Ran]):
    data = write(tmp_path / "data", {"train": [pair(number) for number in range(300)]})
    report = tmp_path / "report"
    code, printed = command("validate", data, "--report-dir", report, "--github")
    assert code == 0
    assert "contamination did not run: no benchmarks were given" in printed
    assert "passed, 2 checks not run" in printed
    assert '<skipped message="no benchmarks were given' in (report / "junit.xml").read_text()
    for name in ("report.md", "report.html"):
        assert "did not run: no benchmarks were given" in (report / name).read_text()
    code, printed = command("validate", data, "--checks", "contamination")
    assert (code, "was asked for and cannot run" in printed) == (2, True)


KINDS: dict[str, Callable[[str], Row]] = {
    "sft": lambda text: {"messages": [message("user", "Why?"), message("assistant", text)]},
    "traces": lambda text: {
        "messages": [
            message("user", "Book it.") | {"tool_calls": None},
            message("assistant", "")
            | {"tool_calls": [json.dumps({"function": {"name": "book", "arguments": {"q": text}}})]},
        ],
        "tools": "[]",
        "n_calls": 1,
    },
    "rewards": lambda text: {
        "prompt": [message("user", text)], "answer": "A", "answer_type": "choice", "choices": ["yes", "no"],
        "answer_label": "A", "accepted_answers": ["A"],
    },
}  # fmt: skip


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_searched_from_either_form(
    kind: str, form: str, tmp_path: Path, benchmarks: Path, command: Callable[..., Ran]
):
    rows = [
        KINDS[kind](text)
        for text in (
            "A question about the knee joint.",
            "Call the ward on " + PHONE,
            LEAKED + " " + " ".join(OPTIONS),
        )
    ]
    path = tmp_path / f"train.{form}"
    frame = pl.DataFrame(rows, infer_schema_length=None)
    frame.write_parquet(path) if form == "parquet" else frame.write_ndjson(path)
    code, printed = command("validate", path, "--benchmarks", benchmarks, "--checks", "phi,contamination")
    assert code == 1
    assert "phi.level_3_rows" in printed
    assert "contamination.mmlu/test" in printed
    assert PHONE not in printed


def question(number: int, text: str) -> Row:
    row = {"id": f"q-{number}", "question": text, "cop": 1 + number % 4, "exp": None, "subject_name": "Physiology"}
    said = [f"{_ORGANS[(number + place) % 8]} {'abcd'[place]}{number}" for place in range(4)]
    return row | dict(zip(("opa", "opb", "opc", "opd"), said, strict=True))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """300 questions: one with a telephone number, one out of a benchmark."""
    rows = [question(number, pair(number)["prompt"][0]["content"]) for number in range(298)]
    rows.append(question(298, f"What should the patient on {PHONE} be told about warfarin?"))
    rows.append(question(299, LEAKED) | dict(zip(("opa", "opb", "opc", "opd"), OPTIONS, strict=True)) | {"cop": 1})
    path = tmp_path / "source.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def build(command: Callable[..., Ran], source: Path, out: Path, *more: object) -> Ran:
    return command("build", "medmcqa-prefs", "--source", source, "--out", out, "--set", "index_base=1", *more)


def test_a_build_takes_out_what_its_filters_find(
    tmp_path: Path, source: Path, benchmarks: Path, command: Callable[..., Ran]
):
    out = tmp_path / "prefs"
    code, printed = build(command, source, out, "--benchmarks", benchmarks)
    assert code == 0, printed
    assert json.loads((out / "manifest.json").read_text())["books"]["rejected_candidate_rows"] == {
        "contamination:mmlu/test": 1,
        "phi:phone": 1,
    }
    open_text = [
        ("printed", printed),
        *((name, text) for name, text in every_text(out) if not name.startswith("rejected")),
    ]
    assert [name for name, text in open_text if PHONE in text] == []
    assert str(benchmarks) not in (out / "manifest.json").read_text()
    # The rejected row itself is kept, but shown only to whoever asks.
    held = pl.read_parquet(out / "rejected" / "*.parquet").filter(pl.col("reason") == "phi:phone")
    assert PHONE in held["record"].item()
    assert PHONE not in held["detail"].item()
    assert PHONE not in command("show", out, "--rejected", "phi:phone")[1]
    assert PHONE in command("show", out, "--rejected", "phi:phone", "--show-phi")[1]
    assert build(command, source, out, "--benchmarks", benchmarks)[1].count("nothing was built") == 1
    assert "holds another build" in build(command, source, out)[1]


@pytest.mark.parametrize(
    ("action", "code", "holds"),
    [("redact", 0, "[PHONE]"), ("surrogate", 0, "617-555-01"), ("fail", 1, PHONE), ("flag", 0, PHONE)],
)
def test_what_else_a_build_can_do_with_identifiers(
    action: str, code: int, holds: str, tmp_path: Path, source: Path, command: Callable[..., Ran]
):
    out = tmp_path / "prefs"
    ended, printed = build(command, source, out, "--set", f"phi.action={action}")
    assert ended == code, printed
    prompts = [row[0]["content"] for path in (out / "data").glob("*") for row in pl.read_parquet(path)["prompt"]]
    (held,) = [prompt for prompt in prompts if "warfarin" in prompt]
    assert holds in held
    assert (PHONE in held) is (action in {"fail", "flag"})
    assert PHONE not in printed
    again, _ = command("validate", out)
    assert again == code, "a build is judged again as it was the first time"


def test_a_build_made_of_a_benchmark_leaves_it_out_and_says_why(
    tmp_path: Path, source: Path, command: Callable[..., Ran]
):
    out = tmp_path / "prefs"
    code, printed = build(
        command, source, out, "--benchmarks", f"medmcqa/validation={source}", "--set", f"contamination.cache={tmp_path}"
    )
    assert code == 0, printed
    (used,) = [
        one["used"]
        for one in json.loads((out / "manifest.json").read_text())["filters"]
        if one["check"] == "contamination"
    ]
    assert used["excluded"] == {
        "medmcqa/validation": "300 of the 300 rows are items of it, by their ids and their text"
    }
    assert "left out: medmcqa/validation" in (out / "validation" / "report.md").read_text()
