"""Every row is accounted for, whatever the source; a builder that loses or doubles one is caught."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_builder import ThreadedToy, Toy, read_manifest, read_rejected, read_rows, run_pipeline, write_jsonl

from openmed_data.books import Books
from openmed_data.builder import ROW, Options, Rows
from openmed_data.builders.medmcqa_prefs import BUILDER
from openmed_data.errors import BooksError, BuildError, SourceError

Row = dict[str, Any]

words = st.sampled_from(["alpha", "beta", "gamma", "Alpha", "β-blocker", "क्या", "7"])
toy_rows = st.lists(
    st.fixed_dictionaries(
        {
            "question": st.lists(words, min_size=1, max_size=3).map(" ".join),
            "answer": st.sampled_from(["yes", "no"]),
            "reject": st.sampled_from([None, None, None, "asked", "é\n\t\\"]),
            "copies": st.sampled_from([None, 1, 2, 3]),
        }
    ),
    min_size=1,
    max_size=25,
)


def expected(rows: list[Row]) -> tuple[Counter[str], int]:
    """Judge rows one by one: how many are rejected for each reason, and how many candidates stay."""
    reasons: Counter[str] = Counter()
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row["reject"] is None:
            groups[row["question"].lower()].append(row)
        else:
            reasons["asked"] += 1
    kept = 0
    for group in groups.values():
        if len({row["answer"] for row in group}) > 1:
            reasons["conflicting_key"] += len(group)
        else:
            reasons["duplicate"] += len(group) - 1
            kept += group[0]["copies"] or 1
    return +reasons, kept


@settings(max_examples=25)
@given(rows=toy_rows, part=st.integers(1, 9), partition=st.sampled_from([1, 4, 1_000]))
def test_books_agree_with_a_count_by_hand(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row], part: int, partition: int
):
    reasons, kept = expected(rows)
    folder = tmp_path_factory.mktemp("books")
    source = write_jsonl(folder / "toy.jsonl", rows)
    with pytest.MonkeyPatch.context() as patch:
        _lay_out(patch, part, partition)
        if not kept:
            with pytest.raises(BuildError, match="no row was kept"):
                run_pipeline(ThreadedToy(), source, folder / "out")
            return
        built = run_pipeline(ThreadedToy(), source, folder / "out")
    books = read_manifest(built)["books"]
    assert books["rejected_source_rows"] == dict(reasons)
    assert books["source_rows"] == len(rows) == books["used_rows"] + reasons.total()
    assert sum(books["kept_rows"].values()) == kept == books["candidate_rows"] == read_rows(built).height
    rejected = read_rejected(built)
    assert Counter(rejected["reason"]) == reasons
    records = [json.loads(text) for text in rejected["record"]]
    lines = rejected["line"].to_list()
    assert [record["question"] for record in records] == [rows[line - 1]["question"] for line in lines]


def _lay_out(patch: pytest.MonkeyPatch, part: int, partition: int) -> None:
    from openmed_data import builder
    from openmed_data.pipeline import decide, run, stage

    patch.setattr(stage, "PART_ROWS", part)
    patch.setattr(run, "PART_ROWS", part)
    patch.setattr(builder, "PART_ROWS", part)
    patch.setattr(decide, "PARTITION_ROWS", partition)


option = st.sampled_from(
    ["Aorta", "aorta.", "Heart", "All of the above", "<img src=x>", "", "Rh+ve", "Rh-ve", "0.9", None]
)
stem = st.none() | st.sampled_from(["", "1.", "Name the given device", "Largest vessel?", "Aery &lt;3 is"])
explanation = st.sampled_from([None, ".", "Ans. B", "Ans is (d) i.e. heart", "The aorta leaves the left ventricle."])
question_rows = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.none() | st.sampled_from("xyz"),
            "question": stem,
            **dict.fromkeys(("opa", "opb", "opc", "opd"), option),
            "cop": st.sampled_from([1, 2, 3, 4, "2", 3.0, -1, None, "NA"]),
            "exp": explanation,
            "subject_name": st.none() | st.just("Anatomy"),
        }
    ),
    min_size=1,
    max_size=20,
)


@settings(max_examples=30)
@given(
    rows=question_rows,
    negatives=st.sampled_from(["one", "all", "hard"]),
    style=st.sampled_from(["answer", "rationale"]),
)
def test_books_of_preference_pairs_balance_for_any_question(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row], negatives: str, style: str
):
    folder = tmp_path_factory.mktemp("prefs")
    source = write_jsonl(folder / "a.jsonl", rows)
    try:
        built = run_pipeline(BUILDER, source, folder / "out", index_base="1", negatives=negatives, style=style)
    except (BuildError, SourceError) as error:
        if not str(error).startswith(("no row was kept", "the answer key contradicts the explanations")):
            raise
        return
    books = read_manifest(built)["books"]
    pairs = 3 if negatives == "all" else 1
    assert books["source_rows"] == len(rows) == books["used_rows"] + sum(books["rejected_source_rows"].values())
    assert books["candidate_rows"] == books["used_rows"] * pairs == read_rows(built).height
    assert read_rows(built)["id"].is_unique().all()
    assert read_rejected(built).height == len(rows) - books["used_rows"]


class Losing(ThreadedToy):
    def rows(self, batch: pl.DataFrame, state: int, options: Options) -> Rows:
        return super().rows(batch.head(-1), state, options)


class LosingRejected(ThreadedToy):
    def rows(self, batch: pl.DataFrame, state: int, options: Options) -> Rows:
        rows = super().rows(batch, state, options)
        return Rows(rows.kept, rows.rejected.head(0), rows.keys, rows.tally)


class Doubling(ThreadedToy):
    def rows(self, batch: pl.DataFrame, state: int, options: Options) -> Rows:
        return super().rows(pl.concat([batch, batch.head(1)]), state, options)


class Denying(ThreadedToy):
    """Says that it used a row of which it made nothing."""

    def rows(self, batch: pl.DataFrame, state: int, options: Options) -> Rows:
        rows = super().rows(batch, state, options)
        return Rows(rows.kept.filter(pl.col(ROW) != rows.keys[ROW][0]), rows.rejected, rows.keys, rows.tally)


class Inventing(ThreadedToy):
    """Makes a candidate of a row that it rejected."""

    def rows(self, batch: pl.DataFrame, state: int, options: Options) -> Rows:
        rows = super().rows(batch, state, options)
        invented = rows.kept.head(1).with_columns(rows.rejected[ROW].head(1))
        return Rows(pl.concat([rows.kept, invented]), rows.rejected, rows.keys, rows.tally)


@pytest.mark.parametrize("builder", [Losing, LosingRejected, Doubling, Denying, Inventing])
def test_a_builder_that_keeps_wrong_books_is_caught(tmp_path: Path, builder: type[Toy]):
    rows = [{"question": f"w{n} v{n}", "answer": "a", "reject": "no" if n == 2 else None} for n in range(5)]
    source = write_jsonl(tmp_path / "toy.jsonl", rows)
    run_pipeline(ThreadedToy(), source, tmp_path / "sound")
    with pytest.raises(BooksError, match="builder 'toy'"):
        run_pipeline(builder(), source, tmp_path / "out")
    assert not (tmp_path / "out.building" / "result" / "manifest.json").exists()


@given(
    counts=st.tuples(*[st.integers(0, 5)] * 6),
)
def test_books_check_is_the_two_sums(counts: tuple[int, ...]):
    source, used, refused, candidates, kept, dropped = counts
    books = Books(source, used, candidates, {"r": refused}, {"c": dropped}, {"train": kept})
    if source == used + refused and candidates == kept + dropped:
        books.check()
    else:
        with pytest.raises(BooksError, match="the books do not balance"):
            books.check()


def test_an_error_of_the_state_stops_the_build(tmp_path: Path, layout: Callable[..., None]):
    class Unsure(ThreadedToy):
        def state(self, evidence: pl.DataFrame, options: Options) -> int:
            raise SourceError("cannot tell")

    source = write_jsonl(tmp_path / "toy.jsonl", [{"question": "q", "answer": "a"}])
    with pytest.raises(SourceError, match="cannot tell"):
        run_pipeline(Unsure(), source, tmp_path / "out")
    assert not list((tmp_path / "out.building" / "result").rglob("*.parquet"))


def test_a_repeated_row_says_where_the_first_one_stands(tmp_path: Path, layout: Callable[..., None]):
    layout(part=3)
    rows = [{"question": f"number{n} of{n}", "answer": "a"} for n in range(5)]
    write_jsonl(tmp_path / "a.jsonl", rows)
    write_jsonl(tmp_path / "b.jsonl", [{"question": "another {} one", "answer": "a"}, rows[4], rows[0]])
    write_jsonl(tmp_path / "c.jsonl", [{"question": "Another {} ONE", "answer": "a"}, {**rows[1], "answer": "{}"}])
    rejected = read_rejected(run_pipeline(ThreadedToy(), tmp_path / "*.jsonl", tmp_path / "out"))
    assert rejected.select("file", "line", "reason", "detail").rows() == [
        ("a.jsonl", 2, "conflicting_key", "keys: a | {}"),
        ("b.jsonl", 2, "duplicate", "same as row 5 of a.jsonl"),
        ("b.jsonl", 3, "duplicate", "same as row 1 of a.jsonl"),
        ("c.jsonl", 1, "duplicate", "same as row 1 of b.jsonl"),
        ("c.jsonl", 2, "conflicting_key", "keys: a | {}"),
    ]


def test_a_leaked_row_says_what_it_is_near_to(tmp_path: Path):
    stem = "fever and rash after a walk in the forest"
    write_jsonl(
        tmp_path / "test.jsonl", [{"question": "wholly different", "answer": "a"}, {"question": stem, "answer": "a"}]
    )
    train = [{"question": "unlike the others", "answer": "a"}, {"question": f"{stem}?", "answer": "b"}]
    write_jsonl(tmp_path / "train.jsonl", train)
    rejected = read_rejected(run_pipeline(ThreadedToy(), tmp_path / "*.jsonl", tmp_path / "out"))
    assert rejected.select("file", "line", "reason", "detail").rows() == [
        ("train.jsonl", 2, "split_leak", "near row 2 of test.jsonl, which is in test")
    ]


def test_a_row_that_a_later_step_rejects_twice_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Used rows are counted where they end, not as what the rejected ones leave."""
    from openmed_data.pipeline import decide

    def twice(*arguments: Any) -> pl.DataFrame:
        gone = found(*arguments)
        return pl.concat([gone, gone]).sort(ROW)

    found = decide.repeated
    monkeypatch.setattr(decide, "repeated", twice)
    rows = [{"question": f"alpha {number // 2}", "answer": "yes"} for number in range(8)]
    with pytest.raises(BooksError):
        run_pipeline(ThreadedToy(), write_jsonl(tmp_path / "toy.jsonl", rows), tmp_path / "out")
