"""Answers: find a completion's final answer, say how it was found, and check it against a gold; never a guess."""

from openmed_data.answers.extract import Extraction, extract, reader_for, verify
from openmed_data.answers.gold import AnswerType, Gold, gold_from_columns
from openmed_data.answers.region import Method
from openmed_data.answers.sound import asked_for, is_sound

__all__ = [
    "AnswerType",
    "Extraction",
    "Gold",
    "Method",
    "asked_for",
    "extract",
    "gold_from_columns",
    "is_sound",
    "reader_for",
    "verify",
]
