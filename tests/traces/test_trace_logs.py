"""Logs of Anthropic's agents: what is the conversation in them, and what is not."""

from typing import Any

import pytest
from trace_records import said, turns

from openmed_data.traces.codec import dumps
from openmed_data.traces.convert import read
from openmed_data.traces.detect import formats
from openmed_data.traces.format import Record
from openmed_data.traces.reasons import Unfit


def event(uuid: str, parent: str | None, role: str, content: Any, **more: Any) -> Record:
    return {"type": role, "uuid": uuid, "parentUuid": parent, "message": {"role": role, "content": content, **more}}


def test_what_the_program_wrote_into_a_log_is_left_out() -> None:
    events = [
        event("1", None, "user", "Dose?"),
        event("2", "1", "assistant", [{"type": "text", "text": "API Error: overloaded"}], model="<synthetic>"),
        event("3", "2", "user", [{"type": "text", "text": "[Request interrupted by user]"}]),
        event("4", "3", "user", "Of x."),
        event("5", "4", "assistant", [{"type": "text", "text": "5."}], model="m"),
    ]
    assert turns("anthropic", {"events": events}) == [("user", "Dose?\n\nOf x.", []), ("assistant", "5.", [])]
    mended = read(dumps({"events": events}), formats()["anthropic"]).mended
    assert mended == ("turns written by the program, not by the user or the model, left out",) * 2


def test_a_question_that_was_taken_back_is_left_out_with_its_answer() -> None:
    call = {"type": "tool_use", "name": "dose", "input": {}}
    events = [
        event("1", None, "user", "Hello"),
        event("2", "1", "assistant", [{"type": "text", "text": "Hello."}]),
        event("3", "2", "user", "Dose of y?"),
        event("4", "3", "assistant", [call | {"id": "a"}]),
        event("5", "4", "user", [{"type": "tool_result", "tool_use_id": "a", "content": "7"}]),
        event("6", "2", "user", "Dose of x?"),
        event("7", "6", "assistant", [call | {"id": "b"}]),
        event("8", "7", "assistant", [call | {"id": "c"}]),
        event("9", "7", "user", [{"type": "tool_result", "tool_use_id": "b", "content": "5"}]),
        event("10", "8", "user", [{"type": "tool_result", "tool_use_id": "c", "content": "6"}]),
        event("11", "10", "assistant", [{"type": "text", "text": "5."}]),
    ]
    trace = read(dumps({"events": events}), formats()["anthropic"])
    assert [one.content for one in trace.messages] == ["Hello", "Hello.", "Dose of x?", "", "5", "6", "5."]
    assert trace.mended == ("turns that the user took back to ask otherwise left out",) * 3


@pytest.mark.parametrize("strange", [[], {}, 7])
def test_ids_of_a_log_that_are_no_text_tie_nothing_together(strange: Any) -> None:
    asked = {"type": "user", "uuid": strange, "parentUuid": strange, "message": said("user", "Dose?")}
    told = {"type": "assistant", "uuid": "b", "parentUuid": strange, "message": said("assistant", "5 mg.")}
    assert turns("anthropic", {"events": [asked, told]}) == [("user", "Dose?", []), ("assistant", "5 mg.", [])]


@pytest.mark.parametrize("agent", [{}, {"agentId": None}, {"agentId": "a"}])
def test_side_chains_that_nothing_tells_apart_are_no_conversation(agent: Record) -> None:
    def aside(uuid: str, parent: str | None, role: str, text: str) -> Record:
        return event(uuid, parent, role, text) | {"isSidechain": True} | agent

    one = [aside("1", None, "user", "Dose of x?"), aside("2", "1", "assistant", "5.")]
    two = [aside("3", None, "user", "Dose of y?"), aside("4", "3", "assistant", "7.")]
    assert len(turns("anthropic", {"events": one})) == 2
    if agent.get("agentId"):
        assert len(turns("anthropic", {"events": [*one, *two]})) == 4
    else:
        with pytest.raises(Unfit, match="2 side chains in one session"):
            turns("anthropic", {"events": [*one, *two]})
