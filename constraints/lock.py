"""Write constraints/core.txt and constraints/dev.txt: the versions that a fresh environment gets today.

A constraints file names no registry and pins only what is installed anyway, so the same file serves every platform.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TORCH = "torch==2.13.0"
HEAD = "# Versions that this project is developed and tested with; written by `make lock`.\n"


def freeze(requirements: list[list[str]]) -> str:
    """Install `requirements`, one command each, into a fresh environment and return its frozen versions."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = [f"{folder}/bin/pip", "--quiet", "--disable-pip-version-check"]
        for wanted in requirements:
            subprocess.run([*pip, "install", *wanted], check=True)
        freeze_command = [*pip, "freeze", "--exclude", "openmed-data"]
        listed = subprocess.run(freeze_command, check=True, capture_output=True, text=True)
    # A local version (+cpu) names one build; the constraint names the release.
    return HEAD + "".join(line.split("+")[0] + "\n" for line in listed.stdout.splitlines() if "==" in line)


def main() -> None:
    """Write both files."""
    root = str(HERE.parent)
    (HERE / "core.txt").write_text(freeze([[root]]), encoding="utf-8")
    (HERE / "dev.txt").write_text(freeze([[TORCH], [f"{root}[dev,train]"]]), encoding="utf-8")


if __name__ == "__main__":
    main()
