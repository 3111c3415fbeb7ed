"""What a killed process left in the temporary folder goes, and nothing else does."""

import fcntl
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from openmed_data.scratch import scratch

HOLD = """
from openmed_data.scratch import scratch
with scratch() as folder:
    (folder / "rows").write_text("1")
    print(folder, flush=True)
    input()
"""


def test_what_a_killed_process_left_is_removed_and_what_a_live_one_holds_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)  # read from the environment once
    (tmp_path / "openmed-data-mine").mkdir()
    (tmp_path / "openmed-data-mine" / "rows").touch()
    elsewhere = tmp_path / ".openmed-data-scratch-another-machine-1"  # whose locks may not be seen here
    elsewhere.mkdir()
    (elsewhere / "rows").touch()
    command = [sys.executable, "-c", HOLD]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        left = Path(other.stdout.readline().strip())
        with scratch() as mine, scratch() as another:
            assert mine != another
            assert left.is_dir()
        other.kill()
        other.wait()
        assert (left / "rows").exists()
        with scratch():
            assert not left.exists()
    assert {path.name for path in tmp_path.iterdir()} == {"openmed-data-mine", elsewhere.name}


def test_a_folder_is_held_though_another_process_looks_at_it_as_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[threading.Timer] = []

    class Looked(tempfile.TemporaryDirectory[str]):
        def __enter__(self) -> str:
            looking = os.open(self.name, os.O_RDONLY)
            fcntl.flock(looking, fcntl.LOCK_EX)
            looked.append(threading.Timer(0.2, os.close, [looking]))
            looked[0].start()
            return self.name

    monkeypatch.setattr("tempfile.TemporaryDirectory", Looked)
    with scratch() as folder:
        looked[0].join()
        other = os.open(folder, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(other)
