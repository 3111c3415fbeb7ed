"""Duplicates: rows that hold the same text, or nearly the same, within and across splits."""

from .check import CHECK, DuplicatesSettings

__all__ = ["CHECK", "DuplicatesSettings"]
