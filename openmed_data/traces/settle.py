"""Bring what a format's reader found to the canonical form: turns in order, calls linked to their results.

What is linked by ids, by names or by order alone comes out the same: ids are numbers of nine characters, the form that
the strictest chat template (Mistral's) demands, and results stand in the order of their calls.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from openmed_data.traces.fields import THOUGHTS_LEFT, without_thoughts
from openmed_data.traces.reasons import Law, Unfit
from openmed_data.traces.trace import Call, Message, Trace

RESULTS_MOVED = "results of parallel calls put in the order of the calls"
USER_CUT = "last turn of a user, which nobody answers, cut"
RESULTS_CUT = "last results, which nobody reads, cut"
NAME_CUT = "name and maker of another model cut from the system prompt"
# As in "You are Qwen, created by Alibaba Cloud.": whoever is trained on the trace has another name.
_NAMED_BEGINS = "You are "  # found in a thirtieth of the time
_NAMED = re.compile(
    r"\bYou are \w[\w.\- ]{0,30}, (?:an? [\w ]{3,40} )?(?:created|made|trained|developed|built) by [^.\n]{2,40}\.\s*"
)


def settle(trace: Trace) -> Trace:
    """Return the trace in canonical form.

    Texts lose white space at both ends, except results of tools, and replies what stands in `<think>`. Turns of the
    same side that follow one another become one. What follows the assistant's last turn is cut, as nothing of it is
    trained on.

    Raises
    ------
    Unfit
        Turns that are in no order, calls without results, results without calls, empty turns.

    Examples
    --------
    >>> turns = (Message("user", "Dose?"), Message("assistant", calls=(Call("look_up", {}),)), Message("tool", "5 mg"))
    >>> settled = settle(Trace((*turns, Message("assistant", "5 mg"))))
    >>> settled.messages[1].calls[0].id, settled.messages[2].call_id, settled.messages[2].name
    ('call00000', 'call00000', 'look_up')
    """
    nameless = tuple(_nameless(message) for message in trace.messages)
    renamed = (NAME_CUT,) * (nameless != trace.messages)
    spoken = tuple(_thoughtless(message) for message in nameless)
    silenced = (THOUGHTS_LEFT,) * (spoken != nameless)
    kept, cut = _cut(_merged(spoken))
    linked = _Linking(frozenset(call.name for message in kept for call in message.calls))
    for place, message in enumerate(kept):
        linked.add(message, place, kept)
    if not linked.done:
        raise Unfit(Law.NO_FINAL_ANSWER, "messages: the assistant says nothing")
    moved = (RESULTS_MOVED,) * linked.moved
    return replace(trace, messages=tuple(linked.done), mended=(*trace.mended, *renamed, *silenced, *cut, *moved))


def _nameless(message: Message) -> Message:
    """Return a system prompt without the name of the model that it was written for."""
    if message.role != "system" or _NAMED_BEGINS not in message.content or not _NAMED.search(message.content):
        return message
    return Message("system", _NAMED.sub("", message.content))


def _thoughtless(message: Message) -> Message:
    """Return a reply without thoughts, which some templates leave out of earlier turns and others train on."""
    if message.role != "assistant" or "</think>" not in message.content:
        return message
    return replace(message, content=without_thoughts(message.content))


def _merged(messages: Iterable[Message]) -> list[Message]:
    """Strip texts, and make one turn of those that follow one another."""
    done: list[Message] = []
    for message in messages:
        if message.role == "tool":
            done.append(message)
            continue
        said = message.content.strip()
        last = done[-1] if done else None
        if last is None or last.role != message.role or (last.calls and said):
            if message.role != "system" or said:
                done.append(message if said == message.content else Message(message.role, said, message.calls))
            continue
        both = "\n\n".join(text for text in (last.content, said) if text)
        done[-1] = Message(last.role, both, last.calls + message.calls)
    return done


def _cut(messages: list[Message]) -> tuple[list[Message], tuple[str, ...]]:
    """Cut what follows the last turn of the assistant, and say what it was."""
    end = len(messages)
    while end and messages[end - 1].role != "assistant":
        end -= 1
    roles = {message.role for message in messages[end:]}
    named = ((USER_CUT, "user"), (RESULTS_CUT, "tool"))
    return messages[:end], tuple(words for words, role in named if role in roles)


@dataclass(slots=True)
class _Linking:
    """Messages linked so far, the calls that wait for results, and the results that wait to be put in order.

    `called` are the names of all tools that are called.
    """

    called: frozenset[str]
    done: list[Message] = field(default_factory=list[Message])
    moved: int = 0
    _open: dict[int, tuple[Call, str]] = field(default_factory=dict[int, tuple[Call, str]])
    _results: list[Message] = field(default_factory=list[Message])
    _count: int = 0

    def add(self, message: Message, place: int, every: Sequence[Message]) -> None:
        """Link the message at `place`."""
        if message.role == "tool":
            self._answer(message, place)
            return
        before = self.done[-1].role if self.done else ""
        if self._open:
            late = {given for _, given in self._open.values()} & {one.call_id for one in every[place:] if one.call_id}
            law = Law.OUT_OF_ORDER if late else Law.CALL_WITHOUT_RESULT
            raise Unfit(
                law, f"messages[{place}]: the {message.role} speaks, and {len(self._open)} call(s) have no result"
            )
        expected = {"system": ("",), "user": ("", "system", "assistant"), "assistant": ("user", "tool")}
        if before not in expected.get(message.role, ()):
            raise Unfit(Law.TURNS, f"messages[{place}]: {message.role} after {before or 'nothing'}")
        if not message.content and not message.calls:
            raise Unfit(Law.EMPTY_TURN, f"messages[{place}]: the {message.role} says nothing")
        self.done.append(self._called(message) if message.calls else message)

    def _called(self, message: Message) -> Message:
        calls: list[Call] = []
        self._results = []
        for call in message.calls:
            made = Call(call.name, call.arguments, f"call{self._count:05d}")
            self._open[self._count] = (made, call.id)
            self._count += 1
            calls.append(made)
        return Message(message.role, message.content, tuple(calls))

    def _answer(self, message: Message, place: int) -> None:
        number = self._answered(message)
        if number is None:
            raise Unfit(Law.RESULT_WITHOUT_CALL, f"messages[{place}]: no call waits for this result")
        call, _ = self._open.pop(number)
        if message.name != call.name and message.name in self.called:
            law = Law.RESULT_WITHOUT_CALL
            raise Unfit(law, f"messages[{place}]: a result of {message.name} for a call of {call.name}")
        result = Message("tool", message.content, call_id=call.id, name=call.name)
        at = _place_of(self._results, result)
        self.moved += at < len(self._results)
        self.done.insert(len(self.done) - len(self._results) + at, result)
        self._results.insert(at, result)

    def _answered(self, message: Message) -> int | None:
        """Return the number of the call that a result answers: by id, else by name, else the first that waits."""
        waiting = self._open.items()
        if message.call_id:
            return next((number for number, (_, given) in waiting if given == message.call_id), None)
        named = (number for number, (call, _) in waiting if call.name == message.name)
        return next(named, None) if message.name else next(iter(self._open), None)


def _place_of(results: Sequence[Message], result: Message) -> int:
    """Return where a result belongs among those of the same turn."""
    return next((at for at, other in enumerate(results) if other.call_id > result.call_id), len(results))
