"""The GitHub Action: both files are well formed, every input reaches the command, and its script runs as it stands."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from openmed_data.api import build_dataset

ROOT = Path(__file__).resolve().parents[1]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
WORKFLOW: dict[Any, Any] = yaml.safe_load(
    (ROOT / ".github" / "workflows" / "validate-dataset.yml").read_text(encoding="utf-8")
)
STEPS: dict[str, dict[str, Any]] = {step["name"]: step for step in ACTION["runs"]["steps"] if "name" in step}


def test_the_action_is_a_whole_one() -> None:
    assert ACTION["runs"]["using"] == "composite"
    assert all("shell" in step for step in ACTION["runs"]["steps"] if "run" in step)
    assert all(one.get("required") or "default" in one for one in ACTION["inputs"].values())
    assert all(re.search(r"@v\d+$", step["uses"]) for step in ACTION["runs"]["steps"] if "uses" in step)


def test_every_input_is_used_and_none_stands_in_a_script() -> None:
    used = re.findall(r"\$\{\{ inputs\.([\w-]+) \}\}", (ROOT / "action.yml").read_text(encoding="utf-8"))
    assert set(used) == set(ACTION["inputs"])
    assert not any("${{" in step["run"] for step in ACTION["runs"]["steps"] if "run" in step)


def test_the_workflow_gives_the_action_what_it_takes() -> None:
    triggers = WORKFLOW[True]  # YAML 1.1 reads the key `on` so
    (job,) = WORKFLOW["jobs"].values()
    use = next(step for step in job["steps"] if step["uses"] == "./")
    assert set(use["with"]) <= set(ACTION["inputs"])
    for trigger in ("workflow_dispatch", "workflow_call"):
        assert set(triggers[trigger]["inputs"]) == set(use["with"])
    assert WORKFLOW["permissions"] == {"contents": "read"}


def test_what_the_action_installs_from_is_in_the_repository() -> None:
    assert "constraints/core.txt" in STEPS["Install openmed-data"]["run"]
    assert (ROOT / "constraints" / "core.txt").is_file()


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("action") / "a build, with; $(signs)"
    return build_dataset("medmcqa-prefs", "sample", folder, validation=False).path


def run_step(folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run the script of the step as GitHub's runner does, with the installed command in front of the PATH."""
    step = STEPS["Validate"]
    environment = dict.fromkeys(step["env"], "") | {
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "REPORT": str(folder / "report"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
    }
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    return subprocess.run(
        command, env=environment | inputs, cwd=folder, capture_output=True, text=True, check=False, timeout=250
    )


def test_a_sound_build_passes_and_its_report_is_kept(build: Path, tmp_path: Path) -> None:
    done = run_step(tmp_path, DATASET=str(build), CHECKS="schema,pairs,quality", SELF_TEST="true")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "output").read_text(encoding="utf-8") == f"report={tmp_path / 'report'}\n"
    names = {path.name for path in (tmp_path / "report").iterdir()}
    assert names == {"report.json", "report.md", "report.html", "junit.xml", "self_test.json"}
    summary = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert "validation passed" in summary
    assert "Planted faults" in summary
    assert "::notice" in done.stderr
    again = run_step(tmp_path, DATASET=str(build), CHECKS="schema", BASELINE=str(tmp_path / "report"))
    assert again.returncode == 0, again.stderr
    assert "Since the baseline" in (tmp_path / "summary.md").read_text(encoding="utf-8")


def test_several_benchmarks_are_looked_for(build: Path, tmp_path: Path) -> None:
    for name in ("one", "the other"):
        question = f"Which organ does this question, {name} of two, ask for by so many words?"
        options = {"A": "liver", "B": "heart", "C": "lung", "D": "spleen"}
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"question": question, "options": options, "answer": "A"}))
    done = run_step(
        tmp_path, DATASET=str(build), CHECKS="contamination", BENCHMARKS="one=one.jsonl, other=the other.jsonl"
    )
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    (check,) = (one for one in report["checks"] if one["check"] == "contamination")
    assert not check.get("not_run")


def test_a_faulty_dataset_fails_and_is_annotated(build: Path, tmp_path: Path) -> None:
    rows = pl.read_parquet(build / "data" / "*.parquet")
    rows.with_columns(rejected=pl.col("chosen")).write_parquet(tmp_path / "-odd name.parquet")
    done = run_step(tmp_path, DATASET="-odd name.parquet", CHECKS="pairs")
    assert done.returncode == 1
    assert "::error" in done.stderr
    assert "identical" in done.stderr
    assert (tmp_path / "report" / "report.html").is_file()
    assert "validation failed" in (tmp_path / "summary.md").read_text(encoding="utf-8")
