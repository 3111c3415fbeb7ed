"""Why a MedMCQA row is rejected, and the options of the builder."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from openmed_data.builder import Options, ReasonCode


class Reason(ReasonCode):
    """Reasons of this builder; duplicates, conflicts and split leaks are the engine's."""

    UNLABELLED = "unlabelled", "the row has no answer key"
    MISSING_OPTION = "missing_option", "an option is absent or empty"
    MARKUP_ONLY_OPTION = "markup_only_option", "an option holds nothing but markup, usually a picture"
    DUPLICATE_OPTIONS = "duplicate_options", "two options say the same, so the key is no choice"
    UNANSWERABLE_STEM = "unanswerable_stem", "the stem asks nothing"
    LOST_TABLE = "lost_table", "the stem holds a table whose cells ran into one another"
    NEEDS_PICTURE = "needs_picture", "the question is about a picture that is not there"
    LETTERS_ALONE = "letters_alone", "the options are letters of things that the question does not list"
    CONTRADICTING_EXPLANATION = "contradicting_explanation", "the explanation states another letter than the key"
    NO_CLEAN_EXPLANATION = "no_clean_explanation", "style=rationale, and no explanation can serve as one"


class Negatives(StrEnum):
    """Which wrong options become the rejected side."""

    ONE = "one"
    ALL = "all"
    HARD = "hard"


class Style(StrEnum):
    """What an answer consists of."""

    ANSWER = "answer"
    RATIONALE = "rationale"


class PrefsOptions(Options):
    """Options of ``openmed-data build medmcqa-prefs``."""

    index_base: Literal["auto", "0", "1"] = Field(
        "auto", description="What `cop` counts from; `auto` tells it from the data, file by file, or stops."
    )
    negatives: Negatives = Field(
        Negatives.ONE,
        description="one: a wrong option drawn so that length tells nothing; hard: the one spelt most like the right "
        "option; all: every wrong option, so that the right one is the longer in more pairs than not, which the check "
        "`pairs` fails where it shows.",
    )
    max_pairs_per_question: int = Field(3, ge=1, le=3, description="Most pairs made of one question (negatives=all).")
    style: Style = Field(
        Style.ANSWER,
        description="answer: letter and option text; rationale: a short explanation, the same on both sides, and then "
        "the answer. Questions without a clean explanation are rejected.",
    )
    shuffle: bool = Field(
        default=True,
        description="Move options so that every letter is right equally often; never where options or the explanation "
        "refer to letters or to other options. Without it letters are right as often as the source has them, which the "
        "check `pairs` fails where it shows.",
    )
    system: str = Field("", description="System prompt put before every question; none if empty.")
    repair: bool = Field(
        default=True, description="Put back the letters 'rt' that the source lost (aery, hea, impoant)."
    )
