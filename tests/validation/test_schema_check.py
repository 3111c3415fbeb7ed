"""The check `schema`: a planted fault for every figure, clean rows that pass, and laws."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openmed_data import tally
from openmed_data.kinds import TOOL_MESSAGES, Kind, schema
from openmed_data.validation.schema import CHECK, SchemaSettings

Rows = list[dict[str, Any]]
BUILT = {"manifest": {}}


def figures(memory: Any, rows: Rows, batch: int | None = None, **facts: Any) -> dict[str, float]:
    result = CHECK.run(memory(rows, batch, **facts), SchemaSettings())
    return {one.name: one.value for one in result.figures if not one.passed}


def test_clean_pairs_pass_as_a_build_and_as_loose_files(pairs: Any, memory: Any):
    assert figures(memory, pairs(12), **BUILT) == {}
    assert figures(memory, pairs(12), batch=5) == {}


def _set(column: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda row: row.update({column: value})


def _say(column: str, **parts: Any) -> Callable[[dict[str, Any]], None]:
    return lambda row: row[column][-1].update(parts)


FAULTS = {
    "null text": (_set("license", None), {"nulls": 1}),
    "null id": (_set("id", None), {"nulls": 1}),
    "null list": (_set("chosen", None), {"nulls": 1}),
    "empty list": (_set("prompt", []), {"empty_lists": 1}),
    "unknown role": (_say("prompt", role="doctor"), {"unknown_roles": 1, "wrong_last_roles": 1}),
    "null role": (_say("chosen", role=None), {"unknown_roles": 1}),
    "reply of the user": (_say("rejected", role="user"), {"wrong_last_roles": 1}),
    "prompt of the assistant": (_say("prompt", role="assistant"), {"wrong_last_roles": 1}),
    "blank content": (_say("chosen", content=" \n\t"), {"empty_contents": 1}),
    "null content": (_say("rejected", content=None), {"empty_contents": 1}),
    "label beyond J": (_set("chosen_label", "K"), {"bad_values": 1}),
    "label of two letters": (_set("rejected_label", "AB"), {"bad_values": 1}),
    "lower-case label": (_set("rejected_label", "a"), {"bad_values": 1}),
    "repeated id": (_set("id", "pair-00000"), {"duplicate_ids": 1}),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_counted_pointed_at_and_masked(name: str, pairs: Any, memory: Any):
    plant, expected = FAULTS[name]
    rows = pairs(9)
    plant(rows[4])
    result = CHECK.run(memory(rows, 4, **BUILT), SchemaSettings())
    assert {one.name: one.value for one in result.figures if not one.passed} == expected
    where = "" if name == "null id" else rows[4]["id"]
    assert {(one["id"], one["code"]) for one in result.findings.to_dicts()} == {(where, code) for code in expected}


def test_messages_that_call_tools_need_no_content():
    call = {
        "role": "assistant",
        "content": None,
        "tool_calls": ['{"name": "search"}'],
        "tool_call_id": None,
        "name": None,
    }
    empty = call | {"tool_calls": []}
    plain = pa.array([[call], [empty]], type=_plain(TOOL_MESSAGES)).cast(TOOL_MESSAGES)
    batch = pl.DataFrame(pl.from_arrow(pa.table({"messages": plain}))).with_columns(pl.Series("id", ["a", "b"]))
    scan = CHECK.scan(batch, SchemaSettings())
    assert scan.findings.select("id", "code").rows() == [("b", "empty_contents")]


def _plain(dtype: pa.DataType) -> pa.DataType:
    """The same type with JSON as text, which Arrow can make from Python values."""
    if isinstance(dtype, pa.ListType):
        return pa.list_(_plain(dtype.value_type))
    if isinstance(dtype, pa.StructType):
        return pa.struct([pa.field(part.name, _plain(part.type)) for part in dtype])
    return pa.string() if isinstance(dtype, pa.JsonType) else dtype


def test_missing_and_mistyped_columns(pairs: Any, memory: Any):
    rows = pairs(4)
    for row in rows:
        del row["chosen"], row["license"]
        row["prompt"] = "plain text"
    failed = figures(memory, rows, **BUILT)
    assert failed["missing_columns"] == 2
    assert failed["wrong_types"] == 1
    assert failed["nulls"] == 12, "an unusable column has no value in any row"


def test_files_of_other_makers_need_only_what_training_reads(pairs: Any, memory: Any):
    rows = [{name: row[name] for name in ("id", "prompt", "chosen", "rejected")} | {"score": 1.5} for row in pairs(6)]
    result = CHECK.run(memory(rows), SchemaSettings())
    missed = [one for one in result.figures if not one.passed]
    assert [(one.name, one.value, str(one.severity)) for one in missed] == [("missing_optional_columns", 7, "warn")]
    assert not result.findings.height


def test_no_rows_at_all_fail(memory: Any, pairs: Any):
    empty = replace(memory(pairs(1)), frames=())
    result = CHECK.run(empty, SchemaSettings())
    assert [one.name for one in result.figures if not one.passed] == ["rows"]


@pytest.mark.parametrize("kind", list(Kind))
def test_an_all_null_table_of_each_kind_is_judged_and_fails(kind: Kind, memory: Any):
    rows = [dict.fromkeys(schema(kind).names) | {"id": "a"}]
    assert figures(memory, rows, kind=kind)["nulls"] >= 1


REWARD = {
    "id": "r1", "source": "s", "source_id": "1", "license": "mit",
    "prompt": [{"role": "user", "content": "2 + 2?"}], "answer": "4", "answer_type": "number", "choices": None,
    "answer_label": "", "accepted_answers": ["4"], "reference_reasoning": "", "dataset": "made",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, {}),
        ({"answer_type": "essay"}, {"bad_values": 1}),
        ({"answer_type": "choice", "answer_label": "Z"}, {"bad_values": 1}),
        ({"answer": None}, {"nulls": 1}),
    ],
)
def test_rewards(change: dict[str, Any], expected: dict[str, int], memory: Any):
    assert figures(memory, [REWARD | change], kind=Kind.REWARDS, **BUILT) == expected


CHOICE = REWARD | {"answer_type": "choice", "choices": ["Iron", "Zinc"], "answer": "Zinc", "answer_label": "B"}


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({}, 0),
        ({"answer_label": "A"}, 1),
        ({"answer": "Iron"}, 1),
        ({"answer": "Copper"}, 1),
        ({"answer_label": "C"}, 1),
        ({"answer_label": None}, 0),
        ({"answer_label": None, "answer": "Copper"}, 1),
        ({"answer": " zinc"}, 0),
        ({"answer": "B"}, 0),
        ({"answer": "B", "answer_label": None}, 0),
        ({"answer": "C", "answer_label": "C"}, 1),
        ({"choices": []}, 0),
        ({"choices": ["no", "yes"], "answer": "maybe", "answer_type": "boolean", "answer_label": None}, 0),
    ],
)
def test_a_flipped_answer_key_is_found(change: dict[str, Any], wrong: int, memory: Any):
    result = CHECK.run(memory([CHOICE, CHOICE | {"id": "r2"} | change], kind=Kind.REWARDS, **BUILT), SchemaSettings())
    assert {one.name: one.value for one in result.figures if not one.passed} == ({"wrong_answers": 1} if wrong else {})
    assert result.findings["id"].to_list() == ["r2"] * wrong


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 40), st.lists(st.tuples(st.integers(0, 39), st.sampled_from(sorted(FAULTS))), max_size=12))
def test_counts_do_not_depend_on_the_size_of_batches(pairs: Any, size: int, planted: list[tuple[int, str]]):
    rows = pairs(40)
    for place, name in planted:
        if rows[place]["chosen"] and rows[place]["prompt"]:
            FAULTS[name][0](rows[place])
    check = replace(CHECK, kind=Kind.PREFERENCES, built=True)
    frame = pl.DataFrame(rows, infer_schema_length=None)
    whole = check.scan(frame, SchemaSettings()).counts
    parts = tally.merge(check.scan(part, SchemaSettings()).counts for part in frame.iter_slices(size))
    assert whole.equals(parts)


def test_findings_are_few_and_values_masked(pairs: Any, memory: Any):
    rows = pairs(300)
    for row in rows:
        row["chosen_label"] = "Jane Doe"
    result = CHECK.run(memory(rows, 64), SchemaSettings())
    assert result.findings.height == CHECK.most_findings
    assert set(result.findings["masked"]) == {"J*** D**"}


def test_rare_subjects_are_added_up(pairs: Any, memory: Any):
    rows = pairs(10)
    rows[0]["subject"] = "Jane Doe"
    assert "Jane Doe" not in CHECK.run(memory(rows), SchemaSettings()).tables["rows by subject"]


def test_ids_are_compared_across_splits_and_batches(pairs: Any, memory: Any, tmp_path: Path):
    rows = pairs(10)
    rows[9]["id"] = rows[0]["id"]
    result = CHECK.run(memory(rows, 3), SchemaSettings())
    assert result.findings.select("id", "code", "split").rows() == [("pair-00000", "duplicate_ids", "train")]
