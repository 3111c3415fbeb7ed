"""What is asked of a model, and the hash by which its answer is found again."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from openmed_data.llm.canonical import canonical_json

Message = Mapping[str, str]


class Structured(StrEnum):
    """How an endpoint is told which JSON Schema to answer in."""

    SCHEMA = "json_schema"  # as `response_format`, which vLLM, llama.cpp and hosted models obey while they decode
    PROMPT = "prompt"  # in the prompt, for endpoints that know no `response_format`


@dataclass(frozen=True, slots=True)
class AnswerSchema:
    """The JSON Schema of a structured answer.

    Attributes
    ----------
    name
        Letters, digits, ``_`` and ``-``, as the OpenAI interface demands.
    schema
        Every object closed and every property required, as strict decoding demands.
    """

    name: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One conversation to be continued by the model.

    Attributes
    ----------
    messages
        `role` and `content` of each turn; the last is the user's.
    max_tokens
        Most tokens of the answer; what it may cost at most follows from it.
    temperature, seed
        Left to the endpoint where None.
    schema
        What a structured answer must look like; free text where None.
    """

    messages: Sequence[Message]
    max_tokens: int
    temperature: float | None = None
    seed: int | None = None
    schema: AnswerSchema | None = None

    def body(self, model: str, structured: Structured, limit_field: str) -> dict[str, Any]:
        """Return the JSON body that asks `model` for the answer."""
        body: dict[str, Any] = {"model": model, "messages": [dict(message) for message in self.messages]}
        body[limit_field] = self.max_tokens
        if self.temperature is not None:
            body["temperature"] = self.temperature
        if self.seed is not None:
            body["seed"] = self.seed
        if self.schema is not None and structured is Structured.SCHEMA:
            named = {"name": self.schema.name, "strict": True, "schema": self.schema.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": named}
        elif self.schema is not None:
            asked = "Answer with one JSON object of this JSON Schema and nothing else:\n"
            last = body["messages"][-1]  # in this message: many chat templates refuse two turns of one role
            last["content"] += f"\n\n{asked}{canonical_json(self.schema.schema)}"
        return body


def key_of(body: Mapping[str, Any]) -> bytes:
    """Return the SHA-256 of a request body's canonical JSON: the order of its fields does not count.

    Neither the address nor the API key is part of it: the same request to the same model is the same request wherever
    the model is served.

    Examples
    --------
    >>> key_of({"model": "m", "seed": 1}) == key_of({"seed": 1, "model": "m"})
    True
    """
    return hashlib.sha256(canonical_json(body).encode()).digest()
