"""Why a question is rejected, and the options of the builder."""

import hashlib
from enum import StrEnum
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_serializer, field_validator, model_validator

from openmed_data.builder import Options, ReasonCode


class Reason(ReasonCode):
    """Reasons of this builder; duplicates, conflicts and split leaks are the engine's."""

    TEST_SPLIT = "test_split", "the row comes from the test split of a benchmark"
    EMPTY_GOLD = "empty_gold", "the row states no answer"
    UNREADABLE_OPTIONS = "unreadable_options", "the options cannot be told apart"
    MISSING_OPTION = "missing_option", "an option is empty"
    MIXED_ITEMS = "mixed_items", "the row mixes two items, or states two answers"
    UNANSWERABLE_STEM = "unanswerable_stem", "the stem asks nothing"
    LOST_TABLE = "lost_table", "the stem holds a table whose cells ran into one another"
    NEEDS_PICTURE = "needs_picture", "the question is about a picture that is not there"
    NO_OPTIONS = "no_options", "the question asks to choose among options that are not there"
    LETTER_COMBINATION = "letter_combination", "the answers are letters or combinations of letters"
    DUPLICATE_OPTIONS = "duplicate_options", "two options say the same, so the key is no choice"
    GOLD_NOT_AN_OPTION = "gold_not_an_option", "the stated answer is none of the options"
    CONTRADICTING_KEY = "contradicting_key", "the stated letter and the stated text are different options"
    CONTRADICTING_EXPLANATION = "contradicting_explanation", "the explanation states another letter than the key"
    MAYBE_NOT_OFFERED = "maybe_not_offered", "the decision is maybe, and the options are yes and no"
    MANY_ANSWERS = "many_answers", "an open question for an example, or for what does not apply: many answers are right"
    FREE_TEXT_TOO_LONG = "free_text_too_long", "a free-text answer over the length limit, which no verifier can check"
    SEVERAL_ANSWERS = "several_answers", "a free-text answer that lists several things"
    ANSWER_IN_PROMPT = "answer_in_prompt", "the question contains its free-text answer"
    UNVERIFIABLE_GOLD = "unverifiable_gold", "the verifier does not pay the right answer, or pays a wrong option"
    NO_PASS_RATE = "no_pass_rate", "pass_rate_file does not rate the prompt"
    OUTSIDE_BAND = "outside_band", "the pass rate is outside the band that teaches something"


class AnswerFormat(StrEnum):
    """How the prompt asks for the answer."""

    THINK_ANSWER = "think_answer"
    ANSWER_ONLY = "answer_only"


class RewardsOptions(Options):
    """Options of ``openmed-data build medreason-rewards``."""

    system: str = Field("", description="System prompt put before every question; none if empty.")
    answer_format: AnswerFormat = Field(
        AnswerFormat.THINK_ANSWER,
        description="think_answer: reasoning between <think> tags, then the answer between <answer> tags; "
        "answer_only: the answer and nothing else.",
    )
    shuffle: bool = Field(
        default=True,
        description="Move options so that every letter is right equally often; never where options or the reference "
        "reasoning refer to letters or to other options.",
    )
    max_text_words: int = Field(
        4, ge=1, le=12, description="Most words of a free-text answer; longer ones are rarely matched word for word."
    )
    keep_test_splits: bool = Field(
        default=False,
        description="Keep rows that MedReason took from test splits: MMLU, MedXpertQA, Humanity's Last Exam, labelled "
        "PubMedQA. A model trained on them cannot be evaluated on these benchmarks.",
    )
    index_base: Literal["auto", "0", "1"] = Field(
        "auto", description="What MedMCQA's `cop` counts from; `auto` tells it from the data, file by file, or stops."
    )
    repair: bool = Field(default=True, description="Put back the letters 'rt' that MedMCQA lost (aery, hea, impoant).")
    pass_rate_file: Path | None = Field(
        None, description="What `openmed-data probe difficulty` wrote: `id` and `pass_rate` of prompts of this dataset."
    )
    min_pass_rate: float = Field(0.1, ge=0, le=1, description="Lowest pass rate to keep, with pass_rate_file.")
    max_pass_rate: float = Field(0.9, ge=0, le=1, description="Highest pass rate to keep, with pass_rate_file.")
    keep_unrated: bool = Field(default=False, description="Keep prompts that pass_rate_file does not rate.")

    @field_validator("pass_rate_file")
    @classmethod
    def _is_a_file(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError("no such file")
        return path

    @model_validator(mode="after")
    def _is_a_band(self) -> Self:
        if self.min_pass_rate > self.max_pass_rate:
            raise ValueError("min_pass_rate is above max_pass_rate")
        return self

    @field_serializer("pass_rate_file")
    def _name_and_digest(self, path: Path | None) -> str | None:
        """Record what the rates were, not where they lay."""
        return f"{path.name} sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}" if path else None
