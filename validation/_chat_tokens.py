"""One conversation on its way to the loss: rendered, tokenized, and the tokens that are trained."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateError

from ._conversations import Conversation, Message
from ._render import Rendered, Renderer

if TYPE_CHECKING:
    from tokenizers import Encoding

_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one conversation.

    Attributes
    ----------
    row, field
        Its row in the batch, and the column that ends it.
    refused
        Why it did not render; None where it did. Never text of the row.
    prompt_changed
        Whether the prompt renders otherwise once the reply follows it.
    lost_text
        Whether a message's text is not whole in what was rendered.
    lost_calls
        Whether the same is rendered with a call fewer, or without the tools.
    trained
        Number of trained tokens; of characters where there is no tokenizer.
    stops
        Whether the last trained token is an added one; None without tokenizer or trained token.
    tokens
        Number of tokens; None without tokenizer.
    """

    row: int
    field: str
    refused: str | None = None
    prompt_changed: bool = False
    lost_text: bool = False
    lost_calls: bool = False
    trained: int = 0
    stops: bool | None = None
    tokens: int | None = None


def examine(asked: Sequence[Conversation], renderer: Renderer) -> list[Outcome]:
    """Render every conversation and, where there is a tokenizer, count its tokens."""
    made = [_rendered(one, renderer) for one in asked]
    if renderer.backend is None:
        return [outcome for outcome, _ in made]
    outcomes: list[Outcome] = []
    for start in range(0, len(made), _AT_ONCE):
        some = made[start : start + _AT_ONCE]
        encoded = iter(renderer.encode([one.text for _, one in some if one is not None]))
        outcomes += [out if one is None else _counted(out, one, next(encoded), renderer.added) for out, one in some]
    return outcomes


def _rendered(asked: Conversation, renderer: Renderer) -> tuple[Outcome, Rendered | None]:
    outcome = Outcome(asked.row, asked.field)
    if asked.broken:
        return replace(outcome, refused="JSON that cannot be parsed"), None
    try:
        whole = renderer.render(asked.messages, asked.tools, prompt=not asked.replies)
        prompt = None
        if asked.asked is not None or (asked.replies and not renderer.marks):
            prompt = renderer.render(asked.messages[: _prompt_length(asked)], asked.tools, prompt=True)
    except TemplateError as error:
        return replace(outcome, refused=_reason(error, renderer.source)), None
    changed = prompt is not None and not whole.text.startswith(prompt.text)
    if prompt is not None:
        whole = Rendered(whole.text, () if changed else ((len(prompt.text), len(whole.text)),))
    lost = any(not _stands_in(one.get("content"), whole.text) for one in asked.messages)
    trained = sum(end - start for start, end in whole.trained)
    calls = _loses_calls(asked, whole.text, renderer)
    return replace(outcome, prompt_changed=changed, lost_text=lost, lost_calls=calls, trained=trained), whole


def _loses_calls(asked: Conversation, text: str, renderer: Renderer) -> bool:
    """Tell whether the template writes the same with a call fewer, of the turn with most, or without the tools."""
    calls: list[list[Any]] = [one.get("tool_calls") or [] for one in asked.messages]
    fewer: list[Message] = [dict(one) for one in asked.messages]
    if any(calls):
        most = max(range(len(calls)), key=lambda at: len(calls[at]))
        fewer[most]["tool_calls"] = calls[most][:-1]
    without = [(fewer, asked.tools)] * any(calls) + [(asked.messages, None)] * bool(asked.tools)
    for messages, tools in without:
        with suppress(TemplateError):  # it misses what was left out
            if renderer.render(messages, tools, prompt=not asked.replies).text == text:
                return True
    return False


def _prompt_length(asked: Conversation) -> int:
    return len(asked.messages) - 1 if asked.asked is None else asked.asked


def _reason(error: TemplateError, source: str) -> str:
    """Return what the template says, if it says it in its own words: others may hold text of the row."""
    said = str(error)
    return said if said and said in source else type(error).__name__


def _stands_in(content: object, text: str) -> bool:
    return not isinstance(content, str) or content.strip() in text


def _counted(outcome: Outcome, made: Rendered, encoded: "Encoding", added: frozenset[int]) -> Outcome:
    spans = [_tokens_in(encoded, span) for span in made.trained]
    trained = sum(len(span) for span in spans)
    last = next(_backwards(encoded, made.text, spans), None)
    stops = None if last is None else encoded.ids[last] in added
    return replace(outcome, tokens=len(encoded.ids), trained=trained, stops=stops)


def _tokens_in(encoded: "Encoding", span: tuple[int, int]) -> range:
    """Return the places of the tokens that begin and end within the characters of `span`."""
    start, end = span
    first = _first(encoded, range(start, end))
    last = _first(encoded, range(end - 1, start - 1, -1))
    return range(0) if first is None or last is None else range(first, last + 1)


def _first(encoded: "Encoding", characters: range) -> int | None:
    """Return the token of the first of `characters` that has one; white space may have none."""
    found = (encoded.char_to_token(at) for at in characters)
    return next((token for token in found if token is not None), None)


def _backwards(encoded: "Encoding", text: str, spans: Sequence[range]) -> Iterator[int]:
    """Yield the places of trained tokens that are more than white space, the last one first."""
    for span in reversed(spans):
        for place in reversed(span):
            start, end = encoded.token_to_chars(place) or (0, 0)
            if text[start:end].strip():
                yield place
