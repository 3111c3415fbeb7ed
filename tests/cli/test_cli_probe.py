"""`openmed-data probe`: a sound set of rewards passes, a fooled one fails, and pass rates come from rollouts."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from openmed_data import rewards
from openmed_data.cli import main

Run = Callable[..., "CompletedProcess[str]"]

ROW = {
    "id": "r1",
    "prompt": [{"role": "user", "content": "Which vessel carries oxygen-poor blood to the lungs?"}],
    "answer": "Pulmonary artery",
    "answer_type": "choice",
    "choices": ["Pulmonary artery", "Pulmonary vein"],
    "answer_label": "A",
    "accepted_answers": [],
    "reference_reasoning": "",
}


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    path = tmp_path / "prompts.jsonl"
    path.write_text(json.dumps(ROW) + "\n")
    return path


def test_the_recipe_pays_no_false_credit(cli: Run) -> None:
    done = cli("probe", "rewards", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["false_credits"] == []
    assert document["payments"] > 500


def test_items_of_a_dataset(cli: Run, prompts: Path) -> None:
    done = cli("probe", "rewards", prompts, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["items"] == 1


def test_a_reward_that_is_fooled_fails(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def always(completions: list[str], **_: object) -> list[float]:
        return [1.0] * len(completions)

    monkeypatch.setattr(rewards, "recipe_rewards", lambda: [(always, 1.0)])
    with pytest.raises(SystemExit) as leaving:
        main(["probe", "rewards"])
    assert leaving.value.code == 1
    assert "always paid 1.0" in capsys.readouterr().err


def test_pass_rates_from_rollouts(cli: Run, prompts: Path, tmp_path: Path) -> None:
    rollouts = tmp_path / "rollouts.jsonl"
    texts = ["<answer>A</answer>", "<answer>B</answer>", "<answer>Pulmonary artery</answer>", "no idea"]
    rollouts.write_text(json.dumps({"id": "r1", "completions": texts}) + "\n")
    out = tmp_path / "rates.jsonl"
    done = cli("probe", "difficulty", prompts, "--rollouts", rollouts, "--out", out)
    assert done.returncode == 0, done.stderr
    assert json.loads(out.read_text())["pass_rate"] == 0.5


def test_without_a_source_of_completions_it_says_what_to_give(cli: Run, prompts: Path) -> None:
    done = cli("probe", "difficulty", prompts)
    assert done.returncode == 2
    assert "--rollouts" in done.stderr
    assert "--endpoint" in done.stderr
