"""Run one step's tasks on several workers; results come back in the order of the tasks."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent import futures
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from openmed_data.errors import UsageError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

Task = TypeVar("Task")
Result = TypeVar("Result")


class EngineName(StrEnum):
    """Where tasks run: in this process and its children, or on a Ray cluster."""

    LOCAL = "local"
    RAY = "ray"


@dataclass(frozen=True, slots=True)
class Engine:
    """Where tasks run; nothing that is made depends on it.

    Attributes
    ----------
    workers
        How many tasks run at once; a cluster that runs already has its own number of cores.
    address
        Of a running Ray cluster; without one, Ray is started on this machine with as many cores as there are workers.
    """

    name: EngineName = EngineName.LOCAL
    workers: int = 1
    address: str | None = None

    def seen(self, path: Path) -> Path:
        """Return `path` as tasks may use it wherever they run."""
        return path if self.name is EngineName.LOCAL else path.absolute()


def engine_named(name: str, workers: int, address: str | None) -> Engine:
    """Return the engine that a user named.

    Raises
    ------
    UsageError
        There is no such engine, or it has no address.
    """
    if name not in set(EngineName):
        raise UsageError(f"no engine is called '{name}'", hint=f"There are: {', '.join(EngineName)}.")
    if address is not None and name != EngineName.RAY:
        raise UsageError(f"an address is given, but the engine is '{name}'", hint="Add --engine ray.")
    return Engine(EngineName(name), workers, address)


class Workers(Protocol):
    """What runs tasks."""

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        """Yield ``function(task)`` for every task, in order; the first error of a task is raised as it was there."""
        ...


class Here:
    """No workers: the process at hand does one task after another."""

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        """Yield ``function(task)`` for every task, in order."""
        return map(function, tasks)


class LocalWorkers:
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
        waiting: list[Future[Result]] = [self._submit(function, task) for task in islice(remaining, self._in_flight)]
        waiting.reverse()
        try:
            while waiting:
                yield waiting.pop().result()
                for task in islice(remaining, 1):
                    waiting.insert(0, self._submit(function, task))
        finally:
            for future in waiting:
                future.cancel()

    def _submit(self, function: Callable[[Task], Result], task: Task) -> Future[Result]:
        """Submit one task; a worker that is started for it inherits that Ctrl-C does not reach it."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        try:
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # may itself raise what came before
            return self._pool.submit(function, task)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def open_workers(engine: Engine, folder: Path, *, threads: bool) -> Generator[Workers]:
    """Open the workers of an engine.

    Parameters
    ----------
    engine
        Where they run.
    folder
        A folder for everything that tasks share; on a cluster it must be one that all nodes see.
    threads
        Whether threads will do, where workers are local, as for work that leaves the interpreter free.

    Raises
    ------
    UsageError
        Ray is not installed or cannot be reached, or a node does not see `folder`.
    """
    if engine.name is EngineName.RAY:
        from openmed_data.pipeline.ray_workers import ray_workers

        with ray_workers(engine.address, engine.workers, folder) as workers:
            yield workers
    elif engine.workers == 1:
        yield Here()
    else:
        # polars lets a wait for a worker go on through Ctrl-C, until the worker is done.
        signal.siginterrupt(signal.SIGINT, True)  # noqa: FBT003
        with _threads(engine.workers) if threads else _processes(engine.workers) as executor:
            yield LocalWorkers(executor, engine.workers)


@contextmanager
def _threads(count: int) -> Generator[Executor]:
    executor = ThreadPoolExecutor(count)
    try:
        yield executor
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _processes(count: int) -> Generator[Executor]:
    """Open processes that end at once where this one ends or leaves on an error; their tasks write whole files or none.

    They are spawned: a fork would copy locks that the libraries' own threads hold.
    """
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    # Not imported above: threads need nothing of what it brings.
    executor = futures.ProcessPoolExecutor(
        count, mp_context=spawning, initializer=_end_with_the_build, initargs=(theirs,)
    )
    try:
        yield executor
    except BaseException:
        ours.close()
        raise
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
        ours.close()
        theirs.close()


def _end_with_the_build(build: "Connection[Any, Any]") -> None:
    """End with the process that started this worker.

    A worker that outlived its build would write beside the next run's workers.
    """

    def watch() -> None:
        with suppress(EOFError):
            build.recv()  # nothing is ever sent: it waits for the other end to be closed
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
