"""Whatever a record holds, it becomes a trace or a reason: no reader and no detector fails in another way."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trace_strategies import values

from openmed_data.builders.tool_traces import BUILDER
from openmed_data.traces.codec import dumps, loads
from openmed_data.traces.convert import Converter
from openmed_data.traces.detect import formats, sure
from openmed_data.traces.reading import RECORD
from openmed_data.traces.reasons import Unfit
from openmed_data.traces.toolbox import toolbox
from openmed_data.traces.trace import Trace

RECORDS: list[dict[str, Any]] = [
    loads(text)
    for file in BUILDER.source("sample").files
    for part in BUILDER.parts(file)
    for text in part.load()[RECORD]
]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [*([path] if path else []), *(place for key, one in inner for place in places(one, (*path, key)))]


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, Any]:
    """Return a record of the sample in which some values are replaced by others or gone."""
    record = copy.deepcopy(draw(st.sampled_from(RECORDS)))
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(places(record) or [("x",)]))
        holder: Any = record
        for key in way:
            holder = holder[key]
        if draw(st.booleans()):
            holder[last] = draw(values)
        elif isinstance(holder, dict):
            holder.pop(last, None)
    return record


@pytest.mark.parametrize("name", sorted(formats()))
@settings(max_examples=100)
@given(record=damaged() | st.dictionaries(st.sampled_from(["messages", "conversations", "text", "events"]), values))
def test_every_record_has_an_outcome(name: str, record: dict[str, Any]) -> None:
    (outcome,) = Converter(formats()[name], toolbox([])).convert([dumps(record)])
    assert isinstance(outcome, Trace | Unfit)
    if isinstance(outcome, Unfit):
        assert outcome.detail


@settings(max_examples=100)
@given(damaged())
def test_detectors_are_between_nought_and_one(record: dict[str, Any]) -> None:
    assert all(0 < value <= 1 for value in sure(record).values())
    assert all(one.session(record) is None or isinstance(one.session(record), str) for one in formats().values())
