"""A stored answer as it is used: its text, or the structured value it holds, or why it is rejected."""

from dataclasses import dataclass
from typing import Any

from .exchange import completion_of
from .money import Usage
from .request import AnswerSchema
from .store import Stored
from .structured import Fault, Rejected, read_structured


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer.

    Attributes
    ----------
    value
        The text; where a schema was asked for, the JSON value that fits it; or why the answer is rejected.
    usage
        Its tokens, where the endpoint stated them.
    model
        What the endpoint calls the model that answered.
    host
        Where it came from.
    """

    value: Any | Rejected
    usage: Usage | None
    model: str
    host: str


def read_answer(stored: Stored, schema: AnswerSchema | None) -> Answer:
    """Read a stored answer.

    Examples
    --------
    >>> body = '{"model": "m", "choices": [{"finish_reason": "length", "message": {"content": "It is a"}}]}'
    >>> read_answer(Stored(b"", "{}", False, body, 9, 4, 1, "localhost"), None).value
    Rejected(fault=<Fault.TRUNCATED: 'truncated'>, detail='It is a')
    """
    if stored.refused:
        return Answer(Rejected(Fault.REFUSED, stored.response), Usage(), "", stored.host)
    completion = completion_of(stored.response)
    choice = completion["choices"][0]
    text = str(choice["message"].get("content") or "")
    value = _value(text, choice.get("finish_reason"), choice["message"].get("refusal"), schema)
    return Answer(value, stored.usage, str(completion.get("model") or ""), stored.host)


def _value(text: str, finish: object, refusal: object, schema: AnswerSchema | None) -> Any | Rejected:
    if refusal or finish == "content_filter":
        return Rejected(Fault.REFUSED, str(refusal or text)[:200])
    if finish == "length":
        return Rejected(Fault.TRUNCATED, text[-200:])
    if schema is not None:
        return read_structured(text, schema.schema)
    return text if text.strip() else Rejected(Fault.EMPTY, "")
