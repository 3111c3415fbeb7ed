"""What was pushed comes back byte for byte, or is refused by name."""

import json
from pathlib import Path

import polars as pl
import pytest
from conftest_hub import REPO, Push
from stand_in.faults import Fault, Kind
from stand_in.repository import large
from stand_in.server import StandIn

from openmed_data import kinds
from openmed_data.check import FINDINGS, CheckResult
from openmed_data.dataset import open_dataset
from openmed_data.errors import HubError, UsageError
from openmed_data.hub import attestation
from openmed_data.hub.pull import Pulled, pull
from openmed_data.report import Report

pytestmark = [
    pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning"),
    pytest.mark.usefixtures("slept", "without_loading"),
]

TRAIN = "data/train-00000-of-00002.parquet"


@pytest.fixture
def pushed(hub: StandIn, build: Path, push_to: Push) -> StandIn:
    push_to(hub, build, tag="v1")
    return hub


def pull_from(hub: StandIn, out: Path, revision: str = "v1") -> Pulled:
    return pull(REPO, revision, out, endpoint=hub.origin, read_seconds=20)


@pytest.mark.parametrize("revision", ["main", "v1"])
def test_a_build_comes_back_as_it_was(revision: str, pushed: StandIn, build: Path, tmp_path: Path):
    pushed.put(REPO, "LICENSE", b"MIT")
    found = pull_from(pushed, tmp_path / "out", revision)
    assert found.attested
    local = {path.relative_to(build): path.read_bytes() for path in build.rglob("*") if path.is_file()}
    fetched = {path.relative_to(found.path): path for path in found.path.rglob("*") if path.is_file()}
    rejected = {name for name in local if name.parts[0] == "rejected"}
    assert set(fetched) == set(local) - rejected | {Path("croissant.json"), Path(attestation.NAME)}
    assert all(path.read_bytes() == local[name] for name, path in fetched.items() if name in local)
    assert not any(path.is_symlink() for path in fetched.values())
    assert open_dataset(str(found.path)).splits == ("train", "validation")


def test_a_pulled_build_can_be_pushed_again(pushed: StandIn, build: Path, push_to: Push, tmp_path: Path):
    push_to(pushed, build, with_rejected=True)
    found = pull_from(pushed, tmp_path / "out", "main")
    assert not push_to(pushed, found.path, with_rejected=True).written


def test_an_existing_folder_is_not_written_to(pushed: StandIn, build: Path):
    with pytest.raises(UsageError, match="exists already"):
        pull_from(pushed, build)


@pytest.mark.parametrize("kind", [Kind.CORRUPT, Kind.TRUNCATED, Kind.RESET])
def test_a_damaged_download_is_fetched_again(kind: Kind, pushed: StandIn, tmp_path: Path):
    pushed.storage_faults.plant(Fault("GET /objects", kind))
    assert pull_from(pushed, tmp_path / "out").path.is_dir()
    assert pushed.storage_faults.met


def test_one_that_stays_damaged_is_named_and_leaves_nothing(pushed: StandIn, tmp_path: Path):
    pushed.storage_faults.plant(Fault("GET /objects", Kind.CORRUPT, 100))
    with pytest.raises(HubError, match=f"{TRAIN} is not the file that the manifest names"):
        pull_from(pushed, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_shard_that_was_replaced_on_the_hub_is_named(pushed: StandIn, tmp_path: Path):
    found = pushed.repository(REPO)
    other = found.head.files["data/validation-00000-of-00001.parquet"]
    swapped = {TRAIN: large(str(other.sha256), other.size)}
    found.commit({"summary": "swap"}, swapped, [], pull=False)
    with pytest.raises(HubError, match=f"{TRAIN} is not the file"):
        pull_from(pushed, tmp_path / "out", "main")


def test_a_shard_too_many_or_too_few_is_named(pushed: StandIn, tmp_path: Path):
    pushed.put(REPO, "data/train-00002-of-00002.parquet", b"PAR1")
    with pytest.raises(HubError, match="the manifest does not name it"):
        pull_from(pushed, tmp_path / "out", "main")
    pushed.repository(REPO).commit({"summary": "x"}, {}, [TRAIN, "data/train-00002-of-00002.parquet"], pull=False)
    with pytest.raises(HubError, match=f"{TRAIN} is not there"):
        pull_from(pushed, tmp_path / "out", "main")


def test_a_statement_names_no_check_that_did_not_run():
    nothing = pl.DataFrame(schema=FINDINGS)
    ran = CheckResult("phi", (), nothing, {}, 3)
    idle = CheckResult("contamination", (), nothing, {}, 3, not_run="no benchmarks were given to look for")
    report = Report("toy", kinds.Kind.SFT, "ab" * 32, "", {}, (ran, idle), passed=True, expectations=3)
    said = json.loads(attestation.statement(report, "ab" * 32, b"{}", REPO))
    assert said["predicate"]["verifiedLevels"] == ["OPENMED_DATA_PHI"]


def test_a_statement_about_another_manifest_is_refused(pushed: StandIn, tmp_path: Path):
    statement = json.loads(pushed.read(REPO)[attestation.NAME])
    statement["subject"][0]["digest"]["sha256"] = "0" * 64
    pushed.put(REPO, attestation.NAME, json.dumps(statement).encode())
    with pytest.raises(HubError, match="about another manifest"):
        pull_from(pushed, tmp_path / "out", "main")


def test_files_that_do_not_follow_from_the_manifest_are_named(pushed: StandIn, build: Path, tmp_path: Path):
    assert pull_from(pushed, tmp_path / "whole").unverified == ()
    for name, content in {
        "README.md": (build / "README.md").read_bytes() + b"Trust me.\n",
        "validation/report.html": b"<h1>All is well</h1>",
        "validation/notes.txt": b"mine",
    }.items():
        pushed.put(REPO, name, content)
    found = pull_from(pushed, tmp_path / "edited", "main")
    assert found.attested
    # The Croissant description is made of the card's own front matter, which is as it was.
    assert found.unverified == ("README.md", "validation/notes.txt", "validation/report.html")


def test_a_report_that_the_statement_does_not_name_is_refused(pushed: StandIn, tmp_path: Path):
    report = json.loads(pushed.read(REPO)["validation/report.json"])
    report["samples"] = []
    pushed.put(REPO, "validation/report.json", json.dumps(report).encode())
    with pytest.raises(HubError, match=r"validation/report\.json is not the report"):
        pull_from(pushed, tmp_path / "out", "main")
    pushed.repository(REPO).commit({"summary": "x"}, {}, [attestation.NAME], pull=False)
    found = pull_from(pushed, tmp_path / "out", "main")
    assert not found.attested
    assert {"README.md", "validation/report.json", "validation/junit.xml"} <= set(found.unverified)


@pytest.mark.parametrize("name", ["manifest.json", "README.md"])
def test_a_small_file_that_comes_damaged_is_fetched_again(name: str, pushed: StandIn, tmp_path: Path):
    pushed.faults.plant(Fault(f"GET /api/resolve-cache/.*{name}", Kind.CORRUPT))
    assert pull_from(pushed, tmp_path / "out").unverified == ()
    assert pushed.faults.met


def test_a_small_file_that_stays_damaged_is_named_and_leaves_nothing(pushed: StandIn, tmp_path: Path):
    pushed.faults.plant(Fault("GET /api/resolve-cache/.*README.md", Kind.CORRUPT, 100))
    with pytest.raises(HubError, match=r"README\.md, downloaded from commit"):
        pull_from(pushed, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_is_no_build_or_not_there_is_said(hub: StandIn, tmp_path: Path):
    with pytest.raises(HubError, match="does not exist or is not visible"):
        pull_from(hub, tmp_path / "out")
    hub.create(REPO)
    with pytest.raises(HubError, match="no such revision"):
        pull_from(hub, tmp_path / "out")
    with pytest.raises(UsageError, match="holds no build"):
        pull_from(hub, tmp_path / "out", "main")
