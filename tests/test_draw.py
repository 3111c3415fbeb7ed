"""Rows that were drawn are the batch's own, and keep nothing else of it."""

import polars as pl

from openmed_data.draw import draw


def test_a_drawn_row_does_not_keep_its_batch_in_memory() -> None:
    texts = [f"{number} " + "word " * 200 for number in range(1_000)]
    messages = [[{"role": "user", "content": text}] for text in texts]
    batch = pl.DataFrame({"id": [str(number) for number in range(1_000)], "messages": messages})
    drawn = draw([("train", batch), ("test", batch)], 3, lambda rows: rows["id"])
    assert [one.row.equals(batch[(one.number - 1) % 1_000]) for one in drawn] == [True] * 3
    held = (one.row.to_arrow(compat_level=pl.CompatLevel.newest()).get_total_buffer_size() for one in drawn)
    assert max(held) < 20_000
