"""What a killed process left in the temporary folder goes, and nothing else does."""

import subprocess
import sys
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
    assert [path.name for path in tmp_path.iterdir()] == ["openmed-data-mine"]
