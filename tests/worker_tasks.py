"""Tasks that worker processes import by name, on `sys.path` (see `conftest.py`)."""

import signal
import time
from pathlib import Path


def begin_and_sleep(folder: Path) -> None:
    """Say that the task began and, much later, that it ended."""
    (folder / "begun").touch()
    time.sleep(30)
    (folder / "ended").touch()


def blocked_signals(_: object = None) -> set[int]:
    """Return the signals that the calling thread does not hear."""
    return set(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, ())))
