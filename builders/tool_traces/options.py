"""The options of the builder: those of search traces, and those of traces that are converted."""

from pydantic import Field, field_validator

from openmed_data.traces.detect import AUTO, formats

from .searching import SearchOptions


class TraceOptions(SearchOptions):
    """Options of ``openmed-data build tool-traces``."""

    format: str = Field(
        AUTO,
        description="Format of the source's files; `auto` tells it from the rows, file by file, or stops where two "
        "fit. One of openai, anthropic, sharegpt, hermes, xlam, react, search-tags, mcp, or one of another package.",
    )
    end_with_call: bool = Field(
        default=True,
        description="Keep traces whose last turn is a call: rows of xLAM, whose answer it is, and chats that end with "
        "a hand-over. Searches that end without an answer are never kept.",
    )

    @field_validator("format")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in {AUTO, *formats()}:
            raise ValueError(f"no format is called '{name}'; there are: {', '.join([AUTO, *formats()])}")
        return name
