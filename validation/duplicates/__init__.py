"""Duplicates: rows that hold the same text, or nearly the same, within and across splits."""

from .check import CHECK, DuplicatesSettings
from .differences import Difference, difference
from .find import Duplicates, find_duplicates

__all__ = ["CHECK", "Difference", "Duplicates", "DuplicatesSettings", "difference", "find_duplicates"]
