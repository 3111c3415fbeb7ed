"""Every error a user can meet, in one tree.

::

    OpenMedError                 exit code 1
    ├── UsageError               exit code 2   a name, option or path that cannot be used as given
    ├── SourceError              exit code 2   input that cannot be read as what it claims to be; lists every problem
    ├── BuildError               exit code 1   a build that could not be finished
    │   └── BooksError           exit code 1   rows that are not accounted for
    ├── GateError                exit code 1   a check that did not pass
    └── HubError                 exit code 1   the Hub refused, broke off or gave something else than was asked for

The command line prints the message and the hint of these and no traceback; anything else is a bug and keeps its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails


class OpenMedError(Exception):
    """Base of every error raised on purpose; `hint` says what to do next."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(OpenMedError):
    """A name, option or path that cannot be used as given."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input: where it stands, what was found and what was expected."""

    file: str
    found: str
    expected: str
    row: int | None = None
    field: str | None = None

    def __str__(self) -> str:
        where = self.file
        if self.row is not None:
            where += f", row {self.row}"
        if self.field is not None:
            where += f", field '{self.field}'"
        return f"{where}: found {self.found}; expected {self.expected}"


class SourceError(OpenMedError):
    """Input that cannot be read as what it claims to be, with every problem that was found.

    Parameters
    ----------
    message
        One line that says what is wrong with the source as a whole.
    problems
        Each defect with its file, row (1-based) and field.
    hint
        What to do about it.
    """

    exit_code = 2
    shown = 20

    def __init__(self, message: str, problems: Sequence[Problem] = (), *, hint: str = "") -> None:
        self.problems = tuple(problems)
        lines = [message, *(f"  {problem}" for problem in self.problems[: self.shown])]
        if len(self.problems) > self.shown:
            lines.append(f"  … and {len(self.problems) - self.shown} more")
        super().__init__("\n".join(lines), hint=hint)


class BuildError(OpenMedError):
    """A build that could not be finished."""


class BooksError(BuildError):
    """Rows that are not accounted for: a defect of a builder or of the engine, never of the data."""


class GateError(OpenMedError):
    """A check that did not pass."""


class HubError(OpenMedError):
    """The Hub refused, broke off or gave something else than was asked for; the message says what state it is in."""


def refused_values(error: "ValidationError") -> list[str]:
    """Return a line for each value that a model refused: its place, what is wrong, and what was found.

    What is wrong with values together has no place.
    """
    return [_in_words(one) for one in error.errors()]


def _in_words(refused: "ErrorDetails") -> str:
    message = refused["msg"].removeprefix("Value error, ")
    if not refused["loc"]:
        return message
    found = "" if isinstance(refused["input"], dict) else f" (found {refused['input']!r})"  # a dict is all there is
    return f"{'.'.join(map(str, refused['loc']))}: {message}{found}"
