"""Keep the prompts that a model solves sometimes: one always or never solved gives GRPO nothing to learn from."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from openmed_data.errors import Problem, SourceError
from openmed_data.sources import SourceFile
from openmed_data.sources.readers import parts

from .reasons import Reason, RewardsOptions

_COLUMNS = ("id", "pass_rate")


def read_pass_rates(path: Path) -> dict[str, float]:
    """Read `id` → `pass_rate` from a file of any format that a source may have; unrated prompts are left out.

    Raises
    ------
    SourceError
        A column is missing, or a rate is no number from 0 to 1; the first ten rows are named.
    """
    file = SourceFile(path, path.name)
    rows = pl.concat([part.load() for part in parts(file, _COLUMNS, {"pass rates": _COLUMNS})])
    rated = rows.with_row_index("row", 1).drop_nulls("pass_rate")
    rate = pl.col("pass_rate").cast(pl.Float64, strict=False)
    wrong = rated.filter(~rate.is_between(0, 1).fill_null(value=False)).head(10)
    if wrong.height:
        problems = [
            Problem(path.name, repr(value), "a number from 0 to 1", row=row, field="pass_rate")
            for row, value in wrong.select("row", "pass_rate").iter_rows()
        ]
        raise SourceError(f"'{path.name}' holds values that are no pass rates", problems)
    return dict(rated.select("id", rate).iter_rows())


def outside_band(identity: str, rates: Mapping[str, float], options: RewardsOptions) -> tuple[Reason, str] | None:
    """Return why a prompt's pass rate rejects it, with the rate; None where it does not."""
    if options.pass_rate_file is None:
        return None
    rate = rates.get(identity)
    if rate is None:
        return None if options.keep_unrated else (Reason.NO_PASS_RATE, identity)
    if options.min_pass_rate <= rate <= options.max_pass_rate:
        return None
    return Reason.OUTSIDE_BAND, f"{identity}: {rate:g}"
