"""Duplicates: rows that hold the same text, or nearly the same, within and across splits."""

from .differences import Difference, difference
from .find import Duplicates, find_duplicates

__all__ = ["Difference", "Duplicates", "difference", "find_duplicates"]
