"""The comparison on disk finds what the one in memory finds, whatever the batches and partitions."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from openmed_data.kinds import Kind
from openmed_data.spread import Spread, spread
from openmed_data.text.near import find_duplicates
from openmed_data.validation.duplicates import _compare, _lines

WORDS = "fever cough rash jaundice pallor clubbing syncope ataxia tremor vertigo tinnitus not 12 Rh+ increased".split()
# Few enough that some texts are equal, and some nearly.
texts = st.lists(
    st.one_of(
        st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join),
        st.integers(0, 5).map(lambda at: " ".join([*WORDS[:at], *WORDS[at + 1 :]])),
        st.sampled_from(["", "?!", "one", "ONE", " ".join(WORDS), " ".join(WORDS).upper() + "!"]),
    ),
    max_size=60,
)


class Batches:
    """Texts as checks see rows."""

    kind, manifest = Kind.SFT, None

    def __init__(self, frames: list[pl.DataFrame]) -> None:
        self.frames = frames

    def batches(self) -> Any:
        return (("train", frame) for frame in self.frames)


def on_disk(rows: list[str], size: int, threshold: float) -> pl.DataFrame:
    frame = pl.DataFrame({"asked": rows, "id": [str(n) for n in range(len(rows))]}, schema_overrides={"asked": str})
    with spread(Batches(list(frame.iter_slices(size)))) as shared:
        assert isinstance(shared, Spread)
        laid = [_compare.lay(shared.folder, batch) for _, batch in shared.batches()]
        compared = _compare.compare(shared, laid, threshold)
        if compared.rows:
            some = np.arange(0, compared.rows, 3)
            assert compared.look_up(some, ["id"])["id"].to_list() == [str(n) for n in some]
        return compared.pairs


@settings(max_examples=60)
@given(rows=texts, size=st.integers(1, 25), at_once=st.integers(1, 80), threshold=st.sampled_from([0.6, 0.8]))
def test_disk_and_memory_find_the_same(rows: list[str], size: int, at_once: int, threshold: float):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_compare, "AT_ONCE", at_once)
        patch.setattr(_lines, "FEWEST_SHARING", 1000)
        found = on_disk(rows, size, threshold)
    assert_frame_equal(found, find_duplicates(rows, threshold=threshold).pairs)


def test_crowd_of_near_copies_is_one_cluster():
    crowd = [" ".join([*WORDS, f"case{n}"]) for n in range(300)]
    pairs = on_disk(crowd, 70, 0.8)
    assert_frame_equal(pairs, find_duplicates(crowd, threshold=0.8).pairs)
    assert pairs.height < 300 * 300 / 4


@settings(max_examples=30)
@given(shared=st.integers(0, 60), rows=st.integers(1, 90), size=st.integers(1, 90))
def test_lines_are_shared_whatever_the_batches(shared: int, rows: int, size: int):
    line = "Answer with the letter."
    every = pl.Series([f"q{n}" + (f"\n{line}" if n < shared else "") for n in range(rows)])
    batches = [every.slice(start, size) for start in range(0, rows, size)]
    lines = sorted({one for batch in batches for one in _lines.frequent_lines(batch)})
    counts: dict[str, int] = {}
    for batch in batches:
        for one, count in _lines.count_lines(batch, lines).items():
            counts[one] = counts.get(one, 0) + count
    assert (line in _lines.shared_lines(counts, rows)) == (min(shared, rows) >= 20)


def test_nothing_is_left_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    on_disk([" ".join(WORDS)] * 5, 2, 0.8)
    assert list(tmp_path.iterdir()) == []
