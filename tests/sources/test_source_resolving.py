"""What `--source` names: files, patterns, links, the sample; their names and splits."""

from pathlib import Path

import pytest

from openmed_data.errors import UsageError
from openmed_data.sources import Upstream, resolve

UPSTREAM = Upstream(repo="owner/name", license="mit", homepage="")


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}\n")


def names(text: Path | str) -> list[tuple[str, str | None]]:
    return [(file.name, file.split) for file in resolve(str(text), upstream=UPSTREAM).files]


def test_one_file_is_named_by_its_name_alone(tmp_path: Path):
    touch(tmp_path / "deep" / "down" / "rows.jsonl")
    source = resolve(str(tmp_path / "deep" / "down" / "rows.jsonl"), upstream=UPSTREAM)
    assert [(file.name, file.split) for file in source.files] == [("rows.jsonl", None)]
    assert (source.name, source.license, source.repo, source.revision) == ("rows.jsonl", "mit", None, None)


def test_a_pattern_gives_files_in_order_named_by_what_sets_them_apart(tmp_path: Path):
    touch(
        tmp_path / "x" / "b" / "part-1.jsonl", tmp_path / "x" / "a" / "part-2.jsonl", tmp_path / "x" / "a" / "notes.txt"
    )
    assert names(tmp_path / "**" / "*.jsonl") == [("a/part-2.jsonl", None), ("b/part-1.jsonl", None)]
    with pytest.raises(UsageError, match=r"notes\.txt' is no kind of file"):
        names(tmp_path / "**" / "*")


def test_file_names_declare_splits(tmp_path: Path):
    for name in ("train-00000-of-00002.parquet", "train-00001-of-00002.parquet", "dev.json", "MedQA_Test.csv"):
        touch(tmp_path / name)
    source = resolve(str(tmp_path / "*.*"), upstream=UPSTREAM)
    assert [file.split for file in source.files] == ["test", "validation", "train", "train"]
    assert source.splits == ("test", "train", "validation")


def test_a_single_split_is_one_undivided_set(tmp_path: Path):
    touch(tmp_path / "dev.json")
    assert resolve(str(tmp_path / "dev.json"), upstream=UPSTREAM).splits == ()


def test_words_that_only_contain_a_split_declare_none(tmp_path: Path):
    touch(tmp_path / "latest_trained_developed.jsonl")
    assert names(tmp_path / "*.jsonl") == [("latest_trained_developed.jsonl", None)]


def test_links_keep_their_own_names(tmp_path: Path):
    touch(tmp_path / "blobs" / "0a1b")
    snapshot = tmp_path / "snapshots" / "commit" / "data"
    snapshot.mkdir(parents=True)
    for name in ("train.jsonl", "test.jsonl"):
        (snapshot / name).symlink_to(tmp_path / "blobs" / "0a1b")
    assert names(snapshot / "*.jsonl") == [("test.jsonl", "test"), ("train.jsonl", "train")]


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(tmp_path: Path):
    touch(tmp_path / "rows[1].jsonl")
    assert names(tmp_path / "rows[1].jsonl") == [("rows[1].jsonl", None)]


def test_the_sample_is_the_builders(tmp_path: Path):
    touch(tmp_path / "sample.jsonl")
    source = resolve("sample", upstream=UPSTREAM, sample=tmp_path / "sample.jsonl")
    assert (source.name, source.license) == ("sample", "apache-2.0")
    with pytest.raises(UsageError, match="no bundled sample"):
        resolve("sample", upstream=UPSTREAM)


def test_beside_files_that_declare_a_split_the_others_are_for_training(tmp_path: Path):
    touch(tmp_path / "medqa.jsonl", tmp_path / "medqa_test.jsonl")
    assert resolve(str(tmp_path / "*.jsonl"), upstream=UPSTREAM).splits == ("test", "train")
    assert resolve(str(tmp_path / "medqa_test.jsonl"), upstream=UPSTREAM).splits == ()
