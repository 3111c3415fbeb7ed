"""A Hub in a thread, builds to push to it, and the real client in this process."""

import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants

sys.path.insert(0, str(Path(__file__).parent))  # for `stand_in` and `making`

from conftest_hub import REPO, Push, copy
from making import make_build
from stand_in.server import StandIn
from stand_in.world import WRITER

from openmed_data import manifest
from openmed_data.hub import verify
from openmed_data.hub.load_back import Loaded
from openmed_data.hub.plan import Target
from openmed_data.hub.push import Pushed, push


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """The same small build twice, its last train shard edited in the second."""
    folder = tmp_path_factory.mktemp("made")
    return {edit: make_build(folder / f"toy{edit}" / "toy", edit=edit) for edit in (0, 1)}


@pytest.fixture
def build(made: dict[int, Path], tmp_path: Path) -> Path:
    return copy(made[0], tmp_path / "toy")


@pytest.fixture(autouse=True)
def _client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep this machine's own token and cache out of the tests; large files go by LFS unless a test says otherwise."""
    monkeypatch.setenv("HF_TOKEN", WRITER)
    monkeypatch.setenv("HF_XET_CLIENT_RETRY_BASE_DELAY", "10ms")
    monkeypatch.setenv("HF_XET_CLIENT_RETRY_MAX_DURATION", "2s")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)


@pytest.fixture
def hub(tmp_path: Path) -> Generator[StandIn]:
    with StandIn(tmp_path / "hub") as server:
        yield server


@pytest.fixture
def xet_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[StandIn]:
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", False)
    with StandIn(tmp_path / "hub", xet=True) as server:
        yield server


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Make every wait short, and return how long each should have been, in seconds."""
    waits: list[float] = []
    really = time.sleep

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        really(min(seconds, 0.002))

    monkeypatch.setattr(time, "sleep", sleep)
    return waits


@pytest.fixture
def without_loading(monkeypatch: pytest.MonkeyPatch, build: Path) -> None:
    """Leave out the process that loads the dataset again; some tests have it, and it takes two seconds."""

    def loaded(client: Any, commit: str, cache: Path) -> Loaded:
        document = manifest.read(next(iter(cache.rglob("manifest.json"))).parent)
        return Loaded(document["books"]["kept_rows"], document["content_digest"])

    monkeypatch.setattr(verify, "load_back", loaded)


@pytest.fixture
def push_to() -> Push:
    def run(hub: StandIn, build: Path, *, repo: str = REPO, read_seconds: float = 20, **options: Any) -> Pushed:
        limits = {name: options.pop(name) for name in ("deadline_seconds", "dry_run") if name in options}
        return push(build, repo, Target(**options), endpoint=hub.origin, read_seconds=read_seconds, **limits)

    return run
