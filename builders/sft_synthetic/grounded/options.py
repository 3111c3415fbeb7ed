"""The options of grounded generation."""

from pydantic import Field

from openmed_data.llm.options import EndpointOptions

from .asking import Asker


class GroundedOptions(EndpointOptions):
    """Options of `generator=llm`; their descriptions begin with the word."""

    n: int = Field(1000, ge=1, description="llm: passages to draw; each gives one dialogue or one rejection.")
    max_tokens: int = Field(1500, ge=64, description="llm: most tokens of a dialogue.")
    temperature: float | None = Field(
        0.8, ge=0, le=2, description="llm: how freely it writes; null leaves it to the endpoint."
    )

    def asker(self) -> Asker:
        """Return what turns seeds into requests."""
        return Asker(self.endpoint(), self.max_tokens, self.temperature, self.seed)
