"""On a terminal the command is made for eyes: colour, tables that fit the window; elsewhere plain lines."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-9]|9[0-7])(?:;\d+)*m")


def on_terminal(columns: int, *arguments: object, **variables: str) -> tuple[str, int]:
    """Run the command on a terminal of so many columns; return all that it wrote there, and its exit code."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    dropped = {"CI", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"}
    environment = {key: value for key, value in os.environ.items() if key not in dropped}
    environment |= {"TERM": "xterm-256color", **variables}
    command = [sys.executable, "-m", "openmed_data", *map(str, arguments)]
    with subprocess.Popen(command, stdin=child, stdout=child, stderr=child, env=environment) as process:
        os.close(child)
        written = b""
        while True:
            try:
                piece = os.read(parent, 65536)
            except OSError:  # Linux: the other side is closed
                break
            if not piece:  # macOS: the same
                break
            written += piece
    os.close(parent)
    return written.decode(), process.returncode


@pytest.mark.parametrize("columns", [80, 120])
def test_results_fit_the_window(sample_build: Path, columns: int) -> None:
    written, code = on_terminal(columns, "describe", "medmcqa-prefs", "--quiet")
    assert code == 0
    assert COLOUR.search(written)
    lines = ESCAPE.sub("", written).replace("\r", "").split("\n")
    assert max(len(line.rstrip()) for line in lines) <= columns
    assert any(line.startswith("max_pairs_per_question") for line in lines)


def test_no_figure_is_cut_off_on_a_narrow_window(sample_build: Path) -> None:
    command = ("build", "medmcqa-prefs", "--source", "sample", "--out", sample_build, "--no-validation", "--quiet")
    wide, _ = on_terminal(120, *command)
    narrow, code = on_terminal(40, *command)
    assert code == 0
    books = ESCAPE.sub("", wide).split("FIGURES")[0]
    shares = re.findall(r"\d+\.\d%", books)
    assert len(shares) > 10
    assert re.findall(r"\d+\.\d%", ESCAPE.sub("", narrow).split("FIGURES")[0]) == shares


def test_the_chosen_side_is_green_and_the_rejected_side_red(sample_build: Path) -> None:
    written, _ = on_terminal(100, "show", sample_build, "--row", "1")
    chosen = next(line for line in written.splitlines() if "chosen" in line)
    rejected = next(line for line in written.splitlines() if "rejected" in line)
    assert "\x1b[32m" in chosen
    assert "\x1b[31m" in rejected


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"CI": "true"}, {"TERM": "dumb"}])
def test_colour_can_be_left_out(sample_build: Path, variables: dict[str, str]) -> None:
    written, code = on_terminal(80, "show", sample_build, "--row", "1", **variables)
    assert code == 0
    assert "chosen" in written
    assert not COLOUR.search(written)


def test_a_bar_shows_progress_and_goes_away(tmp_path: Path) -> None:
    arguments = ("build", "medmcqa-prefs", "--source", "sample", "--no-validation", "--limit", 90, "--out")
    written, code = on_terminal(80, *arguments, tmp_path / "x")
    assert code == 0
    assert "making rows" in written
    assert "━" in written
    after = written.rsplit("\x1b[2K", 1)[-1]  # what is left once the bar's lines are erased
    assert "━" not in after
    assert "source rows" in after


def test_a_pipe_gets_plain_lines(cli: Run, sample_build: Path, tmp_path: Path) -> None:
    done = cli(
        "build", "medmcqa-prefs", "--source", "sample", "--limit", 90, "--no-validation", "--out", tmp_path / "x"
    )
    assert "\x1b" not in done.stdout + done.stderr
    assert "making rows …\n" in done.stderr
    assert "making rows" not in done.stdout
    assert done.stderr.splitlines()[-1].startswith("next: openmed-data validate")


def test_a_terminal_without_unicode_is_served(cli: Run) -> None:
    done = cli("describe", "medmcqa-prefs", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert r"integer \u2265 0" in done.stdout
