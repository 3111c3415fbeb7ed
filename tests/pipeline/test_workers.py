"""Ctrl-C is heard while workers are at work, and ends them; they themselves do not hear it."""

import os
import signal
import threading
import time
from pathlib import Path

import polars as pl
import pytest
from worker_tasks import begin_and_sleep, blocked_signals

from openmed_data.pipeline.workers import Engine, open_workers


def interrupt_when_begun(folder: Path) -> None:
    while not (folder / "begun").exists():
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)


def test_an_interrupt_ends_processes_in_the_midst_of_a_task(tmp_path: Path) -> None:
    assert pl.thread_pool_size()  # polars, once it is imported, has a say in what a signal interrupts
    threading.Thread(target=interrupt_when_begun, args=(tmp_path,), daemon=True).start()
    with pytest.raises(KeyboardInterrupt), open_workers(Engine(workers=2), tmp_path, threads=False) as workers:
        list(workers.map(begin_and_sleep, [tmp_path]))
    assert not (tmp_path / "ended").exists()


def test_processes_are_deaf_to_an_interrupt_before_they_run_any_of_our_code(tmp_path: Path) -> None:
    before = blocked_signals()
    with open_workers(Engine(workers=2), tmp_path, threads=False) as workers:
        assert [signal.SIGINT in one for one in workers.map(blocked_signals, range(4))] == [True] * 4
    assert blocked_signals() == before
