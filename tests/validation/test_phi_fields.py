"""Every text of a nested value is read, with a path a person can follow."""

import json
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from openmed_data.validation.phi import scan_columns
from openmed_data.validation.phi.fields import leaves

ARGUMENTS = json.dumps({"patient": {"name": "Alice Smith", "mrn": 471123}})
CONVERSATION: dict[str, Any] = {
    "messages": [
        {"role": "user", "content": "I need an appointment."},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "c1",
                    "function": {
                        "name": "book",
                        "arguments": json.dumps({"patient": {"name": "Alice Smith", "mrn": 471123}}),
                    },
                }
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": json.dumps([{"phone": "(617) 867-5309"}])},
    ]
}


def test_names_inside_json_string_arguments_are_found() -> None:
    found = scan_columns(pl.DataFrame({"messages": [CONVERSATION["messages"]]}))
    assert found.select("field", "value", "type").rows() == [
        ("messages[1].tool_calls[0].function.arguments.patient.mrn", "471123", "MRN"),
        ("messages[1].tool_calls[0].function.arguments.patient.name", "Alice Smith", "NAME"),
        ("messages[2].content[0].phone", "(617) 867-5309", "PHONE"),
    ]


def test_arguments_as_a_dict_give_the_same_paths() -> None:
    as_dict = json.loads(json.dumps(CONVERSATION))
    function = as_dict["messages"][1]["tool_calls"][0]["function"]
    function["arguments"] = json.loads(function["arguments"])
    assert [leaf.path for leaf in leaves(as_dict)] == [leaf.path for leaf in leaves(CONVERSATION)]


def test_broken_json_is_read_as_text() -> None:
    broken = '{"name": "Alice Smith", "email": "alice@mail.net"'
    assert [leaf.text for leaf in leaves({"arguments": broken})] == [broken]
    assert "EMAIL" in scan_columns(pl.DataFrame({"arguments": [broken]}))["type"].to_list()


def test_a_key_can_be_an_identifier() -> None:
    found = scan_columns(pl.DataFrame({"arguments": ['{"cc": {"alice@mail.net": true}}']}))
    assert found.select("field", "value", "type").rows() == [("arguments.cc{0}", "alice@mail.net", "EMAIL")]


def test_labels_in_camel_case_are_understood() -> None:
    found = scan_columns(pl.DataFrame({"arguments": ['{"patientName": "Alice Smith"}']}))
    assert found.select("start", "end").rows() == [(0, 11)]


KEYS = st.from_regex(r"[a-z]{1,5}", fullmatch=True)
NESTED = st.recursive(
    st.none() | st.booleans() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


def texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for item in items for text in texts(item)]


@given(NESTED)
def test_no_text_is_missed(value: Any) -> None:
    # "[]" and "{}" are JSON strings with nothing in them.
    assert [leaf.text for leaf in leaves(value)] == [text for text in texts(value) if text.strip() not in {"[]", "{}"}]


def test_further_mentions_stand_at_their_own_rows_and_fields() -> None:
    asked = ["Gout?", "Patient: Alice Smith, MRN 10000000.", "Seen by Dr. Tom Baker; MRN 20000000."]
    told = ["alpha Alice", "to Alice, and to Alice", "Baker agrees"]
    found = scan_columns(pl.DataFrame({"asked": asked, "told": told}))
    again = found.filter(pl.col("field") == "told").select("row", "text", "start", "value").rows()
    assert again == [(1, told[1], 3, "Alice"), (1, told[1], 17, "Alice"), (2, told[2], 0, "Baker")]
