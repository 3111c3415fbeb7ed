"""Where a model is served and how it is to be asked."""

import os
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import SplitResult, urlsplit

from openmed_data.errors import UsageError

from .request import ChatRequest, Structured

LimitField = Literal["max_tokens", "max_completion_tokens"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An OpenAI-compatible endpoint and the model to ask there.

    Attributes
    ----------
    base_url
        Up to and including the version, as in ``http://localhost:8000/v1``.
    key_name, key
        The environment variable that the API key was read from, and the key; it is never printed or stored.
    concurrency
        Most requests under way at once.
    timeout
        Seconds for one whole attempt.
    attempts
        Most attempts at one request; only troubles that pass are met with another one.
    structured, limit_field
        How it takes the schema of an answer, and the limit of its length.

    Raises
    ------
    UsageError
        `base_url` is no address, or holds a password or a query, which would end up in the manifest.

    Examples
    --------
    >>> Endpoint("http://localhost:8000/v1/", "some-model").url
    'http://localhost:8000/v1/chat/completions'
    >>> Endpoint("localhost:8000", "some-model")
    Traceback (most recent call last):
    ...
    openmed_data.errors.UsageError: 'localhost:8000' is no address of an endpoint
    """

    base_url: str
    model: str
    key_name: str = "OPENAI_API_KEY"
    key: str = field(default="", repr=False)
    concurrency: int = 16
    timeout: float = 300.0
    attempts: int = 8
    structured: Structured = Structured.SCHEMA
    limit_field: LimitField = "max_tokens"

    def __post_init__(self) -> None:
        parts = _parts(self.base_url)
        if parts.username or parts.password or parts.query:
            raise UsageError(
                "base_url holds a password or a query, which would be written into the manifest",
                hint=f"Put the key into the environment variable {self.key_name}.",
            )
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise _no_address(self.base_url)

    @property
    def url(self) -> str:
        """The address that requests go to."""
        return f"{self.base_url.rstrip('/')}/chat/completions"

    @property
    def host(self) -> str:
        """The host and port that requests go to."""
        return urlsplit(self.base_url).netloc

    def body(self, request: ChatRequest) -> dict[str, Any]:
        """Return the JSON body of a request."""
        return request.body(self.model, self.structured, self.limit_field)

    def without_key(self, text: str) -> str:
        """Return `text` with the API key, which some servers repeat, replaced by stars."""
        return text.replace(self.key, "***") if self.key else text


def _parts(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        _ = parts.port, (parts.hostname or "").encode("idna")  # both are looked at when they are asked for
    except ValueError as error:
        raise _no_address(address) from error
    return parts


def _no_address(address: str) -> UsageError:
    return UsageError(f"'{address}' is no address of an endpoint", hint="One looks like http://localhost:8000/v1.")


def key_from_environment(name: str) -> str:
    """Return the API key that the environment holds under `name`, or an empty text: local servers need none.

    Raises
    ------
    UsageError
        It holds a line break or a space, as a key that was copied badly does.

    Examples
    --------
    >>> key_from_environment("NO_SUCH_KEY")
    ''
    """
    key = os.environ.get(name, "").strip()
    if not key.isascii() or any(character.isspace() or not character.isprintable() for character in key):
        raise UsageError(f"the environment variable {name} holds no API key: it has spaces or odd characters")
    return key
