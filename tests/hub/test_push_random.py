"""Two hundred pushes with faults drawn at random: no commit lost, none made twice, no state in between."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
from conftest_hub import REPO, Push, planned
from stand_in.faults import Fault, Kind
from stand_in.server import StandIn

from openmed_data.errors import HubError, OpenMedError

pytestmark = [
    pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning"),
    pytest.mark.usefixtures("slept", "without_loading"),
]

PUSHES, SEED = 200, 20_260
HUB = ("POST /api/repos/create", "POST .*/preupload/", "POST .*/objects/batch", "POST .*/verify", "POST .*/commit/",
       "POST .*/tag/", "GET .*/tree/", "GET .*/refs", "GET /api/datasets/", "GET .*/commits/")  # fmt: skip
STORAGE = ("PUT /objects", "GET /objects")
KINDS = (Kind.STATUS, Kind.RESET, Kind.LOST, Kind.LOST_STATUS, Kind.TRUNCATED, Kind.SILENCE, Kind.LOST_SILENCE)
STATUSES = (403, 429, 500, 502, 503, 504)


def draw(chance: random.Random, requests: tuple[str, ...]) -> Fault:
    # Silence costs real time: it is drawn seldom.
    kind = chance.choices(KINDS, weights=(6, 6, 6, 6, 3, 1, 1))[0]
    fault = Fault(chance.choice(requests), kind, times=chance.choice((1, 1, 2, 4, 8)), skip=chance.choice((0, 0, 1, 3)))
    if kind in {Kind.SILENCE, Kind.LOST_SILENCE}:
        fault = replace(fault, times=1)
    return replace(fault, status=chance.choice(STATUSES), body=chance.choice((b"{}", b"<html>", b"")))


def commits(hub: StandIn) -> int:
    """Return how many commits the repository has had since it was made."""
    return len(hub.repository(REPO).history("main")) - 1 if REPO in hub.world.repositories else 0


def attempt(hub: StandIn, build: Path, push_to: Push) -> OpenMedError | None:
    try:
        push_to(hub, build, tag="v1", read_seconds=0.5)
    except OpenMedError as error:
        return error
    return None


def check_error(error: OpenMedError, hub: StandIn, build: Path) -> None:
    """The repository is as it was made or as planned, and what the message says of it is true."""
    said = str(error)
    assert isinstance(error, HubError)
    assert error.hint
    if commits(hub):
        assert planned(hub, build, commits=1)
        assert "as planned" in said or "is verified" in said or "cannot be told" in said
    else:
        assert REPO not in hub.world.repositories or set(hub.read(REPO)) == {".gitattributes"}
        truths = ("nothing was written", "still empty", "cannot be told", "and is empty if so")
        assert any(truth in said for truth in truths)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_hundred_pushes_with_random_faults(hub: StandIn, build: Path, push_to: Push):
    stopped: list[int] = []
    for number in range(PUSHES):
        chance = random.Random(SEED + number)
        hub.faults.plant(*(draw(chance, HUB) for _ in range(chance.choice((1, 2, 3)))))
        hub.storage_faults.plant(*(draw(chance, STORAGE) for _ in range(chance.choice((0, 1)))))
        error = attempt(hub, build, push_to)
        hub.faults.plant()
        hub.storage_faults.plant()
        if error is not None:
            stopped.append(number)
            check_error(error, hub, build)
            push_to(hub, build, tag="v1")
        assert planned(hub, build, commits=1), f"push {number}"
        assert hub.repository(REPO).tags == {"v1": hub.repository(REPO).head.id}, f"push {number}"
        hub.world.repositories.clear()
        for path in hub.storage.folder.iterdir():
            path.unlink()
        (build.parent / "toy.receipt.json").unlink()
    assert 20 < len(stopped) < 180, "the faults are to be neither all harmless nor all fatal"
