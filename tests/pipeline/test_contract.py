"""What a builder gives is held against its contract before anything is written, in words its author can act on."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from toy_builder import ThreadedToy, read_rows, run_pipeline, write_jsonl

from openmed_data.builder import UID, Options, Rows
from openmed_data.errors import BuildError

Change = Callable[[Rows], Rows]


class Changed(ThreadedToy):
    """A toy whose rows are changed on their way out."""

    def __init__(self, change: Change) -> None:
        self.change = change

    def rows(self, batch: pl.DataFrame, state: int, options: Options) -> Rows:
        return self.change(super().rows(batch, state, options))


def changed(table: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Change:
    return lambda rows: replace(rows, **{table: change(getattr(rows, table))})


def with_columns(table: str, *columns: pl.Expr) -> Change:
    return changed(table, lambda frame: frame.with_columns(*columns))


def without(table: str, column: str) -> Change:
    return changed(table, lambda frame: frame.drop(column))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without("kept", "topic"), "kept: lacks the column 'topic'; expected String"),
        (with_columns("kept", pl.lit(1).alias("bla")), "kept: column 'bla' is unknown"),
        (with_columns("kept", pl.lit(3).alias("topic")), "kept: column 'topic': found Int32; expected String"),
        (
            with_columns("kept", pl.lit("no list").alias("chosen")),
            "kept: column 'chosen': found String; expected List(",
        ),
        (without("keys", "stem"), "keys: lacks the column 'stem'; expected String"),
        (with_columns("keys", pl.col(UID).cast(pl.String)), f"keys: column '{UID}': found String; expected UInt64"),
        (without("rejected", "detail"), "rejected: lacks the column 'detail'; expected String"),
        (
            with_columns("rejected", pl.lit("whim").alias("reason")),
            "rejects rows as 'whim', which is none of its reasons",
        ),
    ],
)
def test_what_is_not_of_the_kind_is_named(tmp_path: Path, change: Change, message: str):
    rows = [{"question": "what is it", "answer": "a"}, {"question": "no", "answer": "b", "reject": "asked"}]
    source = write_jsonl(tmp_path / "toy.jsonl", rows)
    with pytest.raises(BuildError, match="builder 'toy'") as raised:
        run_pipeline(Changed(change), source, tmp_path / "out")
    assert message in str(raised.value)


def test_columns_may_stand_in_any_order(tmp_path: Path):
    source = write_jsonl(tmp_path / "toy.jsonl", [{"question": "what is it", "answer": "a"}])
    backwards = Changed(changed("kept", lambda frame: frame.select(reversed(frame.columns))))
    assert read_rows(run_pipeline(backwards, source, tmp_path / "out")).equals(
        read_rows(run_pipeline(ThreadedToy(), source, tmp_path / "plain"))
    )
