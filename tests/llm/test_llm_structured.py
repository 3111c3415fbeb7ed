"""Structured answers: what is mended keeps its meaning, and what is broken is never completed."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmed_data.llm import AnswerSchema, ChatRequest, Fault, Prices, Rejected, Structured, Usage, read_structured
from openmed_data.llm.waiting import backoff, retry_after

ANY = {"type": "object"}
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="{}[]`<>"), max_size=30)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), VALUES, max_size=4)


@given(OBJECTS, WORDS, WORDS, st.sampled_from(["", "```json\n", "```\n"]))
def test_what_stands_around_the_value_is_taken_away(value: dict[str, Any], before: str, after: str, fence: str) -> None:
    text = f"{before}{fence}{json.dumps(value, ensure_ascii=False)}{fence and chr(10) + '```'}{after}"
    assert read_structured(text, ANY) == value


@given(OBJECTS.filter(bool), st.integers(1, 1000))
def test_a_value_that_was_cut_off_is_not_completed(value: dict[str, Any], at: int) -> None:
    whole = json.dumps(value)
    found = read_structured(whole[: len(whole) - 1 - at % (len(whole) - 1)], ANY)
    assert isinstance(found, Rejected)


@given(st.text())
def test_anything_is_read_or_rejected(text: str) -> None:
    assert isinstance(read_structured(text, ANY), dict | Rejected)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"a": NaN}', Fault.NO_JSON),
        ('{"a": "\\ud800"}', Fault.NO_JSON),
        ("[" * 100_000, Fault.NO_JSON),
        ("<think>{}</think>", Fault.EMPTY),
        ("<think>Perhaps {}", Fault.EMPTY),
        ("[1]", Fault.WRONG_SCHEMA),
    ],
)
def test_what_no_reader_could_use_is_rejected(text: str, fault: Fault) -> None:
    found = read_structured(text, ANY)
    assert isinstance(found, Rejected)
    assert found.fault is fault


@pytest.mark.parametrize(
    "text",
    [
        'A first draft: {"n": 1}? No.\n</think>\n{"n": 7}',  # the template opened the reasoning
        'As the guideline [1] has it: {"n": 7}',
        '{"thought": "it is 7"}\n{"n": 7}',
    ],
)
def test_drafts_and_marks_before_the_answer_are_passed_over(text: str) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    assert read_structured(text, schema) == {"n": 7}


def test_a_schema_in_the_prompt_adds_no_second_turn_of_the_user() -> None:
    request = ChatRequest([{"role": "user", "content": "How much?"}], 16, schema=AnswerSchema("any", ANY))
    messages = request.body("m", Structured.PROMPT, "max_tokens")["messages"]
    assert [message["role"] for message in messages] == ["user"]
    assert messages[0]["content"].startswith("How much?\n\nAnswer with one JSON object")
    assert request.messages[0]["content"] == "How much?"


def test_a_tag_inside_the_answer_is_text() -> None:
    assert read_structured('{"a": "b</think>c"}', ANY) == {"a": "b</think>c"}


@given(st.integers(1, 50))
def test_no_wait_is_longer_than_half_a_minute(attempt: int) -> None:
    assert 0 <= backoff(attempt) <= 30


@given(st.text(max_size=40))
def test_any_retry_after_is_read(text: str) -> None:
    seconds = retry_after({"retry-after": text})
    assert seconds is None or 0 <= seconds < float("inf")


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1), st.floats(0, 100))
def test_the_sum_of_costs_is_the_cost_of_the_sum(usages: list[tuple[int, int]], price: float) -> None:
    prices = Prices(price, 2 * price)
    prompt, completion = map(sum, zip(*usages, strict=True))
    assert sum(prices.of(Usage(*usage)) for usage in usages) == prices.of(Usage(prompt, completion))


@given(st.integers(0, 10**5), st.integers(0, 10**5))
def test_a_request_is_counted_at_no_less_than_it_costs(sent: int, max_tokens: int) -> None:
    prices = Prices(0.15, 0.6)
    assert prices.of(Usage(sent, max_tokens)) <= prices.most(sent, max_tokens)
