"""Write the constraints: the versions that a fresh environment gets today.

A constraints file names no registry and pins only what is installed anyway, so the same file serves every platform.
`core.txt` and `dev.txt` are of environments that were installed and that the tests run in. The others are resolved and
not installed, each for an environment of its own: `train.txt`, `merge.txt` and `evaluate.txt`, whose versions are those
of `dev.txt` as far as they fit; and `train-vllm.txt`, which needs a GPU and was not run.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TORCH = "torch==2.13.0"
EXTRAS = ("train", "merge", "evaluate")
HEAD = "# Versions that this project is developed and tested with; written by `make lock`.\n"
RESOLVED = (
    "# The newest versions that fit together for openmed-data[{extra}]; written by `make lock`, not installed by it.\n"
)
NOT_RUN = """\
# For Linux on x86-64, with vLLM's wheel for CUDA. Nothing here was run: this project is developed without a GPU. Look
# with `openmed-data doctor` first. For ROCm the versions are those of the image: see docs/rocm.md.
"""


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


def resolve(requirements: list[str]) -> str:
    """Return the versions that pip would install for `requirements` in an empty environment."""
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--dry-run"]
    command += ["--ignore-installed", "--report", "-", *requirements]
    report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    found = {one["metadata"]["name"]: one["metadata"]["version"].split("+")[0] for one in report["install"]}
    found.pop("openmed-data")
    return "".join(f"{name}=={found[name]}\n" for name in sorted(found, key=str.lower))


def main() -> None:
    """Write all of them, or those that are named on the command line."""
    wanted = sys.argv[1:] or ["core", "dev", *EXTRAS, "train-vllm"]
    root = str(HERE.parent)
    for extra in EXTRAS:
        if extra in wanted:
            text = RESOLVED.format(extra=extra) + resolve([TORCH, f"{root}[{extra}]"])
            (HERE / f"{extra}.txt").write_text(text, encoding="utf-8")
    if "train-vllm" in wanted:
        text = RESOLVED.format(extra="train") + NOT_RUN + resolve([TORCH, f"{root}[train]", "vllm"])
        (HERE / "train-vllm.txt").write_text(text, encoding="utf-8")
    if "core" in wanted:
        (HERE / "core.txt").write_text(freeze([[root]]), encoding="utf-8")
    if "dev" in wanted:
        (HERE / "dev.txt").write_text(freeze([[TORCH], [f"{root}[dev]"]]), encoding="utf-8")


if __name__ == "__main__":
    main()
