"""What the client library raises, in words: who refused what, and whether the request may have been acted on."""

from dataclasses import dataclass
from enum import StrEnum
from json import JSONDecodeError
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from huggingface_hub.errors import HfHubHTTPError


class Sort(StrEnum):
    """What is known of a request that did not end well."""

    REFUSED = "refused"  # the answer says no: nothing was done
    UNSURE = "unsure"  # no answer, or none that can be read: it may have been done
    LATE = "late"  # the deadline passed: as unsure, and there is no time to look again


class DeadlinePassed(Exception):  # noqa: N818  (a fact, not a defect)
    """The time for the whole operation is over."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One request that did not end well.

    Attributes
    ----------
    status
        HTTP status of the answer; None where there was none.
    wait
        Seconds that the Hub asked to be left alone for.
    """

    sort: Sort
    message: str
    hint: str
    status: int | None = None
    wait: float | None = None


_AGAIN = "Run the same command again."
OFFLINE = Trouble(Sort.REFUSED, "HF_HUB_OFFLINE is set, so the Hub is not asked", "Unset it to use the Hub.")
_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})


def trouble(error: BaseException, repo: str) -> Trouble | None:
    """Say what `error`, raised by the client library about `repo`, means; None for what is no trouble with the Hub."""
    from huggingface_hub.errors import (
        HfHubHTTPError,
        LocalTokenNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    sign_in = "hf auth login, or set HF_TOKEN."
    plain = (
        (OfflineModeIsEnabled, OFFLINE),
        (LocalTokenNotFoundError, Trouble(Sort.REFUSED, "there is no access token", sign_in)),
        (
            RevisionNotFoundError,
            Trouble(Sort.REFUSED, f"hub:{repo} has no such revision", "Name a commit, tag or branch.", 404),
        ),
        (
            RepositoryNotFoundError,
            Trouble(
                Sort.REFUSED,
                f"hub:{repo} does not exist or is not visible to you",
                "Check the name; for a private one: hf auth login",
                404,
            ),
        ),
    )
    for found in _chain(error):
        if isinstance(found, DeadlinePassed):
            return Trouble(Sort.LATE, str(found) or "the time for the whole operation is over", _AGAIN)
        known = next((words for kind, words in plain if isinstance(found, kind)), None)
        if known is not None:
            return known
        if isinstance(found, HfHubHTTPError):
            return _answered(found, repo)
    return _unanswered(error)


def _chain(error: BaseException) -> list[BaseException]:
    """Return the error and its causes: the client wraps what a worker thread or a download raised."""
    found: list[BaseException] = []
    here: BaseException | None = error
    while here is not None and here not in found:
        found.append(here)
        here = here.__cause__
    return found


def _answered(error: "HfHubHTTPError", repo: str) -> Trouble:
    status = error.response.status_code
    said = (error.server_message or "").strip().rstrip(".")
    detail = f" ({said})" if said else ""
    if status in _TRANSIENT:
        what = "asks for fewer requests" if status == 429 else "has a fault of its own"
        hint = f"Wait a while. {_AGAIN}"
        return Trouble(Sort.UNSURE, f"the Hub {what} (HTTP {status}){detail}", hint, status, _retry_after(error))
    if "/api/" not in error.response.url.path and ".git/" not in error.response.url.path and status == 403:
        message = "the storage refused an upload (HTTP 403): its signed address has expired or is not accepted"
        return Trouble(Sort.REFUSED, message, f"{_AGAIN} It asks for a new address.", status)
    words = {
        401: ("the Hub does not accept the access token", "hf auth login, or set HF_TOKEN to a valid one."),
        403: (f"the access token may not do this to hub:{repo}", "Use a token with write access to it."),
        412: (f"hub:{repo} has changed in the meantime", f"{_AGAIN} It plans anew from what is there now."),
    }
    message, hint = words.get(status, ("the Hub refused", "Read what it says; --debug shows the request."))
    return Trouble(Sort.REFUSED, f"{message} (HTTP {status}){detail}", hint, status)


def _retry_after(error: "HfHubHTTPError") -> float | None:
    given = error.response.headers.get("Retry-After", "")
    return float(given) if given.isdecimal() else None


def _unanswered(error: BaseException) -> Trouble | None:
    import httpx2

    sorts = (
        (httpx2.TimeoutException, Trouble(Sort.UNSURE, "the Hub does not answer", _AGAIN)),
        (httpx2.HTTPError, Trouble(Sort.UNSURE, "the connection to the Hub broke", _AGAIN)),
        (JSONDecodeError | KeyError, Trouble(Sort.UNSURE, "the Hub's answer is none that can be understood", _AGAIN)),
        # What hf_xet raises where it gets no access.
        (ConnectionError, Trouble(Sort.REFUSED, "the Xet storage gave no access", f"Check the token. {_AGAIN}")),
    )
    for found in _chain(error):
        words = next((words for kinds, words in sorts if isinstance(found, kinds)), None)
        if words is not None:
            return words
    if isinstance(error, OSError):
        # Without a number it is the client's own, about a download; with one it is this machine's, about its disk.
        return None if error.errno is not None else Trouble(Sort.UNSURE, "a download is not whole", _AGAIN)
    if isinstance(error, RuntimeError | ValueError) or type(error).__module__ == "hf_xet":
        return Trouble(Sort.UNSURE, f"a transfer failed ({type(error).__name__})", _AGAIN)
    return None
