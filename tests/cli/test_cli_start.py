"""The command's first moments: an interrupt while the command line is still imported."""

import signal
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest

INTERRUPTED_IMPORT = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "openmed_data.cli.app":
            os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.{handler})
sys.meta_path.insert(0, Interrupting())
sys.argv = ["openmed-data", "--version"]
from openmed_data.__main__ import main
main()
"""


@pytest.mark.parametrize(
    ("handler", "code"),
    [("default_int_handler", -signal.SIGINT), ("SIG_IGN", 0)],  # ignored as in a shell's background
)
def test_an_interrupt_of_the_imports_shows_no_traceback(handler: str, code: int) -> None:
    script = INTERRUPTED_IMPORT.format(handler=handler)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (code, "")


def test_the_command_hears_of_interrupts(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[object] = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    run = SimpleNamespace(main=lambda: heard.append(signal.getsignal(signal.SIGINT)))
    monkeypatch.setitem(sys.modules, "openmed_data.cli", run)
    try:
        import_module("openmed_data.__main__").main()
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [signal.default_int_handler]


def test_the_installed_command_begins_there() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["scripts"] == {"openmed-data": "openmed_data.__main__:main"}
    said = subprocess.run(
        [sys.executable, "-m", "openmed_data", "--version"], capture_output=True, text=True, check=True
    )
    assert said.stdout.startswith("openmed-data ")
