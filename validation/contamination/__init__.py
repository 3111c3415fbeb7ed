"""Contamination: training rows that hold benchmark items.

>>> from openmed_data.validation.contamination import BenchmarkItem, BenchmarkItems, Index
"""

from ._store import IndexFileError
from .index import Index
from .items import BenchmarkItem, BenchmarkItems
from .rule import Rule

__all__ = ["BenchmarkItem", "BenchmarkItems", "Index", "IndexFileError", "Rule"]
