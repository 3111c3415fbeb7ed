"""The files that bring training to other machines: what can be held without those machines."""

import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SBATCH = ROOT / "slurm" / "train.sbatch"
DOCKERFILE = ROOT / "containers" / "rocm.Dockerfile"
LOCKS = ("train", "merge", "evaluate", "train-vllm")


def stand_in(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/bash\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def cluster(tmp_path: Path) -> dict[str, str]:
    """An environment with a stand-in for srun, which runs its command here, and one for the command itself."""
    tools = tmp_path / "env" / "bin"
    tools.mkdir(parents=True)
    stand_in(tools, "srun", 'echo "srun $SRUN_CPUS_PER_TASK"; exec "$@"')
    stand_in(tools, "openmed-data", 'echo "openmed-data $*"; echo "queues $GPU_MAX_HW_QUEUES"')
    stand_in(tools, "ls", "printf '%s\\n' $(seq ${GPUS:-8})")
    (tools / "activate").write_text(f'export PATH="{tools}:$PATH"\n', encoding="utf-8")
    return {"PATH": os.environ["PATH"], "OPENMED_DATA_ENV": str(tools.parent), "HF_HOME": str(tmp_path)}


def submit(environment: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = ["bash", str(SBATCH), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=30)


def test_the_job_runs_the_command_once_with_what_was_given(cluster: dict[str, str]) -> None:
    done = submit(cluster, "--recipe", "mine.yaml", "--data", "sft=a b")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("openmed-data train") == 1
    assert "openmed-data train all --profile mi300x-8 --recipe mine.yaml --data sft=a b" in done.stdout
    assert "srun 96" in done.stdout
    assert "queues 2" in done.stdout


def test_a_machine_without_its_gpus_stops_the_job(cluster: dict[str, str]) -> None:
    done = submit({**cluster, "GPUS": "7"})
    assert done.returncode == 1
    assert "fewer than 8 GPUs" in done.stderr
    assert "openmed-data train" not in done.stdout


@pytest.mark.parametrize("name", ["OPENMED_DATA_ENV", "HF_HOME"])
def test_what_all_machines_must_share_has_to_be_named(cluster: dict[str, str], name: str) -> None:
    done = submit({key: value for key, value in cluster.items() if key != name})
    assert done.returncode != 0
    assert f"{name}: name the" in done.stderr


def test_everything_that_the_image_copies_is_there() -> None:
    text = DOCKERFILE.read_text(encoding="utf-8")
    copied = [name for line in re.findall(r"^COPY (.+)$", text, re.MULTILINE) for name in line.split()[:-1]]
    assert {"pyproject.toml", "openmed_data", "train", "constraints/merge.txt"} <= set(copied)
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_the_image_keeps_what_it_brought() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "containers" / "installed.py")], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert all(re.fullmatch(r"[\w.-]+==\S+", line) for line in lines)
    assert f"jinja2=={version('jinja2')}" in [line.lower() for line in lines]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_versions_and_nothing_else(name: str) -> None:
    lines = (ROOT / "constraints" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.!]+", line) for line in pins)
    names = [line.split("==")[0].lower().replace("_", "-") for line in pins]
    assert len(set(names)) == len(names)
    assert "torch" in names


def test_each_lock_holds_what_it_is_for() -> None:
    from packaging.requirements import Requirement

    wanted = {"train": "trl>=1.16", "merge": "mergekit>=0.1.5", "evaluate": "lm-eval>=0.4.13", "train-vllm": "vllm"}
    for name, text in wanted.items():
        pins = dict(
            line.lower().replace("_", "-").split("==")
            for line in (ROOT / "constraints" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
            if "==" in line
        )
        requirement = Requirement(text)
        assert requirement.name in pins, name
        assert pins[requirement.name] in requirement.specifier
    assert "transformers" in pins


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("containers/rocm.Dockerfile", "neither built nor run"),
        ("slurm/train.sbatch", "on no cluster"),
        ("constraints/train-vllm.txt", "Nothing here was run"),
        ("docs/rocm.md", "neither built nor run"),
    ],
)
def test_what_was_not_run_says_so(name: str, said: str) -> None:
    text = " ".join((ROOT / name).read_text(encoding="utf-8").replace("#", " ").split())
    assert said in text
