"""What becomes of a seed, read from the stored answers alone: a dialogue, or the reason why it is rejected."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from openmed_data.llm import ChatRequest, Prices, Rejected, Stored, Usage, key_of, read_answer, told

from .asking import VERDICT, Asker
from .dialogue import Dialogue, read_dialogue, schema_of
from .reasons import OF_FAULT, GroundedReason
from .screen import screen
from .seeds import Ground, Seed

Read = Callable[[bytes], Stored | None]
_MOST_DETAIL = 300


@dataclass(frozen=True, slots=True)
class Unasked:
    """A request of the seed is not answered yet."""

    request: ChatRequest


@dataclass(frozen=True, slots=True)
class Refused:
    """The seed gives no dialogue.

    Attributes
    ----------
    detail
        The cost and tokens of its answers, then the text that caused it.
    """

    reason: GroundedReason
    detail: str


@dataclass(frozen=True, slots=True)
class Maker:
    """Decides what becomes of seeds.

    Attributes
    ----------
    prices
        By which a rejected dialogue's cost is told.
    """

    asker: Asker
    prices: Prices

    def written(self, ground: Ground, seed: Seed, read: Read) -> Dialogue | Refused | Unasked:
        """Return the dialogue that was written for a seed, where it passes the checks that need no model."""
        request = self.asker.dialogue(ground, seed)
        stored = self._stored(request, read)
        if stored is None:
            return Unasked(request)
        value = read_answer(stored, schema_of(seed.task)).value
        if isinstance(value, Rejected):
            return self._refused(OF_FAULT[value.fault], value.detail, [stored])
        dialogue = read_dialogue(value)
        found = screen(seed.task, dialogue, ground.text)
        return dialogue if found is None else self._refused(*found, [stored])

    def outcome(self, ground: Ground, seed: Seed, read: Read) -> Dialogue | Refused | Unasked:
        """Return what becomes of a seed in the end: a function of the stored answers alone."""
        dialogue = self.written(ground, seed, read)
        if not isinstance(dialogue, Dialogue):
            return dialogue
        request = self.asker.verdict(ground, seed, dialogue)
        stored = self._stored(request, read)
        if stored is None:
            return Unasked(request)
        answers = [*filter(None, [self._stored(self.asker.dialogue(ground, seed), read)]), stored]
        value = read_answer(stored, VERDICT).value
        if isinstance(value, Rejected):
            return self._refused(GroundedReason.JUDGE_UNREADABLE, value.detail, answers)
        found = _against(value)
        return dialogue if found is None else self._refused(found, _said(value), answers)

    def _stored(self, request: ChatRequest, read: Read) -> Stored | None:
        return read(key_of(self.asker.endpoint.body(request)))

    def _refused(self, reason: GroundedReason, text: str, answers: Sequence[Stored]) -> Refused:
        usages = [answer.usage or Usage() for answer in answers]
        tokens = f"{sum(one.prompt for one in usages):,}+{sum(one.completion for one in usages):,} tokens"
        cost = told(sum(self.prices.of(usage) for usage in usages))
        return Refused(reason, f"{cost}, {tokens}: {' '.join(text.split())[:_MOST_DETAIL]}")


def _against(verdict: dict[str, Any]) -> GroundedReason | None:
    """Return what the judge holds against a dialogue; a quoted statement counts whatever it then concludes."""
    if not verdict["safe"]:
        return GroundedReason.JUDGED_UNSAFE
    if not verdict["grounded"] or any(statement.strip() for statement in verdict["unsupported"]):
        return GroundedReason.JUDGED_UNGROUNDED
    return None if verdict["on_task"] else GroundedReason.JUDGED_OFF_TASK


def _said(verdict: dict[str, Any]) -> str:
    return " | ".join([verdict["reason"], *verdict["unsupported"]])
