"""What a push does to a repository: nothing twice, only what changed, and to pull requests as to main."""

from pathlib import Path

import pytest
from conftest_hub import REPO, Push, copy, planned
from making import make_build
from stand_in.faults import Fault, Kind
from stand_in.server import StandIn

from openmed_data.errors import GateError, HubError, UsageError

pytestmark = [
    pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning"),
    pytest.mark.usefixtures("without_loading", "slept"),
]

WRITES = ("POST", "PUT")
COMMIT = "POST .*/commit/"


def written(hub: StandIn) -> list[str]:
    return [request for request in [*hub.asked, *hub.stored] if request.startswith(WRITES)]


def test_a_second_push_writes_nothing(hub: StandIn, build: Path, push_to: Push):
    first = push_to(hub, build, tag="v1")
    hub.asked.clear()
    hub.stored.clear()
    again = push_to(hub, build, tag="v1")
    assert (again.commit, again.written) == (first.commit, False)
    assert written(hub) == []
    assert [request for request in hub.stored if request.startswith("GET")] == []  # the receipt vouches for it
    assert planned(hub, build, commits=1)


def test_without_its_receipt_a_second_push_verifies_again(hub: StandIn, build: Path, push_to: Push):
    first = push_to(hub, build)
    assert first.receipt
    first.receipt.unlink()
    hub.stored.clear()
    push_to(hub, build)
    assert len([request for request in hub.stored if request.startswith("GET")]) == 3
    assert first.receipt.is_file()


def test_a_changed_build_uploads_only_what_changed(
    hub: StandIn, build: Path, made: dict[int, Path], push_to: Push, tmp_path: Path
):
    push_to(hub, build)
    hub.stored.clear()
    edited = copy(made[1], tmp_path / "edited")
    done = push_to(hub, edited, tag="v2")
    assert [name for name in done.plan.change if name.startswith("data/")] == ["data/train-00001-of-00002.parquet"]
    assert "data/train-00000-of-00002.parquet" in done.plan.same
    assert len([request for request in hub.stored if request.startswith("PUT")]) == 1
    assert planned(hub, edited, commits=2)


def test_shards_that_are_gone_are_deleted_and_other_files_are_kept(
    hub: StandIn, build: Path, push_to: Push, tmp_path: Path
):
    from making import make_build

    push_to(hub, make_build(tmp_path / "larger" / "toy", shards=3))
    hub.put(REPO, "LICENSE", b"MIT")
    done = push_to(hub, build)
    assert done.plan.keep == (".gitattributes", "LICENSE")
    assert len(done.plan.delete) == 3
    assert planned(hub, build, commits=3)
    assert hub.read(REPO)["LICENSE"] == b"MIT"


def test_rejected_rows_go_only_where_they_are_asked_for(hub: StandIn, build: Path, push_to: Push):
    push_to(hub, build)
    assert not [name for name in hub.read(REPO) if name.startswith("rejected/")]
    done = push_to(hub, build, with_rejected=True)
    assert done.plan.add == ("rejected/rejected-00000-of-00001.parquet",)
    assert "rejected/rejected-00000-of-00001.parquet" in hub.read(REPO)
    assert push_to(hub, build).plan.delete == ("rejected/rejected-00000-of-00001.parquet",)


def test_rejected_rows_that_identify_a_person_stay_at_home(hub: StandIn, tmp_path: Path, push_to: Push):
    planted = make_build(
        tmp_path / "planted" / "toy", rejected='{"question": "Call the patient Mary Jones on (212) 555-0147."}'
    )
    with pytest.raises(GateError, match=r"rejected-00000-of-00001\.parquet, row 1: .*phi:") as closed:
        push_to(hub, planted, with_rejected=True)
    assert "Mary" not in str(closed.value)
    assert "555-0147" not in str(closed.value)
    push_to(hub, planted)
    assert planned(hub, planted, commits=1)


def test_the_message_is_the_commits_title(hub: StandIn, build: Path, push_to: Push):
    done = push_to(hub, build, message="Hard negatives")
    assert hub.repository(REPO).head.title == "Hard negatives"
    assert done.plan.contents.digest in hub.repository(REPO).head.message


def test_a_large_file_goes_in_parts(hub: StandIn, build: Path, push_to: Push, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("stand_in.writing.PART", 1_500)
    push_to(hub, build)
    assert len([request for request in hub.stored if request.startswith("PUT /parts/")]) > 3
    assert planned(hub, build, commits=1)


class TestPullRequests:
    def test_main_is_left_alone(self, hub: StandIn, build: Path, push_to: Push):
        hub.create(REPO)
        done = push_to(hub, build, pull_request=True)
        assert done.pull_request == 1
        assert len(hub.repository(REPO).history("main")) == 1
        assert planned(hub, build, commits=1, revision="refs/pr/1")

    def test_a_second_push_opens_no_second_one(self, hub: StandIn, build: Path, push_to: Push):
        hub.create(REPO)
        first = push_to(hub, build, pull_request=True)
        again = push_to(hub, build, pull_request=True)
        assert (again.commit, again.pull_request, again.written) == (first.commit, 1, False)
        assert len(hub.repository(REPO).pulls) == 1

    def test_a_closed_one_does_not_count(self, hub: StandIn, build: Path, push_to: Push):
        found = hub.create(REPO)
        push_to(hub, build, pull_request=True)
        found.pulls[1] = (found.pulls[1][0], "closed")
        assert push_to(hub, build, pull_request=True).pull_request == 2

    @pytest.mark.parametrize("kind", [Kind.LOST, Kind.LOST_STATUS, Kind.LOST_SILENCE])
    def test_a_lost_answer_opens_no_second_one(self, kind: Kind, hub: StandIn, build: Path, push_to: Push):
        hub.create(REPO)
        hub.faults.plant(Fault(COMMIT, kind))
        done = push_to(hub, build, pull_request=True, read_seconds=0.5)
        assert done.pull_request == 1
        assert len(hub.repository(REPO).pulls) == 1

    def test_one_that_was_not_opened_is_not_tried_again_blindly(self, hub: StandIn, build: Path, push_to: Push):
        hub.create(REPO)
        hub.faults.plant(Fault(COMMIT, Kind.RESET))
        with pytest.raises(HubError, match="as it was before"):
            push_to(hub, build, pull_request=True)
        assert hub.repository(REPO).pulls == {}
        assert push_to(hub, build, pull_request=True).pull_request == 1

    def test_none_is_opened_where_there_is_no_repository(self, hub: StandIn, build: Path, push_to: Push):
        with pytest.raises(UsageError, match="does not exist"):
            push_to(hub, build, pull_request=True)
