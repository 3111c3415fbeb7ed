"""Read `cop`, MedMCQA's answer key, whose base differs between releases and is told from the data or not at all.

A key that was shifted or mixed up on its way reads like any other. Two things give it away, and stop the build: many
rows of which none has the answer at one of the four positions, and explanations that state other letters. Of the 1,071
explanations in MedMCQA's validation split that state a letter none differs from the key; of the 49,391 in its training
split 417 do.
"""

from collections.abc import Mapping

import polars as pl

from openmed_data import tally
from openmed_data.builder import FILE, LINE, SAMPLE
from openmed_data.errors import Problem, SourceError
from openmed_data.text.explanations import stated_position

UNLABELLED = ("", "-1", "na", "n/a", "nan", "none", "null")
_POSITIONS = ("0", "1", "2", "3", "4")
_LISTED = 20
# By chance one of four positions, of which the rarest holds a fifth of MedMCQA, is missing once in 48,000 files.
_MANY_ROWS = 50
# A few explanations are wrong themselves; so many, and so large a share of them, are not.
_FEWEST_CONTRADICTIONS = 5
_MOST_CONTRADICTED = 0.1


def key_text(cop: pl.Expr) -> pl.Expr:
    """Return the key as written, without the ``.0`` that a spreadsheet adds; null where the row is unlabelled."""
    text = cop.str.strip_chars().str.to_lowercase().str.replace(r"\.0$", "")
    return pl.when(~text.is_in(UNLABELLED)).then(text)


def count_keys(batch: pl.DataFrame) -> pl.DataFrame:
    """Count the values of `cop` by file, with the letters that explanations state; list rows that hold none of 0 to 4.

    Parameters
    ----------
    batch
        Rows with `cop`, and `exp` and `SAMPLE` where there are explanations.
    """
    read = batch.select(FILE, LINE, key_text(pl.col("cop")).alias("value")).drop_nulls("value")
    strange = read.filter(~pl.col("value").is_in(_POSITIONS)).head(_LISTED)
    lines = strange.with_columns(pl.col(LINE).cast(pl.String) + ":" + pl.col("value"), count=pl.lit(1))
    return pl.concat(
        [
            tally.tally("cop", read.group_by(FILE, "value").agg(pl.len().alias("count")), key=FILE, detail="value"),
            tally.tally("strange cop", lines, key=FILE, detail=LINE),
            _count_told(batch),
        ]
    )


def _count_told(batch: pl.DataFrame) -> pl.DataFrame:
    """Count, by file, each value of `cop` with the position that the explanation states, in rows that have both."""
    if "exp" not in batch.columns:
        return tally.empty()
    value, letter = key_text(pl.col("cop")).alias("value"), stated_position(pl.col("exp")).alias("letter")
    read = batch.filter(SAMPLE).select(FILE, value, letter)
    told = read.drop_nulls().with_columns(pl.format("{} {}", "value", "letter").alias("told"))
    return tally.tally("told", told.group_by(FILE, "told").agg(pl.len().alias("count")), key=FILE, detail="told")


def index_bases(evidence: pl.DataFrame, stated: str) -> Mapping[str, int]:
    """Tell what `cop` counts from in every file.

    A file with a 0 counts from 0 and a file with a 4 counts from 1, if all four positions occur.

    Parameters
    ----------
    evidence
        Merged counts of `count_keys`.
    stated
        ``"auto"``, or the base that the user states for all files.

    Raises
    ------
    SourceError
        A value is no position, or a file has both 0 and 4, or neither and the base is not stated, or many rows and one
        position in none of them; or its explanations state other answers.
    """
    problems = _strange(evidence)
    bases: dict[str, int] = {}
    seen = evidence.filter(pl.col("table") == "cop")
    for file in seen["key"].unique().sort().to_list():
        counts = dict(seen.filter(pl.col("key") == file).select("detail", "count").iter_rows())
        values, rows = set(counts), sum(counts.values())
        found = f"`cop` values {', '.join(sorted(values))}"
        positions = {"0", "1", "2", "3"} if "0" in values else {"1", "2", "3", "4"}
        allowed = {"0": "0, 1, 2 and 3 only", "1": "1, 2, 3 and 4 only"}.get(stated)
        if {"0", "4"} <= values:
            problems.append(Problem(file, f"{found}: two index bases mixed", "0 to 3, or 1 to 4", field="cop"))
        elif allowed is not None and {"0": "4", "1": "0"}[stated] in values:
            problems.append(Problem(file, found, f"{allowed}, since index_base={stated} was stated", field="cop"))
        elif stated == "auto" and not {"0", "4"} & values:
            problems.append(Problem(file, f"{found}: they fit both bases", "a 0 or a 4 among them", field="cop"))
        elif stated == "auto" and rows >= _MANY_ROWS and values < positions:
            problems.append(Problem(file, f"{found} in {rows:,} rows", "four positions in so many", field="cop"))
        else:
            bases[file] = (0 if "0" in values else 1) if stated == "auto" else int(stated)
    if problems:
        raise SourceError(
            "the answer key cannot be read without guessing",
            problems,
            hint="State what `cop` counts from, with --set index_base=0 or --set index_base=1; build files "
            "whose bases differ one by one.",
        )
    _require_agreement(evidence, bases)
    return bases


def _require_agreement(evidence: pl.DataFrame, bases: Mapping[str, int]) -> None:
    """Hold each file's key, by its base, against the letters that its explanations state.

    Raises
    ------
    SourceError
        Too many state another one.
    """
    problems: list[Problem] = []
    for file, base in bases.items():
        told = tally.table(evidence.filter(pl.col("key") == file).with_columns(key="detail"), "told")
        other = sum(rows for one, rows in told.items() if int(one[0]) - base != int(one[-1]))
        if other >= _FEWEST_CONTRADICTIONS and other > _MOST_CONTRADICTED * sum(told.values()):
            found = f"another answer than the explanation's in {other:,} of {sum(told.values()):,} rows that state one"
            problems.append(Problem(file, found, "the same answer in nine of ten rows", field="cop"))
    if problems:
        raise SourceError(
            "the answer key contradicts the explanations",
            problems,
            hint="The key was shifted or mixed up, or the options were moved after the explanations had been written: "
            "then leave the column `exp` out.",
        )


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
