"""Search traces: real searches over a local index, and answers that quote what was opened.

A builder that reads corpora calls `prepare_search` once and `search_rows` for each batch; `SHAPES` tells corpora from
trace files.
"""

from openmed_data.search.corpora import COLUMNS, SHAPES, SUFFIXES, corpus_parts

from .figures import count_search, search_figures
from .options import SearchOptions
from .preparing import SearchState, prepare_search
from .reasons import SearchReason
from .rows import FORMAT, search_rows

__all__ = [
    "COLUMNS",
    "FORMAT",
    "SHAPES",
    "SUFFIXES",
    "SearchOptions",
    "SearchReason",
    "SearchState",
    "corpus_parts",
    "count_search",
    "prepare_search",
    "search_figures",
    "search_rows",
]
