"""Check `duplicates`: no question stands in two splits, none twice, and none with two answers.

Rows are compared by what they ask, without the lines that many rows share; lettered options may stand in any order, as
sets shuffle them. Two rows of one split that ask the same and tell something else (another wrong answer, another
conversation) are no duplicates; in two splits they are, since a model that was trained on the one knows the other. Rows
whose words differ in nothing but a sign, a number, a "not" or an opposite are different questions. What is compared
lies on disk, about a kilobyte a row; see `_compare`.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl
from pydantic import Field

from openmed_data import tally
from openmed_data.builder import ReasonCode
from openmed_data.check import FINDINGS, Check, CheckResult, Figure, Plant, Rows, Scan, Settings, Severity
from openmed_data.kinds import Kind
from openmed_data.spread import Batches, spread
from openmed_data.text.keys import question_key
from openmed_data.text.near import Kind as Alike
from openmed_data.text.rows import asked, told

from ._compare import Comparison, Laid, compare, lay
from .plants import plants

_LETTER = r"(?m)^[ \t]*\(?[A-J][.):][ \t]+"
_GRAVE, _REPORTED = 3, 1


class Code(ReasonCode):
    """What can be found."""

    ACROSS = "across_splits", "rows that ask the same as a row of another split"
    NEAR_ACROSS = "nearly_across_splits", "rows that ask nearly the same as a row of another split"
    CONFLICT = "conflicting_answers", "rows whose right answer is a wrong one in a row that asks the same"
    REPEATED = "repeated_rows", "rows that ask and tell the same as an earlier row of their split"
    NEAR = "nearly_repeated_rows", "rows that ask nearly the same as another row of their split"


_LEVELS = {Code.ACROSS: _GRAVE, Code.NEAR_ACROSS: _GRAVE, Code.CONFLICT: _GRAVE, Code.REPEATED: 2, Code.NEAR: _REPORTED}


class DuplicatesSettings(Settings):
    """Settings of `duplicates`."""

    threshold: float = Field(
        0.8, ge=0.5, le=1, description="Share of word pairs from which two questions are nearly the same (Jaccard)."
    )
    max_across_splits: int = Field(0, ge=0, description="Most rows that ask the same as a row of another split.")
    max_near_across_per_1000: float = Field(
        0.5, ge=0, description="Most rows of a thousand that ask nearly the same as a row of another split."
    )
    max_conflicts: int = Field(0, ge=0, description="Most rows whose right answer is wrong elsewhere.")
    max_repeated_per_1000: float = Field(
        0.0, ge=0, description="Most repeated rows of a thousand; beyond it a warning."
    )
    max_near_per_1000: float = Field(
        10.0, ge=0, description="Most nearly repeated rows of a thousand; beyond it a warning."
    )


class DuplicatesCheck(Check[DuplicatesSettings]):
    """Repeated questions, within and across splits."""

    name = "duplicates"
    summary = "no question stands in two splits, twice in one, or with two answers"
    codes = Code

    @property
    def settings_model(self) -> type[DuplicatesSettings]:
        """Return the settings."""
        return DuplicatesSettings

    def plants(
        self, rows: pl.DataFrame, kind: Kind, settings: DuplicatesSettings, rng: random.Random
    ) -> Iterator[Plant]:
        """Plant copies, near copies and copies with the other answer."""
        del settings
        return plants(rows, kind, rng)

    def scan(self, batch: pl.DataFrame, settings: DuplicatesSettings) -> Scan:  # noqa: ARG002
        """Find nothing: one batch tells nothing of the others; see `run`."""
        return Scan()

    def assess(self, counts: pl.DataFrame, settings: DuplicatesSettings) -> tuple[Figure, ...]:
        """Turn counts into figures: across splits and conflicts fail, within a split they warn."""
        found = tally.table(counts, "found")
        rows = max(1, tally.table(counts, "rows").get("rows", 0))
        most = {Code.ACROSS: settings.max_across_splits, Code.CONFLICT: settings.max_conflicts}
        rates = {
            Code.NEAR_ACROSS: settings.max_near_across_per_1000,
            Code.REPEATED: settings.max_repeated_per_1000,
            Code.NEAR: settings.max_near_per_1000,
        }
        return (
            *(Figure(code, found.get(code, 0), maximum=limit, meaning=code.meaning) for code, limit in most.items()),
            *(
                Figure(
                    f"{code}_per_1000",
                    round(1000 * found.get(code, 0) / rows, 3),
                    maximum=limit,
                    severity=Severity.FAIL if code is Code.NEAR_ACROSS else Severity.WARN,
                    meaning=f"{code.meaning}, of every thousand",
                )
                for code, limit in rates.items()
            ),
        )

    def run(self, rows: Rows, settings: DuplicatesSettings) -> CheckResult:
        """Compare all rows by what they ask."""
        with spread(rows) as shared:
            lay_out = partial(_lay, folder=shared.folder, kind=rows.kind)
            laid = [batch for stretch in shared.over(lay_out) for batch in stretch]
            compared = compare(shared, laid, settings.threshold)
            found = _judge(_linked(compared))
            findings = self.gravest([_findings(found, compared)])
        counted = pl.DataFrame([("rows", "rows", "", compared.rows)], schema=tally.SCHEMA, orient="row")
        by_code = found.group_by("code").agg(pl.col("row").n_unique().alias("count"))
        counts = tally.merge([counted, tally.tally("found", by_code, key="code")])
        return CheckResult(self.name, self.assess(counts, settings), findings, self.tables(counts), compared.rows)


_KEYS = pl.Schema(
    {
        "id": pl.String,
        "split": pl.String,
        "asked": pl.String,
        "told": pl.UInt64,
        "right": pl.UInt64,
        "wrong": pl.UInt64,
    }
)


def _lay(batches: Batches, folder: Path, kind: Kind) -> list[Laid]:
    return [lay(folder, _keys(split, batch, kind)) for split, batch in batches]


def _keys(split: str, batch: pl.DataFrame, kind: Kind) -> pl.DataFrame:
    """Return what a batch is compared by: what it asks, and hashes of what it tells and of its two answers."""
    right, wrong = {Kind.PREFERENCES: ("chosen", "rejected"), Kind.REWARDS: ("answer", "")}.get(kind, ("", ""))
    return batch.select(
        pl.col("id").cast(pl.String),
        pl.lit(split).alias("split"),
        _in_any_order(asked(batch, kind).fill_null("")).alias("asked"),
        told(batch, kind).fill_null("").str.replace_all(_LETTER, "").hash(seed=0).alias("told"),
        _answer(batch, right).alias("right"),
        _answer(batch, wrong).alias("wrong"),
    ).cast(_KEYS)


def _in_any_order(texts: pl.Series) -> pl.Series:
    r"""Put the lettered options of each text behind the rest of it, without their letters and in one order for all.

    Examples
    --------
    >>> _in_any_order(pl.Series(["Which?\nA. two\nB. one\nAnswer.", "Why?"])).to_list()
    ['Which?\nAnswer.\none\ntwo', 'Why?']
    """
    lines = pl.element().filter(~pl.element().str.contains(_LETTER))
    options = pl.element().filter(pl.element().str.contains(_LETTER)).str.replace(_LETTER, "").sort()
    split = pl.col("text").str.split("\n")
    ordered = pl.concat_list(split.list.eval(lines), split.list.eval(options)).list.join("\n")
    return texts.to_frame("text").select(pl.when(pl.col("text").str.contains(_LETTER)).then(ordered).otherwise("text"))[
        "text"
    ]


_TOLD = pl.Schema({name: _KEYS[name] for name in ("split", "told", "right", "wrong")})


def _answer(batch: pl.DataFrame, column: str) -> pl.Series:
    """Return a hash of each answer without its letter; null where there is none."""
    if column not in batch.columns:
        return pl.Series([None], dtype=pl.UInt64).new_from_index(0, batch.height)
    texts = batch[column]
    if isinstance(texts.dtype, pl.List):
        texts = texts.list.last().struct.field("content")
    keys = question_key(texts.cast(pl.String).str.replace(_LETTER, ""))
    return keys.to_frame("key").select(pl.when(pl.col("key") != "").then(pl.col("key").hash(seed=0))).to_series()


@dataclass(frozen=True, slots=True)
class _Linked:
    """Rows with their group, all of which ask exactly the same, and the groups that ask nearly the same."""

    rows: pl.DataFrame
    near: pl.DataFrame


def _linked(compared: Comparison) -> _Linked:
    pairs = compared.pairs.filter(pl.col("differs").is_null())
    exact = pairs.filter(pl.col("kind") == Alike.EXACT).select(row="right", group="left")
    near = pairs.filter(pl.col("kind") == Alike.NEAR).select("left", "right")
    named = pl.concat([exact["row"], exact["group"], near["left"], near["right"]]).unique()
    places = pl.DataFrame({"row": named}).join(exact, on="row", how="left")
    rows = places.with_columns(pl.col("group").fill_null(pl.col("row"))).sort("row")
    if not rows.height:
        return _Linked(rows.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in _TOLD.items()), near)
    return _Linked(rows.hstack(compared.look_up(rows["row"].to_numpy(), list(_TOLD))), near)


def _judge(linked: _Linked) -> pl.DataFrame:
    """Return `row`, `group` and `code`, one line for each thing that is wrong with a row."""
    rows = linked.rows
    splits = pl.col("split").n_unique().over("group") > 1
    again = pl.int_range(pl.len()).over("group", "split", "told") > 0
    contrary = pl.col("right").is_in(pl.col("wrong").drop_nulls().implode().over("group"))
    other = (pl.col("right").n_unique().over("group") > 1) & pl.col("wrong").is_null().all().over("group")
    judged = {
        Code.ACROSS: splits,
        Code.CONFLICT: (contrary | other) & pl.col("right").is_not_null(),
        Code.REPEATED: again,
    }
    parts = [rows.filter(rule).select("row", "group", pl.lit(str(code)).alias("code")) for code, rule in judged.items()]
    return pl.concat([*parts, _near(linked)])


def _near(linked: _Linked) -> pl.DataFrame:
    """Return the rows of every two groups that ask nearly the same, seen from either side.

    Within a split, two whose right answers differ ("the antidote of heparin", "of morphine") are two questions.
    """
    both = pl.concat([linked.near, linked.near.select(left="right", right="left")])
    ours = both.join(linked.rows.select("row", "split", answer="right", left="group"), on="left")
    every = ours.join(linked.rows.select(other="split", other_answer="right", right="group"), on="right")
    same = pl.col("split") == pl.col("other")
    pairs = every.filter(~(same & (pl.col("answer") != pl.col("other_answer")).fill_null(value=False)))
    code = pl.when(same).then(pl.lit(str(Code.NEAR))).otherwise(pl.lit(str(Code.NEAR_ACROSS))).alias("code")
    return (
        pairs.select("row", pl.col("right").alias("group"), code)
        .sort("row", "group")
        .unique(["row", "code"], keep="first")
    )


def _findings(found: pl.DataFrame, compared: Comparison) -> pl.DataFrame:
    if not found.height:
        return pl.DataFrame(schema=FINDINGS)
    levels = {str(code): level for code, level in _LEVELS.items()}
    # Sorted by the row, as rows are looked up in their order.
    placed = found.sort("row", "code", maintain_order=True)
    rows = placed["row"].unique().sort()
    named = compared.look_up(rows.to_numpy(), ["id", "split"]).with_columns(rows)
    return (
        placed.join(named, on="row", how="left", maintain_order="left")
        .select(
            "id",
            "split",
            pl.lit("asked").alias("field"),
            pl.lit(0, pl.Int64).alias("start"),
            pl.lit(0, pl.Int64).alias("end"),
            "code",
            pl.col("code").replace_strict(levels, return_dtype=pl.Int8).alias("level"),
            pl.when(pl.col("row") == pl.col("group"))
            .then(pl.lit("with a later row"))
            .otherwise(pl.format("with row {}", pl.col("group") + 1))
            .alias("masked"),
        )
        .cast(FINDINGS)
    )


CHECK = DuplicatesCheck()
