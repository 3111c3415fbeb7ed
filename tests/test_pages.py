"""What README, CONTRIBUTING and docs name is there: commands with their options, files, links, and quoted output."""

import ast
import importlib
import re
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from openmed_data import manifest
from openmed_data.api import build_dataset
from openmed_data.cli import app
from openmed_data.registry import BUILDERS, CHECKS, all_of, find

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
ROOMS = r"(?:openmed_data|builders|train|data_cards|docs|benchmarks|tests|containers|constraints|slurm)"


def names(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]


def commands(page: Path) -> list[str]:
    """Return every command that stands in a block or between backticks, with lines that go on joined."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    blocks = "\n".join(code for _, code in FENCE.findall(text))
    prose = FENCE.sub("", text)
    return [
        *re.findall(r"^(?:\$ )?(openmed-data [^#\n]+)", blocks, re.MULTILINE),
        *re.findall(r"`(openmed-data [^`\n]+)`", prose),
    ]


def option_names(words: list[str]) -> set[str]:
    """Return the options of the command that `words` begin with."""
    found: Any = get_command(app)
    for word in words:
        if not hasattr(found, "commands"):
            break
        assert word in found.commands or word.startswith("-"), f"no command '{word}'"
        found = found.commands.get(word, found)
    return {name for one in found.params for name in (*one.opts, *one.secondary_opts)} | {"--help", "-h"}


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_every_command_has_the_options_that_a_page_gives_it(page: Path) -> None:
    for line in commands(page):
        words = shlex.split(line.replace("…", ""))[1:]
        unknown = {word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)} - option_names(words)
        assert not unknown, line


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_every_setting_of_a_build_is_one(page: Path) -> None:
    checks = {f"{name}.{field}" for name in all_of(CHECKS) for field in find(CHECKS, name).settings_model.model_fields}
    for line in commands(page):
        words = shlex.split(line)
        if words[1] not in {"build", "validate"}:
            continue
        own = set(find(BUILDERS, words[2]).options_model.model_fields) if words[2] in all_of(BUILDERS) else set()
        given = {after.split("=")[0] for word, after in pairwise(words) if word == "--set"}
        assert not given - own - checks - {"KEY", "NAME", "CHECK.NAME"}, line


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_links_and_files_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in link]
    paths = re.findall(rf"`({ROOMS}/[\w./-]+\.\w+)`", text) + re.findall(rf"`({ROOMS}/[\w.-]+)`", text)
    assert [link for link in links if not (page.parent / link).exists()] == []
    made = {"builders/yes_no.py"}  # by the reader
    assert [path for path in paths if path not in made and not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_python_of_the_pages_imports_what_is_there(page: Path) -> None:
    for language, code in FENCE.findall(page.read_text(encoding="utf-8")):
        for node in ast.walk(ast.parse(code)) if language == "python" else ():
            if isinstance(node, ast.ImportFrom):
                module = importlib.import_module(str(node.module))
                assert [one.name for one in node.names if not hasattr(module, one.name)] == [], node.module


def test_every_page_is_reached_from_the_readme() -> None:
    text = README.read_text(encoding="utf-8")
    assert [page.name for page in PAGES[1:] if f"({page.relative_to(ROOT)})" not in text] == []


def test_figures_of_the_readme_are_those_of_the_page() -> None:
    measured = (ROOT / "docs" / "measured.md").read_text(encoding="utf-8").splitlines()
    table = README.read_text(encoding="utf-8").split("## Measured")[1].split("\n## ")[0]
    assert [line for line in table.splitlines() if line.startswith("|") and line not in measured] == []


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Build what the pages speak of, and return its folder and what the commands of `make demo` print."""
    out = tmp_path_factory.mktemp("pages") / "build" / "medmcqa-prefs"
    build = ["build", "medmcqa-prefs", "--source", "sample", "--out", str(out)]
    printed = [CliRunner().invoke(app, words).stdout for words in (build, ["show", str(out), "--sample", "2"])]
    return out, "".join(printed)


@pytest.mark.parametrize("page", ["README.md", "docs/card.md", "docs/report.md"])
def test_python_of_the_pages_runs(page: str, demo: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(demo[0].parents[1])
    blocks = [
        code for language, code in FENCE.findall((ROOT / page).read_text(encoding="utf-8")) if language == "python"
    ]
    assert blocks
    for code in blocks:
        exec(compile(code, page, "exec"), {})


def test_the_quoted_demo_is_what_the_demo_prints(demo: tuple[Path, str]) -> None:
    out, printed = demo
    printed = printed.replace(str(out), "build/demo")
    real = {" ".join(line.split()) for line in printed.splitlines()}
    quoted = next(text for _, text in FENCE.findall(README.read_text(encoding="utf-8")) if "BOOKS" in text)
    for line in (" ".join(line.split()) for line in quoted.splitlines()):
        assert any(
            one.startswith(line.removesuffix("...").rstrip()) if "..." in line else one == line for one in real
        ), line


@pytest.mark.shared
def test_what_the_readme_says_of_medmcqa_is_what_a_build_counts(tmp_path: Path) -> None:
    source = ROOT / ".." / "shared" / "data" / "medmcqa" / "dev.json"
    if not source.is_file():
        pytest.skip("../shared/data/medmcqa/dev.json is absent")
    made = manifest.read(build_dataset("medmcqa-prefs", str(source), tmp_path / "prefs", validation=False).path)
    books, figures = made["books"], made["figures"]
    assert books["rejected_candidate_rows"] == {"phi:name": 1}  # "one pair out for PHI"
    shares = figures["bias"]["chosen_letters"].values()
    told = " ".join(README.read_text(encoding="utf-8").split("## What it does to MedMCQA")[1].split("\n## ")[0].split())
    for said in (
        f"({books['source_rows']:,} rows)",
        f"gives {sum(books['kept_rows'].values()):,} pairs",
        f"rejects {sum(books['rejected_source_rows'].values())} rows",
        f"in {figures['repaired_words']} places",
        f"in {figures['bias']['length_classifier_accuracy']:.2f} of cases",
        f"right in {100 * min(shares):.1f} to {100 * max(shares):.1f}% of questions",
    ):
        assert said in told


@pytest.mark.parametrize(("page", "room"), [("new-dataset.md", "builders"), ("checks.md", "validation")])
def test_a_file_that_the_reader_copies_passes_the_linter(page: str, room: str) -> None:
    code = next(code for _, code in FENCE.findall((ROOT / "docs" / page).read_text(encoding="utf-8")) if code[0] == '"')
    command = [sys.executable, "-m", "ruff", "check", "--stdin-filename", f"{room}/copied.py", "-"]
    done = subprocess.run(command, input=code, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout
