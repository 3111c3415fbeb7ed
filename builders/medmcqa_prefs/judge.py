"""Decide which questions pass, and say why the others do not."""

import polars as pl

from openmed_data.text.explanations import explains_picture
from openmed_data.text.keys import question_key
from openmed_data.text.options import is_absent
from openmed_data.text.questions import letters_alone, lost_table, needs_picture, unanswerable
from openmed_data.text.rationale import rationale

from .pairs import OPTIONS, TEXTS
from .reasons import PrefsOptions, Reason, Style


def screen(rows: pl.DataFrame, options: PrefsOptions, small: frozenset[str]) -> pl.DataFrame:
    """Add `reason`, null for rows that pass; the first reason in this order counts."""
    keys = question_key(pl.concat([rows[name].alias("text") for name in TEXTS]))
    stems = rows["question"].fill_null("")
    rows = rows.with_columns(
        (needs_picture(stems) | explains_picture(stems, rows["exp"])).alias("picture"),
        letters_alone(stems, [rows[name] for name in OPTIONS]).alias("alone"),
        *(keys.slice(index * rows.height, rows.height).alias(f"key {name}") for index, name in enumerate(TEXTS)),
    )
    if options.style is Style.RATIONALE:
        right = rows.select(
            pl.coalesce(pl.when(pl.col("gold") == place).then(name) for place, name in enumerate(OPTIONS))
        )
        cut = [rationale(text, gold or "", small) for text, gold in zip(rows["exp"], right.to_series(), strict=True)]
        rows = rows.with_columns(pl.Series("rationale", cut, dtype=pl.String))
    raws = [pl.col(f"raw {name}").str.strip_chars().fill_null("") for name in OPTIONS]
    raw_empty = pl.any_horizontal((raw == "") | is_absent(raw) for raw in raws)
    now_empty = pl.any_horizontal(pl.col(name).fill_null("") == "" for name in OPTIONS)
    mean_length = pl.mean_horizontal(pl.col(name).str.len_chars() for name in OPTIONS)
    tests: dict[Reason, pl.Expr] = {
        Reason.UNLABELLED: pl.col("gold").is_null(),
        Reason.MISSING_OPTION: raw_empty,
        Reason.MARKUP_ONLY_OPTION: now_empty,
        Reason.UNANSWERABLE_STEM: unanswerable(pl.col("question"), mean_length),
        Reason.LOST_TABLE: lost_table(pl.col("question")),
        Reason.NEEDS_PICTURE: pl.col("picture"),
        Reason.LETTERS_ALONE: pl.col("alone"),
        Reason.DUPLICATE_OPTIONS: _duplicate_options(),
        Reason.CONTRADICTING_EXPLANATION: pl.col("stated") != pl.col("gold"),
    }
    if options.style is Style.RATIONALE:
        tests[Reason.NO_CLEAN_EXPLANATION] = pl.col("rationale").is_null()
    reason = pl.coalesce(pl.when(test).then(pl.lit(code.value)) for code, test in tests.items())
    return rows.with_columns(reason.alias("reason"))


def detail() -> pl.Expr:
    """Return the text that caused each rejection."""
    raw = pl.concat_str([pl.col(f"raw {name}").fill_null("") for name in OPTIONS], separator=" | ")
    explained = (Reason.CONTRADICTING_EXPLANATION, Reason.NO_CLEAN_EXPLANATION)
    asked = (Reason.UNANSWERABLE_STEM, Reason.LOST_TABLE, Reason.NEEDS_PICTURE, Reason.LETTERS_ALONE)
    return (
        pl.when(pl.col("reason") == Reason.UNLABELLED)
        .then(pl.col("cop").fill_null(""))
        .when(pl.col("reason").is_in(asked))
        .then(pl.col("question").fill_null(""))
        .when(pl.col("reason").is_in(explained))
        .then(pl.col("exp").fill_null("").str.slice(0, 200))
        .otherwise(raw)
        .alias("detail")
    )


def _duplicate_options() -> pl.Expr:
    keys = [pl.col(f"key {name}") for name in OPTIONS]
    return pl.any_horizontal(keys[i] == keys[j] for i in range(4) for j in range(i))
