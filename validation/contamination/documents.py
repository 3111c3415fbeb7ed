"""The text of a training row: everything a model would see of it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import polars as pl


def row_texts(frame: pl.DataFrame, columns: Sequence[str]) -> list[str]:
    r"""Join the texts of `columns`, nested ones (message lists, tool calls, options) included, one text per row.

    Parameters
    ----------
    frame : pl.DataFrame
    columns : sequence of str

    Returns
    -------
    list of str
        In the order of the rows; parts are joined by line breaks, nulls and numbers are left out.

    Raises
    ------
    polars.exceptions.ColumnNotFoundError
        If a column is missing.

    Examples
    --------
    >>> frame = pl.DataFrame({"prompt": [[{"role": "user", "content": "Why?"}]], "answer": ["So."]})
    >>> row_texts(frame, ["prompt", "answer"])
    ['user\nWhy?\nSo.']
    """
    chosen = frame.select(columns)
    if all(dtype == pl.String for dtype in chosen.dtypes):
        joined = chosen.select(pl.concat_str(pl.all(), separator="\n", ignore_nulls=True))
        return joined.to_series().fill_null("").to_list()
    return ["\n".join(_texts(row)) for row in chosen.iter_rows()]


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in cast("Mapping[str, Any]", value).values():
            yield from _texts(part)
    elif isinstance(value, list | tuple):
        for part in cast("Sequence[Any]", value):
            yield from _texts(part)
