"""Say which rows an unexpected error comes from: file and row, never the text, which may be private."""

from collections.abc import Callable
from typing import Any, TypeVar

import polars as pl

from openmed_data.builder import FILE, LINE
from openmed_data.errors import BuildError, OpenMedError
from openmed_data.pipeline.work import Work, read_frame

Result = TypeVar("Result")


def places(batch: pl.DataFrame) -> str:
    """Return file and row, or rows, of consecutive source rows."""
    first, last = batch[LINE][0], batch[LINE][-1]
    rows = f"row {first}" if first == last else f"rows {first} to {last}"
    return f"{rows} of {batch[FILE][0]}"


def blaming(
    name: str,
    work: Callable[[pl.DataFrame], Result],
    batch: pl.DataFrame,
    *,
    where: Callable[[pl.DataFrame], str] = places,
) -> Result:
    """Return ``work(batch)``; where it fails with a defect, find one row that makes it fail and name its place.

    Parameters
    ----------
    name
        What is at work, as in "builder 'medmcqa-prefs'".
    work
        A pure function of rows.
    batch
        Rows, in the order of the source.
    where
        Names the place of rows; by default they must have `FILE` and `LINE`.

    Raises
    ------
    BuildError
        `work` raised something that no part of this program raises on purpose.

    Examples
    --------
    >>> rows = pl.DataFrame({"n": [4, 0, 5], FILE: "a.jsonl", LINE: [1, 2, 3]})
    >>> blaming("the divider", lambda some: [1 // n for n in some["n"]], rows)
    Traceback (most recent call last):
    ...
    openmed_data.errors.BuildError: the divider fails with ZeroDivisionError on row 2 of a.jsonl
    """
    try:
        return work(batch)
    except (OpenMedError, OSError, MemoryError):
        raise
    except Exception as error:
        place = where(_smallest_failing(work, batch))
        hint = "This is a defect, not a fault of the row. Run again with --debug for the traceback, and report it."
        raise BuildError(f"{name} fails with {type(error).__name__} on {place}", hint=hint) from error


def _smallest_failing(work: Callable[[pl.DataFrame], Any], batch: pl.DataFrame) -> pl.DataFrame:
    """Halve the batch as long as one half fails by itself."""
    while batch.height > 1:
        half = batch.height // 2
        failing = next((some for some in (batch.head(half), batch.tail(-half)) if _fails(work, some)), None)
        if failing is None:
            break
        batch = failing
    return batch


def _fails(work: Callable[[pl.DataFrame], Any], batch: pl.DataFrame) -> bool:
    try:
        work(batch)
    except Exception:  # noqa: BLE001  (whether it fails is all that is asked)
        return True
    return False


def whereabouts(task: Any) -> str:
    """Return what is known of the rows that a task of any step works on."""
    part, shard, index = (getattr(task, name, None) for name in ("part", "shard", "index"))
    if part is not None:
        return f"rows {part.first_row} to {part.first_row + part.rows - 1} of {part.file}"
    if shard is not None:
        return f"{type(task).__name__} of {shard.name}"
    work = getattr(task, "work", None)
    if isinstance(work, Work) and isinstance(index, int):
        return f"{type(task).__name__} of {places(read_frame(work.part('stage', index), [FILE, LINE]))}"
    return type(task).__name__
