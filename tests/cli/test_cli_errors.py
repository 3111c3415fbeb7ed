"""What goes wrong is said in one form, with the right exit code, and without text that nobody should see."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openmed_data import dataset
from openmed_data.cli import app, main

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run the command in this process; return exit code, standard output and standard error."""
    with pytest.raises(SystemExit) as left:
        main(list(arguments))
    return int(left.value.code or 0), *capsys.readouterr()


@pytest.mark.parametrize("group", [[], ["train"], ["probe"]])
def test_a_group_without_a_command_shows_its_help(capsys: pytest.CaptureFixture[str], group: list[str]) -> None:
    code, out, err = run(capsys, *group)
    assert (code, out) == (2, "")
    assert err.startswith(f"Usage: {' '.join(['openmed-data', *group])} [OPTIONS] COMMAND")
    assert "hint:" not in err


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["build", "medmcqa-pref"], "no dataset is called 'medmcqa-pref'", "Did you mean 'medmcqa-prefs'?"),
        (["bild"], "no such command 'bild'", "openmed-data --help"),
        (["show"], "missing argument 'PATH'", "openmed-data show --help"),
        (["show", "nowhere"], "'nowhere' does not exist", "build's folder"),
        (["build", "medmcqa-prefs", "--limit", "0"], "'--limit'", "openmed-data build --help"),
        (["build", "medmcqa-prefs", "--source", "no.json"], "'no.json' does not exist", "--source"),
        (["build", "medmcqa-prefs", "--set", "sed=1"], "no option 'sed'; did you mean 'seed'", "describe"),
        (["build", "medmcqa-prefs", "--set", "seed"], "'seed' is not KEY=VALUE", "describe"),
        (["build", "medmcqa-prefs", "--set", "seed=1", "--seed", "2"], "'seed' is given twice", "describe"),
        (["build", "medmcqa-prefs", "--set", "seed=x", "--source", "sample"], "seed: ", "describe"),
        (["build", "medmcqa-prefs", "--source", ""], "the source is empty", "is a variable not set?"),
        (["build", "medmcqa-prefs", "--source", "hub:nobody", "--dry-run"], "'nobody' names no Hub", "hub:OWNER/NAME"),
        (["build", "medmcqa-prefs", "--source", "hub:a/", "--dry-run"], "'a/' names no Hub dataset", "hub:OWNER/NAME"),
        (["build", "medmcqa-prefs", "--source", "hub:a/b c", "--dry-run"], "'a/b c' names no Hub dataset", "@REVISION"),
        (["build", "tool-traces", "--set", "format=opena"], "\n  format: no format is called 'opena'", "describe"),
        (["card", "."], "no finished build", "--out"),
        (["describe", "schemas"], "no dataset or check is called", "Did you mean 'schema'?"),
        (["describe", "dpo"], "no dataset or check is called 'dpo'", "openmed-data train dpo --help"),
        (["describe", "nothing"], "no dataset or check is called 'nothing'", "medmcqa-prefs"),
        (["show", "."], "holds no file that can be read", ".parquet"),
        (["show", ".", "--rejected", "all", "--row", "1"], "--rejected", "no split"),
    ],
)
def test_usage_errors(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: list[str],
    message: str,
    hint: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, *arguments)
    assert code == 2
    assert out == ""
    error, _, tail = err.partition("\nhint: ")
    assert error.startswith("error: ")
    assert message in error
    assert hint in tail
    assert "Traceback" not in err


def test_exit_codes_of_the_real_command(cli: Run, sample_build: Path) -> None:
    assert cli("show", sample_build, "--sample", 1).returncode == 0
    done = cli("describe", "nothing")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: no dataset or check is called 'nothing'\nhint: ")


def test_every_bad_setting_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "build", "medmcqa-prefs", "--set", "stile=x", "--set", "negtives=all", "--set", "why")
    assert code == 2
    for part in ("'stile'; did you mean 'style'", "'negtives'; did you mean 'negatives'", "'why' is not KEY=VALUE"):
        assert part in err


def test_a_token_in_a_message_is_masked(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "build", "medmcqa-prefs", "--source", "hub:hf_AbCdEfGhIjKlMnOpQrSt")
    assert code == 2
    assert "hf_***" in err
    assert "AbCdEf" not in out + err


def _defect(_: str) -> None:
    raise ValueError("seen in the row of Jane Roe, born 1970")


def test_a_defect_names_its_place_and_not_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "open_dataset", _defect)
    done = CliRunner().invoke(app, ["show", "x"])
    assert done.exit_code == 1
    assert "unexpected ValueError at show.py:" in done.stderr  # the last call in our own code, not in a library's
    assert "Jane" not in done.output
    assert "Traceback" not in done.output


def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "open_dataset", _defect)
    for arguments in (["show", "x", "--debug"], ["--debug", "show", "x"]):
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 1
        assert "Traceback" in done.stderr


def test_a_full_disk_is_no_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: str) -> None:
        raise OSError(28, "No space left on device", "shard.parquet")

    monkeypatch.setattr(dataset, "open_dataset", full)
    done = CliRunner().invoke(app, ["show", "x"])
    assert done.exit_code == 1
    assert "error: 'shard.parquet': No space left on device" in done.stderr
    assert "defect" not in done.stderr


def test_a_closed_output_is_no_error():
    from_shell = f"'{sys.executable}' -m openmed_data list >&-"
    done = subprocess.run(["bash", "-c", from_shell], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, "error" in done.stderr) == (0, False)


def test_a_reader_that_leaves_early_is_no_error(sample_build: Path) -> None:
    show = f"'{sys.executable}' -m openmed_data show '{sample_build}' --sample 300 --full"
    from_shell = f"{show} | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", from_shell], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.splitlines()[-1] in {"0", "141"}  # 0 where all of it fitted into the pipe
    assert "Traceback" not in done.stderr
    assert "error" not in done.stderr


@pytest.mark.parametrize(
    "wrong", [("--set", "phi.level=banana"), ("--engine", "nonsense"), ("--set", "phi.nothing=1")], ids=" ".join
)
def test_a_dry_run_refuses_what_the_build_refuses(cli: Run, tmp_path: Path, wrong: tuple[str, str]):
    out = tmp_path / "out"
    asked = ("build", "medmcqa-prefs", "--source", "sample", "--out", out, *wrong)
    dry, real = cli(*asked, "--dry-run"), cli(*asked)
    assert (dry.returncode, dry.stderr) == (real.returncode, real.stderr)
    assert dry.returncode == 2


def test_a_dry_run_of_a_mixture_needs_its_recipe(cli: Run):
    assert cli("build", "sft-mix", "--dry-run").returncode == 2


def test_surroundings_that_would_end_a_build_late_are_refused(
    cli: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = cli("build", "medmcqa-prefs", "--dry-run", PYTHONOPTIMIZE="2")
    assert (done.returncode, done.stderr.splitlines()[1]) == (2, "hint: Set PYTHONOPTIMIZE to 0 or 1.")
    monkeypatch.setattr("os.path.expanduser", os.fspath)  # a user id without an entry, and no HOME
    code, _, err = run(capsys, "build", "medmcqa-prefs", "--dry-run")
    assert (code, err.splitlines()[1]) == (2, "hint: Set HOME.")


def test_a_cache_that_cannot_be_written_is_not_blamed_on_the_benchmarks(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    benchmark = tmp_path / "quiz.jsonl"
    benchmark.write_text('{"question": "Which organ makes bile?"}\n')
    arguments = ("build", "medmcqa-prefs", "--source", "sample", "--out", str(tmp_path / "out"))
    settings = ("--benchmarks", str(benchmark), "--set", f"contamination.cache={benchmark}/kept")
    code, _, err = run(capsys, *arguments, *settings)
    assert code == 2
    assert f"the index of the benchmarks cannot be kept: [Errno 20] Not a directory: '{benchmark}" in err
    assert "--set contamination.cache=DIR" in err
