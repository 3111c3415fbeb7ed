"""The dialogue that the model is asked for: its JSON Schema, and its reading."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from openmed_data.llm import AnswerSchema

from .tasks import PLANS, Task

_TEXT = {"type": "string"}


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Pairs of question and answer, and the steps of a calculation."""

    exchanges: tuple[tuple[str, str], ...]
    steps: tuple[Mapping[str, Any], ...] = ()

    @property
    def asked(self) -> str:
        """Everything the user says."""
        return "\n".join(question for question, _ in self.exchanges)

    @property
    def answered(self) -> str:
        """Everything the assistant says."""
        return "\n".join(answer for _, answer in self.exchanges)


def schema_of(task: Task) -> AnswerSchema:
    """Return what the answer to a task must look like.

    Examples
    --------
    >>> schema_of(Task.FOLLOW_UP).schema["properties"]["exchanges"]["maxItems"]
    4
    """
    fewest, most = PLANS[task].exchanges
    exchange = _object({"user": _TEXT, "assistant": _TEXT})
    properties: dict[str, Any] = {
        "exchanges": {"type": "array", "items": exchange, "minItems": fewest, "maxItems": most}
    }
    if task is Task.CALCULATION:
        step = _object({"expression": _TEXT, "result": {"type": "number"}})
        properties = {"steps": {"type": "array", "items": step, "minItems": 1, "maxItems": 8}, **properties}
    return AnswerSchema(f"{task.value}_dialogue", _object(properties))


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def read_dialogue(value: Mapping[str, Any]) -> Dialogue:
    """Read a value that fits the schema.

    Examples
    --------
    >>> read_dialogue({"exchanges": [{"user": " Why? ", "assistant": "So."}]}).exchanges
    (('Why?', 'So.'),)
    """
    pairs = ((one["user"].strip(), one["assistant"].strip()) for one in value["exchanges"])
    return Dialogue(tuple(pairs), tuple(value.get("steps", ())))
