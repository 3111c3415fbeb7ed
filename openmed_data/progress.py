"""How long work tells how far it is, without knowing who listens."""

from collections.abc import Callable
from typing import Protocol

Advance = Callable[[int], None]


class Progress(Protocol):
    """Listener for the steps of a build."""

    def step(self, name: str, total: int | None) -> Advance:
        """Begin the step `name` of `total` units (None where unknown); call the result as units are done."""
        ...

    def note(self, text: str) -> None:
        """Say one line."""
        ...


class Silent:
    """A listener that says nothing."""

    def step(self, name: str, total: int | None) -> Advance:  # noqa: ARG002
        """Ignore the step."""
        return lambda _: None

    def note(self, text: str) -> None:
        """Ignore the line."""
