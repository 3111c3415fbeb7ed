"""The one form that every trace is brought to: messages, and the tools that they may call."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from openmed_data.traces.toolbox import Toolbox

Arguments: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool; `id` is empty in formats that link results by their order."""

    name: str
    arguments: Arguments
    id: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn.

    Attributes
    ----------
    role
        ``system``, ``user``, ``assistant`` or ``tool``.
    content
        What is said; empty where the assistant only calls, never null.
    calls
        What the assistant calls, all at once.
    call_id, name
        Of a result: the call that it answers, and the tool's name.
    """

    role: str
    content: str = ""
    calls: tuple[Call, ...] = ()
    call_id: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """A conversation in which an assistant may call tools.

    Attributes
    ----------
    tools
        The declared tools; None where the source declares none, and their schemas are to be inferred.
    passed
        Whether the task was solved, where the source says so.
    source_id
        What the source calls the record.
    mended
        What was changed on the way, in words, for the counts of the manifest.
    """

    messages: tuple[Message, ...]
    tools: Toolbox | None = None
    passed: bool | None = field(default=None, compare=False)
    source_id: str = field(default="", compare=False)
    mended: tuple[str, ...] = field(default=(), compare=False)

    @property
    def n_calls(self) -> int:
        """How many calls are made."""
        return sum(len(message.calls) for message in self.messages)
