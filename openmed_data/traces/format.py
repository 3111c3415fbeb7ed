"""What a trace format is: it says how sure it is of a record, reads it, and writes a trace if it can.

A module of `openmed_data.traces.formats` offers one object as ``FORMAT``; other packages offer theirs through the
entry-point group ``openmed_data.trace_formats``.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from openmed_data.registry import Room
from openmed_data.traces.trace import Trace

FORMATS = Room("openmed_data.traces.formats", "FORMAT", "openmed_data.trace_formats", "trace format")

Record = dict[str, Any]


class Format(ABC):
    """One way in which traces are written down.

    Attributes
    ----------
    name
        What ``--set format=`` and ``--format`` call it.
    summary
        One line for people.
    may_end_with_call
        Whether a call is a fit end: it is the answer of a row that teaches calling, and a broken-off search elsewhere.
    writes
        Whether it can hold every trace without loss.
    descriptions
        What the tools do that the format itself is made for; schemas are inferred where none are declared.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    may_end_with_call: ClassVar[bool] = True
    writes: ClassVar[bool] = False
    descriptions: ClassVar[Mapping[str, str]] = {}

    @abstractmethod
    def detect(self, record: Record) -> float:
        """Say how sure it is, from 0 to 1, that the record is of this format."""

    @abstractmethod
    def read(self, record: Record) -> Trace:
        """Read a record; turns and calls as they stand, which `settle` brings to the canonical form.

        Raises
        ------
        Unfit
            A field is not what the format says.
        """

    def write(self, trace: Trace) -> Record:
        """Return a settled trace as a record of this format; `read` and `settle` give the same trace back."""
        raise NotImplementedError(f"{self.name} cannot hold every trace")

    def session(self, record: Record) -> str | None:  # noqa: ARG002
        """Return the session that a record belongs to, where records are events of logs; None where they are not."""
        return None

    def split(self, text: str) -> Iterator[str]:
        """Cut a plain text file into the texts of single traces; nothing where it is not of this format."""
        del text
        return iter(())
