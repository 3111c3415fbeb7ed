"""Search traces with `planner=llm`: the model's queries are run, each is paid for once, and what is no plan is told."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from scripted_server import MODEL, Script, ScriptedServer
from search_corpus import rows, write
from toy_builder import read_manifest, read_rejected, read_rows

from openmed_data.api import build_dataset
from openmed_data.builders.tool_traces.searching.asking import read_queries
from openmed_data.errors import BuildError, UsageError
from openmed_data.llm import Stored

Serve = Callable[[Script], ScriptedServer]
# Nothing of the rules' making: words that no document has, then the subject between two of them.
NOWHERE = "zzyzx"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write(tmp_path / "medquad.jsonl", rows(20))


def question_in(body: Mapping[str, Any]) -> str:
    found = re.search(r"<question>\n(.*)\n</question>", body["messages"][-1]["content"], re.DOTALL)
    assert found is not None
    return found[1]


def planned(question: str) -> list[str]:
    """Return a plan whose first query finds nothing, so that the second is needed."""
    return [NOWHERE, f"{question} {NOWHERE}"]


def content(body: Mapping[str, Any]) -> str:
    return json.dumps({"queries": planned(question_in(body))})


def build(source: Path, out: Path, **given: Any) -> Path:
    options = {"planner": "llm", "cache": out.parent / "cache", "store": out.parent / "a.sqlite", **given}
    return build_dataset("tool-traces", str(source), out, options=options, validation=False, workers=1).path


def at(server: ScriptedServer, **given: Any) -> dict[str, Any]:
    return {"model": MODEL, "base_url": server.base_url, **given}


def searches_of(messages: list[dict[str, Any]]) -> list[str]:
    calls = [json.loads(call)["function"] for message in messages for call in message["tool_calls"] or ()]
    return [call["arguments"]["query"] for call in calls if call["name"] == "search"]


def test_the_models_queries_are_searched_in_its_order(serve: Serve, source: Path, tmp_path: Path) -> None:
    server = serve(Script(content=content))
    built = build(source, tmp_path / "out", **at(server, no_tool_share=0.2, nothing_found_share=0.1))
    traces = [
        (next(one["content"] for one in messages if one["role"] == "user"), searches_of(messages))
        for messages in read_rows(built)["messages"]
    ]
    searched = [(asked, queries) for asked, queries in traces if queries]
    assert len(searched) > 30
    assert len(traces) > len(searched)  # some call no tool
    assert all(queries == planned(asked) for asked, queries in searched)
    told = read_manifest(built)["state"]["search_planner"]
    assert told["model"] == MODEL
    assert told["models"] == [MODEL]
    assert told["hosts"] == [server.base_url.split("/")[2]]
    assert len(told["prompts_sha256"]) == 64
    assert told["answers"] == server.seen.total() < 60  # a question that brings its text along needs no plan


def test_a_rerun_sends_nothing_and_gives_the_same_bytes(
    serve: Serve, source: Path, tmp_path: Path, tree_hash: Callable[[Path], dict[str, str]]
) -> None:
    server = serve(Script(content=content))
    one = build(source, tmp_path / "one", **at(server))
    sent = server.seen.total()
    assert sent > 30
    two = build(source, tmp_path / "two", **at(server, concurrency=2))
    assert server.seen.total() == sent
    assert tree_hash(one) == tree_hash(two)


@pytest.mark.parametrize(
    "answer", ["gout, therapy", '{"queries": []}', '{"queries": ["a", "b", "c", "d"]}', "", '{"queries": [" "]}']
)
def test_what_is_no_plan_rejects_its_row_by_name(answer: str, serve: Serve, source: Path, tmp_path: Path) -> None:
    def answered(body: Mapping[str, Any]) -> str:
        return answer if "Alder fever" in question_in(body) else content(body)

    given = at(serve(Script(content=answered)), no_tool_share=0, nothing_found_share=0)
    built = build(source, tmp_path / "out", **given)
    assert read_rejected(built).select("reason", "line").rows() == [("no_plan", line) for line in (1, 2, 3)]
    assert read_rows(built).height == 57


def test_exam_questions_are_planned_too(serve: Serve, source: Path, tmp_path: Path) -> None:
    names = {"opa": "quinaxol", "opb": "velorin", "opc": "brevotin", "opd": "lumasat"}
    exam = {"id": "e1", "question": "Alder fever is treated with:", **names, "cop": 2}
    server = serve(Script(content=lambda _: '{"queries": ["Alder fever treated"]}'))
    asked = write(tmp_path / "exam.jsonl", [exam])
    built = build(asked, tmp_path / "out", **at(server, corpus=source, index_base="1", validation_fraction=0))
    (messages,) = read_rows(built)["messages"]
    assert searches_of(messages) == ["Alder fever treated"]
    assert server.seen.total() == 1


@pytest.mark.parametrize(
    ("given", "kind", "said"),
    [
        ({"base_url": ""}, UsageError, "planner=llm needs base_url"),
        ({"model": "", "base_url": ""}, UsageError, "planner=llm needs model and base_url"),
        ({"model": "another"}, UsageError, "does not serve the model 'another'"),
        ({"max_requests": 7}, BuildError, "max_requests was exceeded"),
    ],
)
def test_what_stops_a_build_leaves_none(
    given: dict[str, Any], kind: type[Exception], said: str, serve: Serve, source: Path, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=said):
        build(source, tmp_path / "out", **at(serve(Script(content=content)), **given))
    assert not (tmp_path / "out").exists()


def test_the_rules_ask_no_model(serve: Serve, source: Path, tmp_path: Path) -> None:
    server = serve(Script(content=content))
    built = build(source, tmp_path / "out", **at(server, planner="rules"))
    assert server.seen.total() == 0
    assert "search_planner" not in read_manifest(built)["state"]
    assert NOWHERE not in str(read_rows(built)["messages"].to_list())


def test_queries_are_read_as_one_line_each_without_quotation_marks() -> None:
    def stored(queries: list[str], *, refused: bool = False) -> Stored:
        body = {"choices": [{"message": {"content": json.dumps({"queries": queries})}}]}
        return Stored(b"", "{}", refused, json.dumps(body), 9, 4, 1, "localhost")

    assert read_queries(stored([' "Alder  fever"\ntherapy', "Alder fever therapy"])) == ("Alder fever therapy",)
    assert read_queries(stored(["gout", "x" * 121])) == ()
    assert read_queries(stored(["gout"], refused=True)) == ()
