"""Read `cop`, MedMCQA's answer key, whose base differs between releases and is told from the data or not at all."""

from collections.abc import Mapping

import polars as pl

from openmed_data import tally
from openmed_data.builder import FILE, LINE
from openmed_data.errors import Problem, SourceError

UNLABELLED = ("", "-1", "na", "n/a", "nan", "none", "null")
_POSITIONS = ("0", "1", "2", "3", "4")
_LISTED = 20


def key_text(cop: pl.Expr) -> pl.Expr:
    """Return the key as written, without the ``.0`` that a spreadsheet adds; null where the row is unlabelled."""
    text = cop.str.strip_chars().str.to_lowercase().str.replace(r"\.0$", "")
    return pl.when(~text.is_in(UNLABELLED)).then(text)


def count_keys(batch: pl.DataFrame) -> pl.DataFrame:
    """Count the values of `cop` by file, and list rows that hold none of 0 to 4."""
    read = batch.select(FILE, LINE, key_text(pl.col("cop")).alias("value")).drop_nulls("value")
    strange = read.filter(~pl.col("value").is_in(_POSITIONS)).head(_LISTED)
    lines = strange.with_columns(pl.col(LINE).cast(pl.String) + ":" + pl.col("value"), count=pl.lit(1))
    return pl.concat(
        [
            tally.tally("cop", read.group_by(FILE, "value").agg(pl.len().alias("count")), key=FILE, detail="value"),
            tally.tally("strange cop", lines, key=FILE, detail=LINE),
        ]
    )


def index_bases(evidence: pl.DataFrame, stated: str) -> Mapping[str, int]:
    """Tell what `cop` counts from in every file.

    A file with a 0 counts from 0 and a file with a 4 counts from 1.

    Parameters
    ----------
    evidence
        Merged counts of `count_keys`.
    stated
        ``"auto"``, or the base that the user states for all files.

    Raises
    ------
    SourceError
        A value is no position, or a file has both 0 and 4, or neither and the base is not stated.
    """
    problems = _strange(evidence)
    bases: dict[str, int] = {}
    seen = evidence.filter(pl.col("table") == "cop")
    for file in seen["key"].unique().sort().to_list():
        values = set(seen.filter(pl.col("key") == file)["detail"].to_list())
        found = f"`cop` values {', '.join(sorted(values))}"
        allowed = {"0": "0, 1, 2 and 3 only", "1": "1, 2, 3 and 4 only"}.get(stated)
        if {"0", "4"} <= values:
            problems.append(Problem(file, f"{found}: two index bases mixed", "0 to 3, or 1 to 4", field="cop"))
        elif allowed is not None and {"0": "4", "1": "0"}[stated] in values:
            problems.append(Problem(file, found, f"{allowed}, since index_base={stated} was stated", field="cop"))
        elif stated == "auto" and not {"0", "4"} & values:
            problems.append(Problem(file, f"{found}: they fit both bases", "a 0 or a 4 among them", field="cop"))
        else:
            bases[file] = (0 if "0" in values else 1) if stated == "auto" else int(stated)
    if problems:
        raise SourceError(
            "the answer key cannot be read without guessing",
            problems,
            hint="State what `cop` counts from, with --set index_base=0 or --set index_base=1; build files "
            "whose bases differ one by one.",
        )
    return bases


def gold_position(bases: Mapping[str, int]) -> pl.Expr:
    """Return the position of the right option, 0 to 3; null where the row is unlabelled."""
    base = pl.col(FILE).replace_strict(dict(bases), default=None, return_dtype=pl.Int8)
    return key_text(pl.col("cop")).cast(pl.Int8, strict=False) - base


def _strange(evidence: pl.DataFrame) -> list[Problem]:
    rows = evidence.filter(pl.col("table") == "strange cop")
    listed = sorted((file, *detail.split(":", 1)) for file, detail in rows.select("key", "detail").iter_rows())
    return [
        Problem(file, repr(value), "0 to 3, 1 to 4, or -1 for unlabelled", row=int(line), field="cop")
        for file, line, value in sorted(listed, key=lambda entry: (entry[0], int(entry[1])))
    ]
