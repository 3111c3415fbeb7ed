"""The command line of training: plans, and what is said where nothing can run."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from openmed_data.kinds import Kind

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def cli(tmp_path: Path) -> Run:
    """Return the function that runs `openmed-data train` as a user does, in an empty folder."""

    def run(*arguments: object) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "openmed_data", "train", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=os.environ, check=False)

    return run


@pytest.fixture
def build(tmp_path: Path, write_build: Any, conversations: Any) -> Path:
    return write_build(tmp_path / "talks", Kind.SFT, {"train": conversations(8)})


def test_a_plan_says_what_each_stage_needs_and_what_is_missing(cli: Run, build: Path) -> None:
    asked = ("sft", "--data", f"sft={build}", "--data", f"sft={build}", "--profile", "mi300x-8", "--dry-run", "--json")
    done = cli(*asked, "--set", "sft.learnin_rate=1e-5")
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    (step,) = plan["steps"]
    assert (step["stage"], step["rows"], step["on"]) == ("sft", 16, "talks + talks")
    assert step["memory_gb"] == pytest.approx(107, abs=1)
    assert step["steps"] == 1
    assert any("did you mean 'learning_rate'" in problem for problem in plan["problems"])
    assert not list(build.parent.glob("runs*"))
    assert not any("of memory" in problem for problem in plan["problems"])


def test_a_plan_says_that_a_stage_does_not_fit_into_the_memory(cli: Run, build: Path) -> None:
    done = cli("sft", "--data", f"sft={build}", "--profile", "cuda-1", "--dry-run")
    assert "it would stop: sft needs about 88.5 GB of memory on each device, and one has 80 GB" in done.stderr


def test_a_stage_that_is_none_is_said_with_the_near_one(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "openmed_data", "doctor", "--stage", "sfft", "--recipe", "cpu-smoke"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (2, "hint: Did you mean 'sft'?")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sft", "--recipe", "nothing.yaml"), "there is no recipe 'nothing.yaml'"),
        (("sft", "--profile", "tpu"), "there is no profile 'tpu'"),
        (("sft", "--data", "talks"), "'talks' is not STAGE=BUILD"),
        (("sft", "--set", "sft"), "'sft' is not KEY=VALUE"),
        (("sft", "--set", "stf.batch=4"), "no setting 'stf'; did you mean 'sft'"),
        (("sft", "--data", "sft=nowhere"), "sft: 'nowhere' holds no finished build"),
        (("merge", "--model", "me/mine", "--set", "merge.method=ties"), "found 'ties'"),
    ],
)
def test_what_cannot_be_used_leaves_with_2(arguments: tuple[str, ...], message: str, cli: Run) -> None:
    done = cli(*arguments, "--dry-run")
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_builds_that_are_missing_are_named_together_with_their_stages(cli: Run) -> None:
    done = cli("merge", "--dry-run")
    assert done.returncode == 2
    for stage, build in {"sft": "sft-synthetic", "dpo": "medmcqa-prefs", "grpo": "medreason-rewards"}.items():
        assert f"{stage}: 'build/{build}' holds no finished build" in done.stderr
    assert done.stderr.count("--data STAGE=PATH") == 1


def test_a_plan_says_what_it_does_not_know_of_a_model(cli: Run, build: Path) -> None:
    done = cli("sft", "--data", f"sft={build}", "--model", "me/other", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "GB" not in done.stdout
    assert "how large me/other is, is not known" in done.stderr
    absent = cli("sft", "--data", f"sft={build}", "--model", "absent", "--dry-run")
    assert "it would stop: there is no model 'absent'" in absent.stderr


def test_a_model_that_is_not_there_is_said_before_anything_is_made(cli: Run, build: Path, tmp_path: Path) -> None:
    done = cli(
        "sft", "--recipe", "cpu-smoke", "--profile", "cpu-smoke", "--model", "/nowhere", "--data", f"sft={build}"
    )
    assert done.returncode == 2
    assert "there is no model '/nowhere'" in done.stderr
    assert not (tmp_path / "runs").exists()


def test_help_of_every_stage_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom openmed_data.cli import main\n"
        "try:\n    main(['train', 'all', '--help'])\nexcept SystemExit:\n    pass\n"
        "print([name for name in ('torch', 'trl', 'polars', 'yaml') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
