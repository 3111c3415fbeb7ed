"""The Hub's client with a time limit on everything, no noise, and errors in words.

The client library waits for ever by default, and some of its calls switch off whatever limit its HTTP client has. So
the limits are set on each request as it is sent, and the time left is looked at with every chunk that arrives.
"""

import os
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import httpx2

from openmed_data.errors import HubError
from openmed_data.hub.trouble import OFFLINE, DeadlinePassed, Sort, Trouble, trouble

if TYPE_CHECKING:
    from huggingface_hub import HfApi

T = TypeVar("T")

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
DEADLINE_SECONDS = 6 * 3600.0
TRIES = 4

# For hf_xet, which has a transport of its own; what the user has set stays.
_XET = {
    "HF_XET_CLIENT_CONNECT_TIMEOUT": "10s",
    "HF_XET_CLIENT_READ_TIMEOUT": "60s",
    "HF_XET_CLIENT_RETRY_MAX_ATTEMPTS": "4",
    "HF_XET_CLIENT_RETRY_MAX_DURATION": "120s",
}


class RequestError(HubError):
    """A request to the Hub that did not end well, with what is known of it."""

    def __init__(self, found: Trouble) -> None:
        super().__init__(found.message, hint=found.hint)
        self.trouble = found


@dataclass(frozen=True, slots=True)
class Deadline:
    """The end of the time for a whole operation, on the monotonic clock, in seconds."""

    end: float

    @property
    def left(self) -> float:
        """Return the seconds that are left.

        Raises
        ------
        DeadlinePassed
            None are.
        """
        left = self.end - time.monotonic()
        if left <= 0:
            raise DeadlinePassed
        return left


@dataclass(frozen=True, slots=True)
class Client:
    """The Hub for one repository.

    Attributes
    ----------
    api
        The client library's own entry; call it through `ask`.
    read_seconds
        How long the Hub may be silent.
    repo_type
        ``dataset`` or ``model``, in the Hub's words.
    """

    api: "HfApi"
    repo: str
    deadline: Deadline
    read_seconds: float
    repo_type: str = "dataset"

    def once(self, call: Callable[[], T]) -> T:
        """Make a call that must not be repeated blindly.

        Raises
        ------
        RequestError
            It did not end well.
        """
        try:
            _ = self.deadline.left
            return call()
        except Exception as error:
            found = trouble(error, self.repo)
            if found is None:
                raise
            raise RequestError(found) from error

    def ask(self, call: Callable[[], T]) -> T:
        """Make a call that changes nothing, and make it again where it is not known what came of it.

        Raises
        ------
        RequestError
            As `once`, after `TRIES` attempts.
        """
        for attempt in range(1, TRIES):
            try:
                return self.once(call)
            except RequestError as failed:
                if failed.trouble.sort is not Sort.UNSURE:
                    raise
                self.wait(failed.trouble, attempt)
        return self.once(call)

    def wait(self, found: Trouble, attempt: int) -> None:
        """Wait as long as the Hub asked for, or twice as long with each attempt.

        Raises
        ------
        RequestError
            There is not so much time left.
        """
        seconds = found.wait if found.wait is not None else 2.0 ** (attempt - 1)
        left = self.deadline.end - time.monotonic()
        if seconds >= left:
            late = f"{found.message}; waiting {seconds:.0f} s for it would pass the deadline"
            raise RequestError(Trouble(Sort.LATE, late, found.hint, found.status))
        time.sleep(seconds)


@contextmanager
def connected(
    repo: str,
    *,
    endpoint: str | None = None,
    deadline_seconds: float = DEADLINE_SECONDS,
    read_seconds: float = READ_SECONDS,
    repo_type: str = "dataset",
) -> Generator[Client]:
    """Talk to the Hub about `repo` (``OWNER/NAME``) until `deadline_seconds` have passed.

    The token comes from where the client library looks for it: `HF_TOKEN`, or what ``hf auth login`` left.

    Parameters
    ----------
    endpoint
        The Hub's address; `HF_ENDPOINT`, or the public Hub, if None.

    Raises
    ------
    RequestError
        `HF_HUB_OFFLINE` is set.
    """
    from huggingface_hub import HfApi, is_offline_mode
    from huggingface_hub.utils import set_client_factory
    from huggingface_hub.utils._http import default_client_factory  # the one to put back

    if is_offline_mode():
        raise RequestError(OFFLINE)
    for name, value in _XET.items():
        os.environ.setdefault(name, value)
    deadline = Deadline(time.monotonic() + deadline_seconds)
    set_client_factory(lambda: _http_client(deadline, read_seconds))
    try:
        with _quiet():
            yield Client(HfApi(endpoint=endpoint), repo, deadline, read_seconds, repo_type)
    finally:
        set_client_factory(default_client_factory)


@contextmanager
def _quiet() -> Generator[None]:
    """Keep the client's own progress bars and warnings, which quote signed addresses, off the terminal."""
    from huggingface_hub.utils import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
        logging,
    )

    verbosity, without_bars = logging.get_verbosity(), are_progress_bars_disabled()
    logging.set_verbosity_error()
    if not without_bars:
        disable_progress_bars()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if not without_bars:
            enable_progress_bars()


class _Watched(httpx2.SyncByteStream):
    """A stream that ends with an error when the deadline passes, however slowly it trickles."""

    def __init__(self, stream: httpx2.SyncByteStream, deadline: Deadline) -> None:
        self._stream, self._deadline = stream, deadline

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            _ = self._deadline.left
            yield chunk

    def close(self) -> None:
        self._stream.close()


def _http_client(deadline: Deadline, read_seconds: float) -> httpx2.Client:
    from huggingface_hub.utils._http import hf_request_event_hook

    def limit(request: httpx2.Request) -> None:
        left = deadline.left
        silence = min(read_seconds, left)
        connect = min(CONNECT_SECONDS, left)
        request.extensions["timeout"] = {"connect": connect, "pool": connect, "read": silence, "write": silence}
        if isinstance(request.stream, httpx2.SyncByteStream):
            request.stream = _Watched(request.stream, deadline)

    def watch(response: httpx2.Response) -> None:
        after = response.headers.get("Retry-After", "")
        if response.status_code in {429, 503} and after.isdecimal() and float(after) >= deadline.left:
            raise DeadlinePassed(f"the Hub asks to be left alone for {after} s, which is longer than the time left")
        if isinstance(response.stream, httpx2.SyncByteStream):
            response.stream = _Watched(response.stream, deadline)

    hooks = {"request": [hf_request_event_hook, limit], "response": [watch]}
    return httpx2.Client(event_hooks=hooks, follow_redirects=True, timeout=read_seconds)
