"""What the tests of all rooms share."""

import hashlib
import signal
import sys
from collections.abc import Callable, Generator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"

sys.path.insert(0, str(Path(__file__).parent))  # for `toy_builder`, here and in worker processes

# Builds take their time on a busy machine; a slow example is no failure.
settings.register_profile(
    "openmed", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
settings.load_profile("openmed")


def pytest_configure() -> None:
    """Heed Ctrl-C, which a shell tells what it runs in the background, and its children, to ignore."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the public files that a checkout may have beside it; skips the test where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("../shared/data is absent")
    return SHARED


@pytest.fixture(scope="session")
def tree_hash() -> Callable[[Path], dict[str, str]]:
    """Return the function that gives every file under a folder with the SHA-256 of its bytes."""

    def hashes(folder: Path) -> dict[str, str]:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    return hashes


@pytest.fixture
def layout(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return the function that sets how many rows parts, shards and hash partitions hold."""
    from openmed_data import builder
    from openmed_data.pipeline import decide, run, shards, stage

    def lay_out(*, part: int = 16_384, shard: int = 50_000, partition: int = 4_000_000) -> None:
        monkeypatch.setattr(stage, "PART_ROWS", part)
        monkeypatch.setattr(run, "PART_ROWS", part)
        monkeypatch.setattr(builder, "PART_ROWS", part)
        monkeypatch.setattr(run, "plan", partial(shards.plan, shard_rows=shard))
        monkeypatch.setattr(decide, "PARTITION_ROWS", partition)

    return lay_out


@pytest.fixture
def serve() -> Generator[Callable[[Any], Any]]:
    """Return the function that starts a `scripted_server.ScriptedServer` with a script; all are stopped afterwards."""
    from scripted_server import ScriptedServer

    with ExitStack() as stack:
        yield lambda script: stack.enter_context(ScriptedServer(script))
