"""A stage's process: what it is told, and that nothing of it is left when it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from openmed_data.errors import BuildError, GateError
from openmed_data.progress import Silent
from openmed_data.registry import STAGES, find
from openmed_data.training import launch, profile, worker
from openmed_data.training.stage import FAILURE, JOB, Job

CPU = profile.load("cpu-smoke")
# As launchers do: a process that starts another one, and does not end it when it is ended.
LAUNCHER = """
import subprocess, sys, time
from pathlib import Path
inner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
Path(sys.argv[1]).write_text(str(inner.pid))
{then}
"""


def is_alive(process: int) -> bool:
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False
    ).stdout
    return bool(state.strip()) and not state.startswith("Z")


@pytest.mark.parametrize("how", ["interrupted", "hung up", "failed"])
def test_nothing_is_left_of_a_stage_that_ends_early(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted by its user, without a terminal, or failed: what the launcher started does not train on unseen."""
    monkeypatch.setattr(launch, "_SECONDS_TO_END", 10)
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # tests may run under nohup
    noted = tmp_path / "inner"

    def interrupt(_: object) -> None:
        if how == "failed" or not (noted.is_file() and noted.read_text()):
            return
        if how == "interrupted":
            raise KeyboardInterrupt
        assert signal.getsignal(signal.SIGHUP) != signal.SIG_DFL
        os.kill(os.getpid(), signal.SIGHUP)

    monkeypatch.setattr(launch._Follower, "look", interrupt)
    command = [
        sys.executable,
        "-c",
        LAUNCHER.format(then="sys.exit(1)" if how == "failed" else "time.sleep(600)"),
        str(noted),
    ]
    with (tmp_path / "lock").open("w") as lock, pytest.raises((KeyboardInterrupt, BuildError)):
        launch.run(command, CPU, tmp_path, Silent(), stage="sft", lock=lock.fileno())
    inner = int(noted.read_text())
    deadline = time.monotonic() + 20
    while is_alive(inner) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(inner)
    assert signal.signal(signal.SIGHUP, before) == signal.SIG_DFL


def test_a_stage_stops_and_goes_on_with_its_command(tmp_path: Path) -> None:
    """A shell that gets Ctrl-Z stops the command alone; the stage is in a session of its own."""
    noted = tmp_path / "inner"
    stage = f"[{sys.executable!r}, '-c', {SLEEPER!r}, {str(noted)!r}]"
    code = DRIVER.format(stage=stage, folder=str(tmp_path))
    driver = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: noted.is_file() and noted.read_text() != "")
        inner = psutil.Process(int(noted.read_text()))
        driver.send_signal(signal.SIGTSTP)
        wait_for(lambda: inner.status() == psutil.STATUS_STOPPED == psutil.Process(driver.pid).status())
        driver.send_signal(signal.SIGCONT)
        wait_for(lambda: psutil.STATUS_STOPPED not in (inner.status(), psutil.Process(driver.pid).status()))
    finally:
        driver.send_signal(signal.SIGCONT)
        driver.send_signal(signal.SIGINT)
        driver.wait(60)
    assert not is_alive(inner.pid)


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


SLEEPER = "import os, pathlib, sys, time; pathlib.Path(sys.argv[1]).write_text(str(os.getpid())); time.sleep(600)"
DRIVER = """
from pathlib import Path
from openmed_data.progress import Silent
from openmed_data.training import launch, profile
with open({folder!r} + "/lock", "w") as lock:
    launch.run({stage}, profile.load("cpu-smoke"), Path({folder!r}), Silent(), stage="sft", lock=lock.fileno())
"""

DEAF = """
import signal, sys, time
from pathlib import Path
signal.signal(signal.SIGTERM, signal.SIG_IGN)
Path(sys.argv[1]).touch()
time.sleep(600)
"""


def test_who_is_interrupted_twice_leaves_nothing_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage may not heed SIGTERM at once, and its user may not wait for it."""
    noted, started = tmp_path / "deaf", list[subprocess.Popen[bytes]]()
    popen, wait = subprocess.Popen, subprocess.Popen[bytes].wait

    def start(*arguments: Any, **options: Any) -> "subprocess.Popen[bytes]":
        started.append(popen(*arguments, **options))
        return started[-1]

    def interrupt(_: object) -> None:
        if noted.is_file():
            raise KeyboardInterrupt

    def impatient(*_: object) -> int:
        monkeypatch.setattr(popen, "wait", wait)
        raise KeyboardInterrupt

    monkeypatch.setattr(launch._Follower, "look", interrupt)
    monkeypatch.setattr(launch.subprocess, "Popen", start)
    monkeypatch.setattr(popen, "wait", impatient)
    command = [sys.executable, "-c", DEAF, str(noted)]
    with (tmp_path / "lock").open("w") as lock, pytest.raises(KeyboardInterrupt):
        launch.run(command, CPU, tmp_path, Silent(), stage="sft", lock=lock.fileno())
    try:
        assert wait(started[0], 20) == -signal.SIGKILL
    finally:
        started[0].kill()


def test_one_process_on_one_gpu_sees_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    assert launch.environment_of(profile.load("cuda-1"), tmp_path)["CUDA_VISIBLE_DEVICES"] == "0"
    assert "CUDA_VISIBLE_DEVICES" not in launch.environment_of(CPU, tmp_path)
    monkeypatch.setenv("HIP_VISIBLE_DEVICES", "3,4")
    shown = launch.environment_of(profile.load("mi300x-1"), tmp_path)
    assert (shown["HIP_VISIBLE_DEVICES"], shown.get("CUDA_VISIBLE_DEVICES")) == ("3", None)
    assert launch.environment_of(profile.load("mi300x-8"), tmp_path)["HIP_VISIBLE_DEVICES"] == "3,4"


def test_the_first_process_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A launcher has the last word in the log, and it is not why."""
    facts = {"model": tmp_path, "base": tmp_path, "data": {}, "kind": None, "settings": {}, "seed": 1}
    rest = {"chat_template": "auto", "processes": 8, "checkpoint": None}
    job = Job(stage="merge", folder=tmp_path, profile=CPU, **facts, **rest)
    (tmp_path / JOB).write_text(job.model_dump_json())

    def out_of_memory(_: object) -> None:
        raise MemoryError("tried to allocate 7 GB")

    def too_long(_: object) -> None:
        raise GateError("every row is too long", hint="Raise it.")

    merge = type(find(STAGES, "merge"))
    monkeypatch.setenv("RANK", "3")
    monkeypatch.setattr(merge, "work", lambda _, job: out_of_memory(job))
    with pytest.raises(MemoryError):
        worker.main(tmp_path)
    monkeypatch.setattr(merge, "work", lambda _, job: too_long(job))
    assert worker.main(tmp_path) == GateError.exit_code
    (tmp_path / "log.txt").write_text("Traceback ...\nsubprocess.CalledProcessError: Command [...] returned 1\n")
    error = launch._failure(tmp_path, "merge", 1)
    assert isinstance(error, BuildError)
    assert str(error) == "merge: MemoryError: tried to allocate 7 GB"
    assert "log.txt" in error.hint

    (tmp_path / FAILURE).unlink()
    worker.main(tmp_path)
    assert isinstance(launch._failure(tmp_path, "merge", 1), GateError)
