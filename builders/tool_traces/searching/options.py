"""Options of search traces."""

import hashlib
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import Field, field_serializer, field_validator

from openmed_data.builder import Options
from openmed_data.llm.options import EndpointOptions


class Planner(StrEnum):
    """Who writes the queries."""

    RULES = "rules"
    LLM = "llm"


class CorpusOptions(Options):
    """What is searched, who plans, and which traces are made on purpose."""

    corpus: Path | None = Field(
        None,
        description="Corpus to search: MedQuAD, the Disease Ontology (.obo), PubMedQA, or rows of id, title and text. "
        "The source itself where none is given, unless it is a set of exam questions.",
    )
    planner: Planner = Field(
        Planner.RULES,
        description="rules: queries from the question's own words; llm: one to three that a language model writes.",
    )
    no_tool_share: float = Field(
        0.03,
        ge=0,
        le=1,
        description="Share of search traces whose question brings its text along, so no tool is called.",
    )
    nothing_found_share: float = Field(
        0.03, ge=0, le=0.5, description="Share of search traces whose answer is held out of the index and not found."
    )
    index_base: Literal["auto", "0", "1"] = Field(
        "auto", description="What MedMCQA's `cop` counts from; `auto` tells it from the data, file by file, or stops."
    )
    cache: Path = Field(
        Path("~/.cache/openmed-data"), exclude=True, description="Folder in which search indexes are kept."
    )

    @field_validator("corpus")
    @classmethod
    def _is_a_file(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError("no such file")
        return path

    @field_serializer("corpus")
    def _name_and_digest(self, path: Path | None) -> str | None:
        """Record what was searched, not where it lay."""
        return f"{path.name} sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}" if path else None


class SearchOptions(EndpointOptions, CorpusOptions):
    """Options of the traces that are made by searching a corpus; a converter of trace files ignores them.

    Those of the endpoint, which `planner=llm` alone needs, come last.
    """
