"""A model card says what the records say, says what is missing, and never compares what cannot be compared."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCardData
from markdown_it import MarkdownIt
from runs import BASE, as_parent, chain, evaluate, make_run
from typer.testing import CliRunner

from openmed_data import front_matter
from openmed_data.cli import app
from openmed_data.errors import UsageError
from openmed_data.training import recipe
from openmed_data.training.lineage import lineage
from openmed_data.training.model_card import collect, load, render, save
from openmed_data.training.model_card.evidence import without_paths
from openmed_data.training.model_card.scores import tables
from openmed_data.training.records import Parent


def card(root: Path, license_: str | None = "apache-2.0") -> str:
    return render(collect(lineage(root / "toy"), "Toy", license_))


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A chain with evaluations of its last model and of the base."""
    made = chain(tmp_path)
    evaluate(tmp_path, as_parent(*made[-1]), 0.614, started="2026-01-03T00:00:00")
    evaluate(tmp_path, BASE, 0.5553, started="2026-01-03T01:00:00")
    return tmp_path


def section(text: str, title: str) -> str:
    return text.split(f"\n## {title}\n")[1].split("\n## ", maxsplit=1)[0]


def test_the_metadata_is_what_the_hub_reads(runs: Path) -> None:
    block, _ = front_matter.split(card(runs))
    data = ModelCardData(**block, ignore_metadata_errors=False)
    assert data.base_model == "toys/base-1m"
    assert data.license == "apache-2.0"
    assert data.datasets == ["me/medical-sft", "me/medmcqa-prefs", "me/medreason-rewards"]
    assert {"medical", "sft", "dpo", "grpo"} <= set(data.tags or [])
    found = {(one.dataset_name, one.metric_type): one.metric_value for one in data.eval_results or []}
    assert found == {("mmlu", "acc"): 0.614, ("leaderboard_ifeval", "prompt_level_strict_acc"): 0.564}
    assert block["base_model_relation"] == "finetune"


def test_every_figure_is_that_of_the_records(runs: Path) -> None:
    text = card(runs)
    results = section(text, "Results")
    assert r"| mmlu | acc | 0 | 61.40 ± 1.00 | 55.53 | **+5.87** |" in results
    assert r"| mmlu\_anatomy | acc | 0 | 61.40 ± 4.00 | 55.53 | +5.87 |" in results  # within chance: not bold
    assert r"| mmlu\_stem | acc |" in results.split("### Groups")[1]
    assert "philosophy" not in results
    made = section(text, "How it was made")
    assert "3 h 0 min of device time" in made
    assert "1,000 train, 50 validation" in made
    assert "3 longer than max" in made
    assert "`1.0e-05`" in made
    assert "ROCm 7.2.1" in made


def test_a_figure_changed_in_the_results_changes_the_card(runs: Path) -> None:
    before = card(runs)
    path = next(path for path in runs.rglob("results_*.json") if '"acc,none": 0.614' in path.read_text())
    path.write_text(path.read_text().replace('"acc,none": 0.614', '"acc,none": 0.777'))
    assert "61.40" in before
    assert "77.70" in card(runs)


def test_every_table_is_read_as_one(runs: Path) -> None:
    text = front_matter.split(card(runs))[1]
    page = MarkdownIt("gfm-like", {"linkify": False}).enable("table").render(text)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    dividers = [row for row in rows if re.fullmatch(r"[|:\- ]+", row)]
    # Every line that looks like a row became one: none was cut off its table by an empty line.
    assert page.count("<tr>") == len(rows) - len(dividers)
    assert "| " not in re.sub(r"<pre>.*?</pre>", "", page, flags=re.DOTALL)


def test_a_base_without_a_chat_format_is_said_to_be_asked_in_a_foreign_one(runs: Path) -> None:
    assert "which it never saw" not in card(runs)
    (base,) = (one.folder for one in lineage(runs / "toy").base_evaluations)
    (base / "tokenizer").mkdir()
    assert "The base model has no chat format of its own" in section(card(runs), "Results")


@pytest.mark.parametrize(
    ("asked", "used", "said"),
    [
        ("auto", "trl", "trained in the base model's own chat format, as TRL marks it"),
        ("chatml", "chatml", "trained in ChatML, and not in a chat format of the base model"),
        ("/data/me/mine.jinja", "/data/me/mine.jinja", "trained in the chat format of mine.jinja"),
    ],
)
def test_the_chat_format_of_training_is_said_and_asked_for_again(
    asked: str, used: str, said: str, tmp_path: Path
) -> None:
    folder, _ = make_run(tmp_path, "sft", recipe={"batch": 8, "seed": 7, "chat_template": asked}, chat_template=used)
    text = render(collect(lineage(folder), "Toy", "apache-2.0"))
    assert said in text
    again = yaml.safe_load(text.split("```yaml\n")[1].split("```")[0])
    assert again["chat_template"] == asked.rpartition("/")[2]
    assert again["sft"] == {"data": again["sft"]["data"], "batch": 8}


def test_how_many_differences_there_are_is_said(runs: Path) -> None:
    results = section(card(runs), "Results")
    shown = len(re.findall(r"\| \**[+-]\d+\.\d\d\** \|\n", results))
    assert shown > 5
    assert f"there are {shown} differences here" in results


def test_a_missing_evaluation_is_said(tmp_path: Path) -> None:
    chain(tmp_path)
    text = card(tmp_path)
    assert "Not evaluated" in section(text, "Results")
    assert "model-index" not in text
    assert not re.search(r"\d\d\.\d\d", section(text, "Results"))


def test_a_missing_evaluation_of_the_base_is_said(tmp_path: Path) -> None:
    made = chain(tmp_path)
    evaluate(tmp_path, as_parent(*made[-1]), 0.614, started="2026-01-03T00:00:00")
    results = section(card(tmp_path), "Results")
    assert "The base model was not measured" in results
    assert "difference" not in results.replace("A difference", "").split("### Overall")[1]


def test_the_scores_of_other_weights_are_never_shown(tmp_path: Path) -> None:
    made = chain(tmp_path)
    evaluate(tmp_path, as_parent(*made[1]), 0.9, started="2026-01-03T00:00:00")  # of the stage before
    evaluate(tmp_path, Parent(model="toys/base-1m", weights="0" * 64), 0.1, started="2026-01-03T00:00:01")
    assert "Not evaluated" in section(card(tmp_path), "Results")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"lm_eval_version": "0.4.9"}, r"harness: 0.4.13 and 0.4.9"),
        ({"config": {"limit": 10.0}}, "limit: None and 10.0"),
        ({"chat_template_sha": None}, "chat format"),
        ({"n-shot": {"mmlu": 5}}, "n-shot: of mmlu"),
        ({"config": {"fewshot_seed": 1}}, r"fewshot\_seed: 42 and 1"),
    ],
)
def test_a_base_measured_otherwise_is_not_compared(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    made = chain(tmp_path)
    evaluate(tmp_path, as_parent(*made[-1]), 0.614, started="2026-01-03T00:00:00")
    evaluate(tmp_path, BASE, 0.5553, started="2026-01-03T01:00:00", **changed)
    results = section(card(tmp_path), "Results")
    assert "not in the same way" in results
    assert said in results
    assert "55.53" not in results


def test_other_prompts_and_batches_do_not_hinder_a_comparison(tmp_path: Path) -> None:
    made = chain(tmp_path)
    evaluate(tmp_path, as_parent(*made[-1]), 0.614, started="2026-01-03T00:00:00")
    other = {"chat_template_sha": "0" * 64, "task_hashes": {}, "config": {"batch_size": 1}}
    evaluate(tmp_path, BASE, 0.5553, started="2026-01-03T01:00:00", **other)
    assert "55.53" in section(card(tmp_path), "Results")


def test_a_trial_is_called_one(tmp_path: Path) -> None:
    made = chain(tmp_path)
    evaluate(tmp_path, as_parent(*made[-1]), 0.614, started="2026-01-03T00:00:00", config={"limit": 10.0})
    assert "only the first 10 questions" in section(card(tmp_path), "Results")


def test_a_difference_is_clear_only_beyond_its_error(runs: Path) -> None:
    evidence = collect(lineage(runs / "toy"), "Toy", None)
    assert evidence.evaluation is not None
    rows = {(row.task, row.metric): row for row in tables(evidence.evaluation, evidence.base_evaluation).overall}
    assert rows["mmlu", "acc,none"].clear  # 5.87 points, standard errors of 1 each
    assert not rows["leaderboard_ifeval", "inst_level_strict_acc,none"].clear  # the harness gives no error


def test_the_recipe_on_the_card_can_be_used(runs: Path, tmp_path: Path) -> None:
    text = card(runs)
    block = next(one for one in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "chain:" in one)
    document = yaml.safe_load(block)
    assert document["sft"]["data"] == [f"hub:me/medical-sft@{'c' * 40}"]
    assert document["chain"] == ["sft", "dpo", "grpo", "evaluate"]
    path = tmp_path / "recipe.yaml"
    path.write_text(block, encoding="utf-8")
    read = recipe.load(str(path))
    assert (read.model, read.seed) == ("toys/base-1m", 42)
    assert read.stages["grpo"]["num_generations"] == 8


def test_the_commit_of_a_base_on_the_hub_is_named(tmp_path: Path) -> None:
    make_run(tmp_path, "sft", BASE.model_copy(update={"revision": "9" * 40}))
    text = card(tmp_path)
    assert "is at commit `999999999999`; its weights" in text
    assert f"revision: '{'9' * 40}'" in text
    make_run(tmp_path / "local", "sft")
    assert "The base model's weights have the hash" in card(tmp_path / "local")


def test_a_licence_nobody_stated_is_not_invented(runs: Path, tmp_path: Path) -> None:
    text = card(runs, license_=None)
    assert "Not stated" in section(text, "Licence")
    assert "license" not in front_matter.split(text)[0]


def test_the_licence_of_a_local_base_is_taken_from_its_card(tmp_path: Path) -> None:
    base = tmp_path / "base"
    base.mkdir()
    (base / "README.md").write_text("---\nlicense: mit\n---\n# Base\n", encoding="utf-8")
    make_run(tmp_path, "sft", Parent(model=str(base), weights="b" * 64))
    text = card(tmp_path, license_=None)
    assert front_matter.split(text)[0]["license"] == "mit"
    assert "as the card of the base model states" in text
    assert "base_model" not in front_matter.split(text)[0]  # a folder of this machine is no repository


def test_no_path_of_this_machine_is_published(tmp_path: Path) -> None:
    base = Parent(model="/home/me/models/base", weights="b" * 64)
    folder, run = make_run(tmp_path, "sft", base, recipe={"learning_rate": 1e-5, "data": ["/home/me/build/prefs"]})
    evaluate(tmp_path, as_parent(folder, run), 0.6, started="2026-01-03T00:00:00")
    evidence = collect(lineage(tmp_path / "toy"), "Toy", None)
    (tmp_path / "out").mkdir()
    save(evidence, tmp_path / "out")
    written = render(evidence) + "".join(path.read_text() for path in (tmp_path / "out").rglob("*.json"))
    assert "/home/me" not in written
    assert "/data/me" not in written
    assert str(tmp_path) not in written


@pytest.mark.parametrize("text", ["1/2", "mg/kg/day", "cais/mmlu", "</think>", "hub:me/x@main", "https://a.b/c/d"])
def test_what_is_no_path_stays(text: str) -> None:
    assert without_paths(text) == text


def test_what_stands_in_records_cannot_break_the_card(tmp_path: Path) -> None:
    nasty = "a|b\n# `x` <script>"
    make_run(tmp_path, "sft", recipe={"learning_rate": 1, "rewards": {nasty: 1.0}}, versions={"x|y": "1\n2"})
    text = front_matter.split(card(tmp_path))[1]
    page = MarkdownIt("commonmark").enable("table").render(text)
    assert "<script>" not in page
    assert page.count("<h1>") == 1


def test_evidence_kept_with_an_export_gives_the_same_card(runs: Path, tmp_path: Path) -> None:
    evidence = collect(lineage(runs / "toy"), "Toy", "mit")
    (tmp_path / "out").mkdir()
    save(evidence, tmp_path / "out")
    assert render(load(tmp_path / "out")) == render(evidence)


def test_evidence_that_is_gone_leaves_no_old_file(runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    save(collect(lineage(runs / "toy"), "Toy", "mit"), out)
    assert (out / "evaluation" / "base.json").is_file()
    make_run(tmp_path / "fresh", "sft")
    save(collect(lineage(tmp_path / "fresh" / "toy"), "Toy", "mit"), out)
    assert [path.name for path in sorted(out.rglob("*.json"))] == ["1-sft.json", "card.json"]


def test_a_chain_with_a_lost_parent_is_refused(tmp_path: Path) -> None:
    first = make_run(tmp_path / "elsewhere", "sft")
    make_run(tmp_path, "dpo", as_parent(*first))
    with pytest.raises(UsageError, match="which is not there"):
        lineage(tmp_path / "toy")


def test_the_longest_chain_is_meant_and_a_run_by_its_folder(runs: Path) -> None:
    assert [stage.run.stage for stage in lineage(runs / "toy").stages] == ["sft", "dpo", "grpo"]
    dpo = next((runs / "toy").glob("dpo-*"))
    assert [stage.run.stage for stage in lineage(dpo).stages] == ["sft", "dpo"]
    assert lineage(dpo).evaluations == ()


def test_the_command_prints_the_card(runs: Path) -> None:
    done = CliRunner().invoke(app, ["train", "card", str(runs / "toy"), "--name", "Toy"])
    assert done.exit_code == 0, done.output
    assert done.stdout == card(runs, None)
    assert "no licence is known" in done.stderr
