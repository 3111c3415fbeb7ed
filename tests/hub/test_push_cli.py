"""The command as a user runs it: real processes, real loading, and no token anywhere in what they say."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from conftest_hub import REPO, planned
from making import make_build, trace
from stand_in.faults import Fault, Kind
from stand_in.server import StandIn
from stand_in.world import WRITER

from openmed_data.kinds import Kind as DatasetKind
from openmed_data.planted import SelfTest, write_self_test
from openmed_data.report import read_report, write_report

Cli = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def cli(hub: StandIn, tmp_path: Path) -> Cli:
    def run(*arguments: object, **variables: str) -> "subprocess.CompletedProcess[str]":
        environment = {
            **os.environ,
            "HF_ENDPOINT": hub.world.origin,
            "HF_HOME": str(tmp_path / "home"),
            "HF_TOKEN": WRITER,
            "HF_HUB_DISABLE_XET": "1",
            **variables,
        }
        environment.pop("HF_HUB_CACHE", None)
        command = [sys.executable, "-m", "openmed_data", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
        assert WRITER not in done.stdout + done.stderr
        assert "signature=" not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr or "--debug" in arguments
        return done

    return run


def test_push_pull_and_validate_from_the_hub(cli: Cli, hub: StandIn, build: Path, tmp_path: Path):
    pushed = cli("push", build, REPO, "--tag", "v1")
    assert pushed.returncode == 0, pushed.stderr
    assert "pushed and verified" in pushed.stdout
    assert "data/train-00000-of-00002.parquet" in pushed.stdout.split("repository")[0]
    assert planned(hub, build, commits=1)
    again = cli("push", build, REPO, "--tag", "v1")
    assert "holds exactly this already; nothing was uploaded" in again.stderr
    pulled = cli("pull", f"{REPO}@v1", "--out", tmp_path / "out")
    assert "every file of rows is the one that the manifest names" in pulled.stdout, pulled.stderr
    assert (tmp_path / "out" / "manifest.json").read_bytes() == (build / "manifest.json").read_bytes()
    assert "not verified" not in pulled.stdout
    hub.put(REPO, "README.md", (build / "README.md").read_bytes() + b"Mine.\n")
    edited = cli("pull", REPO, "--out", tmp_path / "edited")
    assert re.search(r"not verified +as the commit has them: README\.md\n", edited.stdout), edited.stderr


@pytest.mark.slow
def test_validate_fetches_from_the_hub(cli: Cli, build: Path, tmp_path: Path):
    cli("push", build, REPO)
    done = cli("validate", f"hub:{REPO}@main", "--checks", "schema", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["passed"]
    assert {check["check"] for check in report["checks"]} == {"integrity", "schema"}


@pytest.mark.slow
def test_tool_calls_survive_the_way(cli: Cli, tmp_path: Path):
    build = make_build(tmp_path / "traces", row=trace, kind=DatasetKind.TRACES)
    done = cli("push", build, REPO)
    assert done.returncode == 0, done.stderr


def test_json_is_all_that_stands_on_stdout(cli: Cli, hub: StandIn, build: Path):
    done = cli("push", build, REPO, "--dry-run", "--json")
    facts = json.loads(done.stdout)
    assert facts["commit"] is None
    assert "README.md" in facts["plan"]["add"]
    assert hub.world.repositories == {}


@pytest.mark.parametrize("debug", [(), ("--debug",)])
def test_an_error_names_state_and_remedy_and_no_token(debug: tuple[str, ...], cli: Cli, hub: StandIn, build: Path):
    echo = json.dumps({"error": f"token {WRITER} is not good enough"}).encode()
    hub.faults.plant(Fault("POST .*/commit/", Kind.STATUS, status=403, body=echo))
    done = cli("push", build, REPO, *debug)
    assert done.returncode == 1
    assert "error: the access token may not do this" in done.stderr
    assert "still empty" in done.stderr
    assert "hint: " in done.stderr


def test_offline_and_a_closed_gate_have_their_exit_codes(cli: Cli, build: Path):
    assert "HF_HUB_OFFLINE is set" in cli("push", build, REPO, HF_HUB_OFFLINE="1").stderr
    (build / "stray").write_text("x")
    closed = cli("push", build, REPO)
    assert closed.returncode == 1
    assert "stray: found a file that the manifest does not name" in closed.stderr
    assert cli("push", build, "no-owner").returncode == 2


def test_a_self_test_is_pushed_with_the_report_that_tells_of_it(cli: Cli, hub: StandIn, build: Path):
    report = read_report(build / "validation")
    tested = SelfTest(rows=3, recalls=(), unplanted={}, content_digest=report.content_digest)
    write_report(replace(report, self_test=tested), build / "validation")
    write_self_test(tested, build / "validation")
    pushed = cli("push", build, REPO)
    assert pushed.returncode == 0, pushed.stderr
    assert planned(hub, build, commits=1)
    write_self_test(replace(tested, rows=99), build / "validation")
    refused = cli("push", build, REPO)
    assert refused.returncode != 0
    assert "not the self-test that the report tells of" in refused.stderr


def test_a_dry_run_ends_with_the_command_that_pushes_so(cli: Cli, build: Path):
    wanted = ("--public", "--tag", "v1", "--message", "Two words")
    shown = cli("push", build, REPO, *wanted, "--dry-run")
    assert f"next: openmed-data push {build} {REPO} --public --tag v1 --message 'Two words'" in shown.stderr
