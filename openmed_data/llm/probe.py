"""What is wrong when the first request fails, in one message that says what to do."""

from typing import TYPE_CHECKING

from openmed_data.errors import BuildError, OpenMedError, UsageError

from .endpoint import Endpoint
from .exchange import Failure, Trouble, models_of

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_MOST_NAMES = 10
_BASE_URL = "Set base_url to the root of its API, which for most servers ends in /v1."


async def diagnosis(client: "AsyncOpenAI", endpoint: Endpoint, failure: Failure) -> OpenMedError:
    """Return the error to stop with when `failure` met the first request."""
    if failure.page:
        return UsageError(f"{endpoint.url} answers with a web page, not with a chat completion", hint=_BASE_URL)
    match failure.trouble:
        case Trouble.UNREACHABLE:
            hint = "Start the server, or correct base_url."
            return UsageError(f"no connection to {endpoint.url}: {failure.words}", hint=hint)
        case Trouble.DENIED | Trouble.NO_CREDIT:
            return denied(endpoint, failure)
        case Trouble.NOT_FOUND | Trouble.REFUSED:
            return await _unknown_model(client, endpoint) or _refused(endpoint, failure)
        case Trouble.UNREADABLE:
            message = f"{endpoint.url} answers, but not with a chat completion: {failure.words}"
            return UsageError(message, hint=_BASE_URL)
        case _:
            hint = "See what the server says, and run the same command again."
            return BuildError(f"{endpoint.url} does not answer the first request: {failure.words}", hint=hint)


def denied(endpoint: Endpoint, failure: Failure) -> OpenMedError:
    """Return the error for a key that is missing, refused or exhausted."""
    if failure.trouble is Trouble.NO_CREDIT:
        return BuildError(
            f"the account has no credit left at {endpoint.host}: {failure.words}",
            hint="Add credit, and run the same command again; what was answered is kept.",
        )
    named = (
        f"the API key in {endpoint.key_name} is refused" if endpoint.key else f"no API key is in {endpoint.key_name}"
    )
    return UsageError(
        f"{named} by {endpoint.host}: {failure.words}" if endpoint.key else f"{named}: {failure.words}",
        hint=f"Put a valid key into the environment variable {endpoint.key_name}, or name another with api_key_env.",
    )


async def _unknown_model(client: "AsyncOpenAI", endpoint: Endpoint) -> UsageError | None:
    """Ask which models are served; return the error that the model is none of them, or None."""
    names = await models_of(client, endpoint)
    if not names or endpoint.model in names:
        return None
    listed = ", ".join(names[:_MOST_NAMES]) + (f" and {len(names) - _MOST_NAMES} more" if names[_MOST_NAMES:] else "")
    return UsageError(f"{endpoint.host} does not serve the model '{endpoint.model}'", hint=f"It serves: {listed}.")


def _refused(endpoint: Endpoint, failure: Failure) -> UsageError:
    if failure.trouble is Trouble.NOT_FOUND:
        return UsageError(f"nothing answers chat requests at {endpoint.url}: {failure.words}", hint=_BASE_URL)
    hint = "Change what it objects to."
    if "max_completion_tokens" in failure.words:
        hint = "Set limit_field=max_completion_tokens."
    elif "response_format" in failure.words or "json_schema" in failure.words:
        hint = "It takes no JSON Schema; set structured=prompt."
    return UsageError(f"{endpoint.url} refuses the first request: {failure.words}", hint=hint)
