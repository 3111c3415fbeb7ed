"""How long work tells how far it is, without knowing who listens."""

from typing import Protocol


class Advance(Protocol):
    """Call it as units of a step are done, with what else there is to say of the step so far."""

    def __call__(self, units: int, /, said: str = "") -> None:
        """Count `units` as done; `said` replaces what was said before."""
        ...


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
        return ignore

    def note(self, text: str) -> None:
        """Ignore the line."""


def ignore(units: int, /, said: str = "") -> None:
    """Ignore finished units."""
