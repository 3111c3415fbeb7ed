"""What a builder may do besides `fit`, `state` and `rows`: read files that are no tables, and prepare for its rows."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from toy_builder import Toy, read_rows, run_pipeline

from openmed_data.builder import ROW, Options, Rows
from openmed_data.errors import UsageError
from openmed_data.progress import Progress
from openmed_data.sources import SourceFile
from openmed_data.sources.readers import FramePart, Part


class Letters(Toy):
    """Reads plain text, a question from each paragraph, and looks its answers up where `prepare` put them."""

    releases_gil = True  # threads: a module of tests cannot be imported by name in another process
    suffixes = (".txt",)

    def parts(self, file: SourceFile) -> Iterator[Part]:
        asked = file.path.read_text().strip().split("\n\n")
        frame = pl.DataFrame(
            dict.fromkeys(self.every_column, asked), schema=dict.fromkeys(self.every_column, pl.String)
        )
        yield FramePart(
            file.name, "letters", 1, frame.with_columns(reject=pl.lit(None, dtype=pl.String), copies=pl.lit("1"))
        )

    def prepare(self, state: int, source: Iterable[pl.DataFrame], options: Options, progress: Progress) -> int:
        seen = [sum(batch.height for batch in source) for _ in range(2)]
        assert seen[0] == seen[1] == state
        return 1000 + state

    def rows(self, batch: pl.DataFrame, state: int, options: Options) -> Rows:
        assert state == 1000 + batch[ROW].len()
        return super().rows(batch, state, options)


def test_a_builder_reads_files_that_are_no_tables_and_prepares_once(tmp_path: Path) -> None:
    source = tmp_path / "letters.txt"
    source.write_text("what is it?\n\nand how\nmuch?\n")
    result = run_pipeline(Letters(), source, tmp_path / "out")
    assert sorted(row[0]["content"] for row in read_rows(result)["prompt"].to_list()) == [
        "and how\nmuch?",
        "what is it?",
    ]


def test_only_a_builder_that_reads_them_takes_files_of_a_kind(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("what?")
    (tmp_path / "rows.csv").write_text("question,answer\na,b\n")
    builder: Any
    for builder, name in ((Toy(), "letters.txt"), (Letters(), "rows.csv")):
        with pytest.raises(UsageError, match="no kind of file that can be read"):
            builder.source(str(tmp_path / name))
