"""Why a source row is rejected, and the options of the builder."""

from enum import StrEnum
from typing import Any, Literal, cast

from pydantic import Field

from openmed_data.builder import Options, ReasonCode

from .grounded.options import GroundedOptions


class Reason(ReasonCode):
    """Reasons of this builder; duplicates, conflicts and split leaks are the engine's."""

    EMPTY = "empty", "the row has no question, no answer or no abstract"
    ONLY_REFERENCES = "only_references", "nothing is left of the answer without links, contacts, headings and credits"
    TITLE = "title_as_subject", "the question asks about the title of a booklet, which is no subject"
    OFF_TOPIC = "off_topic", "the answer does not speak of what the question asks about"
    TOO_SHORT = "too_short", "the answer has fewer words than min_words"
    RUN_ON = "run_on", "a list or a table is run into the text of the answer and cannot be parted again"
    LOST_LETTER = "lost_letter", "a name or a unit in it lost its Greek letter, and the page does not tell which"
    AMBIGUOUS = "ambiguous", "the page answers the same question before; what this part of it answered is lost"
    NEAR_DUPLICATE = "near_duplicate", "its answer is nearly that of an earlier row"
    MERGED = "merged", "its question is asked second, and its answer given, in the dialogue of an earlier row"
    UNLABELLED = "unlabelled", "the row has no answer key"
    UNASKABLE = "unaskable", "the question needs a picture, asks nothing, or lacks an option"
    NO_CLEAN_EXPLANATION = "no_clean_explanation", "no sentence of the explanation is clean and speaks of the answer"
    CONTRADICTING = (
        "contradicting_explanation",
        "the explanation states, or concludes with, another answer than the key",
    )
    TEST_SPLIT = "test_split", "the row comes from the test split of a benchmark"


def joined(*groups: type[ReasonCode]) -> type[ReasonCode]:
    """Return one enumeration of the reasons of several."""
    members = {one.name: (one.value, one.meaning) for group in groups for one in group}
    return cast("type[ReasonCode]", cast("Any", ReasonCode)("Reason", members))


class Generator(StrEnum):
    """How dialogues are made of the source."""

    CONVERT = "convert"
    LLM = "llm"


class Cite(StrEnum):
    """Where an answer names its source; every row names it in `source_id`."""

    NEVER = "never"
    ASKED = "asked"
    ALWAYS = "always"


class ConvertOptions(Options):
    """Which generator, and the options of `generator=convert`."""

    generator: Generator = Field(
        Generator.CONVERT,
        description="convert: the source's own sentences in varied dialogues, no language model; llm: dialogues that a "
        "language model writes about the source's passages and another request of it judges.",
    )
    max_words: int = Field(300, ge=40, description="Most words of an answer; it is cut at the end of a sentence.")
    min_words: int = Field(3, ge=1, description="Fewest words of an answer.")
    brief_from: int = Field(
        130,
        ge=0,
        description="Words from which an answer is also given in two or three sentences, as another row.",
    )
    follow_up_share: float = Field(
        0.06, ge=0, le=1, description="Share of pairs of questions on one subject that become a dialogue of two turns."
    )
    system_share: float = Field(0.3, ge=0, le=1, description="Share of dialogues that a system prompt opens.")
    cite: Cite = Field(
        Cite.ASKED, description="asked: the answer names its source where the user asks for it; always; never."
    )
    cite_share: float = Field(0.08, ge=0, le=1, description="Share of dialogues in which the user asks for the source.")
    keep_test_splits: bool = Field(
        default=False,
        description="Keep labelled PubMedQA, and rows that MedReason took from test splits: MMLU, MedXpertQA, "
        "Humanity's Last Exam, labelled PubMedQA. A model trained on them cannot be evaluated on these benchmarks.",
    )
    index_base: Literal["auto", "0", "1"] = Field(
        "auto", description="What MedMCQA's `cop` counts from; `auto` tells it from the data, file by file, or stops."
    )
    repair: bool = Field(default=True, description="Put back the letters 'rt' that MedMCQA lost (aery, hea, impoant).")


class SftOptions(GroundedOptions, ConvertOptions):
    """Options of ``openmed-data build sft-synthetic``; those of the conversion come first."""
