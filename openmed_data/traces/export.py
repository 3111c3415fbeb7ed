"""Write a dataset of traces in another format, one JSON object per line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openmed_data.dataset import Dataset
from openmed_data.errors import Problem, SourceError, UsageError
from openmed_data.files import whole
from openmed_data.kinds import Kind
from openmed_data.registry import find
from openmed_data.traces.codec import dumps
from openmed_data.traces.columns import trace_of
from openmed_data.traces.detect import formats
from openmed_data.traces.format import FORMATS, Format, Record
from openmed_data.traces.reasons import Unfit


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    path: Path
    rows: int


def writer(name: str) -> Format:
    """Return the format called `name`, if it can hold every trace.

    Raises
    ------
    UsageError
        No format has that name, or it would lose something.
    """
    form: Format = find(FORMATS, name)
    if not form.writes:
        able = ", ".join(one.name for one in formats().values() if one.writes)
        raise UsageError(f"the format '{name}' cannot hold every trace", hint=f"These can: {able}.")
    return form


def require_traces(dataset: Dataset) -> None:
    """Raise `UsageError` where a dataset holds no conversations."""
    if dataset.kind not in {Kind.TRACES, Kind.SFT}:
        hint = "Give a dataset of the kind traces; --format is for these alone."
        raise UsageError(f"'{dataset.root}' holds {dataset.kind}, which trace formats cannot hold", hint=hint)


def export(dataset: Dataset, name: str, out: Path, split: str | None = None) -> Exported:
    """Write the rows of a dataset to `out` in the format `name`; whole or not at all.

    Parameters
    ----------
    split
        The split to write; all of them if None.

    Raises
    ------
    UsageError
        The format cannot hold every trace, the dataset holds none, or `out` stands there already.
    SourceError
        A row's tools or calls cannot be read.
    """
    form = writer(name)
    require_traces(dataset)
    if split is not None and split not in dataset.splits:
        raise UsageError(f"'{dataset.root}' has no split '{split}'", hint=f"It has: {', '.join(dataset.splits)}.")
    if out.exists():
        raise UsageError(f"'{out}' exists", hint="Choose another --out, or remove it.")
    rows = 0
    with whole(out) as partial, partial.open("w", encoding="utf-8", newline="\n") as stream:
        for record in _records(dataset, form, split):
            stream.write(dumps(record) + "\n")
            rows += 1
    return Exported(out, rows)


def record_of(row: Mapping[str, Any], form: Format, where: str) -> Record:
    """Return a row of a dataset in another format.

    Raises
    ------
    SourceError
        The row's tools or calls cannot be read; `where` says which row it is.
    """
    try:
        return form.write(trace_of(row))
    except Unfit as unfit:
        problem = Problem(where, unfit.detail, "a row of the kind it says")
        raise SourceError("a row cannot be written in another format", [problem], hint="Validate the set.") from unfit


def _records(dataset: Dataset, form: Format, split: str | None) -> Iterator[Record]:
    for name, batch in dataset.batches(split):
        for row in batch.iter_rows(named=True):
            yield record_of(row, form, f"{name}, row {row.get('id') or '?'}")
