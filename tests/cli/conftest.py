"""One build of the bundled sample, and the real command in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "openmed_data", *map(str, arguments)]


@pytest.fixture(scope="session")
def cli() -> Run:
    """Run the command as a user does, in a pipe."""

    def run(*arguments: object, **variables: str) -> "subprocess.CompletedProcess[str]":
        environment = {**os.environ, "PYTHONWARNINGS": "error", **variables}
        return subprocess.run(
            command(*arguments), capture_output=True, text=True, env=environment, timeout=120, check=False
        )

    return run


@pytest.fixture(scope="session")
def sample_build(tmp_path_factory: pytest.TempPathFactory, cli: Run) -> Path:
    out = tmp_path_factory.mktemp("cli") / "prefs"
    done = cli("build", "medmcqa-prefs", "--source", "sample", "--out", out, "--no-validation")
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="session")
def other_build(tmp_path_factory: pytest.TempPathFactory, cli: Run) -> Path:
    out = tmp_path_factory.mktemp("cli") / "prefs7"
    source = ("build", "medmcqa-prefs", "--source", "sample", "--limit", 300, "--seed", 7)
    done = cli(*source, "--out", out, "--no-validation")
    assert done.returncode == 0, done.stderr
    return out
