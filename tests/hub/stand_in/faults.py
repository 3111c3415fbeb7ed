"""What can go wrong between a client and the Hub, chosen by request and spent after so many times."""

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """How a request goes wrong."""

    STATUS = "status"  # refused, and not acted on
    RESET = "reset"  # the connection is torn down before the request is acted on
    SILENCE = "silence"  # nothing is ever answered, and the request is not acted on
    LOST = "lost"  # acted on, and the connection is torn down before the answer
    LOST_STATUS = "lost_status"  # acted on, and a gateway answers in its place
    LOST_SILENCE = "lost_silence"  # acted on, and nothing is ever answered
    TRUNCATED = "truncated"  # acted on, and half of the answer arrives
    CORRUPT = "corrupt"  # acted on, and one byte of the answer is another
    RACE = "race"  # something else happens to the repository first


@dataclass
class Fault:
    """One fault: which requests it meets, what it does to them, how often.

    Attributes
    ----------
    request
        A regular expression searched in ``METHOD /path?query``.
    times
        How many matching requests it meets, after letting `skip` of them through.
    body
        The body of an answer with `status`.
    race
        What happens first; only with `Kind.RACE`.
    """

    request: str
    kind: Kind
    times: int = 1
    skip: int = 0
    status: int = 503
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b'{"error": "injected"}'
    race: Callable[[], None] = lambda: None


class Faults:
    """The faults that are still to come, and those that came."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []
        self.met: list[tuple[str, Kind]] = []

    def plant(self, *faults: Fault) -> None:
        """Replace the faults that wait."""
        with self._lock:
            self._waiting = list(faults)
            self.met = []

    def meet(self, request: str) -> Fault | None:
        """Return the fault that `request` meets, if any, and count it."""
        with self._lock:
            for fault in self._waiting:
                if fault.times and re.search(fault.request, request):
                    if fault.skip:
                        fault.skip -= 1
                        continue
                    fault.times -= 1
                    self.met.append((request, fault.kind))
                    return fault
        return None
