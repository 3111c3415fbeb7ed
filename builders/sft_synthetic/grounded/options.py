"""The options of grounded generation."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_serializer, field_validator, model_validator

from openmed_data.builder import Options
from openmed_data.errors import UsageError
from openmed_data.llm import Endpoint, Ledger, Prices, Structured, key_from_environment

from .asking import Asker


class GroundedOptions(Options):
    """Options that count where a language model writes the dialogues."""

    model: str = Field("", description="The model that writes and judges, as its endpoint names it.")
    base_url: str = Field("", description="Its OpenAI-compatible endpoint, such as http://localhost:8000/v1.")
    api_key_env: str = Field(
        "OPENAI_API_KEY",
        description="Environment variable that holds the API key; it may be unset for servers that need none.",
    )
    n: int = Field(1000, ge=1, description="How many passages to draw; each gives one dialogue or one rejection.")
    max_requests: int | None = Field(
        None, ge=1, description="Stop before more requests than this are sent, those of earlier runs included."
    )
    max_cost: float | None = Field(
        None, gt=0, description="Stop before more dollars than this are spent, those of earlier runs included."
    )
    price_in: float = Field(0.0, ge=0, description="Dollars for a million tokens sent.")
    price_out: float = Field(0.0, ge=0, description="Dollars for a million tokens received.")
    concurrency: int = Field(16, ge=1, le=1024, description="Most requests under way at once.")
    max_tokens: int = Field(1500, ge=64, description="Most tokens of a dialogue.")
    temperature: float | None = Field(
        0.8, ge=0, le=2, description="How freely it writes; null leaves it to the endpoint."
    )
    timeout: float = Field(300.0, gt=0, description="Seconds for one request.")
    structured: Structured = Field(
        Structured.SCHEMA,
        description="json_schema: the endpoint decodes by the schema; prompt: the schema stands in the prompt.",
    )
    limit_field: Literal["max_tokens", "max_completion_tokens"] = Field(
        "max_tokens", description="What the endpoint calls the limit of an answer's length."
    )
    store: Path = Field(
        Path("~/.cache/openmed-data/llm/answers.sqlite"),
        description="Where every answer is kept, so that none is paid for twice.",
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
        if self.max_cost is not None and not (self.price_in or self.price_out):
            raise ValueError("max_cost needs price_in and price_out, without which no cost can be told")
        return self

    @field_serializer("store")
    def _nowhere(self, path: Path) -> None:
        """Record nothing: where answers lie changes no byte."""

    def require_endpoint(self) -> None:
        """Raise `UsageError` where it is not said which model to ask, and where."""
        missing = [name for name in ("model", "base_url") if not getattr(self, name)]
        if missing:
            raise UsageError(
                f"generator=llm needs {' and '.join(missing)}",
                hint="For example: --set generator=llm --set base_url=http://localhost:8000/v1 --set model=NAME",
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

    def asker(self) -> Asker:
        """Return what turns seeds into requests."""
        return Asker(self.endpoint(), self.max_tokens, self.temperature, self.seed)

    def prices(self) -> Prices:
        """Return the prices of tokens."""
        return Prices(self.price_in, self.price_out)

    def ledger(self) -> Ledger:
        """Return a ledger that has counted nothing yet."""
        return Ledger(self.prices(), self.max_cost, self.max_requests)
