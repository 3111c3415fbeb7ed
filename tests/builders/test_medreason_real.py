"""The real rows of MedReason and of HuatuoGPT-o1, and originality of the sample."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from toy_builder import read_rejected, read_rows, run_pipeline

from openmed_data.builders.medreason_rewards import BUILDER, MedreasonRewards
from openmed_data.rewards import correct_answer
from openmed_data.rewards.correct import GOLD_COLUMNS
from openmed_data.text.normalize import answer_key

SAMPLE = [json.loads(line) for line in MedreasonRewards.sample.read_text(encoding="utf-8").splitlines()]
COLUMNS = ["dataset_name", "id_in_dataset", "question", "answer", "reasoning", "options"]


class Threaded(MedreasonRewards):
    releases_gil = True


def test_the_sample_has_the_shape_of_the_hub_release() -> None:
    assert all(list(row) == COLUMNS for row in SAMPLE)
    assert len({row["id_in_dataset"] for row in SAMPLE}) == len(SAMPLE)
    headings = ("Finding reasoning paths:\n", "**Finding reasoning paths:**\n")
    assert all(sum(heading in row["reasoning"] for row in SAMPLE) > 30 for heading in headings)


@pytest.mark.shared
def test_the_sample_is_nobody_elses_text(shared_data: Path) -> None:
    questions = {answer_key(row["question"]) for row in _public_rows(shared_data)}
    assert len(questions) > 6000
    assert not questions & {answer_key(row["question"]) for row in SAMPLE}


def _public_rows(data: Path) -> list[dict[str, Any]]:
    files = (data / "medmcqa" / "dev.json", data / "benchmarks" / "medqa_usmle_4opt_test.jsonl")
    lines = [line for file in files for line in file.read_text(encoding="utf-8").split("\n") if line]
    real = json.loads((data / "medreason" / "medreason_subset.json").read_text(encoding="utf-8"))
    huatuo = json.loads((data / "medreason" / "huatuo_o1_verifiable_demo.json").read_text(encoding="utf-8"))
    abstracts = json.loads((data / "benchmarks" / "pubmedqa_labelled.json").read_text(encoding="utf-8")).values()
    return [*map(json.loads, lines), *real, *huatuo, *({"question": one["QUESTION"]} for one in abstracts)]


@pytest.mark.shared
def test_the_real_rows_build(shared_data: Path, tmp_path: Path) -> None:
    build = run_pipeline(Threaded(), shared_data / "medreason" / "medreason_subset.json", tmp_path / "out")
    rows = read_rows(build)
    assert rows.height == 9
    assert read_rejected(build)["reason"].to_list() == ["needs_picture"]
    assert set(rows["answer_type"]) == {"choice"}
    # One row's reasoning concludes that the breath test is preferred, and the key says biopsy.
    assert rows.filter(pl.col("reference_reasoning").is_null())["answer"].to_list() == ["Biopsy urease test"]
    reasoning = " ".join(rows["reference_reasoning"].drop_nulls())
    assert "**" not in reasoning
    assert "easoning paths:" not in reasoning
    assert "onclusion:" not in reasoning
    assert "Ligation of the common hepatic artery" in " ".join(
        prompt[0]["content"] for prompt in rows["prompt"].to_list()
    )


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "least"),
    [("medreason/huatuo_o1_verifiable_demo.json", 110), ("benchmarks/medqa_usmle_4opt_test.jsonl", 1150)],
)
def test_public_sources_build_and_pay_the_right_answer(
    shared_data: Path, tmp_path: Path, name: str, least: int
) -> None:
    rows = read_rows(run_pipeline(Threaded(), shared_data / name, tmp_path / "out"))
    assert rows.height >= least
    columns: dict[str, Any] = {column: rows[column].to_list() for column in GOLD_COLUMNS}
    said = [f"<answer>{row['answer_label'] or row['answer']}</answer>" for row in rows.iter_rows(named=True)]
    assert set(correct_answer(said, **columns)) == {1.0}
    shown = rows.filter(pl.col("answer_type") == "text").iter_rows(named=True)
    assert not any(f" {answer_key(row['answer'])} " in answer_key(row["prompt"][-1]["content"]) for row in shown)


def test_the_builder_is_found_by_name() -> None:
    from openmed_data.registry import BUILDERS, all_of

    assert all_of(BUILDERS)["medreason-rewards"] is BUILDER
