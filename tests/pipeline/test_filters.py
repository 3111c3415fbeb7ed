"""Checks that filter: books balance whatever goes, what goes is kept aside, and nothing depends on workers or kills."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_builder import ThreadedToy, Toy, read_manifest, read_rejected, read_rows, write_jsonl

from openmed_data import tally
from openmed_data.builder import ROW, FilterUse, ReasonCode
from openmed_data.check import REJECTED, Check, Figure, Filtered, Scan, Settings
from openmed_data.errors import BooksError, BuildError, UsageError
from openmed_data.pipeline import filters
from openmed_data.pipeline.run import Request, build
from openmed_data.pipeline.work import Work
from openmed_data.pipeline.workers import Engine
from openmed_data.sources import resolve

Row = dict[str, Any]


class Word(ReasonCode):
    """What the check of these tests finds."""

    GAMMA = "word:gamma", "every second row made of a question that says gamma"
    SEVEN = "word:seven", "the question says 7"


class Words(Check[Settings]):
    """Takes out the second copy of questions with gamma, and every copy of those with 7; shouts the rest."""

    name = "words"
    summary = "words"
    codes = Word

    @property
    def settings_model(self) -> type[Settings]:
        return Settings

    def scan(self, batch: pl.DataFrame, settings: Settings) -> Scan:
        return Scan()

    def assess(self, counts: pl.DataFrame, settings: Settings) -> tuple[Figure, ...]:
        return ()

    def filter(self, candidates: pl.DataFrame, settings: Settings) -> Filtered:
        asked = pl.col("prompt").list.first().struct.field("content")
        reason = (
            pl.when(asked.str.contains("7"))
            .then(pl.lit(str(Word.SEVEN)))
            .when(asked.str.contains("gamma") & pl.col("id").str.ends_with("-1"))
            .then(pl.lit(str(Word.GAMMA)))
        )
        marked = candidates.with_columns(reason.alias("reason"), pl.lit("***").alias("detail"))
        gone = marked.filter(pl.col("reason").is_not_null()).select(REJECTED.names())
        kept = marked.filter(pl.col("reason").is_null()).select(candidates.columns)
        mended = tally.tally("mended", pl.DataFrame({"k": ["x"], "count": [kept.height]}), key="k")
        return Filtered(kept.with_columns(subject=pl.lit("LOUD")), gone, mended)


class Filtering(ThreadedToy):
    filters = (FilterUse("words"),)


words = st.sampled_from(["alpha", "beta", "gamma", "Alpha", "7"])
toy_rows = st.lists(
    st.fixed_dictionaries(
        {
            "question": st.lists(words, min_size=1, max_size=3).map(" ".join),
            "answer": st.sampled_from(["yes", "no"]),
            "reject": st.sampled_from([None, None, None, "asked"]),
            "copies": st.sampled_from([None, 1, 2, 3]),
        }
    ),
    min_size=1,
    max_size=25,
)


def expected(rows: list[Row]) -> tuple[Counter[str], Counter[str], int]:
    """Judge by hand: source rows rejected by reason, candidates rejected by reason, rows kept."""
    source: Counter[str] = Counter()
    candidates: Counter[str] = Counter()
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row["reject"] is not None:
            source["asked"] += 1
        elif "7" in row["question"]:
            candidates["word:seven"] += row["copies"] or 1
        else:
            groups[row["question"].lower()].append(row)
    kept = 0
    for group in groups.values():
        if len({row["answer"] for row in group}) > 1:
            source["conflicting_key"] += len(group)
            continue
        source["duplicate"] += len(group) - 1
        copies = group[0]["copies"] or 1
        lost = int(copies > 1 and "gamma" in group[0]["question"])
        candidates["word:gamma"] += lost
        kept += copies - lost
    return +source, +candidates, kept


@pytest.fixture
def with_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filters, "find", lambda room, name: Words())


def run(builder: Toy, source: Path, out: Path, workers: int = 1) -> Path:
    found = resolve(str(source), upstream=builder.upstream, sample=None)
    request = Request(builder, found, builder.options_model(), None, filters.plan(builder, {}))
    work = Work(out)
    with work.lock():
        build(request, work, engine=Engine(workers=workers))
    return work.result


@settings(max_examples=25)
@given(rows=toy_rows, part=st.integers(1, 9), workers=st.integers(1, 3))
def test_books_with_a_filter_agree_with_a_count_by_hand(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row], part: int, workers: int
):
    source_reasons, candidate_reasons, kept = expected(rows)
    folder = tmp_path_factory.mktemp("filters")
    source = write_jsonl(folder / "toy.jsonl", rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filters, "find", lambda room, name: Words())
        _lay_out(patch, part)
        if not kept:
            with pytest.raises(BuildError, match="no row was kept"):
                run(Filtering(), source, folder / "out", workers)
            return
        built = run(Filtering(), source, folder / "out", workers)
    manifest, made = read_manifest(built), read_rows(built)
    books = manifest["books"]
    assert books["rejected_source_rows"] == dict(source_reasons)
    assert books["rejected_candidate_rows"] == dict(candidate_reasons)
    assert books["source_rows"] == len(rows) == books["used_rows"] + source_reasons.total()
    assert books["candidate_rows"] == kept + candidate_reasons.total()
    assert sum(books["kept_rows"].values()) == kept == made.height
    assert made["subject"].unique().to_list() == ["LOUD"]
    rejected = read_rejected(built)
    assert Counter(rejected["reason"]) == source_reasons + candidate_reasons
    of_candidates = rejected.filter(pl.col("level") == "candidate")
    assert Counter(of_candidates["reason"]) == candidate_reasons
    for record, line in of_candidates.select("record", "line").iter_rows():
        row = json.loads(record)
        assert row["prompt"][0]["content"] == rows[line - 1]["question"]
        assert row["subject"] == ""  # as the builder made it
    assert rejected.sort("line").equals(rejected.sort("line", maintain_order=True))


def _lay_out(patch: pytest.MonkeyPatch, part: int) -> None:
    from openmed_data import builder
    from openmed_data.pipeline import run as run_module
    from openmed_data.pipeline import stage

    patch.setattr(stage, "PART_ROWS", part)
    patch.setattr(run_module, "PART_ROWS", part)
    patch.setattr(builder, "PART_ROWS", part)


def toys(count: int) -> list[Row]:
    return [
        {"question": f"{('alpha', 'gamma', '7 beta')[number % 3]} {number}", "answer": "yes", "copies": 1 + number % 3}
        for number in range(count)
    ]


def test_bytes_depend_on_neither_workers_nor_an_interruption(
    tmp_path: Path, with_words: None, layout: Callable[..., None], tree_hash: Callable[[Path], dict[str, str]]
):
    layout(part=7)
    source = write_jsonl(tmp_path / "toy.jsonl", toys(60))
    first = tree_hash(run(Filtering(), source, tmp_path / "one", workers=1))
    assert tree_hash(run(Filtering(), source, tmp_path / "three", workers=3)) == first
    assert tree_hash(run(Filtering(), source, tmp_path / "three", workers=2)) == first  # resumed: all parts stand


def test_a_row_whose_every_candidate_goes_neither_hides_nor_contradicts_another(tmp_path: Path, with_words: None):
    class ByAnswer(Filtering):
        def rows(self, batch: Any, state: Any, options: Any) -> Any:
            rows = super().rows(batch, state, options)
            # Both rows have one identity, and only the first will be taken out.
            return type(rows)(rows.kept, rows.rejected, rows.keys.with_columns(identity=pl.lit("same")), rows.tally)

    rows = [{"question": "7 times", "answer": "no"}, {"question": "seven times", "answer": "yes"}]
    books = read_manifest(run(ByAnswer(), write_jsonl(tmp_path / "toy.jsonl", rows), tmp_path / "out"))["books"]
    assert books["rejected_source_rows"] == {}
    assert books["rejected_candidate_rows"] == {"word:seven": 1}
    assert (books["used_rows"], sum(books["kept_rows"].values())) == (2, 1)


def test_the_manifest_says_what_filtered_and_what_was_mended(tmp_path: Path, with_words: None):
    manifest = read_manifest(run(Filtering(), write_jsonl(tmp_path / "toy.jsonl", toys(6)), tmp_path / "out"))
    assert manifest["filters"] == [{"check": "words", "given": {}, "used": {}, "mended": {"mended": {"x": 4}}}]
    assert manifest["figures"] == {"used": {"all": 6}}  # the builder's own counts are left alone


@pytest.mark.parametrize("keeping", [slice(1, None), slice(0, 0)])
def test_a_filter_that_loses_rows_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keeping: slice):
    class Losing(Words):
        def filter(self, candidates: pl.DataFrame, settings: Settings) -> Filtered:
            return Filtered(candidates[keeping])

    monkeypatch.setattr(filters, "find", lambda room, name: Losing())
    with pytest.raises(BooksError, match="check 'words' does not account for its rows"):
        run(Filtering(), write_jsonl(tmp_path / "toy.jsonl", toys(6)), tmp_path / "out")


def test_a_filter_that_doubles_a_row_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    class Doubling(Words):
        def filter(self, candidates: pl.DataFrame, settings: Settings) -> Filtered:
            gone = candidates.head(1).select(ROW, "id", reason=pl.lit("r"), detail=pl.lit(""))
            return Filtered(candidates, gone)

    monkeypatch.setattr(filters, "find", lambda room, name: Doubling())
    with pytest.raises(BooksError, match="check 'words' does not account for its rows"):
        run(Filtering(), write_jsonl(tmp_path / "toy.jsonl", toys(6)), tmp_path / "out")


def test_settings_of_a_filter_are_validated_before_anything_is_read():
    class Misled(Toy):
        filters = (FilterUse("phi", {"levle": 3}),)

    with pytest.raises(UsageError, match="levle"):
        filters.plan(Misled(), {})
    with pytest.raises(UsageError, match="level"):
        filters.plan(type("Sound", (Toy,), {"filters": (FilterUse("phi"),)})(), {"phi": {"level": "high"}})
    (one,) = filters.plan(type("Own", (Toy,), {"filters": (FilterUse("phi", {"level": 3}),)})(), {"phi": {"seed": 1}})
    assert (one.record["level"], one.record["seed"]) == (3, 1)
