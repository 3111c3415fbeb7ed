"""One attempt at one request through the official OpenAI client, and what came of it.

Nothing else knows that client. Its own retries are off: attempts are counted, paid and waited for here, and a request
is never repeated unseen. Requests go through its aiohttp transport and its untyped `post`, which take a third of the
time of its default transport and of its parsed models.
"""

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

from openmed_data._version import __version__
from openmed_data.console import visible
from openmed_data.errors import UsageError

from .endpoint import Endpoint
from .money import Usage
from .waiting import retry_after

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI

_EXCERPT = 300
_CONNECT_SECONDS = 10.0


class Trouble(StrEnum):
    """Why an attempt brought no answer."""

    UNREACHABLE = "unreachable"  # no connection, so nothing was sent
    BROKEN_OFF = "broken_off"  # no whole response, or none in time, though the endpoint may have worked and billed
    UNREADABLE = "unreadable"  # a response that is neither an error nor a chat completion
    BUSY = "busy"  # 408, 409, 425, 429
    FAILING = "failing"  # 5xx
    REFUSED = "refused"  # this request, for good: 400, 413, 422 and other 4xx
    DENIED = "denied"  # 401, 403: the key
    NOT_FOUND = "not_found"  # 404: the address or the model
    NO_CREDIT = "no_credit"  # the account behind the key is exhausted


PASSING = frozenset({Trouble.UNREACHABLE, Trouble.BROKEN_OFF, Trouble.UNREADABLE, Trouble.BUSY, Trouble.FAILING})
MAY_BE_BILLED = frozenset({Trouble.BROKEN_OFF, Trouble.UNREADABLE})
_BUSY = frozenset({408, 409, 425, 429})
# A server that is shut down answers so with what it has until then: vLLM says "abort", routers say "error".
_ENDED_EARLY = ("abort", "error")
_MOST_TOKENS = 2**53  # beyond it is no count, and no number that every JSON reader keeps


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that brought no answer.

    Attributes
    ----------
    words
        What the endpoint or the connection said, short, without the key.
    wait
        Seconds that the endpoint asks to wait, or None.
    page
        Whether it answered with a web page.
    """

    trouble: Trouble
    words: str
    wait: float | None = None
    page: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """An attempt that brought an answer: the response's body, and its usage where it states one."""

    body: str
    usage: Usage | None


def open_client(endpoint: Endpoint) -> "AsyncOpenAI":
    """Return the OpenAI client for an endpoint, to be closed by the caller.

    Raises
    ------
    UsageError
        The library is not installed.
    """
    from httpx2 import Limits, Timeout

    try:
        from openai import AsyncOpenAI, DefaultAioHttpClient
    except ModuleNotFoundError as error:
        hint = "Install it with: pip install 'openmed-data[synth]'."
        raise UsageError("asking a model needs the openai package, which is not installed", hint=hint) from error

    limits = Limits(max_connections=endpoint.concurrency, max_keepalive_connections=endpoint.concurrency)
    timeout = Timeout(endpoint.timeout, connect=min(_CONNECT_SECONDS, endpoint.timeout))
    return AsyncOpenAI(
        base_url=endpoint.base_url,
        api_key=endpoint.key or "none",  # the library demands one; servers that need none ignore it
        max_retries=0,
        timeout=timeout,
        http_client=DefaultAioHttpClient(limits=limits, timeout=timeout),
        default_headers={"User-Agent": f"openmed-data/{__version__}"},
    )


async def exchange(client: "AsyncOpenAI", endpoint: Endpoint, body: Mapping[str, Any]) -> Reply | Failure:
    """Send one request once; every trouble comes back as a value."""
    from aiohttp import ClientError
    from httpx2 import Response
    from openai import APIConnectionError, APIError, APIStatusError

    try:
        async with asyncio.timeout(endpoint.timeout):
            response = await client.post("/chat/completions", cast_to=Response, body=body)
    except TimeoutError:
        return Failure(Trouble.BROKEN_OFF, f"no answer within {endpoint.timeout:g} s")
    except APIStatusError as error:
        return _status(endpoint, error)
    except APIConnectionError as error:
        return _connection(endpoint, error)
    except (APIError, ClientError, OSError) as error:  # the transport lets some errors of aiohttp through
        return Failure(Trouble.BROKEN_OFF, _short(endpoint, str(error)))
    return _reply(endpoint, response.content, response.headers.get("content-type", ""))


async def models_of(client: "AsyncOpenAI", endpoint: Endpoint) -> list[str] | None:
    """Return the names of the models that an endpoint says it serves, or None where it does not say."""
    from openai import APIError

    try:
        async with asyncio.timeout(min(_CONNECT_SECONDS, endpoint.timeout)):
            return sorted(str(model.id) for model in (await client.models.list()).data)
    except (APIError, OSError, TimeoutError, TypeError, ValueError, AttributeError):
        return None


def completion_of(body: str) -> dict[str, Any]:
    """Return a chat completion as it came; its first choice has a message.

    Raises
    ------
    ValueError
        The text is no chat completion.
    """
    completion: dict[str, Any] = {}
    try:
        completion = json.loads(body)
        held = isinstance(completion["choices"][0]["message"], dict)
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        held = False
    if not held:
        raise ValueError("no chat completion")
    return completion


def _reply(endpoint: Endpoint, content: bytes, content_type: str) -> Reply | Failure:
    text = content.decode("utf-8", errors="replace")
    try:
        completion = completion_of(text)
    except ValueError:
        page = "html" in content_type.lower() or text.lstrip()[:1] == "<"
        return Failure(Trouble.UNREADABLE, _short(endpoint, text) or "an empty body", page=page)
    choice = completion["choices"][0]
    if choice.get("error") or choice.get("finish_reason") in _ENDED_EARLY:
        said = _said(choice.get("error")) or choice["finish_reason"]
        return Failure(Trouble.BROKEN_OFF, _short(endpoint, f"the server ended the answer early: {said}"))
    return Reply(text, _usage(completion))


def _usage(completion: Mapping[str, Any]) -> Usage | None:
    """Return the tokens that an answer states; some endpoints state none, or none that can be."""
    try:
        tokens = [int(completion["usage"][name]) for name in ("prompt_tokens", "completion_tokens")]
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return Usage(*tokens) if all(0 <= number < _MOST_TOKENS for number in tokens) else None


def _status(endpoint: Endpoint, error: "APIStatusError") -> Failure:
    status, headers = error.status_code, error.response.headers
    words = _short(endpoint, f"HTTP {status}: {_said(error.body) or error.response.text}")
    if error.code == "insufficient_quota" or status == 402:
        trouble = Trouble.NO_CREDIT
    elif status in {401, 403}:
        trouble = Trouble.DENIED
    elif status == 404:
        trouble = Trouble.NOT_FOUND
    elif status in _BUSY:
        trouble = Trouble.BUSY
    elif status < 400:  # a redirect to nowhere says nothing of this request
        trouble = Trouble.UNREADABLE
    else:
        trouble = Trouble.FAILING if status >= 500 else Trouble.REFUSED
    page = "html" in headers.get("content-type", "").lower()
    return Failure(trouble, words, wait=retry_after(headers), page=page)


def _said(body: object) -> str:
    """Return the message of an error's body, which servers wrap in different ways."""
    if isinstance(body, dict):
        named = cast("dict[str, Any]", body)
        return str(named.get("message") or named.get("detail") or named.get("error") or named)
    return str(body or "")


def _connection(endpoint: Endpoint, error: Exception) -> Failure:
    """Tell a connection that was never made, when nothing can have been billed, from one that broke."""
    from aiohttp import ClientConnectorError, ConnectionTimeoutError, InvalidURL

    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
        if isinstance(cause, ClientConnectorError):
            return Failure(Trouble.UNREACHABLE, _short(endpoint, _why(cause.os_error)))
        if isinstance(cause, ConnectionTimeoutError | InvalidURL):
            return Failure(Trouble.UNREACHABLE, _short(endpoint, str(cause)))
    return Failure(Trouble.BROKEN_OFF, _short(endpoint, str(cause) or type(cause).__name__))


def _why(error: OSError) -> str:
    """Return what an error of the system is called; asyncio writes addresses in its place."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)


def _short(endpoint: Endpoint, text: str) -> str:
    return visible(" ".join(endpoint.without_key(text).split()))[:_EXCERPT]
