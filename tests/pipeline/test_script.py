"""The function of the package, called as a first script calls it."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
from pathlib import Path
from openmed_data import build_dataset
print(build_dataset("medreason-rewards", "sample", Path("rewards"), validation=False).path)
"""


def test_a_script_without_a_guard_builds(tmp_path: Path):
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    command = [sys.executable, "script.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, "rewards\n"), done.stderr
    assert (tmp_path / "rewards" / "manifest.json").is_file()
