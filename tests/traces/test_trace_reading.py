"""Files of traces: logs, plain texts and tables become one record for each trace, and broken ones are named."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from toy_builder import write_jsonl

from openmed_data.errors import SourceError
from openmed_data.sources.resolve import name_files
from openmed_data.traces.codec import loads
from openmed_data.traces.reading import LOG, RECORD, TABLE, TEXT, record_parts

CHAT = "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n<search> x </search><|im_end|>\n"


def parts(path: Path) -> list[Any]:
    return list(record_parts(name_files([path])[0]))


def records(path: Path) -> list[dict[str, Any]]:
    return [loads(text) for part in parts(path) for text in part.load()[RECORD]]


def event(session: str, text: str) -> dict[str, Any]:
    return {"type": "user", "sessionId": session, "uuid": text, "message": {"role": "user", "content": text}}


def test_lines_are_rows_as_they_stand(tmp_path: Path) -> None:
    rows = [{"messages": [], "n": 2**70}, {"messages": [{"role": "user", "content": "µ\t🎉"}]}]
    assert records(write_jsonl(tmp_path / "a.jsonl", rows)) == rows
    assert parts(tmp_path / "a.jsonl")[0].shape == TABLE


def test_a_json_array_gives_the_same_rows(tmp_path: Path) -> None:
    rows = [{"query": "a", "tools": [], "answers": []}, {"query": "b", "tools": [], "answers": [{"name": "x"}]}]
    (tmp_path / "a.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    assert records(tmp_path / "a.json") == rows


def test_parquet_loses_the_nulls_that_arrow_adds(tmp_path: Path) -> None:
    rows = [{"messages": [{"arguments": {"a": 1}}, {"arguments": {"b": "x"}}]}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    assert records(tmp_path / "a.parquet") == rows


def test_events_of_a_log_are_grouped_by_session(tmp_path: Path) -> None:
    aside = event("one", "d") | {"isSidechain": True}
    lines = [event("one", "a"), event("two", "b"), {"type": "summary", "leafUuid": "x"}, event("one", "c"), aside]
    lines += [aside | {"agentId": agent} for agent in ("x", "y", "x")]
    found = records(write_jsonl(tmp_path / "log.jsonl", lines))
    assert parts(tmp_path / "log.jsonl")[0].shape == LOG
    assert [(one["session"], len(one["events"])) for one in found] == [
        *(("one", 2), ("two", 2), ("one/aside", 1)),
        *(("one/aside/x", 2), ("one/aside/y", 1)),
    ]


def test_a_foreign_line_spoils_the_session_it_stands_in(tmp_path: Path) -> None:
    lines = [json.dumps(event("one", "a")), '"oops"', json.dumps(event("two", "b"))]
    (tmp_path / "log.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert [one["events"][-1] for one in records(tmp_path / "log.jsonl")] == ["oops", event("two", "b")]


def test_a_chat_around_json_rpc_is_a_log_though_most_lines_are_chat(tmp_path: Path) -> None:
    turns = [{"role": role, "content": "x"} for role in ("system", "user", "assistant", "user")]
    lines = [*turns, {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}]
    assert [one["events"] for one in records(write_jsonl(tmp_path / "log.jsonl", lines))] == [lines]
    assert parts(tmp_path / "log.jsonl")[0].shape == LOG


def test_a_text_is_cut_where_conversations_begin(tmp_path: Path) -> None:
    system = "<|im_start|>system\nBe brief.<|im_end|>\n"
    text = "".join(system + CHAT.format(question) for question in ("One?", "Two?"))
    (tmp_path / "a.txt").write_text("\ufeff" + text, encoding="utf-8")
    found = records(tmp_path / "a.txt")
    assert parts(tmp_path / "a.txt")[0].shape == TEXT
    assert ["One?" in one["text"] for one in found] == [True, False]
    assert "".join(one["text"] for one in found) == text


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b'{"messages": []}\n{"messages": [\n', "a.jsonl, row 2: found broken JSON"),
        ("a.jsonl", b'{"messages": []}\n[1]\n', "a.jsonl, row 2: found a JSON list; expected a JSON object"),
        ("a.jsonl", b'{"messages": NaN}\n', "a.jsonl, row 1: found broken JSON"),
        ("a.jsonl", b'{"messages": "\xe9"}\n', "a.jsonl, row 1: found byte 0xe9 that is not UTF-8"),
        ("a.jsonl", b'{"messages": "\\ud800"}\n', "a.jsonl, row 1: found broken JSON"),
        ("a.jsonl", b"\n\n", "a.jsonl: found an empty file"),
        ("a.jsonl", b"\xff\xfe{\0}\0", "not UTF-8 text"),
        ("a.json", b'[{"messages": []}, 3]', "a.json, row 2: found a JSON int; expected a JSON object"),
        ("a.json", b'[{"messages": []}', "'a.json' is not valid JSON"),
        ("a.txt", b"A text about nothing.", "a.txt: found a text without the tags of any format"),
        ("a.txt", b"<search>\xe9", "a.txt: found byte 0xe9 that is not UTF-8"),
        ("a.txt", b" \n", "a.txt: found an empty file"),
        ("a.parquet", b"PAR1 no", "'a.parquet' is not valid Parquet"),
    ],
)
def test_a_broken_file_is_named_with_the_row(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError) as caught:
        records(tmp_path / name)
    assert message in str(caught.value)


def test_a_broken_line_of_a_log_is_named(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(json.dumps(event("one", "a")) + '\n{"type": "us', encoding="utf-8")
    with pytest.raises(SourceError, match=r"log.jsonl, row 2: found broken JSON"):
        records(tmp_path / "log.jsonl")


def test_every_part_is_a_frame_of_text(tmp_path: Path) -> None:
    loaded = parts(write_jsonl(tmp_path / "a.jsonl", [{"a": 1}]))[0].load()
    assert loaded.schema == {RECORD: pl.String}
