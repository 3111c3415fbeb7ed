"""Equal rows in any format are equal rows to a builder; parts are the same however the bytes arrive."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from openmed_data.sources import documents, lines
from openmed_data.sources.readers import parts
from openmed_data.sources.resolve import SourceFile

COLUMNS = ("question", "cop", "meta")
Row = dict[str, Any]

plain_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
# Tool calls hold JSON inside JSON: backslashes and quotes must survive.
nested = st.fixed_dictionaries(
    {"tags": st.lists(plain_text | st.just('{"a": "b\\n"}\t'), max_size=2), "pages": st.integers(0, 9)}
)


def jsonl(rows: list[Row]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def escaped_jsonl(rows: list[Row]) -> bytes:
    return "\r\n".join(["\ufeff" + json.dumps(rows[0]), *map(json.dumps, rows[1:])]).encode()


def array(rows: list[Row]) -> bytes:
    return json.dumps(rows, ensure_ascii=False).encode()


def indented_array(rows: list[Row]) -> bytes:
    return b"\xef\xbb\xbf" + json.dumps(rows, indent=1).encode()


def keyed(rows: list[Row]) -> bytes:
    return json.dumps({str(index): row for index, row in enumerate(rows)}).encode()


def indented_keyed(rows: list[Row]) -> bytes:
    return json.dumps({str(index): row for index, row in enumerate(rows)}, indent=2).encode()


def parquet(rows: list[Row]) -> bytes:
    out = io.BytesIO()
    struct = pl.Struct({"tags": pl.List(pl.String), "pages": pl.Int64})
    pl.DataFrame(rows, schema={"question": pl.String, "cop": pl.Int64, "meta": struct}).write_parquet(out)
    return out.getvalue()


def comma_separated(rows: list[Row]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(["question", "cop"])
    writer.writerows([row["question"], row["cop"]] for row in rows)
    return out.getvalue().encode()


WRITERS: dict[str, Callable[[list[Row]], bytes]] = {
    "rows.jsonl": jsonl,
    "rows.ndjson": escaped_jsonl,
    "lines.json": jsonl,
    "array.json": array,
    "indented.json": indented_array,
    "keyed.json": keyed,
    "indented_keyed.json": indented_keyed,
    "rows.parquet": parquet,
}
COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}


def read(path: Path, content: bytes, rows: int = 4, columns: tuple[str, ...] = COLUMNS) -> list[tuple[Any, ...]]:
    path.write_bytes(content)
    frames = [part.load() for part in parts(SourceFile(path, path.name), columns, {"toy": ("question",)}, rows)]
    assert all(frame.schema == dict.fromkeys(columns, pl.String) for frame in frames)
    assert all(frame.height == rows for frame in frames[:-1])
    return [row for frame in frames for row in frame.rows()]


@pytest.mark.parametrize("compression", COMPRESSORS)
@pytest.mark.parametrize("name", WRITERS)
@settings(max_examples=20)
@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {"question": plain_text, "cop": st.none() | st.integers(-(2**63), 2**63 - 1), "meta": st.none() | nested}
        ),
        min_size=2,
        max_size=9,
    )
)
def test_every_format_gives_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory, name: str, compression: str, rows: list[Row]
):
    folder = tmp_path_factory.mktemp("formats")
    got = read(folder / (name + compression), COMPRESSORS[compression](WRITERS[name](rows)))
    assert [row[0] for row in got] == [row["question"] for row in rows]
    assert [row[1] for row in got] == [None if row["cop"] is None else str(row["cop"]) for row in rows]
    assert [None if row[2] is None else json.loads(row[2]) for row in got] == [row["meta"] for row in rows]
    assert [row[:2] for row in got] == [row[:2] for row in read(folder / "plain.jsonl", jsonl(rows))]


@settings(max_examples=20)
@given(rows=st.lists(st.fixed_dictionaries({"question": plain_text, "cop": st.integers(0, 4)}), min_size=1, max_size=9))
@pytest.mark.parametrize("compression", COMPRESSORS)
def test_csv_gives_the_same_rows(tmp_path_factory: pytest.TempPathFactory, compression: str, rows: list[Row]):
    path = tmp_path_factory.mktemp("csv") / f"rows.csv{compression}"
    content = COMPRESSORS[compression](comma_separated(rows))
    assert read(path, content, columns=("question", "cop")) == [(row["question"], str(row["cop"])) for row in rows]


def test_csv_keeps_a_byte_order_mark_and_line_ends_apart_from_values(tmp_path: Path):
    content = b'\xef\xbb\xbfquestion,cop\r\n"two\r\nlines",1\r\nempty key,\r\n'
    assert read(tmp_path / "rows.csv", content, columns=("question", "cop")) == [
        ("two\r\nlines", "1"),
        ("empty key", None),
    ]


@pytest.mark.parametrize(
    ("written", "read_as"), [("1.0", "1"), ("2.5", "2.5"), ("true", "true"), ("null", None), ("7", "7")]
)
def test_numbers_and_booleans_become_the_same_text_in_every_format(tmp_path: Path, written: str, read_as: str | None):
    line = f'{{"question": "q", "cop": {written}}}'
    values = [json.loads(written)]
    table = io.BytesIO()
    pl.DataFrame({"question": ["q"], "cop": values}).write_parquet(table)
    contents = {"a.jsonl": line.encode(), "a.json": f"[{line}]".encode(), "a.parquet": table.getvalue()}
    for name, content in contents.items():
        assert read(tmp_path / name, content, columns=("question", "cop")) == [("q", read_as)], name


def test_an_objects_keys_become_a_column(tmp_path: Path):
    content = json.dumps({"17": {"question": "a"}, "18": {"question": "b"}}).encode()
    assert read(tmp_path / "rows.json", content, columns=("key", "question")) == [("17", "a"), ("18", "b")]


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\n\n \n"])
@pytest.mark.parametrize("between", [b"\n", b"\r\n", b"\n\n", b"\n \t\r\n"])
def test_line_ends_and_blank_lines_are_no_rows(tmp_path: Path, between: bytes, end: bytes):
    content = between.join([b'{"question": "a"}', b'{"question": "b"}']) + end
    assert [row[0] for row in read(tmp_path / "rows.jsonl", content, rows=100)] == ["a", "b"]


@given(
    block=st.integers(1, 60),
    rows=st.integers(1, 5),
    gaps=st.lists(st.sampled_from([b"", b"", b"\n", b" \t\r\n\n"]), min_size=1, max_size=12),
    ended=st.booleans(),
)
def test_parts_depend_neither_on_the_block_size_nor_on_blank_lines(
    block: int, rows: int, gaps: list[bytes], *, ended: bool
):
    records = [jsonl([{"question": "x" * index, "cop": index}]) for index in range(len(gaps))]
    content = b"".join(gap + record for gap, record in zip(gaps, records, strict=True))
    content = content if ended else content.removesuffix(b"\n")
    blocks = (content[start : start + block] for start in range(0, len(content), block))
    found = list(lines.parts("a", blocks, ("question", "cop"), {"toy": ("question",)}, rows))
    assert b"".join(part.chunk + b"\n" for part in found) == b"".join(records)
    assert [part.load().height for part in found] == [part.rows for part in found]
    assert max(part.rows for part in found) <= rows
    assert [part.first_row for part in found] == [1 + sum(part.rows for part in found[:n]) for n in range(len(found))]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    records=st.lists(st.dictionaries(st.text(), values, min_size=1, max_size=4), max_size=6),
    block=st.integers(1, 60),
    indent=st.sampled_from([None, 1]),
    escaped=st.booleans(),
    keyed=st.booleans(),
)
def test_a_document_is_read_record_by_record_as_it_would_be_whole(
    tmp_path_factory: pytest.TempPathFactory,
    records: list[dict[str, Any]],
    block: int,
    indent: int | None,
    *,
    escaped: bool,
    keyed: bool,
):
    path = tmp_path_factory.mktemp("document") / "a.json"
    document = {str(number): record for number, record in enumerate(records)} if keyed else records
    path.write_bytes(json.dumps(document, indent=indent, ensure_ascii=escaped).encode("utf-8", "surrogatepass"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "BLOCK_BYTES", block)
        read = [json.loads(line) for line in documents.as_lines(SourceFile(path, "a.json"))]
    expected = [{"key": str(number), **record} for number, record in enumerate(records)] if keyed else records
    assert read == expected


def test_a_column_that_is_only_named_late_is_found(tmp_path: Path):
    content = jsonl([{"meta": 1}] * 40 + [{"question": "q"}])
    assert read(tmp_path / "rows.jsonl", content, rows=100)[40][0] == "q"


def test_concatenated_members_are_one_file(tmp_path: Path):
    first, second = jsonl([{"question": "a"}]), jsonl([{"question": "b"}])
    for suffix, compress in (("gz", gzip.compress), ("zst", zstandard.compress)):
        got = read(tmp_path / f"rows.jsonl.{suffix}", compress(first) + compress(second))
        assert [row[0] for row in got] == ["a", "b"]


@pytest.mark.parametrize("space", ["", " ", "\t", "\r", " " * 63, " " * 200])
@pytest.mark.parametrize("before", ["", " ", " " * 200])
def test_nested_values_are_exact_however_the_json_is_spaced(tmp_path: Path, before: str, space: str):
    text = f'{{"question" : "a: [b] {{c}}", "cop": "1", "meta"{before}:{space}["C:\\\\new \\\\alpha"]}}\n'
    rows = read(tmp_path / "rows.jsonl", text.encode())
    assert json.loads(rows[0][2]) == ["C:\\new \\alpha"]


def test_a_field_of_csv_may_be_a_whole_article(tmp_path: Path):
    article = "word " * 40_000
    content = f"question,cop\n{article},\nshort,1\n".encode()
    assert read(tmp_path / "rows.csv", content, columns=("question", "cop"))[0][0] == article
