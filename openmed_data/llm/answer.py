"""A stored answer as it is used: its text, or the structured value it holds, or why it is rejected."""

from dataclasses import dataclass
from typing import Any, cast

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
    text, refusal = (_text(choice["message"].get(name)) for name in ("content", "refusal"))
    value = _value(text, choice.get("finish_reason"), refusal, schema)
    return Answer(value, stored.usage, _text(completion.get("model")), stored.host)


def written(stored: Stored) -> str | None:
    """Return what the model wrote, however it ended; None where the endpoint refused the request."""
    if stored.refused:
        return None
    return _text(completion_of(stored.response)["choices"][0]["message"].get("content"))


def _text(content: object) -> str:
    """Return a message's text, which some endpoints give in parts; what is half a character is replaced."""
    if isinstance(content, list):
        parts = [cast("dict[str, Any]", part) for part in cast("list[object]", content) if isinstance(part, dict)]
        texts = [part.get("text") for part in parts if part.get("type") == "text"]
        content = "".join(text for text in texts if isinstance(text, str))
    text = content if isinstance(content, str) else ""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _value(text: str, finish: object, refusal: str, schema: AnswerSchema | None) -> Any | Rejected:
    if refusal or finish == "content_filter":
        return Rejected(Fault.REFUSED, (refusal or text)[:200])
    if finish == "length":
        return Rejected(Fault.TRUNCATED, text[-200:])
    if schema is not None:
        return read_structured(text, schema.schema)
    return text if text.strip() else Rejected(Fault.EMPTY, "")
