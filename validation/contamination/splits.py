"""Rows of one set that stand in a held-out split of the same family."""

from collections.abc import Sequence

import polars as pl

from .index import Index


class OwnRowsError(ValueError):
    """The rows are the benchmark's own: finding them in it would say nothing."""


def own_rows(index: Index, ids: Sequence[str]) -> dict[str, int]:
    """How many of `ids` are ids of each benchmark's items; benchmarks with none are left out.

    A build that reads from a benchmark's split must exclude that benchmark by name in `Index.scan`, with the reason.
    This says which one it is.
    """
    given = set(ids)
    counts = {name: len(given & held) for name, held in index.ids_by_benchmark.items()}
    return {name: count for name, count in counts.items() if count}


def contained_in_split(index: Index, texts: Sequence[str], ids: Sequence[str], benchmark: str) -> pl.DataFrame:
    """Find the rows that stand in one held-out split, e.g. rows of MedMCQA train in its validation split.

    Parameters
    ----------
    index : Index
    texts, ids : sequence of str
        One text and one id per row.
    benchmark : str
        Name of the split in the index.

    Returns
    -------
    pl.DataFrame
        As `Index.scan`, with the column `id` of the rows.

    Raises
    ------
    OwnRowsError
        If some of the rows are items of that split itself, by their ids.
    ValueError
        If the index does not hold `benchmark`, or texts and ids differ in number.
    """
    if len(texts) != len(ids):
        raise ValueError(f"{len(texts)} texts but {len(ids)} ids")
    if benchmark not in index.benchmarks:
        raise ValueError(f"no benchmark {benchmark!r}: the index holds {', '.join(index.benchmarks)}")
    own = own_rows(index, ids).get(benchmark, 0)
    if own:
        raise OwnRowsError(
            f"{own} of {len(ids)} rows are items of {benchmark} itself; "
            "a build made from it must exclude it by name, with the reason"
        )
    others = {name: f"only {benchmark} is asked for" for name in index.benchmarks if name != benchmark}
    found = index.scan(texts, exclude=others)
    return found.with_columns(id=pl.Series([ids[row] for row in found["row"].to_list()], dtype=pl.String))
