"""Search traces from a corpus whose every document is known: true results, true quotations, true failures to find."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema_rs
import polars as pl
import pytest
from search_builder import BUILDER, run
from search_corpus import DRUGS, rows, write

from openmed_data.builder import LICENSE, ROW, SHAPE, SOURCE
from openmed_data.builders.tool_traces.searching import (
    COLUMNS,
    SHAPES,
    SearchOptions,
    SearchState,
    prepare_search,
    search_parts,
    search_rows,
)
from openmed_data.builders.tool_traces.searching.preparing import open_index
from openmed_data.errors import SourceError, UsageError
from openmed_data.manifest import Manifest
from openmed_data.progress import Silent
from openmed_data.search import open_result, search_result
from openmed_data.sources import SourceFile

Trace = dict[str, Any]


def built(out: Path, source: Path, cache: Path, **options: Any) -> tuple[Manifest, list[Trace], pl.DataFrame]:
    """Build; return the manifest, the traces and the rejected rows."""
    manifest = run(source, out, SearchOptions(cache=cache, **options))
    result = out.with_name(out.name + ".building") / "result"
    traces = [row for file in manifest.files for row in pl.read_parquet(result / file.name).rows(named=True)]
    rejected = [pl.read_parquet(result / file.name) for file in manifest.rejected_files]
    return manifest, traces, pl.concat(rejected) if rejected else pl.DataFrame()


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    return write(tmp_path_factory.mktemp("corpus") / "medquad.jsonl", rows())


@pytest.fixture(scope="module")
def build(tmp_path_factory, corpus, cache):
    out = tmp_path_factory.mktemp("build") / "out"
    return built(out, corpus, cache, no_tool_share=0.1, nothing_found_share=0.1)


def calls(trace: Trace) -> list[dict[str, Any]]:
    return [json.loads(call) for message in trace["messages"] for call in message["tool_calls"] or ()]


def answers(trace: Trace) -> list[Any]:
    return [json.loads(message["content"]) for message in trace["messages"] if message["role"] == "tool"]


def ends(trace: Trace) -> str:
    """Tell how a trace ends from its messages alone."""
    if not calls(trace):
        return "no tool"
    return "found" if "“" in trace["messages"][-1]["content"] else "nothing found"


def test_books_balance_and_every_way_to_end_is_there(build):
    manifest, traces, _ = build
    manifest.books.check()
    found = Counter(map(ends, traces))
    assert found["found"] > 100
    assert found["no tool"] > 3
    assert found["nothing found"] > 3
    assert manifest.figures["rows"] == len(traces)
    assert manifest.figures["answer_in_evidence"] == 1.0


def test_calls_fit_their_schemas_and_results_follow_them(build):
    for trace in build[1]:
        tools = {tool["function"]["name"]: tool["function"]["parameters"] for tool in json.loads(trace["tools"])}
        waiting = ""
        for message in trace["messages"]:
            assert (message["role"] == "tool") == bool(waiting)
            if waiting:
                assert message["tool_call_id"] == waiting
            waiting = ""
            for call in map(json.loads, message["tool_calls"] or ()):
                name, arguments = call["function"]["name"], call["function"]["arguments"]
                jsonschema_rs.validate(tools[name], arguments)
                waiting = call["id"]
        assert trace["n_calls"] == len(calls(trace))
        assert trace["messages"][-1]["role"] == "assistant"
        assert trace["messages"][-1]["content"]


def test_results_are_what_the_index_answers(build, corpus, cache):
    index = open_index(_state(corpus, SearchOptions(cache=cache, no_tool_share=0.1, nothing_found_share=0.1)).folder)
    documents = {document.id: document for document in map(index.document, range(len(index)))}
    for trace in build[1]:
        given = [message["content"] for message in trace["messages"] if message["role"] == "tool"]
        for call, answer in zip(calls(trace), given, strict=True):
            arguments = call["function"]["arguments"]
            if call["function"]["name"] == "search":
                assert answer == search_result(index, **arguments)[0]
            else:
                assert answer == open_result(documents[arguments["document_id"]])


def test_no_query_is_the_question_and_none_comes_twice(build):
    for trace in build[1]:
        asked = next(message["content"] for message in trace["messages"] if message["role"] == "user")
        queries = [call["function"]["arguments"].get("query") for call in calls(trace)]
        queries = [query for query in queries if query]
        assert asked.rstrip("?").lower() not in (query.lower() for query in queries)
        assert len(set(queries)) == len(queries)


def test_no_thought_comes_twice(build):
    for trace in build[1]:
        said = [message["content"] for message in trace["messages"] if message["tool_calls"] and message["content"]]
        assert len(set(said)) == len(said)


def test_what_is_quoted_answers_the_question_that_was_asked(build, corpus):
    known = {row["id"]: row for row in map(json.loads, corpus.read_text(encoding="utf-8").splitlines())}
    for trace in build[1]:
        if ends(trace) == "nothing found":
            continue
        answer = trace["messages"][-1]["content"]
        quotes = [part.split("”")[0] for part in answer.split("“")[1:]]
        for quote in quotes:
            assert quote in known[trace["source_id"]]["answer"].replace("  ", " ")
            assert quote.endswith(".")


def test_nothing_found_is_said_only_where_nothing_is_there(build, corpus, cache):
    state = _state(corpus, SearchOptions(cache=cache, no_tool_share=0.1, nothing_found_share=0.1))
    index = open_index(state.folder)
    known = {row["id"]: row for row in map(json.loads, corpus.read_text(encoding="utf-8").splitlines())}
    every = [index.document(number) for number in range(len(index))]
    subjects = {known[trace["source_id"]]["focus"] for trace in build[1] if ends(trace) == "nothing found"}
    assert subjects
    for subject in subjects:
        assert not any(subject.lower() in f"{document.title} {document.text}".lower() for document in every)
    for trace in build[1]:
        if ends(trace) == "nothing found":
            assert any(call["function"]["name"] == "search" for call in calls(trace))
            assert known[trace["source_id"]]["focus"] in trace["messages"][-1]["content"]
            assert trace["messages"][-1]["content"].count('" and "') <= 1


def test_a_narrower_name_of_what_is_there_is_not_said_to_be_missing(tmp_path, cache):
    held = rows(20)
    narrow = [
        {key: text.replace(row["focus"], f"Juvenile {row['focus']}") for key, text in row.items()}
        | {"id": f"9{row['id']}"}
        for row in held
    ]
    path = write(tmp_path / "c.jsonl", held + narrow)
    _, traces, rejected = built(tmp_path / "out", path, cache, no_tool_share=0, nothing_found_share=0.3)
    assert not [trace for trace in traces if ends(trace) == "nothing found"]
    late = rejected.filter(pl.col("reason") == "found_after_all")
    assert late.height
    assert late["detail"].str.contains("Juvenile").all()


def test_a_topic_that_another_document_mentions_is_not_held_out(tmp_path, cache):
    held = rows(20)
    for row in held:
        if row["focus"] == "Alder fever" and row["question_type"] == "information":
            row["answer"] += " It is often confused with " + ", ".join(sorted({other["focus"] for other in held})) + "."
    path = write(tmp_path / "c.jsonl", held)
    state = _state(path, SearchOptions(cache=cache, nothing_found_share=0.5))
    assert len(state.held_out) <= 1  # nobody but itself mentions alder fever


def test_advice_is_marked_as_none_and_other_answers_are_not(build):
    for trace in build[1]:
        if ends(trace) == "found":
            treats = any(drug in trace["messages"][-1]["content"] for drug in DRUGS)
            assert ("medical advice" in trace["messages"][-1]["content"]) == treats


def test_a_document_without_its_answer_gives_no_trace(tmp_path, cache):
    held = rows(30)
    for row in held:
        if row["question_type"] == "treatment":
            row["answer"] = "For more information, visit the web site of the society."
        if row["question_type"] == "causes":
            row["answer"] = "among others those above, and"
    _, traces, rejected = built(tmp_path / "out", write(tmp_path / "c.jsonl", held), cache, nothing_found_share=0)
    assert {trace["source_id"].split("-")[1] for trace in traces} == {"0"}
    reasons = dict(rejected.group_by("reason").len().iter_rows())
    assert reasons == {"no_document": 30, "nothing_quotable": 30}


def test_what_is_opened_must_be_what_is_known_to_answer(tmp_path, cache):
    held = [
        {"id": "a", "title": "Alder fever", "text": "Alder fever is treated with velorin.", "question": None},
        {"id": "b", "title": "Elm palsy", "text": "Elm palsy has no treatment.", "question": "What is alder fever?"},
        {"id": "c", "title": "Oak anemia", "text": "Oak anemia is rare in cities.", "question": "What is oak anemia?"},
    ]
    path = write(tmp_path / "own.jsonl", held)
    _, traces, rejected = built(tmp_path / "out", path, cache, no_tool_share=0, nothing_found_share=0)
    assert sorted(trace["source_id"] for trace in traces) == ["a", "c"]
    assert dict(rejected.select("reason", "detail").rows()) == {"answer_not_found": "What is alder fever?"}


def test_the_shares_can_be_nothing_and_everything(tmp_path, corpus, cache):
    _, none, _ = built(tmp_path / "none", corpus, cache, no_tool_share=0, nothing_found_share=0)
    assert {ends(trace) for trace in none} == {"found"}
    _, every, _ = built(tmp_path / "every", corpus, cache, no_tool_share=1, nothing_found_share=0)
    assert {ends(trace) for trace in every} == {"no tool"}
    for trace in every:
        quote = trace["messages"][-1]["content"].split("“")[1].split("”")[0]
        assert quote in trace["messages"][-2]["content"]


def test_rows_are_the_same_whatever_the_batch(corpus, cache):
    options = SearchOptions(cache=cache)
    state = _state(corpus, options)
    batch = _batch(corpus)
    whole = search_rows(batch, state, options)
    for size in (1, 7, 50):
        parts = [search_rows(batch.slice(start, size), state, options) for start in range(0, batch.height, size)]
        assert pl.concat([part.kept for part in parts]).equals(whole.kept)
        assert pl.concat([part.keys for part in parts]).equals(whole.keys)
        rejected = pl.concat([part.rejected for part in parts])
        assert rejected.sort(ROW).equals(whole.rejected.sort(ROW))


def test_bytes_are_the_same_with_workers_and_a_new_index(tmp_path, corpus, cache):
    options = {"nothing_found_share": 0.1}
    one, *_ = built(tmp_path / "one", corpus, cache, **options)
    other = run(corpus, tmp_path / "two", SearchOptions(cache=tmp_path / "cache", **options), workers=2)
    assert [file.sha256 for file in one.files] == [file.sha256 for file in other.files]
    assert one.to_text() == other.to_text()


def test_the_seed_changes_the_form_and_not_the_truth(tmp_path, corpus, cache):
    _, first, _ = built(tmp_path / "one", corpus, cache, seed=1)
    manifest, second, _ = built(tmp_path / "two", corpus, cache, seed=2)
    assert [trace["messages"] for trace in first] != [trace["messages"] for trace in second]
    assert manifest.figures["answer_in_evidence"] == 1.0


def test_the_manifest_says_what_was_searched(build):
    state = build[0].state
    assert state["engine"] == "bm25s"
    assert state["topics_held_out"] > 0
    assert len(state["sha256"]) == 64
    assert state["documents"] < len(rows())


def test_questions_of_one_file_are_put_to_another(tmp_path, corpus, cache):
    place = rows(1)[0]["answer"]
    assert "liver" in place
    questions = [
        _exam("Alder fever is a rare condition of the", ("liver", "skin", "retina", "kidneys"), 1),
        _exam("Alder fever is not a condition of the", ("liver", "skin", "retina", "kidneys"), 4),
        _exam("Alder fever comes with", ("hiccups", "sneezing", "yawning", "coughing"), 2),
    ]
    path = write(tmp_path / "dev.jsonl", questions)
    with pytest.raises(UsageError, match="corpus"):
        built(tmp_path / "none", path, cache)
    _, traces, rejected = built(tmp_path / "out", path, cache, corpus=corpus, validation_fraction=0)
    assert len(traces) == 1
    answer = traces[0]["messages"][-1]["content"]
    assert "A. liver" in answer
    assert "“Alder fever is a rare condition of the liver.”" in answer
    assert sorted(rejected["reason"]) == ["answer_not_found", "not_searchable"]


def test_a_key_whose_base_is_unknown_is_refused(tmp_path, corpus, cache):
    path = write(
        tmp_path / "dev.jsonl", [_exam("Alder fever is a condition of the", ("liver", "skin", "eye", "ear"), 1)]
    )
    with pytest.raises(SourceError, match="key"):
        built(tmp_path / "out", path, cache, corpus=corpus)


def _exam(stem: str, options: tuple[str, ...], cop: int) -> dict[str, Any]:
    return {"id": stem, "question": stem, "cop": cop, **dict(zip(("opa", "opb", "opc", "opd"), options, strict=True))}


def _batch(path: Path) -> pl.DataFrame:
    (part,) = search_parts(SourceFile(path, path.name))
    shape = pl.lit(part.shape).alias(SHAPE)
    held = part.load().with_row_index(ROW).cast({ROW: pl.UInt64})
    return held.with_columns(
        shape, pl.lit("x").alias(SOURCE), pl.lit("mit").alias(LICENSE), pl.lit(path.name).alias("_file")
    )


def _state(path: Path, options: SearchOptions):
    return prepare_search([_batch(path)], SearchState(), options, Silent())


def test_the_builder_of_the_tests_reads_what_the_room_reads():
    assert set(COLUMNS) >= {name for columns in SHAPES.values() for name in columns}
    assert BUILDER.required_columns == SHAPES
