"""Temporary folders of which none outlives its process for long: what a killed one left, the next one removes."""

import fcntl
import os
import platform
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

# Where several machines share a folder, one may not see the locks of another.
_PREFIX = f".openmed-data-scratch-{platform.node()}-"


@contextmanager
def scratch() -> Generator[Path]:
    """Give an empty folder that is removed afterwards, and first remove those that no process holds any more.

    A folder is held by a lock, which the system takes back however the process ends.

    Examples
    --------
    >>> with scratch() as folder:
    ...     _ = (folder / "rows").write_text("1")
    >>> folder.exists()
    False
    """
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        _remove_unheld(left)
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as folder:
        held = os.open(folder, os.O_RDONLY)
        try:
            with suppress(OSError):  # where there are no locks, nobody's folder is removed
                fcntl.flock(held, fcntl.LOCK_EX)  # waits for one that looks whether anybody holds it
            yield Path(folder)
        finally:
            os.close(held)


def _remove_unheld(folder: Path) -> None:
    with suppress(OSError):  # held, gone by now, or another user's
        found = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(found, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.listdir(found):  # noqa: PTH208  (an empty one may have been made just now)
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(found)
