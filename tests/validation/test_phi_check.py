"""The check `phi`: every text of a row is read, each finding is masked, and filters leave nothing behind."""

import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmed_data.builder import ROW
from openmed_data.kinds import Kind
from openmed_data.validation.phi import CHECK, PhiSettings, scan_columns
from openmed_data.validation.phi.columns import flat_texts
from openmed_data.validation.phi.dates import parse_date
from openmed_data.validation.phi.rewrite import rewrite

PHONE = "617-555-0143"
SETTINGS = PhiSettings()
CALL = json.dumps(
    {"function": {"name": "book", "arguments": json.dumps({"patient_name": "Alice Smith", "mrn": 12345678})}}
)


def trace() -> pl.DataFrame:
    called: list[dict[str, Any]] = [
        {"role": "user", "content": "Book it.", "tool_calls": None},
        {"role": "assistant", "content": "", "tool_calls": [CALL]},
        {"role": "tool", "content": json.dumps({"ok": True, "contact": {"phone": PHONE}}), "tool_calls": None},
    ]
    return pl.DataFrame({ROW: [4], "id": ["t1"], "messages": [called], "n_calls": [1]}, infer_schema_length=None)


def test_every_text_of_a_trace_is_read():
    found = scan_columns(trace()).select("field", "type").rows()
    assert found == [
        ("messages[1].tool_calls[0].function.arguments.mrn", "MRN"),
        ("messages[1].tool_calls[0].function.arguments.patient_name", "NAME"),
        ("messages[2].content.contact.phone", "PHONE"),
    ]


@pytest.mark.parametrize("action", ["redact", "surrogate"])
def test_replacing_leaves_the_form_and_no_identifier(action: str):
    filtered = CHECK.filter(trace(), PhiSettings(action=action))
    assert not filtered.rejected.height
    messages = filtered.kept["messages"].to_list()[0]
    arguments = json.loads(json.loads(messages[1]["tool_calls"][0])["function"]["arguments"])
    contact = json.loads(messages[2]["content"])["contact"]
    assert PHONE not in str(messages)
    assert "Alice" not in str(messages)
    assert "12345678" not in str(messages)
    assert arguments.keys() == {"patient_name", "mrn"}
    assert filtered.kept.drop("messages").equals(trace().drop("messages"))
    if action == "redact":
        assert (arguments["patient_name"], contact["phone"]) == ("[NAME]", "[PHONE]")
        assert not CHECK.scan(filtered.kept, SETTINGS).findings.height
    mended = filtered.mended.filter(pl.col("table") == "mended")
    assert dict(mended.select("key", "count").rows()) == {"phi:mrn": 1, "phi:name": 1, "phi:phone": 1}


def test_what_one_message_identifies_is_found_in_the_others():
    call = json.dumps(
        {"function": {"name": "book", "arguments": json.dumps({"who": "Alice Smith", "at": "Mercy Clinic"})}}
    )
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": "Please book Alice Smith, MRN 00471123, on May 3rd, 2023 at Mercy Clinic."},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "assistant", "content": "Booked: Ms. Smith, 3 May 2023. Alice should come at ten."},
    ]
    frame = pl.DataFrame(
        {ROW: [0, 1], "id": ["a", "b"], "messages": [messages, [{"role": "user", "content": "Alice?"}]]}
    )
    kept = CHECK.filter(frame, PhiSettings(action="redact")).kept["messages"].to_list()
    assert json.loads(json.loads(kept[0][1]["tool_calls"][0])["function"]["arguments"]) == {
        "who": "[NAME]", "at": "[LOCATION]",
    }  # fmt: skip
    assert kept[0][2]["content"] == "Booked: [NAME], [DATE]. [NAME] should come at ten."
    assert kept[1][0]["content"] == "Alice?"


def test_invented_values_of_a_row_agree():
    messages = [
        {"role": "user", "content": "Please book Alice Smith on May 3rd, 2023 at Mercy Clinic."},
        {"role": "tool", "content": json.dumps({"patient": "Smith, Alice", "date": "2023-05-03"})},
        {"role": "assistant", "content": "Ms. Smith is booked for 3 May 2023."},
    ]
    frame = pl.DataFrame({ROW: [0], "id": ["a"], "messages": [messages]})
    asked, told, said = (m["content"] for m in CHECK.filter(frame, PhiSettings(action="surrogate")).kept["messages"][0])
    hit = re.fullmatch(r"Please book (\w+) (\w+) on (\w+ \w+, \d+) at .*", asked)
    assert hit, asked
    first, last, day = hit.groups()
    moved = parse_date(day)
    assert moved is not None
    assert json.loads(told) == {"patient": f"{last}, {first}", "date": moved.day.isoformat()}
    assert said == f"Ms. {last} is booked for {moved.day.day} {moved.day:%B %Y}."


def test_an_identifier_in_an_id_cannot_be_replaced_so_the_row_goes():
    frame = pl.DataFrame(
        {ROW: [0, 1], "id": ["a@mail.example.org", "b"], "prompt": ["Mail c.d@mail.example.org", "Why?"]}
    )
    filtered = CHECK.filter(frame, PhiSettings(action="redact"))
    assert filtered.kept["id"].to_list() == ["b"]
    assert filtered.rejected["reason"].to_list() == ["phi:email"]
    assert "mail.example" not in filtered.rejected["detail"].item()


def test_a_column_of_names_needs_no_list():
    frame = pl.DataFrame({"first_name": ["Zorvane"], "last_name": ["Quillmore"], "drug_name": ["Zorvanib"]})
    assert scan_columns(frame).select("field", "type", "level").rows() == [
        ("first_name", "NAME", 2),
        ("last_name", "NAME", 2),
    ]


def test_numbers_and_dates_are_read_with_the_name_of_their_column():
    frame = pl.DataFrame({"mrn": [445566], "n_calls": [445566], "text": ["Fine."]})
    assert scan_columns(frame).select("field", "type").rows() == [("mrn", "MRN")]


def test_an_option_s_letter_is_no_initial_except_in_notes():
    listed = "Whose law is this?\nA. Robertson\nB. Marey\nC. Starling\nD. Poiseuille"
    assert (
        not CHECK.scan(pl.DataFrame({"id": ["1"], "prompt": [listed]}), SETTINGS)
        .counts.filter(pl.col("table") == "gravest")
        .height
    )


def test_levels_decide():
    texts = ["Call " + PHONE, "Patient: Alice Smith has a cough.", *["Which nerve is this?"] * 998]
    frame = pl.DataFrame({"id": [str(number) for number in range(1000)], "prompt": texts})
    figures = {one.name: one for one in CHECK.assess(CHECK.scan(frame, SETTINGS).counts, SETTINGS)}
    assert (figures["level_3_rows"].value, figures["level_3_rows"].passed) == (1, False)
    assert (figures["level_2_per_1000"].value, figures["level_2_per_1000"].passed) == (1.0, True)
    assert (figures["level_2_rows"].value, str(figures["level_2_rows"].severity)) == (1, "warn")
    assert figures["phone_per_1000"].value == figures["name_per_1000"].value == 1.0
    flagged = PhiSettings(action="flag")
    assert {
        str(one.severity) for one in CHECK.assess(CHECK.scan(frame, flagged).counts, flagged) if not one.passed
    } == {"warn"}
    only_hard = CHECK.filter(frame.with_row_index(ROW), PhiSettings(level=3))
    assert only_hard.rejected["reason"].to_list() == ["phi:phone"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab {[\"'\\é", max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b c", "mrn"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(value=json_values)
def test_each_text_is_named_by_the_path_that_rewriting_takes(value: Any):
    """What `flat_texts` finds at a path is what `rewrite` replaces there."""
    held = {"n": "x", "calls": [json.dumps({"inner": value})]}
    frame = pl.DataFrame(
        {"messages": [[held]]}, schema={"messages": pl.List(pl.Struct({"n": pl.String, "calls": pl.List(pl.String)}))}
    )
    found = {field: seen for _, field, _, seen in flat_texts(frame).iter_rows()}
    marks = {path: f"<{number}>" for number, path in enumerate(found)}
    changed = rewrite([held], "messages", marks)
    again = flat_texts(pl.DataFrame({"messages": [changed]}, schema=frame.schema))
    assert set(again["text"]) == set(marks.values())


def test_a_key_that_identifies_someone_is_in_no_finding():
    address = "alice@mail.example.org"
    frame = pl.DataFrame({ROW: [0], "id": ["1"], "tools": [json.dumps({address: {"phone": PHONE, "cc": "x"}})]})
    findings = CHECK.scan(frame, SETTINGS).findings
    assert findings["field"].to_list() == ["tools.{0}.phone", "tools{0}"]
    assert address not in str(findings.rows())
    kept = CHECK.filter(frame, PhiSettings(action="redact")).kept
    assert json.loads(kept["tools"].item()) == {"[EMAIL]": {"phone": "[PHONE]", "cc": "x"}}


def test_a_column_of_any_type_is_passed_by():
    frame = pl.DataFrame(
        {"id": ["1"], "flag": [True], "nothing": [None], "bytes": [b"617-555-0143"], "list": [[]], "score": [0.5]},
        schema_overrides={"list": pl.List(pl.String)},
    )
    assert not scan_columns(frame).height
    assert not scan_columns(frame.head(0)).height
    assert CHECK.kinds == frozenset(Kind)


@pytest.mark.shared
def test_real_exam_questions_are_left_alone(shared_data: Path):
    """To reach: at most 2 of 1,000 at level 2 and none at level 3."""
    rows = pl.read_ndjson(shared_data / "medmcqa" / "dev.json").select("question", "opa", "opb", "opc", "opd")
    figures = {one.name: one.value for one in CHECK.assess(CHECK.scan(rows, SETTINGS).counts, SETTINGS)}
    assert figures["level_3_rows"] == 0
    assert figures["level_2_per_1000"] <= 2


def test_a_name_is_found_in_capitals_in_the_other_texts_of_its_row():
    frame = pl.DataFrame(
        {"prompt": ["Patient John Smith was admitted."], "chosen": ["Seen: SMITH, JOHN. SMITH agrees. smith"]}
    )
    found = scan_columns(frame)
    assert found.filter(pl.col("field") == "chosen")["value"].to_list() == ["SMITH", "JOHN", "SMITH"]
