"""The same over Xet: hf_xet itself cuts and hashes, into the store that it can keep in a folder."""

import re
from pathlib import Path

import pytest
from conftest_hub import REPO, Push, copy
from stand_in.faults import Fault, Kind
from stand_in.server import StandIn

from openmed_data.errors import HubError
from openmed_data.hub.contents import owned

pytestmark = [pytest.mark.usefixtures("slept", "without_loading")]

COMMIT, TOKEN, READ_TOKEN = "POST .*/commit/", "GET .*/xet-write-token", "GET .*/xet-read-token"
SHARDS = {
    f"data/{name}.parquet" for name in ("train-00000-of-00002", "train-00001-of-00002", "validation-00000-of-00001")
}


def planned(hub: StandIn, done_files: dict[str, str], *, commits: int) -> bool:
    files = {name: blob for name, blob in hub.repository(REPO).head.files.items() if owned(name)}
    assert set(files) == set(done_files)
    assert {name for name, blob in files.items() if blob.xet} == SHARDS
    assert {name: files[name].sha256 for name in SHARDS} == {name: done_files[name] for name in SHARDS}
    assert len(hub.repository(REPO).history("main")) == 1 + commits
    assert hub.stored == []  # nothing went by the LFS protocol
    return True


def hashes(done) -> dict[str, str]:
    return {name: file.sha256 for name, file in done.plan.contents.files.items()}


def test_a_build_is_pushed_verified_and_tagged(xet_hub: StandIn, build: Path, push_to: Push):
    done = push_to(xet_hub, build, tag="v1")
    assert planned(xet_hub, hashes(done), commits=1)
    assert xet_hub.repository(REPO).tags == {"v1": done.commit}
    assert not push_to(xet_hub, build, tag="v1").written


def test_only_changed_shards_are_committed(xet_hub: StandIn, build: Path, made, push_to: Push, tmp_path: Path):
    push_to(xet_hub, build)
    done = push_to(xet_hub, copy(made[1], tmp_path / "edited"))
    assert [name for name in done.plan.change if name in SHARDS] == ["data/train-00001-of-00002.parquet"]
    assert planned(xet_hub, hashes(done), commits=2)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(COMMIT, Kind.LOST),
        Fault(COMMIT, Kind.LOST_STATUS, status=502, body=b"<html>"),
        Fault(COMMIT, Kind.STATUS, status=503),
        Fault(TOKEN, Kind.STATUS, status=503),
        Fault(TOKEN, Kind.RESET),
        Fault(READ_TOKEN, Kind.STATUS, status=503),
    ],
    ids=lambda fault: f"{fault.request} {fault.kind}",
)
def test_a_passing_fault_is_overcome(fault: Fault, xet_hub: StandIn, build: Path, push_to: Push):
    xet_hub.faults.plant(fault)
    done = push_to(xet_hub, build)
    assert xet_hub.faults.met
    assert planned(xet_hub, hashes(done), commits=1)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault(TOKEN, Kind.STATUS, 1_000, status=401), "no access"),
        (Fault(TOKEN, Kind.STATUS, 1_000, status=403), "no access"),
        (Fault(TOKEN, Kind.STATUS, 1_000, status=404), "still empty"),
        (Fault(TOKEN, Kind.STATUS, 1_000, status=200, body=b"<html>"), "still empty"),
        (Fault(COMMIT, Kind.STATUS, status=403), "may not do this"),
    ],
    ids=["token 401", "token 403", "token 404", "token no JSON", "commit 403"],
)
def test_a_lasting_fault_leaves_nothing_and_a_rerun_finishes(
    fault: Fault, says: str, xet_hub: StandIn, build: Path, push_to: Push
):
    xet_hub.faults.plant(fault)
    with pytest.raises(HubError, match=re.escape(says)) as caught:
        push_to(xet_hub, build)
    assert "still empty" in str(caught.value)
    assert caught.value.hint
    assert len(xet_hub.repository(REPO).history("main")) == 1
    xet_hub.faults.plant()
    assert planned(xet_hub, hashes(push_to(xet_hub, build)), commits=1)


def test_a_shard_that_is_edited_after_it_was_hashed_is_not_committed(xet_hub: StandIn, build: Path, push_to: Push):
    shard = build / "data" / "train-00000-of-00002.parquet"
    whole = shard.read_bytes()
    xet_hub.faults.plant(Fault(TOKEN, Kind.RACE, race=lambda: shard.write_bytes(whole[::-1])))
    with pytest.raises(Exception, match="still empty"):
        push_to(xet_hub, build)
    assert len(xet_hub.repository(REPO).history("main")) == 1
    shard.write_bytes(whole)
    assert planned(xet_hub, hashes(push_to(xet_hub, build)), commits=1)
