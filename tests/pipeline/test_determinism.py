"""Equal inputs, options and version give equal bytes, whatever the workers, parts, batches and partitions."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_builder import ThreadedToy, Toy, read_manifest, read_rejected, read_rows, run_pipeline, write_jsonl

from openmed_data import build_dataset
from openmed_data.builders.medmcqa_prefs import BUILDER
from openmed_data.pipeline import run, workers

TreeHash = Callable[[Path], dict[str, str]]
Layout = Callable[..., None]

SAMPLE = [json.loads(line) for line in BUILDER.sample.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_pipeline(BUILDER, "sample", tmp_path_factory.mktemp("reference") / "out")


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_workers_do_not_change_a_byte(
    tmp_path: Path, reference: Path, tree_hash: TreeHash, layout: Layout, workers: int
):
    layout(part=50)
    assert tree_hash(run_pipeline(BUILDER, "sample", tmp_path / "out", workers=workers)) == tree_hash(reference)


def test_worker_processes_do_not_change_a_byte(tmp_path: Path, tree_hash: TreeHash):
    rows = [
        {"id": str(n), "question": f"what is {n} of {n % 50}", "answer": "a", "copies": n % 3 + 1} for n in range(200)
    ]
    source = write_jsonl(tmp_path / "toy.jsonl", rows)
    trees = [tree_hash(run_pipeline(Toy(), source, tmp_path / f"out{count}", workers=count)) for count in (1, 3)]
    trees.append(tree_hash(run_pipeline(ThreadedToy(), source, tmp_path / "threads", workers=2)))
    assert trees[0] == trees[1] == trees[2]


def test_filtering_in_processes_does_not_change_a_byte(
    tmp_path: Path, tree_hash: TreeHash, monkeypatch: pytest.MonkeyPatch
):
    def built(name: str) -> dict[str, str]:
        return tree_hash(build_dataset("medmcqa-prefs", "sample", tmp_path / name, workers=2, validation=False).path)

    threads = built("threads")
    monkeypatch.setattr(run, "_SMALL_BYTES", 0)
    monkeypatch.delattr(workers, "ThreadPoolExecutor")
    assert built("processes") == threads


@pytest.mark.parametrize("part", [pytest.param(1, marks=pytest.mark.slow), 40, 360])
def test_the_size_of_a_batch_does_not_change_a_byte(
    tmp_path: Path, reference: Path, tree_hash: TreeHash, layout: Layout, part: int
):
    layout(part=part)
    built = run_pipeline(BUILDER, "sample", tmp_path / "out", workers=2)
    assert tree_hash(built) == tree_hash(reference)


@pytest.mark.parametrize("negatives", ["all", "hard"])
@pytest.mark.parametrize("style", ["answer", "rationale"])
def test_no_option_depends_on_the_size_of_a_batch(
    tmp_path: Path, tree_hash: TreeHash, layout: Layout, negatives: str, style: str
):
    options = {"negatives": negatives, "style": style, "system": "Be brief.", "seed": 7}
    whole = tree_hash(run_pipeline(BUILDER, "sample", tmp_path / "whole", **options))
    layout(part=90)
    assert tree_hash(run_pipeline(BUILDER, "sample", tmp_path / "parts", **options)) == whole


def test_hash_partitions_do_not_change_a_byte(tmp_path: Path, reference: Path, tree_hash: TreeHash, layout: Layout):
    layout(partition=17)
    assert tree_hash(run_pipeline(BUILDER, "sample", tmp_path / "out")) == tree_hash(reference)


def test_shards_hold_the_same_rows_in_the_same_order(tmp_path: Path, reference: Path, layout: Layout):
    layout(shard=60)
    built = run_pipeline(BUILDER, "sample", tmp_path / "out", workers=2)
    assert len(list((built / "data").iterdir())) > len(list((reference / "data").iterdir()))
    assert read_rows(built).equals(read_rows(reference))
    assert read_rejected(built).equals(read_rejected(reference))
    kept = ("content_digest", "books", "figures", "state")
    assert {key: read_manifest(built)[key] for key in kept} == {key: read_manifest(reference)[key] for key in kept}


def test_an_earlier_shard_keeps_its_bytes_when_rows_are_added(tmp_path: Path, layout: Layout, tree_hash: TreeHash):
    layout(shard=10)
    rows = [{"id": str(n), "question": f"number{n} of{n}", "answer": "a"} for n in range(48)]
    trees: list[dict[str, str]] = []
    for count in (40, 48):
        source = write_jsonl(tmp_path / str(count) / "a.jsonl", rows[:count])
        trees.append(tree_hash(run_pipeline(ThreadedToy(), source, tmp_path / f"out{count}")))
    first = [{name.split("-of-")[0]: digest for name, digest in tree.items() if "train-" in name} for tree in trees]
    whole = list(first[0])[:-1]
    assert len(whole) >= 2
    assert [first[1][name] for name in whole] == [first[0][name] for name in whole]


def test_nothing_says_when_or_where_a_build_was_made(tmp_path: Path, reference: Path):
    text = (reference / "manifest.json").read_text()
    for place in (str(tmp_path), str(Path.home()), str(BUILDER.sample.parent), "/tmp"):
        assert place not in text


@pytest.mark.parametrize("limit", [1, 10, 25, 1000])
def test_a_limit_reads_the_first_rows(tmp_path: Path, layout: Layout, limit: int):
    layout(part=8)
    rows = [{"id": str(n), "question": f"number{n} of{n}", "answer": "a"} for n in range(40)]
    first = write_jsonl(tmp_path / "a.jsonl", rows[:20])
    write_jsonl(tmp_path / "b.jsonl", rows[20:])
    built = run_pipeline(ThreadedToy(), tmp_path / "*.jsonl", tmp_path / "out", limit=limit)
    assert sorted(read_rows(built)["source_id"].cast(int)) == list(range(min(limit, 40)))
    assert read_manifest(built)["limit"] == limit
    assert sum(file["rows"] for file in read_manifest(built)["source"]["files"]) == min(limit, 40)
    assert first.exists()


def test_a_limit_counts_rows_and_not_blank_lines(tmp_path: Path, layout: Layout):
    layout(part=8)
    source = tmp_path / "a.jsonl"
    source.write_text("".join(f'{{"id": "{n}", "question": "number{n} of{n}", "answer": "a"}}\n\n' for n in range(40)))
    built = run_pipeline(ThreadedToy(), source, tmp_path / "out", limit=25)
    assert sorted(read_rows(built)["source_id"].cast(int)) == list(range(25))


questions = st.lists(st.tuples(st.integers(0, 30), st.sampled_from("ab")), min_size=1, max_size=30, unique=True)


@settings(max_examples=10)
@given(rows=questions, more=questions)
def test_added_rows_leave_the_choices_of_the_others(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, str]], more: list[tuple[int, str]]
):
    folder = tmp_path_factory.mktemp("added")
    shown: list[dict[str, str]] = []
    for name, listed in (("before", rows), ("after", [*rows, *(row for row in more if row not in rows)])):
        source = write_jsonl(
            folder / name / "a.jsonl",
            [{"id": f"{n}{a}", "question": f"word{n} {a}", "answer": a} for n, a in listed],
        )
        built = read_rows(run_pipeline(ThreadedToy(), source, folder / f"{name}-out"))
        shown.append(dict(built.select("id", "chosen_label").iter_rows()))
    before, after = shown
    assert {key: after[key] for key in before} == before


def test_added_rows_change_few_choices_of_preference_pairs(tmp_path: Path):
    """Letters and lengths are balanced over the whole source, so a few rows at a threshold may change."""
    shown: list[dict[str, Any]] = []
    for count in (324, 360):  # a tenth more
        source = write_jsonl(tmp_path / str(count) / "a.jsonl", SAMPLE[:count])
        rows = read_rows(run_pipeline(BUILDER, source, tmp_path / f"out{count}"))
        shown.append({row["id"]: (row["chosen_label"], row["rejected"]) for row in rows.iter_rows(named=True)})
    before, after = shown
    shared = before.keys() & after.keys()
    changed = [key for key in shared if before[key] != after[key]]
    assert len(shared) >= 280
    assert len(changed) / len(shared) <= 0.1
