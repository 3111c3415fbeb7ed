"""Rows whose batches may be looked at on workers, for checks that compare all rows with all others.

A check asks `spread(rows)` and need not know whether there are workers.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

import polars as pl

from openmed_data.check import Rows
from openmed_data.kinds import Kind
from openmed_data.scratch import scratch

Task = TypeVar("Task")
Result = TypeVar("Result")


Batches = Iterable[tuple[str, pl.DataFrame]]


@runtime_checkable
class Spread(Rows, Protocol):
    """Rows with workers, and a folder that all of them see."""

    @property
    def folder(self) -> Path:
        """A folder for what the comparison needs on disk; removed afterwards."""
        ...

    def over(self, function: Callable[[Batches], Result]) -> Iterator[Result]:
        """Yield `function` of every stretch of batches, in order; all together they are `batches()`.

        The function is picklable, and what it makes of stretches must add up to the same however the rows are cut.
        """
        ...

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        """Yield ``function(task)`` for every task, in order; both must be picklable."""
        ...


@contextmanager
def spread(rows: Rows) -> Generator[Spread]:
    """Give `rows` as they are, if they have workers, or with this process as the only one."""
    if isinstance(rows, Spread):
        yield rows
        return
    with scratch() as folder:
        yield _Here(rows, folder)


@dataclass(frozen=True, slots=True)
class _Here:
    """Rows that this process looks at."""

    rows: Rows
    folder: Path

    @property
    def kind(self) -> Kind:
        return self.rows.kind

    @property
    def manifest(self) -> Mapping[str, Any] | None:
        return self.rows.manifest

    def batches(self) -> Iterator[tuple[str, pl.DataFrame]]:
        return self.rows.batches()

    def over(self, function: Callable[[Batches], Result]) -> Iterator[Result]:
        yield function(self.rows.batches())

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        return map(function, tasks)
