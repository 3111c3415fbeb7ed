"""What the tests of pushing share besides fixtures."""

import shutil
from collections.abc import Callable
from pathlib import Path

from stand_in.server import StandIn

from openmed_data.hub.contents import owned
from openmed_data.hub.push import Pushed

REPO = "someone/toy"

Push = Callable[..., Pushed]


def copy(build: Path, to: Path) -> Path:
    return Path(shutil.copytree(build, to))


def planned(hub: StandIn, build: Path, *, commits: int, revision: str = "main") -> bool:
    """Whether a repository holds exactly the build, after so many commits since it was made."""
    held = {name: content for name, content in hub.read(REPO, revision).items() if owned(name)}
    local = {path.relative_to(build).as_posix(): path.read_bytes() for path in build.rglob("*") if path.is_file()}
    local = {name: content for name, content in local.items() if not name.startswith("rejected/")}
    generated = {"croissant.json", "validation/verdict.intoto.json"}
    assert {name: held[name] for name in held if name not in generated} == local
    assert set(held) == set(local) | generated
    assert len(hub.repository(REPO).history(revision)) == 1 + commits
    assert hub.storage.leaked == []
    return True
