"""`validate` and the verdict that `build` ends with."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from openmed_data.cli import app

Run = Callable[..., Result]
REPORTS = {"report.json", "report.md", "report.html", "junit.xml"}


@pytest.fixture
def run() -> Run:
    """Run a command in this process; it must leave with `code`."""

    def invoke(*arguments: object, code: int = 0, **variables: str) -> Result:
        done = CliRunner().invoke(app, list(map(str, arguments)), env=variables)
        assert done.exit_code == code, done.output
        return done

    return invoke


@pytest.fixture
def build(sample_build: Path, tmp_path: Path) -> Path:
    return shutil.copytree(sample_build, tmp_path / "prefs")


@pytest.fixture
def faulty(sample_build: Path, tmp_path: Path) -> Path:
    """A loose file in which one pair has the same reply twice."""
    (train,) = (sample_build / "data").glob("train-*.parquet")
    rows = pl.read_parquet(train).with_row_index()
    again = pl.col("index") == 4
    same = pl.when(again).then("chosen").otherwise("rejected").alias("rejected")
    label = pl.when(again).then("chosen_label").otherwise("rejected_label").alias("rejected_label")
    rows.with_columns(same, label).drop("index").write_parquet(tmp_path / "faulty.parquet")
    return tmp_path / "faulty.parquet"


def test_a_build_gets_its_report_and_its_card(run: Run, build: Path) -> None:
    before = (build / "README.md").read_text(encoding="utf-8")
    done = run("validate", build)
    assert {path.name for path in (build / "validation").iterdir()} >= REPORTS
    assert (build / "README.md").read_text(encoding="utf-8") != before
    assert "passed" in done.stdout
    assert "FAILED" not in done.stdout
    assert str(build / "validation" / "report.html") in done.stdout
    assert f"next: openmed-data show {build}" in done.stderr
    # What `build` says of this build from now on.
    source = ("build", "medmcqa-prefs", "--source", "sample", "--out", build, "--json", "--quiet")
    assert json.loads(run(*source).stdout)["passed"] is True


def test_a_faulty_set_fails_and_the_row_is_named(run: Run, faulty: Path) -> None:
    done = run("validate", faulty, code=1)
    assert "pairs.identical_sides" in done.stdout
    assert "FAILED" in done.stdout
    assert [path.name for path in faulty.parent.iterdir()] == [faulty.name]  # a loose file gets no report unasked
    wanted = pl.read_parquet(faulty)["id"][4]
    assert f"pairs:identical_sides  {wanted}  chosen" in done.stdout
    assert f"--row {wanted}" in done.stderr
    shown = json.loads(run("show", faulty, "--row", wanted, "--json").stdout)
    assert shown["chosen"] == shown["rejected"]


def test_a_changed_file_of_a_build_fails(run: Run, build: Path) -> None:
    (train,) = (build / "data").glob("train-*.parquet")
    pl.read_parquet(train).with_columns(pl.lit("x").alias("topic")).write_parquet(train)
    done = run("validate", build, code=1)
    assert "integrity:changed_files" in done.stdout
    assert f"data/{train.name}" in done.stdout
    assert json.loads((build / "validation" / "report.json").read_text(encoding="utf-8"))["passed"] is False


def test_a_part_of_the_checks_is_no_report_of_the_build(run: Run, build: Path, tmp_path: Path) -> None:
    run("validate", build, "--checks", "schema")
    run("validate", build, "--set", "pairs.max_identical=5")
    assert not (build / "validation").exists()
    run("validate", build, "--checks", "schema", "--report-dir", tmp_path / "part")
    assert {path.name for path in (tmp_path / "part").iterdir()} >= REPORTS


def test_thresholds_decide(run: Run, faulty: Path) -> None:
    facts = json.loads(run("validate", faulty, "--set", "pairs.max_identical=1", "--json").stdout)
    assert facts["passed"] is True
    assert {one["check"] for one in facts["checks"]} >= {"pairs", "schema"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--checks", "pair"], "Did you mean 'pairs'?"),
        (["--set", "pairs.max_identcal=1"], "did you mean 'pairs.max_identical'?"),
        (["--checks", "schema", "--set", "pairs.max_identical=1"], "there is no option 'pairs.max_identical'"),
        (["--set", "pairs.max_identical=few"], "max_identical"),
        (["--baseline", "nowhere", "--report-dir", "here"], "nowhere"),
        (["--report-dir", "faulty.parquet"], "'faulty.parquet' is no folder"),
        (["--report-dir", "faulty.parquet/here"], "faulty.parquet' is no folder"),
        (["--checks", " ,"], "--checks names no check"),
    ],
)
def test_usage_errors(
    run: Run, faulty: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("validate", faulty, *arguments, code=2)
    assert message in done.stderr
    assert "check: " not in done.stderr, "said before the checks take their time"


def test_a_folder_that_may_not_be_written_to_is_refused_first(
    run: Run, build: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(path: Path, mode: int) -> bool:  # root may write everywhere
        return not (mode == os.W_OK and path == build)

    monkeypatch.setattr(os, "access", closed)
    done = run("validate", build, code=2)
    assert f"'{build}' may not be written to" in done.stderr
    assert "check: " not in done.stderr


def test_a_baseline_that_no_report_would_show_is_refused(run: Run, faulty: Path, tmp_path: Path) -> None:
    run("validate", faulty, "--report-dir", tmp_path / "then", code=1)
    done = run("validate", faulty, "--baseline", tmp_path / "then", code=2)
    assert "--baseline is given, and no report is written\nhint: Add --report-dir DIR." in done.stderr


def test_github_gets_annotations_and_a_summary(run: Run, faulty: Path, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("# Before\n", encoding="utf-8")
    done = run("validate", faulty, "--github", "--json", code=1, GITHUB_STEP_SUMMARY=str(summary))
    assert any(line.startswith("::error title=") and "identical_sides" in line for line in done.stderr.splitlines())
    json.loads(done.stdout)
    text = summary.read_text(encoding="utf-8")
    assert text.startswith("# Before\n")
    assert "identical_sides" in text


def test_a_report_is_compared_with_an_earlier_one(run: Run, build: Path, faulty: Path, tmp_path: Path) -> None:
    run("validate", build, "--report-dir", tmp_path / "first")
    run("validate", faulty, "--report-dir", tmp_path / "second", "--baseline", tmp_path / "first", code=1)
    plain = (tmp_path / "first" / "report.md").read_text(encoding="utf-8")
    compared = (tmp_path / "second" / "report.md").read_text(encoding="utf-8")
    assert "aseline" in compared
    assert "aseline" not in plain


def test_build_ends_with_the_verdict(run: Run, tmp_path: Path) -> None:
    done = run("build", "medmcqa-prefs", "--source", "sample", "--out", tmp_path / "x")
    assert "FIGURES IN RANGE" in done.stdout
    assert str(tmp_path / "x" / "validation" / "report.html") in done.stdout
    assert "not checked" not in done.stdout


def test_a_build_that_fails_a_check_stands_and_says_so(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "x"
    strict = ("--set", "schema.min_rows=10000")
    done = run("build", "medmcqa-prefs", "--source", "sample", "--out", out, *strict, code=1)
    assert "FAILED" in done.stdout
    assert "schema.rows" in done.stdout
    assert (out / "manifest.json").is_file()
    assert f"next: openmed-data validate {out}" in done.stderr


def test_a_build_that_stands_unchecked_is_checked(run: Run, build: Path) -> None:
    again = ("build", "medmcqa-prefs", "--source", "sample", "--out", build, "--json", "--quiet")
    assert not (build / "validation").exists()
    assert json.loads(run(*again).stdout)["passed"] is True
    assert {path.name for path in (build / "validation").iterdir()} >= REPORTS
    # Other thresholds are not answered with the old verdict.
    assert json.loads(run(*again, "--set", "pairs.min_pairs=100000", code=1).stdout)["passed"] is False


def test_a_build_and_a_later_validation_write_the_same_report(run: Run, tmp_path: Path) -> None:
    run("build", "medmcqa-prefs", "--source", "sample", "--out", tmp_path / "prefs")
    reports = {path.name: path.read_bytes() for path in (tmp_path / "prefs" / "validation").iterdir()}
    run("validate", tmp_path / "prefs")
    assert {path.name: path.read_bytes() for path in (tmp_path / "prefs" / "validation").iterdir()} == reports


def test_damage_is_told_from_a_defect(run: Run, build: Path, faulty: Path) -> None:
    content = bytearray(faulty.read_bytes())
    content[40:80] = bytes(40)
    faulty.write_bytes(content)
    assert "'faulty.parquet' cannot be read" in run("validate", faulty, code=2).output
    whole = json.loads((build / "manifest.json").read_text(encoding="utf-8"))
    shutil.copy(next((build / "data").iterdir()), faulty.parent / "other.parquet")
    files = [{name: value for name, value in whole["files"][0].items() if name != "sha256"}]
    for damaged, found in (
        ("{", "is no manifest"),
        ("[]", "is no manifest"),
        ("{}", "is no manifest"),
        ('{"format": 2}', "dataset: expected a text"),
        (json.dumps(whole | {"kind": "pears"}), "kind: found 'pears'; expected one of sft, preferences"),
        (json.dumps(whole | {"kind": ["pears"]}), "kind: expected a text"),
        (json.dumps(whole | {"files": files}), "files[0]: lacks sha256"),
        (json.dumps(whole | {"files": ["data"]}), "files[0]: lacks name"),
        (json.dumps(whole | {"files": [5]}), "files[0]: lacks name"),
        (json.dumps(whole | {"filters": [{"check": "phi"}]}), "filters[0]: lacks given, used, mended"),
        (
            json.dumps(whole | {"files": [whole["files"][0] | {"rows": "5"}]}),
            "files[0]: lacks rows, or has another type",
        ),
        (json.dumps(whole | {"files": [whole["files"][0] | {"name": "../x"}]}), "files[0]: found the file '../x'"),
        (json.dumps(whole | {"books": {}}), "books.source_rows: expected a count"),
        (json.dumps(whole | {"books": whole["books"] | {"kept_rows": 5}}), "books.kept_rows: expected counts by name"),
        (json.dumps(whole | {"source": {}}), "source.license: expected a text"),
    ):
        (build / "manifest.json").write_text(damaged, encoding="utf-8")
        for command in (["validate"], ["show"], ["card"], ["diff", faulty.parent / "other.parquet"]):
            said = run(*command, build, code=2).output
            assert found in said, said
            assert "defect" not in said


def test_the_broken_line_of_a_file_is_named(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    row = '{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]}'
    for content, said in (
        (f"{row}\n\nnot json\n", "row 3: found broken JSON (Expecting value"),
        (f"{row}\n{row[:-9]}", "row 2: found broken JSON (Unterminated string"),
        (f"\ufeff{row}\n", "row 1: found broken JSON (Unexpected UTF-8 BOM"),
        (f"[{row}]", "row 1: found a JSON list"),
    ):
        path.write_text(content, encoding="utf-8")
        printed = run("validate", path, code=2).stderr
        assert f"rows.jsonl, {said}" in printed
        assert "hint: Write one JSON object on each line" in printed


def test_damaged_rejected_rows_are_told_from_a_defect(run: Run, build: Path) -> None:
    (rejected,) = (build / "rejected").iterdir()
    rejected.write_bytes(rejected.read_bytes()[:-50])
    assert f"'{rejected.name}' cannot be read" in run("show", build, "--rejected", "all", code=2).stderr


def test_a_card_names_the_file_that_is_missing_or_damaged(run: Run, build: Path) -> None:
    (train,) = (build / "data").glob("train-*.parquet")
    train.write_bytes(train.read_bytes()[:-100])
    assert f"{train.name}' cannot be read" in run("card", build, code=2).stderr
    train.unlink()
    assert f"data/{train.name}: found no file" in run("card", build, code=2).stderr
