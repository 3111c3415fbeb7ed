"""Pick a few rows of a dataset, or of the rows a build rejected, without holding more than a batch in memory."""

import difflib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import polars as pl

from openmed_data.dataset import Dataset, told
from openmed_data.draw import Drawn, draw
from openmed_data.errors import UsageError
from openmed_data.mask import mask

# Reasons of the check `phi` begin with its name.
_PRIVATE = "phi:"


@dataclass(frozen=True, slots=True)
class Shown:
    """One row, with its number in what was looked through (from 1) and the split it stands in."""

    number: int
    split: str
    row: dict[str, Any]


def find_row(dataset: Dataset, row: str, split: str | None = None) -> Shown:
    """Return the row with the number (from 1) or the id `row`.

    Raises
    ------
    UsageError
        There is no such row.
    """
    _require_split(dataset, split)
    before = 0
    for name, batch in dataset.batches(split):
        if row.isdecimal():
            index = int(row) - 1 - before
            if 0 <= index < batch.height:
                return Shown(int(row), name, batch.row(index, named=True))
        elif "id" in batch.columns:
            hits = batch["id"].cast(pl.String).index_of(row)
            if hits is not None:
                return Shown(before + hits + 1, name, batch.row(hits, named=True))
        before += batch.height
    where = f"split '{split}'" if split else f"'{dataset.root}'"
    what = f"no row {row}" if row.isdecimal() else f"no row with the id '{row}'"
    raise UsageError(f"{where} has {what}", hint=f"It has {before:,} rows, counted from 1.")


def sample(dataset: Dataset, count: int, split: str | None = None, seed: int = 0) -> list[Shown]:
    """Return `count` rows, the same ones whenever they are asked for, in the order in which they stand.

    A row is drawn by a hash of its id and the seed, so rows added to the set leave most of the sample as it was.
    """
    _require_split(dataset, split)

    def names(batch: pl.DataFrame) -> pl.Series:
        named = batch["id"] if "id" in batch.columns else batch.hash_rows()
        return named.cast(pl.String).fill_null("")

    return _shown(draw(dataset.batches(split), count, names, seed=f"{seed}:"))


def rejected(dataset: Dataset, reason: str, count: int, seed: int = 0, *, show_phi: bool = False) -> list[Shown]:
    """Return `count` of the rows that the build rejected for `reason`, or for any reason where it is ``"all"``.

    The record of a row in which identifiers of persons were found is masked throughout, unless `show_phi`.

    Raises
    ------
    UsageError
        The dataset is no build, or rejected no row for this reason.
    """
    if dataset.manifest is None:
        hint = "Give the folder that `openmed-data build` made."
        raise UsageError(f"'{dataset.root}' is no build, so it has no rejected rows", hint=hint)
    books = dataset.manifest["books"]
    counts = {**books["rejected_source_rows"], **books["rejected_candidate_rows"]}
    if reason != "all" and reason not in counts:
        near = difflib.get_close_matches(reason, counts, n=1)
        listed = ", ".join(f"{name} ({number:,})" for name, number in counts.items())
        hint = f"Did you mean '{near[0]}'? " if near else ""
        raise UsageError(f"no row was rejected as '{reason}'", hint=f"{hint}There are: {listed or 'none'}, or all.")

    def places(batch: pl.DataFrame) -> pl.Series:
        return batch.select(pl.format("{}:{}", "file", "line")).to_series()

    paths = [dataset.root / file["name"] for file in dataset.manifest["rejected_files"]]
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise UsageError(f"'{missing[0]}' is not there", hint="Rejected rows stay where a set was built.")
    found = _shown(draw(_rejected_batches(paths, reason), count, places, seed=f"{seed}:"))
    return found if show_phi else [_masked(one) for one in found]


def _masked(shown: Shown) -> Shown:
    if not str(shown.row["reason"]).startswith(_PRIVATE):
        return shown
    record = json.dumps(_mask_texts(json.loads(shown.row["record"])), ensure_ascii=False)
    return replace(shown, row={**shown.row, "record": record})


def _mask_texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: one if name == "role" else _mask_texts(one) for name, one in cast(dict[str, Any], value).items()}
    if isinstance(value, list):
        return [_mask_texts(one) for one in cast(list[Any], value)]
    return mask(value, len(value)) if isinstance(value, str) else value


def _rejected_batches(paths: Iterable[Path], reason: str) -> Iterator[tuple[str, pl.DataFrame]]:
    for path in paths:
        rows = pl.scan_parquet(path)
        wanted = rows if reason == "all" else rows.filter(pl.col("reason") == reason)
        with told(path.name):
            for batch in wanted.collect_batches(maintain_order=True):
                yield "rejected", batch


def _require_split(dataset: Dataset, split: str | None) -> None:
    if split is not None and split not in dataset.splits:
        raise UsageError(f"'{dataset.root}' has no split '{split}'", hint=f"It has: {', '.join(dataset.splits)}.")


def _shown(drawn: Iterable[Drawn]) -> list[Shown]:
    rows = (Shown(one.number, one.split, one.row.row(0, named=True)) for one in drawn)
    return sorted(rows, key=lambda shown: shown.number)
