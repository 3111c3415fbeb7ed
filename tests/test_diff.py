"""The difference of two sets, held against plain set algebra."""

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openmed_data import diff as module
from openmed_data.dataset import Dataset, open_dataset
from openmed_data.diff import diff

IDS = st.text(alphabet="abcdef", min_size=1, max_size=2)
ROWS = st.tuples(st.sampled_from("xyz"), st.sampled_from(["train", "test"]))
SETS = st.dictionaries(IDS, ROWS, min_size=1, max_size=25)
Rows = dict[str, tuple[str, str]]


def save(folder: Path, rows: Rows) -> Dataset:
    folder.mkdir()
    for split in {split for _, split in rows.values()}:
        held = {name: text for name, (text, where) in rows.items() if where == split}
        messages = [[{"role": "assistant", "content": text}] for text in held.values()]
        pl.DataFrame({"id": list(held), "messages": messages}).write_parquet(folder / f"{split}.parquet")
    return open_dataset(str(folder))


@given(old=SETS, new=SETS, rows_at_once=st.sampled_from([1, 4, 1000]))
@settings(max_examples=40, deadline=None)
def test_counts_are_those_of_set_algebra(
    tmp_path_factory: pytest.TempPathFactory, old: Rows, new: Rows, rows_at_once: int
) -> None:
    folder = tmp_path_factory.mktemp("diff")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_ROWS_AT_ONCE", rows_at_once)
        patch.setattr(module, "_PARTS", 3)
        found = diff(save(folder / "old", old), save(folder / "new", new))
    both = old.keys() & new.keys()
    changed = {name for name in both if old[name] != new[name]}
    assert (found.added, found.removed) == (len(new.keys() - old.keys()), len(old.keys() - new.keys()))
    assert (found.changed, found.unchanged) == (len(changed), len(both - changed))
    assert found.by_column.get("messages", 0) == sum(old[name][0] != new[name][0] for name in both)
    assert found.by_column.get("split", 0) == sum(old[name][1] != new[name][1] for name in both)
    assert set(found.examples["changed"]) <= changed
    assert found.same == (old == new)


def test_copies_of_an_id_are_matched_in_order(tmp_path: Path) -> None:
    def write(name: str, texts: list[str]) -> Dataset:
        messages = [[{"role": "user", "content": text}] for text in texts]
        pl.DataFrame({"id": ["same"] * len(texts), "messages": messages}).write_parquet(tmp_path / name)
        return open_dataset(str(tmp_path / name))

    found = diff(write("old.parquet", ["a", "b"]), write("new.parquet", ["a", "c", "b"]))
    assert (found.added, found.removed, found.changed, found.unchanged) == (1, 0, 1, 1)


def test_the_order_of_rows_and_files_does_not_matter(tmp_path: Path) -> None:
    rows: Rows = {f"id{number}": (f"text {number}", "train") for number in range(50)}
    assert diff(save(tmp_path / "old", rows), save(tmp_path / "new", dict(reversed(rows.items())))).same


def test_parquet_against_json_lines(tmp_path: Path) -> None:
    asked = [[{"role": "user", "content": f"q{n}"}] for n in range(9)]
    rows = [{"id": f"r{n}", "messages": asked[n], "tools": "[]", "n_calls": n} for n in range(9)]
    schema = {"n_calls": pl.Int32}
    pl.DataFrame(rows, schema_overrides=schema).write_parquet(tmp_path / "rows.parquet")
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    old, new = (open_dataset(str(tmp_path / name)) for name in ("rows.parquet", "rows.jsonl"))
    assert diff(old, new).same
    rows[3]["messages"] = [{"role": "user", "content": "another"}]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert dict(diff(old, new).by_column) == {"messages": 1}


def test_columns_that_one_side_lacks(tmp_path: Path) -> None:
    pairs = pl.DataFrame({"id": ["a"], "prompt": ["p"], "chosen": ["c"], "rejected": ["r"]})
    pairs.write_parquet(tmp_path / "old.parquet")
    pairs.with_columns(pl.lit("s").alias("subject")).write_parquet(tmp_path / "new.parquet")
    found = diff(*(open_dataset(str(tmp_path / name)) for name in ("old.parquet", "new.parquet")))
    assert (list(found.columns_added), list(found.columns_removed)) == (["subject"], [])
    assert (found.changed, found.same) == (0, False)


def test_rows_without_ids_are_matched_by_content(tmp_path: Path) -> None:
    def write(name: str, prompts: list[str]) -> Dataset:
        pl.DataFrame({"prompt": prompts, "chosen": "c", "rejected": "r"}).write_parquet(tmp_path / name)
        return open_dataset(str(tmp_path / name))

    found = diff(write("old.parquet", ["p", "q", "q"]), write("new.parquet", ["q", "p", "z"]))
    assert (found.added, found.removed, found.changed, found.unchanged) == (1, 1, 0, 2)
