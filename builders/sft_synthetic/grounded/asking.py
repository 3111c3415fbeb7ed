"""The two requests of a seed: write the dialogue, and judge it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from openmed_data.llm import AnswerSchema, ChatRequest, Endpoint

from .dialogue import Dialogue, schema_of
from .prompts import inside_tags, render
from .seeds import Ground, Seed
from .tasks import PLANS

_VERDICT_TOKENS = 700
_MOST_CHARACTERS = 12_000
VERDICT = AnswerSchema(
    "verdict",
    {
        "type": "object",
        "properties": {
            "unsupported": {"type": "array", "items": {"type": "string"}},
            "grounded": {"type": "boolean"},
            "safe": {"type": "boolean"},
            "on_task": {"type": "boolean"},
            "reason": {"type": "string"},
        },
        "required": ["unsupported", "grounded", "safe", "on_task", "reason"],
        "additionalProperties": False,
    },
)


@dataclass(frozen=True, slots=True)
class Asker:
    """Turns seeds into requests.

    Attributes
    ----------
    endpoint
        Where they go; requests depend on its model and on how it takes a schema.
    max_tokens, temperature
        Of the dialogue; the judge answers at temperature 0 where a temperature is given.
    seed
        Of the build; each request has its own sampling seed, derived from it and the passage.
    """

    endpoint: Endpoint
    max_tokens: int
    temperature: float | None
    seed: int

    def dialogue(self, ground: Ground, seed: Seed) -> ChatRequest:
        """Return the request that asks for the dialogue."""
        fewest, most = PLANS[seed.task].exchanges
        prompt = render(
            "generate.j2",
            passage=_passage(ground),
            topic=inside_tags(ground.topic) or "the subject of the passage",
            task=seed.task.value,
            audience=seed.audience.value,
            level=seed.level.value,
            fewest=fewest,
            most=most,
        )
        sampled = (ground.uid ^ self.seed) % 2**31
        return _request("system.j2", prompt, schema_of(seed.task), self.max_tokens, self.temperature, sampled)

    def verdict(self, ground: Ground, seed: Seed, dialogue: Dialogue) -> ChatRequest:
        """Return the request that asks for the judge's verdict on a dialogue."""
        prompt = render(
            "judge.j2",
            passage=_passage(ground),
            exchanges=[tuple(map(inside_tags, exchange)) for exchange in dialogue.exchanges],
            task=seed.task.value,
            audience=seed.audience.value,
        )
        cold = None if self.temperature is None else 0.0
        return _request("judge_system.j2", prompt, VERDICT, _VERDICT_TOKENS, cold, 0)


def _passage(ground: Ground) -> str:
    return inside_tags(ground.text)[:_MOST_CHARACTERS]


def _request(
    system: str, prompt: str, schema: AnswerSchema, max_tokens: int, temperature: float | None, seed: int
) -> ChatRequest:
    messages: list[Mapping[str, Any]] = [
        {"role": "system", "content": render(system)},
        {"role": "user", "content": prompt},
    ]
    return ChatRequest(messages, max_tokens, temperature, seed, schema)
