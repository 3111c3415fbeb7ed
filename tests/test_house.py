"""The house stands as it is drawn: who may import whom, how long things may be, examples that run, one wheel."""

import ast
import doctest
import importlib
import pkgutil
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("builders", "validation", "train", "data_cards")
FILES = sorted(path for part in ("openmed_data", *ROOMS) for path in (ROOT / part).rglob("*.py"))
MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 40

# Packages that the base install does without; a module that needs one is documented and tested where it is installed.
OPTIONAL = {"torch", "transformers", "trl", "accelerate", "peft", "ray", "openai", "verifiers", "sentence_transformers"}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms_imported(source: str) -> set[str]:
    installed = {f"openmed_data.{room}" for room in ROOMS}
    return {name for name in imports(ast.parse(source)) if ".".join(name.split(".")[:2]) in installed}


def lines_of_functions(source: str) -> Iterator[tuple[str, int]]:
    """Yield each function's name and the lines of its body below the docstring."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            begin = (first.end_lineno or 0) if ast.get_docstring(node) is not None else first.lineno - 1
            yield node.name, (node.end_lineno or 0) - begin


def test_the_scan_sees_every_way_to_import_a_room() -> None:
    assert rooms_imported("from openmed_data.builders import x")
    assert rooms_imported("import openmed_data.validation.phi")
    assert rooms_imported("def f():\n    from openmed_data import train")
    assert not rooms_imported("from openmed_data.builder import Builder\nfrom . import siblings")


def test_no_file_names_a_room_in_an_import() -> None:
    found = {name_of(path): rooms_imported(path.read_text(encoding="utf-8")) for path in FILES}
    assert {name: rooms for name, rooms in found.items() if rooms} == {}


def test_import_contracts_are_kept() -> None:
    linter = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", linter, "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 kept, 0 broken" in done.stdout


def test_files_are_short() -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert {name: length for name, length in lengths.items() if length > MOST_LINES_OF_A_FILE} == {}


def test_functions_are_short() -> None:
    long = {
        f"{name_of(path)}: {name}": length
        for path in FILES
        for name, length in lines_of_functions(path.read_text(encoding="utf-8"))
        if length > MOST_LINES_OF_A_FUNCTION
    }
    assert long == {}


def installed_modules() -> list[str]:
    """Return every module; an editable install keeps the rooms where a walk from the top does not see them."""
    names = {"openmed_data"}
    for top in ("openmed_data", *(f"openmed_data.{room}" for room in ROOMS)):
        walk = pkgutil.walk_packages(importlib.import_module(top).__path__, f"{top}.", onerror=lambda _: None)
        names |= {top, *(module.name for module in walk)}
    return sorted(names)


def test_the_walk_reaches_engine_and_rooms() -> None:
    names = installed_modules()
    assert len(names) > 30
    assert {"openmed_data.builders.medmcqa_prefs.pairs", "openmed_data.pipeline.run", "openmed_data.errors"} <= set(
        names
    )


@pytest.mark.parametrize("name", installed_modules())
def test_examples_in_docstrings_run(name: str) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # other libraries warn of themselves when they are imported
            module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in OPTIONAL:
            pytest.skip(f"{error.name} is not installed")
        raise
    failed, _ = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert not failed, f"examples of {name} fail; run: python -m doctest"


@pytest.mark.slow
def test_the_wheel_installs_one_name_and_holds_the_data(tmp_path: Path) -> None:
    # Built from what git tracks, so that neither a stray file nor an old build folder gets in.
    source = tmp_path / "source"
    source.mkdir()
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, tracked.split("\0")):
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_file():
            target.write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q", "-w", tmp_path, source]
    subprocess.run(command, check=True, capture_output=True, text=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"openmed_data"}
    assert "openmed_data/py.typed" in names
    assert "openmed_data/builders/medmcqa_prefs/sample.jsonl" in names
    expected = {path for path in tracked.split("\0") if path.split("/")[0] in ROOMS or path.startswith("openmed_data/")}
    installed = {name.removeprefix("openmed_data/") if name.split("/")[1] in ROOMS else name for name in names}
    assert expected - installed == set()
