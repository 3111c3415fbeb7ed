"""What TRL hands to a reward function, as text."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias, cast

Message: TypeAlias = Mapping[str, Any]
Completion: TypeAlias = str | Sequence[Message]
Payment: TypeAlias = float | None
# A dataset column (a list as long as the completions) or one of the extras a trainer passes by keyword.
Column: TypeAlias = Any

_FORM = re.compile(r"\s*<think>(.*?)</think>\s*<answer>(.*?)</answer>\s*", re.DOTALL)
_TAGS = ("<think>", "</think>", "<answer>", "</answer>")


class Reward(Protocol):
    """A reward function as TRL's GRPOTrainer calls it; None means "does not apply to this completion"."""

    @property
    def __name__(self) -> str:
        """The name under which the trainer logs it."""
        ...

    def __call__(self, completions: Sequence[Completion], **columns: Column) -> list[Payment]:
        """Pay every completion; each column is a list as long as ``completions``."""
        ...


def text_of(completion: Completion) -> str:
    """Return a completion's text: the string, or of a list of messages the assistant's last, for tools do not answer.

    Examples
    --------
    >>> text_of([{"role": "tool", "content": "Found: A"}, {"role": "assistant", "content": "<answer>B</answer>"}])
    '<answer>B</answer>'
    """
    if isinstance(completion, str):
        return completion
    said = [message.get("content") for message in completion if message.get("role", "assistant") == "assistant"]
    return _content(said[-1]) if said else ""


def _content(content: object) -> str:
    if isinstance(content, str):
        return content
    parts = cast("Sequence[str | Mapping[str, Any]]", content or ())
    return "".join(part if isinstance(part, str) else str(part.get("text") or "") for part in parts)


def rationale_of(text: str) -> str | None:
    """Return what stands between the think tags of a well-formed completion, or None.

    Well-formed is ``<think>…</think><answer>…</answer>``, each tag once, neither part empty.

    Examples
    --------
    >>> rationale_of("<think>Fever and rash.</think><answer>B</answer>")
    'Fever and rash.'
    >>> rationale_of("<answer>B</answer>") is None
    True
    """
    found = _FORM.fullmatch(text) if all(text.count(tag) == 1 for tag in _TAGS) else None
    return found.group(1) if found and found.group(1).strip() and found.group(2).strip() else None
