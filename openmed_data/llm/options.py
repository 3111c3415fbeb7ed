"""The options of a builder that asks a language model."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from openmed_data.builder import Options
from openmed_data.errors import UsageError

from .endpoint import Endpoint, key_from_environment
from .money import Ledger, Prices
from .request import Structured


class EndpointOptions(Options):
    """Which model is asked where, what it may cost, and where its answers are kept; a builder adds what it asks.

    Examples
    --------
    >>> given = EndpointOptions(model="m", base_url="http://localhost:8000/v1")
    >>> given.endpoint().model
    'm'
    """

    model: str = Field("", description="llm: the model, as its endpoint names it.")
    base_url: str = Field("", description="llm: its OpenAI-compatible endpoint, such as http://localhost:8000/v1.")
    structured: Structured = Field(
        Structured.SCHEMA,
        description="llm: json_schema where the endpoint decodes by a schema; prompt where it does not.",
    )
    limit_field: Literal["max_tokens", "max_completion_tokens"] = Field(
        "max_tokens", description="llm: what the endpoint calls the limit of an answer's length."
    )
    price_in: float = Field(0.0, ge=0, allow_inf_nan=False, description="llm: dollars for a million tokens sent.")
    price_out: float = Field(0.0, ge=0, allow_inf_nan=False, description="llm: dollars for a million tokens received.")
    # What follows changes no byte of the dataset, so the manifest does not have it.
    max_cost: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        exclude=True,
        description="llm: dollars to stop at, those of earlier runs included.",
    )
    max_requests: int | None = Field(
        None, ge=1, exclude=True, description="llm: requests to stop at, those of earlier runs included."
    )
    api_key_env: str = Field(
        "OPENAI_API_KEY",
        exclude=True,
        description="llm: environment variable with the API key; may be unset for servers that need none.",
    )
    concurrency: int = Field(16, ge=1, le=1024, exclude=True, description="llm: most requests under way at once.")
    timeout: float = Field(300.0, gt=0, allow_inf_nan=False, exclude=True, description="llm: seconds for one request.")
    store: Path = Field(
        Path("~/.cache/openmed-data/llm/answers.sqlite"),
        exclude=True,
        validate_default=True,
        description="llm: where every answer is kept, so that none is paid for twice.",
    )

    @field_validator("store")
    @classmethod
    def _at_home(cls, path: Path) -> Path:
        return path.expanduser()

    @field_validator("base_url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        if url:
            try:
                Endpoint(url, "any")
            except UsageError as error:
                raise ValueError(str(error)) from error
        return url

    @model_validator(mode="after")
    def _has_prices(self) -> Self:
        if self.max_cost is not None and not (self.price_in and self.price_out):
            raise ValueError("max_cost needs both price_in and price_out, without which no cost can be told")
        return self

    def require_endpoint(self, setting: str) -> None:
        """Raise `UsageError` where it is not said which model to ask, and where, though `setting` needs one."""
        missing = [name for name in ("model", "base_url") if not getattr(self, name)]
        if missing:
            raise UsageError(
                f"{setting} needs {' and '.join(missing)}",
                hint=f"For example: --set {setting} --set base_url=http://localhost:8000/v1 --set model=NAME",
            )

    def endpoint(self, *, key: str = "") -> Endpoint:
        """Return the endpoint; requests and their keys do not depend on the API key."""
        return Endpoint(
            self.base_url,
            self.model,
            key_name=self.api_key_env,
            key=key,
            concurrency=self.concurrency,
            timeout=self.timeout,
            structured=self.structured,
            limit_field=self.limit_field,
        )

    def endpoint_with_key(self) -> Endpoint:
        """Return the endpoint with the API key of the environment."""
        return self.endpoint(key=key_from_environment(self.api_key_env))

    def prices(self) -> Prices:
        """Return the prices of tokens."""
        return Prices(self.price_in, self.price_out)

    def ledger(self) -> Ledger:
        """Return a ledger that has counted nothing yet."""
        return Ledger(self.prices(), self.max_cost, self.max_requests)
