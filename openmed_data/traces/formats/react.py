"""ReAct: `Thought:`, `Action: search[…]` and `Observation:` in turns of a chat, or in one text.

S. Yao et al., "ReAct: Synergizing Reasoning and Acting in Language Models", 2023; turns as FireAct publishes them. An
action of the form ``Action: name`` with ``Action Input:`` below it is LangChain's.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

from openmed_data.traces.codec import loads
from openmed_data.traces.fields import (
    id_of,
    parts_text,
    role_of,
    some_text,
    tools_of,
    turn_objects,
    turns_of,
    verdict_of,
)
from openmed_data.traces.format import Format, Record
from openmed_data.traces.reasons import Law, Unfit, unreadable
from openmed_data.traces.texts import lone_text
from openmed_data.traces.trace import Call, Message, Trace

_LABEL = re.compile(
    r"^(Question|Thought|Action Input|Action|Observation|Final Answer)(?: \d+)?:[ \t]*", re.MULTILINE | re.IGNORECASE
)
_ACTION = re.compile(r"^(\w+) ?\[(.*)\]\.?$", re.DOTALL)
_ROLES = {
    "system": "system",
    "user": "user",
    "human": "user",
    "tool": "user",
    "assistant": "assistant",
    "gpt": "assistant",
}
_ENDS = frozenset({"finish", "answer", "final_answer"})
_ARGUMENT = {"search": "query", "lookup": "keyword"}
_REWARD = re.compile(r"reward\s*[=:]\s*(True|False|-?\d+(?:\.\d+)?)", re.IGNORECASE)
EVALUATOR_CUT = "an evaluator's words after the answer cut"
PROMPT_CUT = "instructions and examples before the question cut"


class ReAct(Format):
    """Thoughts, actions and observations."""

    name = "react"
    summary = "Thought / Action: search[...] / Observation, in chat turns or text"
    may_end_with_call = False
    descriptions: ClassVar[Mapping[str, str]] = {
        "search": "Search for a query and return what the best result says.",
        "lookup": "Return the next sentence that holds the keyword in the page found last.",
    }

    def detect(self, record: Record) -> float:
        """Actions and thoughts at the beginning of lines are sure."""
        found = {label.lower() for label in _LABEL.findall(some_text(record))}
        if "action" not in found:
            return 0.0
        return 1.0 if found & {"thought", "observation"} else 0.5

    def read(self, record: Record) -> Trace:
        """Read turns or a text; `finish[…]` becomes the answer."""
        reading = _Reading()
        for role, said, at in _turns(record):
            if role == "system":
                reading.messages.append(Message("system", said))
            elif reading.asked and (role == "assistant" or _LABEL.match(said)):
                reading.steps(said, at)
            else:
                reading.question(said)
        passed = verdict_of(record) if reading.passed is None else reading.passed
        mended = tuple(reading.mended)
        return Trace(tuple(reading.messages), tools_of(record, "tools"), passed, id_of(record), mended)


def _turns(record: Record) -> Iterator[tuple[str, str, str]]:
    if turns_of(record) is None:
        text = lone_text(record)
        first = re.search(r"^Thought(?: \d+)?:", text[_last_question(text) :], re.MULTILINE)
        if first is None:
            raise unreadable("text", text, "a question and thoughts")
        at = _last_question(text) + first.start()
        yield from (("user", text[:at], "text"), ("assistant", text[at:], "text"))
        return
    for place, turn in enumerate(turn_objects(record)):
        role = role_of(turn.get("role", turn.get("from")), _ROLES, f"messages[{place}].role")
        at = f"messages[{place}].content"
        yield role, parts_text(turn.get("content", turn.get("value")), at), at


def _last_question(text: str) -> int:
    return max((found.start() for found in re.finditer(r"^Question:", text, re.MULTILINE)), default=0)


@dataclass(slots=True)
class _Reading:
    """What was read so far."""

    messages: list[Message] = field(default_factory=list[Message])
    mended: list[str] = field(default_factory=list[str])
    asked: bool = False
    answered: bool = False
    passed: bool | None = None

    def question(self, said: str) -> None:
        """Take the user's turn; of a prompt with instructions and examples, the last question alone."""
        self.asked = True
        at = _last_question(said)
        if "Question:" in said[at:]:
            question = said[at:].partition("Question:")[2]
            if said[:at].strip():
                self.mended.append(PROMPT_CUT)
            said = question
        self.messages.append(Message("user", said))

    def steps(self, said: str, at: str) -> None:
        """Take what stands behind each label of a turn."""
        pieces = _LABEL.split(said)
        thought = pieces[0].strip()
        action = ""
        for label, body in zip(map(str.lower, pieces[1::2]), map(str.strip, pieces[2::2]), strict=True):
            if label == "observation":
                self._observe(body)
            elif self.answered:
                raise Unfit(Law.TURNS, f"{at}: {label} after the answer")
            elif label == "thought":
                thought = f"{thought}\n\n{body}".strip()
            elif label == "final answer":
                self._answer(thought, body)
            elif label == "action" and _ACTION.match(body) is None and re.fullmatch(r"\w+", body):
                action = body  # its input follows
            else:
                self._act(thought, f"{action}[{body}]" if label == "action input" else body, at)
                thought = ""
        if thought and len(pieces) == 1:
            self.messages.append(Message("assistant", thought))

    def _act(self, thought: str, action: str, at: str) -> None:
        found = _ACTION.match(action)
        if found is None:
            raise unreadable(at, action, "an action such as search[query]")
        name, argument = found[1].lower(), found[2].strip()
        if name in _ENDS:
            self._answer(thought, argument)
        else:
            self.messages.append(Message("assistant", thought, (Call(name, _arguments(name, argument)),)))

    def _answer(self, thought: str, answer: str) -> None:
        self.answered = True
        self.messages.append(Message("assistant", f"{thought}\n\nAnswer: {answer}" if thought else answer))

    def _observe(self, body: str) -> None:
        if not self.answered:
            self.messages.append(Message("tool", body))
            return
        self.mended.append(EVALUATOR_CUT)
        if reward := _REWARD.search(body):
            word = reward[1].lower()
            self.passed = word == "true" or (word != "false" and float(word) > 0)


def _arguments(name: str, argument: str) -> dict[str, Any]:
    if argument.startswith("{"):
        try:
            held: Any = loads(argument)
        except ValueError:
            held = None
        if isinstance(held, dict):
            return cast(dict[str, Any], held)
    return {_ARGUMENT.get(name, "input"): argument}


FORMAT = ReAct()
