"""Asking for help, or importing the package, loads nothing heavy."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "transformers", "trl", "datasets", "great_expectations", "polars", "pyarrow", "numpy", "rich")
HELP = """\
from openmed_data.cli import main
try:
    main({arguments})
except SystemExit as end:
    assert not end.code
"""


def loaded(code: str) -> set[str]:
    """Return the heavy modules that `code` leaves loaded in a fresh interpreter."""
    report = f"{code}\nimport sys; print('LOADED', *[name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, timeout=60, check=True)
    return set(done.stdout.splitlines()[-1].split()[1:])


def test_the_probe_sees_what_is_loaded() -> None:
    assert loaded("import polars") >= {"polars"}


def test_importing_the_package_is_light() -> None:
    assert loaded("import openmed_data; openmed_data.errors; dir(openmed_data)") == set()


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["build", "--help"]])
def test_help_is_light(arguments: list[str]) -> None:
    assert loaded(HELP.format(arguments=arguments)) == set()
