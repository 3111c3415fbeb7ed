"""Run tasks on a Ray cluster, through Ray Data, in place of the local pool of `openmed_data.pipeline.workers`.

A task is a pure function of files in a folder that every node sees, and writes its output whole or not at all. So Ray
may run it anywhere, and again when a worker or a node is lost; the driver plans the steps and collects the results.

How tasks travel: those of a step go to Ray Data as rows of bytes, in waves of bounded size, since the tasks of the
first step carry the source's bytes. What all of them share (the builder, its state) is put into the object store once.
An error comes back as a value, so that it is raised on the driver as the worker raised it and not in Ray's wrapping.
"""

import importlib
import io
import logging
import os
import pickle
import shutil
import traceback
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar, cast

from openmed_data.errors import BuildError, UsageError
from openmed_data.pipeline.blame import whereabouts
from openmed_data.pipeline.ray_cluster import require_alike

Task = TypeVar("Task")
Result = TypeVar("Result")

MOST_ATTEMPTS = 4
_WAVE_BYTES = 256 << 20
_WAVE_TASKS = 100_000
# Ray Data sets aside room for the blocks that a task may give; ours give a few hundred bytes.
_BLOCK_BYTES = 1 << 20


@contextmanager
def ray_workers(address: str | None, count: int, folder: Path) -> Generator["RayWorkers"]:
    """Open the workers of a cluster; one that this process is connected to already is used and left as it is.

    Raises
    ------
    UsageError
        Ray is not installed or cannot be reached, or the nodes are not alike: see `require_alike`.
    BuildError
        Ray itself failed.
    """
    ray = _import_ray()
    ours = not ray.is_initialized()
    scratch = folder / "ray"
    try:
        if ours:
            _connect(ray, address, count)
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        require_alike(ray, scratch)
        yield RayWorkers(ray, scratch)
    except ray.exceptions.RayError as error:
        hint = "Run the same command again: finished parts are kept. Ray's own logs say more."
        raise BuildError(f"Ray failed: {type(error).__name__}", hint=hint) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        if ours:
            ray.shutdown()


def _import_ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Ray prints what befalls its workers on standard output, which is for results; errors come back to us anyway.
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", "(?s).*")
    try:
        ray = importlib.import_module("ray")
        for part in ("data", "exceptions"):
            importlib.import_module(f"ray.{part}")
    except ModuleNotFoundError as error:
        raise UsageError("the engine 'ray' needs Ray", hint="Install it: pip install 'openmed-data[ray]'") from error
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return ray


def _connect(ray: Any, address: str | None, count: int) -> None:
    """Connect to the cluster at `address`, or start Ray on this machine with `count` cores."""
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if address is None:
                # "local", as a cluster that happens to run on this machine may be somebody else's.
                ray.init("local", num_cpus=count, include_dashboard=False, **quiet)
            else:
                ray.init(address, **quiet)
    except (ConnectionError, ValueError, RuntimeError) as error:
        where = f"no Ray cluster answers at '{address}'" if address else "Ray cannot be started on this machine"
        raise UsageError(where, hint="`ray status` tells whether a cluster runs, and its address.") from error


class RayWorkers:
    """Workers on a cluster; see `openmed_data.pipeline.workers.Workers`."""

    def __init__(self, ray: Any, scratch: Path) -> None:
        self._ray = ray
        self._scratch = scratch
        self._waves = 0

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        """Yield ``function(task)`` for every task, in order.

        Raises
        ------
        BuildError
            A task ended its worker `MOST_ATTEMPTS` times.
        """
        remaining = iter(tasks)
        first = next(remaining, None)
        if first is None:
            return
        shared = _shared(first)
        held = self._ray.put(shared)
        for wave in _waves(_packed(chain([first], remaining), shared)):
            yield from self._run(function, wave, held)

    def _run(self, function: Callable[[Task], Result], wave: list[bytes], shared: Any) -> Iterator[Result]:
        self._waves += 1
        folder = self._scratch / f"{self._waves:06d}"
        folder.mkdir(parents=True)
        items = [{"place": place, "task": task} for place, task in enumerate(wave)]
        dataset = self._ray.data.from_items(items, override_num_blocks=len(items)).map(
            _work, fn_kwargs={"function": function, "shared": shared, "folder": folder}, num_cpus=1
        )
        _settle_context(dataset.context)
        outcomes = dataset.iter_rows()
        try:
            for row in outcomes:
                yield _value(row["outcome"])
        except (Exception, GeneratorExit):
            (folder / "stop").touch()
            for _ in outcomes:  # no task may write on after this process has given the folder up
                pass
            raise
        shutil.rmtree(folder)


def _settle_context(context: Any) -> None:
    """Set what holds for one dataset: results in order, room for tiny blocks, no bars, all cores."""
    context.execution_options.preserve_order = True
    context.target_max_block_size = _BLOCK_BYTES
    context.enable_progress_bars = False
    # Reserving half of the cores for operators that this plan does not have leaves one of two cores idle.
    context.op_resource_reservation_enabled = False


def _shared(task: Any) -> tuple[Any, ...]:
    """Return what tasks may have in common: the values of the first one's fields."""
    plain = (int, str, bytes, type(None))
    values = (getattr(task, field.name) for field in fields(task))
    return tuple(value for value in values if not isinstance(value, plain))


class _Pickler(pickle.Pickler):
    """Pickle tasks without what they share: the very same objects, which are only named by their place."""

    def __init__(self, stream: io.BytesIO, shared: tuple[Any, ...]) -> None:
        super().__init__(stream, protocol=pickle.HIGHEST_PROTOCOL)
        self._places = {id(value): place for place, value in enumerate(shared)}

    def persistent_id(self, obj: Any) -> int | None:
        return self._places.get(id(obj))


class _Unpickler(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, shared: tuple[Any, ...]) -> None:
        super().__init__(stream)
        self._shared = shared

    def persistent_load(self, pid: int) -> Any:
        return self._shared[pid]


def _packed(tasks: Iterable[Any], shared: tuple[Any, ...]) -> Iterator[bytes]:
    for task in tasks:
        stream = io.BytesIO()
        _Pickler(stream, shared).dump(task)
        yield stream.getvalue()


def _waves(tasks: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Gather tasks until they are many, or hold so many bytes that more should wait."""
    wave: list[bytes] = []
    size = 0
    for task in tasks:
        wave.append(task)
        size += len(task)
        if size >= _WAVE_BYTES or len(wave) == _WAVE_TASKS:
            yield wave
            wave, size = [], 0
    if wave:
        yield wave


def _work(row: dict[str, Any], function: Callable[[Any], Any], shared: Any, folder: Path) -> dict[str, bytes]:
    """Run one task on a worker and return its error, if any, and its result."""
    try:
        value = _attempt(row, function, shared, folder)
        return {"outcome": pickle.dumps((None, "", value), protocol=pickle.HIGHEST_PROTOCOL)}
    except Exception as error:  # noqa: BLE001  (whatever it is, the driver raises it)
        return {"outcome": _portable(error)}


def _attempt(row: dict[str, Any], function: Callable[[Any], Any], shared: Any, folder: Path) -> Any:
    """Run a task unless the run has stopped; one that keeps ending its worker gets an error instead of another worker.

    Ray Data starts a task whose worker died anew without end, so the attempts are counted in a file.
    """
    if (folder / "stop").exists():
        return None
    task = _Unpickler(io.BytesIO(row["task"]), _fetched(shared)).load()
    attempts = folder / f"{row['place']:06d}"
    with attempts.open("ab") as stream:
        stream.write(b".")
    if attempts.stat().st_size > MOST_ATTEMPTS:
        raise BuildError(
            f"a worker died {MOST_ATTEMPTS} times at the same task: {whereabouts(task)}",
            hint="It may need more memory than the node has. Finished parts are kept for a rerun.",
        )
    value = function(task)
    attempts.unlink()
    return value


@lru_cache(maxsize=1)
def _fetched(shared: Any) -> tuple[Any, ...]:
    import ray

    return cast(tuple[Any, ...], ray.get(shared))


def _value(outcome: bytes) -> Any:
    error, told, value = pickle.loads(outcome)  # noqa: S301  (made by our own workers)
    if error is not None:
        raise error from _OnWorker(told)
    return value


class _OnWorker(Exception):  # noqa: N818  (a note that an error carries, as its cause)
    """Where an error was raised on its worker."""


def _portable(error: Exception) -> bytes:
    """Pickle an error with its traceback; one that cannot travel is named."""
    told = "".join(traceback.format_exception(error))
    try:
        packed = pickle.dumps((error, told, None), protocol=pickle.HIGHEST_PROTOCOL)
        pickle.loads(packed)  # noqa: S301  (an error's own constructor may refuse what it gave away)
    except Exception:  # noqa: BLE001
        return pickle.dumps((RuntimeError(type(error).__name__), told, None))
    return packed
