"""Contamination: training rows that hold benchmark items.

Build an index of the benchmarks once, keep it as one file, and scan texts in batches::

    index = Index.cached([load_mmlu(folder), load_medqa(path)], cache)
    found = index.scan(texts, exclude={"mmlu/test": "why"})

The rule is in `rule`, its figures are printed by ``benchmarks/contamination.py``.
"""

from ._store import IndexFileError
from .check import CHECK, ContaminationSettings
from .index import Index
from .items import BenchmarkItem, BenchmarkItems
from .loaders import (
    BenchmarkFileError,
    load_file,
    load_ifeval,
    load_medmcqa,
    load_medqa,
    load_mmlu,
    load_mmlu_pro,
    load_pubmedqa,
)
from .local import load, open_index
from .plants import Leak, Planter
from .rule import Rule

__all__ = [
    "CHECK",
    "BenchmarkFileError",
    "BenchmarkItem",
    "BenchmarkItems",
    "ContaminationSettings",
    "Index",
    "IndexFileError",
    "Leak",
    "Planter",
    "Rule",
    "load",
    "load_file",
    "load_ifeval",
    "load_medmcqa",
    "load_medqa",
    "load_mmlu",
    "load_mmlu_pro",
    "load_pubmedqa",
    "open_index",
]
