"""A trace comes back from every format that can hold it as it was."""

import json

import pytest
from hypothesis import given, settings
from trace_strategies import texts, traces

from openmed_data.traces.codec import dumps, loads
from openmed_data.traces.columns import columns_of, trace_of
from openmed_data.traces.convert import read
from openmed_data.traces.detect import formats, sure
from openmed_data.traces.formats import hermes
from openmed_data.traces.settle import settle
from openmed_data.traces.trace import Trace

WRITING = [name for name, form in formats().items() if form.writes]


def test_the_four_formats_write() -> None:
    assert WRITING == ["anthropic", "hermes", "openai", "sharegpt"]


@pytest.mark.parametrize("name", WRITING)
@settings(max_examples=60)
@given(traces())
def test_there_and_back(name: str, trace: Trace) -> None:
    form = formats()[name]
    record = form.write(trace)
    assert read(dumps(record), form) == trace
    assert read(json.dumps(record), form) == trace


@settings(max_examples=60)
@given(traces())
def test_through_all_formats_in_a_row(trace: Trace) -> None:
    held = trace
    for name in [*WRITING, *reversed(WRITING)]:
        held = read(dumps(formats()[name].write(held)), formats()[name])
    assert held == trace


@settings(max_examples=60)
@given(traces())
def test_through_the_columns(trace: Trace) -> None:
    frame = columns_of([trace, trace])
    assert [trace_of(row) for row in frame.iter_rows(named=True)] == [trace, trace]


@settings(max_examples=60)
@given(traces())
def test_settled_is_settled(trace: Trace) -> None:
    assert settle(trace) == trace


@pytest.mark.parametrize("name", WRITING)
@settings(max_examples=60)
@given(traces().filter(lambda trace: trace.n_calls > 0))
def test_what_was_written_is_known_again(name: str, trace: Trace) -> None:
    found = sure(json.loads(json.dumps(formats()[name].write(trace))))
    assert max(found, key=found.__getitem__) == name


@given(texts)
def test_tags_that_were_said_survive(text: str) -> None:
    escaped = hermes._escape(text)
    assert hermes._unescape(escaped) == text
    assert not hermes._LITERAL.search(escaped)


@given(texts)
def test_json_is_exact(text: str) -> None:
    for value in (text, {"n": 2**70, text: -(2**65)}, [1.0, 1, True, None, 1e-300]):
        back = loads(dumps(value))
        assert back == value
        assert repr(back) == repr(value)
