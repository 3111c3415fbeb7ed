"""Rejected rows are kept whole, also those that went because they identify a person: these must stay at home."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from openmed_data.check import Check, parse_settings
from openmed_data.errors import Problem
from openmed_data.registry import CHECKS, find

_LEAST_LEVEL = 2


def identifying_rows(build: Path, shards: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """Return a problem for every rejected row that the check `phi` takes to identify a person, its text masked.

    Rows that their builder rejected were never filtered, so all of them are read and not only those with a reason of
    the check's.

    Parameters
    ----------
    build
        Folder of the build.
    shards
        Its rejected files, as the manifest lists them.
    """
    return [problem for shard in shards for problem in _in_shard(build / shard["name"], shard["name"])]


def _in_shard(path: Path, name: str) -> list[Problem]:
    phi: Check[Any] = find(CHECKS, "phi")
    rows = pl.read_parquet(path, columns=["detail", "record"]).with_row_index("id", offset=1)
    texts = rows.with_columns(pl.col("id").cast(pl.String))
    found = phi.scan(texts, parse_settings(phi, {})).findings.filter(pl.col("level") >= _LEAST_LEVEL)
    gravest = found.sort("level", "field", "start", descending=[True, False, False]).unique("id", maintain_order=True)
    by_row = gravest.sort(pl.col("id").cast(pl.Int64))
    return [
        Problem(name, f"{code}: {masked}", "no identifier of a person; push without --with-rejected", row=int(row))
        for row, code, masked in by_row.select("id", "code", "masked").iter_rows()
    ]
