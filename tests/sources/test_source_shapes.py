"""The shape of a source is told from its columns: the most telling one, or a clear error, never a guess."""

from pathlib import Path

import polars as pl
import pytest
from toy_builder import Toy, read_rejected, read_rows, run_pipeline, write_jsonl

from openmed_data.builder import SHAPE, Options, Rows
from openmed_data.errors import SourceError
from openmed_data.sources.shapes import shape_of

SHAPES = {
    "open": ("question", "answer"),
    "choice": ("question", "answer", "options"),
    "coded": ("question", "opa", "opb", "cop"),
}


@pytest.mark.parametrize(
    ("columns", "shape"),
    [
        (["answer", "question"], "open"),
        (["id", "options", "question", "answer"], "choice"),
        (["question", "opa", "opb", "opc", "cop"], "coded"),
    ],
)
def test_the_columns_tell_the_shape(columns: list[str], shape: str) -> None:
    assert shape_of("rows.json", columns, SHAPES) == shape


def test_no_shape_names_the_nearest_and_what_it_lacks() -> None:
    with pytest.raises(SourceError) as caught:
        shape_of("rows.json", ["question", "opa", "opb"], SHAPES)
    assert "nearest is coded" in str(caught.value)
    assert [problem.field for problem in caught.value.problems] == ["cop"]


def test_two_readings_are_refused() -> None:
    with pytest.raises(SourceError, match="two ways"):
        shape_of("rows.json", ["question", "answer", "opa", "opb", "cop"], SHAPES)


class TwoShapes(Toy):
    """The toy, reading files that call the answer `answer` or `reply`; its workers are processes."""

    name = "two-shapes"
    shapes = {"answers": ("question", "answer"), "replies": ("question", "reply")}  # noqa: RUF012

    def fit(self, batch: pl.DataFrame, options: Options) -> pl.DataFrame:
        return super().fit(_as_answer(batch), options)

    def rows(self, batch: pl.DataFrame, state: int, options: Options) -> Rows:
        return super().rows(_as_answer(batch), state, options)


def _as_answer(batch: pl.DataFrame) -> pl.DataFrame:
    assert batch[SHAPE].n_unique() == 1
    return batch.with_columns(pl.col("reply" if batch[SHAPE][0] == "replies" else "answer").alias("answer"))


class ThreadedTwoShapes(TwoShapes):
    releases_gil = True


def test_every_file_is_read_in_its_own_shape(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "in" / "a.jsonl", [{"question": "Q1?", "answer": "one"}])
    write_jsonl(
        tmp_path / "in" / "b.jsonl",
        [{"question": "Q2?", "reply": "two"}, {"question": "Q3?", "reply": "three", "reject": "x"}],
    )
    build = run_pipeline(ThreadedTwoShapes(), str(tmp_path / "in" / "*.jsonl"), tmp_path / "out", validation_fraction=0)
    assert sorted(row["chosen"][0]["content"] for row in read_rows(build).iter_rows(named=True)) == ["one", "two"]
    assert SHAPE not in read_rejected(build)["record"][0]
