"""The rows that are picked to be read."""

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openmed_data.dataset import Dataset, open_dataset
from openmed_data.errors import UsageError
from openmed_data.show import find_row, rejected, sample


def save(path: Path, ids: list[str]) -> Dataset:
    messages = [[{"role": "user", "content": f"text of {name}"}] for name in ids]
    schema = {"id": pl.String, "messages": pl.List(pl.Struct({"role": pl.String, "content": pl.String}))}
    pl.DataFrame({"id": ids, "messages": messages}, schema=schema).write_parquet(path)
    return open_dataset(str(path))


@pytest.fixture(scope="module")
def thousand(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    # More rows than one batch of the reader holds.
    return save(tmp_path_factory.mktemp("show") / "rows.parquet", [f"row-{number}" for number in range(40_000)])


@pytest.mark.parametrize("number", [1, 2, 16_384, 16_385, 40_000])
def test_rows_are_found_by_number_and_by_id(thousand: Dataset, number: int) -> None:
    by_number = find_row(thousand, str(number))
    assert by_number.row["id"] == f"row-{number - 1}"
    assert find_row(thousand, f"row-{number - 1}") == by_number


@pytest.mark.parametrize("row", ["0", "40001", "row-40000", ""])
def test_a_row_that_is_not_there(thousand: Dataset, row: str) -> None:
    with pytest.raises(UsageError, match="no row") as raised:
        find_row(thousand, row)
    assert "40,000 rows" in raised.value.hint


def test_a_sample_is_the_same_every_time_and_another_for_another_seed(thousand: Dataset) -> None:
    first = sample(thousand, 5)
    assert first == sample(thousand, 5)
    assert first != sample(thousand, 5, seed=1)
    assert [one.number for one in first] == sorted(one.number for one in first)
    assert all(one.row["id"] == f"row-{one.number - 1}" for one in first)
    # Spread over the set, not taken from its start.
    assert max(one.number for one in sample(thousand, 20)) > 16_384


@given(ids=st.lists(st.text(max_size=5), min_size=1, max_size=40, unique=True), extra=st.text(max_size=5))
@settings(max_examples=30, deadline=None)
def test_one_more_row_displaces_one_of_a_sample_at_most(
    tmp_path_factory: pytest.TempPathFactory, ids: list[str], extra: str
) -> None:
    folder = tmp_path_factory.mktemp("more")
    before = {one.row["id"] for one in sample(save(folder / "a.parquet", ids), 3)}
    after = {one.row["id"] for one in sample(save(folder / "b.parquet", [*ids, extra]), 3)}
    assert len(before - after) <= 1


def test_files_without_ids_are_sampled_too(tmp_path: Path) -> None:
    lines = [json.dumps({"prompt": f"q{n}", "chosen": "a", "rejected": "b"}) for n in range(30)]
    (tmp_path / "pairs.jsonl").write_text("\n".join(lines), encoding="utf-8")
    dataset = open_dataset(str(tmp_path / "pairs.jsonl"))
    assert len(sample(dataset, 7)) == 7
    assert sample(dataset, 7) == sample(dataset, 7)
    assert len(sample(dataset, 99)) == 30


def test_splits(tmp_path: Path) -> None:
    save(tmp_path / "train.parquet", ["a", "b"])
    save(tmp_path / "test.parquet", ["c"])
    dataset = open_dataset(str(tmp_path))
    assert find_row(dataset, "1", "train").row["id"] == "a"
    assert [one.split for one in sample(dataset, 5, "test")] == ["test"]
    with pytest.raises(UsageError, match="no split 'dev'"):
        sample(dataset, 5, "dev")


def test_loose_files_have_no_rejected_rows(thousand: Dataset) -> None:
    with pytest.raises(UsageError, match="no build"):
        rejected(thousand, "all", 3)
