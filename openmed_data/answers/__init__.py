"""Answers: find a completion's final answer, say how it was found, and check it against a gold; never a guess."""

from openmed_data.answers.extract import Extraction, extract, reader_for, verify
from openmed_data.answers.gold import AnswerType, Gold, gold_from_columns
from openmed_data.answers.region import Method

__all__ = ["AnswerType", "Extraction", "Gold", "Method", "extract", "gold_from_columns", "reader_for", "verify"]
