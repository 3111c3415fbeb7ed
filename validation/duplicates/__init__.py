"""Duplicates: rows that hold the same text, or nearly the same, within and across splits."""

from openmed_data.text.near import Difference, Duplicates, difference, find_duplicates

from .check import CHECK, DuplicatesSettings

__all__ = ["CHECK", "Difference", "Duplicates", "DuplicatesSettings", "difference", "find_duplicates"]
