"""Run one step's tasks on several workers; results come back in the order of the tasks."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


class Workers:
    """A pool of threads or processes that keeps at most two tasks for each worker in flight.

    The bound matters: tasks of the first step carry their bytes with them, and an unbounded queue would hold the
    whole source in memory.
    """

    def __init__(self, pool: Executor, count: int) -> None:
        self._pool = pool
        self._in_flight = 2 * count

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        """Yield ``function(task)`` for every task, in order."""
        remaining = iter(tasks)
        waiting: list[Future[Result]] = [
            self._pool.submit(function, task) for task in islice(remaining, self._in_flight)
        ]
        waiting.reverse()
        try:
            while waiting:
                yield waiting.pop().result()
                for task in islice(remaining, 1):
                    waiting.insert(0, self._pool.submit(function, task))
        finally:
            for future in waiting:
                future.cancel()


@contextmanager
def pool(count: int, *, threads: bool) -> Generator[Workers]:
    """Open `count` workers: threads for work that leaves the interpreter free, else processes.

    Processes are spawned: a fork would copy locks that the libraries' own threads hold. They ignore Ctrl-C, which the
    terminal sends to all of them: the process that waits for their results answers it alone.
    """
    executor: Executor = (
        ThreadPoolExecutor(count)
        if threads
        else ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"), initializer=_obey_the_build)
    )
    try:
        yield Workers(executor, count)
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _obey_the_build() -> None:
    """Leave Ctrl-C to the process that started this worker, and end with it.

    A worker that outlived its build would write beside the next run's workers.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
