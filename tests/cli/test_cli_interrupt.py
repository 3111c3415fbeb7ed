"""Ctrl-C, and a scheduler's SIGTERM, stops a build cleanly, and the same command finishes it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from openmed_data.builders.medmcqa_prefs import MedmcqaPrefs


def write_source(path: Path, copies: int) -> None:
    """Write the sample over and over, each copy with words of its own."""
    assert MedmcqaPrefs.sample is not None
    rows = [json.loads(line) for line in MedmcqaPrefs.sample.read_text(encoding="utf-8").splitlines()]
    with path.open("w", encoding="utf-8") as stream:
        for copy in range(copies):
            for row in rows:
                stream.write(
                    json.dumps({**row, "question": f"{row['question']} ({copy})", "id": f"{copy}-{row['id']}"})
                )
                stream.write("\n")


@pytest.mark.parametrize(
    ("number", "code", "message"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "told to stop (SIGTERM)")],
)
def test_interrupt_and_resume(number: int, code: int, message: str, tmp_path: Path) -> None:
    write_source(tmp_path / "rows.jsonl", copies=60)
    out = tmp_path / "out"
    arguments = ["build", "medmcqa-prefs", "--source", tmp_path / "rows.jsonl", "--out", out, "--no-validation"]
    command = [sys.executable, "-m", "openmed_data", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("learning from the source"):
                break
        process.send_signal(number)
        said, talked = process.communicate(timeout=60)
    assert process.returncode == code
    assert said == ""
    assert talked.splitlines()[-2:] == [f"error: {message}", "hint: Run the same command again to resume."]
    assert "Traceback" not in talked
    assert not out.exists()
    assert (tmp_path / "out.building").is_dir()

    again = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert again.returncode == 0, again.stderr
    assert "resuming an interrupted build" in again.stderr
    assert json.loads((out / "manifest.json").read_text(encoding="utf-8"))["books"]["source_rows"] == 60 * 360
    assert not (tmp_path / "out.building").exists()


PROCESSES = """
from openmed_data.builders.medmcqa_prefs import MedmcqaPrefs
MedmcqaPrefs.releases_gil = False  # such builders work in processes
from openmed_data.cli import main
if __name__ == "__main__":
    main()
"""


@pytest.mark.slow
def test_worker_processes_stop_without_a_word(tmp_path: Path) -> None:
    write_source(tmp_path / "rows.jsonl", copies=120)
    (tmp_path / "run.py").write_text(PROCESSES, encoding="utf-8")
    out = tmp_path / "out"
    arguments = ["build", "medmcqa-prefs", "--source", tmp_path / "rows.jsonl", "--out", out, "--no-validation"]
    command = [sys.executable, tmp_path / "run.py", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes, start_new_session=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("making rows"):
                break
        os.killpg(process.pid, signal.SIGINT)  # what a terminal does: to every process of the group
        _, talked = process.communicate(timeout=60)
    assert process.returncode == 130
    assert talked == "error: interrupted\nhint: Run the same command again to resume.\n"
