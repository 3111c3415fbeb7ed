"""Whatever goes wrong on the wire: the repository is as before or as planned, it is said which, a rerun finishes."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest_hub import REPO, Push, planned
from stand_in.faults import Fault, Kind
from stand_in.server import StandIn

from openmed_data.errors import OpenMedError

# The client library sends files in a way that its own HTTP library calls outdated.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")

FOREVER = 1_000
HTML = b"<html><h1>502 Bad Gateway</h1></html>"
COMMIT, PREUPLOAD, BATCH, VERIFY = "POST .*/commit/", "POST .*/preupload/", "POST .*/objects/batch", "POST .*/verify"
CREATE, TAG, TREE, REFS = "POST /api/repos/create", "POST .*/tag/", "GET .*/tree/", "GET .*/refs"
PUT, DOWNLOAD = "PUT /objects", "GET /objects"


@dataclass(frozen=True)
class Overcome:
    """A fault that a push gets over by itself."""

    fault: Fault
    in_storage: bool = False


OVERCOME = {
    "create: busy": Overcome(Fault(CREATE, Kind.STATUS, status=503)),
    "create: answer lost": Overcome(Fault(CREATE, Kind.LOST)),
    "create: gateway answers": Overcome(Fault(CREATE, Kind.LOST_STATUS, status=502, body=HTML)),
    "info: connection reset": Overcome(Fault("GET /api/datasets/", Kind.RESET, times=2)),
    "preupload: too many requests": Overcome(Fault(PREUPLOAD, Kind.STATUS, status=429, headers={"Retry-After": "7"})),
    "preupload: connection reset": Overcome(Fault(PREUPLOAD, Kind.RESET)),
    "batch: server error": Overcome(Fault(BATCH, Kind.STATUS, status=500)),
    "upload: connection reset": Overcome(Fault(PUT, Kind.RESET), in_storage=True),
    "upload: slow down": Overcome(Fault(PUT, Kind.STATUS, status=503, times=2), in_storage=True),
    "upload: answer lost": Overcome(Fault(PUT, Kind.LOST), in_storage=True),
    "verify: server error": Overcome(Fault(VERIFY, Kind.STATUS, status=500)),
    "commit: busy, not acted on": Overcome(Fault(COMMIT, Kind.STATUS, status=503)),
    "commit: too many requests": Overcome(Fault(COMMIT, Kind.STATUS, status=429, headers={"Retry-After": "9"})),
    "commit: connection reset": Overcome(Fault(COMMIT, Kind.RESET)),
    "commit: answer lost": Overcome(Fault(COMMIT, Kind.LOST)),
    "commit: gateway answers": Overcome(Fault(COMMIT, Kind.LOST_STATUS, status=502, body=HTML)),
    "commit: answer is no JSON": Overcome(Fault(COMMIT, Kind.LOST_STATUS, status=200, body=HTML)),
    "commit: answer lacks the commit": Overcome(Fault(COMMIT, Kind.LOST_STATUS, status=200, body=b"{}")),
    "commit: answer cut off": Overcome(Fault(COMMIT, Kind.TRUNCATED)),
    "tree: cut off": Overcome(Fault(TREE, Kind.TRUNCATED, skip=1)),
    "tree: no JSON": Overcome(Fault(TREE, Kind.STATUS, status=200, body=HTML)),
    "download: cut off": Overcome(Fault(DOWNLOAD, Kind.TRUNCATED), in_storage=True),
    "download: other bytes": Overcome(Fault(DOWNLOAD, Kind.CORRUPT), in_storage=True),
    "download: server error": Overcome(Fault(DOWNLOAD, Kind.STATUS, status=500), in_storage=True),
    "tag: busy": Overcome(Fault(TAG, Kind.STATUS, status=503)),
    "tag: answer lost": Overcome(Fault(TAG, Kind.LOST)),
    "tag: gateway answers": Overcome(Fault(TAG, Kind.LOST_STATUS, status=504, body=HTML)),
}


@pytest.mark.usefixtures("slept", "without_loading")
@pytest.mark.parametrize("case", OVERCOME.values(), ids=OVERCOME.keys())
def test_a_passing_fault_is_overcome(case: Overcome, hub: StandIn, build: Path, push_to: Push):
    (hub.storage_faults if case.in_storage else hub.faults).plant(case.fault)
    done = push_to(hub, build, tag="v1")
    assert hub.faults.met or hub.storage_faults.met
    assert planned(hub, build, commits=1)
    assert hub.repository(REPO).tags == {"v1": done.commit}
    assert done.written


@dataclass(frozen=True)
class Stopped:
    """A fault that stops a push; the repository is then as it was, and the message says so in these words."""

    fault: Fault
    says: str
    in_storage: bool = False
    made: bool = True


NOTHING, EMPTY = "nothing was written", "made, and is still empty"
STOPPED = {
    "whoami: bad token": Stopped(
        Fault("GET /api/whoami", Kind.STATUS, status=401), "does not accept the access token", made=False
    ),
    "whoami: down for good": Stopped(
        Fault("GET /api/whoami", Kind.STATUS, FOREVER, status=502, body=HTML), NOTHING, made=False
    ),
    "create: not allowed": Stopped(Fault(CREATE, Kind.STATUS, status=403), NOTHING, made=False),
    "create: busy for good": Stopped(Fault(CREATE, Kind.STATUS, FOREVER, status=503), NOTHING, made=False),
    "preupload: not allowed": Stopped(Fault(PREUPLOAD, Kind.STATUS, status=403), EMPTY),
    "preupload: gone": Stopped(
        Fault(PREUPLOAD, Kind.STATUS, status=404, headers={"X-Error-Code": "RepoNotFound"}), EMPTY
    ),
    "preupload: busy for good": Stopped(Fault(PREUPLOAD, Kind.STATUS, FOREVER, status=503), EMPTY),
    "preupload: no JSON": Stopped(Fault(PREUPLOAD, Kind.STATUS, FOREVER, status=200, body=HTML), EMPTY),
    "batch: not allowed": Stopped(Fault(BATCH, Kind.STATUS, status=403), EMPTY),
    "batch: malformed": Stopped(Fault(BATCH, Kind.STATUS, status=200, body=b'{"objects": 3}'), EMPTY),
    "upload: address expired": Stopped(
        Fault(PUT, Kind.STATUS, FOREVER, status=403, body=b"<Error>Expired</Error>"), "expired", in_storage=True
    ),
    "upload: reset for good": Stopped(Fault(PUT, Kind.RESET, FOREVER), EMPTY, in_storage=True),
    "verify: not there": Stopped(Fault(VERIFY, Kind.STATUS, status=404), EMPTY),
    "card: refused": Stopped(
        Fault("POST /api/validate-yaml", Kind.STATUS, status=400, body=b'{"errors": [], "warnings": []}'), EMPTY
    ),
    "commit: not allowed": Stopped(Fault(COMMIT, Kind.STATUS, status=403), EMPTY),
    "commit: too large": Stopped(Fault(COMMIT, Kind.STATUS, status=413), EMPTY),
    "commit: busy for good": Stopped(Fault(COMMIT, Kind.STATUS, FOREVER, status=502, body=HTML), EMPTY),
    "commit: reset for good": Stopped(Fault(COMMIT, Kind.RESET, FOREVER), EMPTY),
}


@pytest.mark.usefixtures("slept", "without_loading")
@pytest.mark.parametrize("case", STOPPED.values(), ids=STOPPED.keys())
def test_a_lasting_fault_leaves_nothing_and_a_rerun_finishes(case: Stopped, hub: StandIn, build: Path, push_to: Push):
    (hub.storage_faults if case.in_storage else hub.faults).plant(case.fault)
    with pytest.raises(OpenMedError, match=re.escape(case.says)) as caught:
        push_to(hub, build, tag="v1")
    assert caught.value.hint
    assert (REPO in hub.world.repositories) == case.made
    assert not case.made or len(hub.repository(REPO).history("main")) == 1
    hub.faults.plant()
    hub.storage_faults.plant()
    push_to(hub, build, tag="v1")
    assert planned(hub, build, commits=1)
    assert set(hub.repository(REPO).tags) == {"v1"}


@pytest.mark.usefixtures("slept", "without_loading")
@pytest.mark.parametrize("kind", [Kind.SILENCE, Kind.LOST_SILENCE])
def test_a_commit_without_an_answer_is_made_once(kind: Kind, hub: StandIn, build: Path, push_to: Push):
    hub.faults.plant(Fault(COMMIT, kind))
    push_to(hub, build, read_seconds=0.4)
    assert planned(hub, build, commits=1)


@pytest.mark.usefixtures("slept", "without_loading")
@pytest.mark.parametrize("request_", ["GET /api/whoami", PREUPLOAD, COMMIT])
def test_a_silent_hub_is_given_up_at_the_deadline(request_: str, hub: StandIn, build: Path, push_to: Push):
    hub.faults.plant(Fault(request_, Kind.SILENCE, FOREVER))
    with pytest.raises(OpenMedError) as caught:
        push_to(hub, build, read_seconds=0.3, deadline_seconds=1.5)
    assert caught.value.hint
    hub.faults.plant()
    push_to(hub, build)
    assert planned(hub, build, commits=1)


@pytest.mark.usefixtures("slept", "without_loading")
def test_a_pause_beyond_the_deadline_is_not_begun(hub: StandIn, build: Path, push_to: Push, slept: list[float]):
    hub.faults.plant(Fault(PREUPLOAD, Kind.STATUS, FOREVER, status=429, headers={"Retry-After": "86400"}))
    with pytest.raises(OpenMedError, match="86400 s, which is longer than the time left"):
        push_to(hub, build)
    assert max(slept, default=0) < 86_400


@pytest.mark.usefixtures("without_loading")
@pytest.mark.parametrize("request_", [PREUPLOAD, COMMIT, CREATE])
def test_retry_after_is_obeyed(request_: str, hub: StandIn, build: Path, push_to: Push, slept: list[float]):
    hub.faults.plant(Fault(request_, Kind.STATUS, status=429, headers={"Retry-After": "37"}))
    push_to(hub, build)
    assert any(37 <= seconds <= 38 for seconds in slept)


@pytest.mark.usefixtures("slept", "without_loading")
def test_somebody_elses_commit_stops_a_push(hub: StandIn, build: Path, push_to: Push):
    hub.faults.plant(Fault(COMMIT, Kind.RACE, race=lambda: hub.put(REPO, "LICENSE", b"MIT")))
    with pytest.raises(OpenMedError, match="somebody else committed") as caught:
        push_to(hub, build)
    assert "nothing of this build was written" in str(caught.value)
    assert set(hub.read(REPO)) == {".gitattributes", "LICENSE"}
    push_to(hub, build)
    assert planned(hub, build, commits=2)
    assert hub.read(REPO)["LICENSE"] == b"MIT"


@pytest.mark.usefixtures("slept", "without_loading")
def test_a_commit_that_landed_under_somebody_elses_is_found(hub: StandIn, build: Path, push_to: Push):
    lost = Fault(COMMIT, Kind.LOST)
    race = Fault("GET .*/commits/", Kind.RACE, race=lambda: hub.put(REPO, "LICENSE", b"MIT"))
    hub.faults.plant(lost, race)
    done = push_to(hub, build, tag="v1")
    history = hub.repository(REPO).history("main")
    assert [commit.id for commit in history][1] == done.commit == hub.repository(REPO).tags["v1"]
    assert len(history) == 3


@pytest.mark.usefixtures("slept", "without_loading")
def test_what_cannot_be_told_is_said(hub: StandIn, build: Path, push_to: Push):
    hub.faults.plant(Fault(COMMIT, Kind.LOST), Fault("GET .*/commits/", Kind.STATUS, FOREVER, status=503))
    with pytest.raises(OpenMedError, match="cannot be told whether the commit landed") as caught:
        push_to(hub, build, tag="v1")
    assert "run" in caught.value.hint.lower()
    hub.faults.plant()
    done = push_to(hub, build, tag="v1")
    assert planned(hub, build, commits=1)
    assert not done.written


@pytest.mark.usefixtures("slept", "without_loading")
@pytest.mark.parametrize("where", ["before it is uploaded", "after it was uploaded"])
def test_a_shard_that_is_edited_meanwhile_is_not_committed(where: str, hub: StandIn, build: Path, push_to: Push):
    shard = build / "data" / "train-00000-of-00002.parquet"
    whole = shard.read_bytes()
    race = Fault(
        BATCH if where.startswith("before") else VERIFY, Kind.RACE, race=lambda: shard.write_bytes(whole[::-1])
    )
    hub.faults.plant(race)
    with pytest.raises(OpenMedError) as caught:
        push_to(hub, build)
    assert EMPTY in str(caught.value)
    assert len(hub.repository(REPO).history("main")) == 1
    hub.faults.plant()
    shard.write_bytes(whole)
    push_to(hub, build)
    assert planned(hub, build, commits=1)


@pytest.mark.usefixtures("slept", "without_loading")
@pytest.mark.parametrize("kind", [Kind.TRUNCATED, Kind.CORRUPT, Kind.RESET])
def test_what_cannot_be_verified_is_as_planned_and_not_tagged(kind: Kind, hub: StandIn, build: Path, push_to: Push):
    hub.storage_faults.plant(Fault(DOWNLOAD, kind, FOREVER))
    with pytest.raises(OpenMedError, match="as planned, at commit") as caught:
        push_to(hub, build, tag="v1")
    assert "not tagged" in str(caught.value)
    assert planned(hub, build, commits=1)
    assert hub.repository(REPO).tags == {}
    hub.storage_faults.plant()
    assert not push_to(hub, build, tag="v1").written
    assert hub.repository(REPO).tags == {"v1": hub.repository(REPO).head.id}


@pytest.mark.usefixtures("slept", "without_loading")
def test_a_tag_that_somebody_else_sets_first_is_not_moved(hub: StandIn, build: Path, push_to: Push):
    def race() -> None:
        found = hub.repository(REPO)
        found.tags["v1"] = str(found.head.parent)

    hub.faults.plant(Fault(TAG, Kind.RACE, race=race))
    with pytest.raises(OpenMedError, match="was not moved"):
        push_to(hub, build, tag="v1")
    assert planned(hub, build, commits=1)
    assert hub.repository(REPO).tags["v1"] == hub.repository(REPO).head.parent
    push_to(hub, build, tag="v2")
    assert hub.repository(REPO).tags["v2"] == hub.repository(REPO).head.id
