"""Lines that so many rows share that they are an instruction, such as "Answer with the letter.": not what is asked."""

from collections.abc import Sequence

import polars as pl

SHARED_BY = 0.01
FEWEST_SHARING = 20


def frequent_lines(texts: pl.Series) -> list[str]:
    r"""Return the lines that as large a share of these texts have as makes a line shared.

    A line that so large a share of all texts has, has it in one batch of them at least; so these are all that can be.

    Examples
    --------
    >>> frequent_lines(pl.Series([f"Question {number}?\nAnswer briefly." for number in range(200)]))
    ['Answer briefly.']
    """
    counted = _counted(texts).filter(pl.col("rows") >= SHARED_BY * texts.len())
    return counted["text"].sort().to_list()


def count_lines(texts: pl.Series, lines: Sequence[str]) -> dict[str, int]:
    """Return in how many of the texts each of these lines stands."""
    counted = _counted(texts).filter(pl.col("text").is_in(list(lines)))
    return dict(counted.iter_rows())


def shared_lines(counts: dict[str, int], rows: int) -> list[str]:
    """Return the lines that count as shared among so many rows."""
    return sorted(line for line, count in counts.items() if count >= max(FEWEST_SHARING, SHARED_BY * rows))


def without_lines(texts: pl.Series, lines: Sequence[str]) -> pl.Series:
    r"""Take these lines out of the texts.

    Examples
    --------
    >>> without_lines(pl.Series(["Why?\nAnswer briefly."]), ["Answer briefly."]).to_list()
    ['Why?']
    """
    if not lines:
        return texts
    kept = _split(texts).filter(~pl.col("text").is_in(list(lines)))
    joined = kept.group_by("row", maintain_order=True).agg(pl.col("text").str.join("\n"))
    rows = pl.DataFrame({"row": pl.int_range(texts.len(), dtype=pl.get_index_type(), eager=True)})
    return rows.join(joined, on="row", how="left", maintain_order="left")["text"].fill_null("")


def _counted(texts: pl.Series) -> pl.DataFrame:
    return _split(texts).group_by("text").agg(pl.col("row").n_unique().alias("rows"))


def _split(texts: pl.Series) -> pl.DataFrame:
    return texts.to_frame("text").with_row_index("row").with_columns(pl.col("text").str.split("\n")).explode("text")
