"""Search traces: real searches over a local index, and answers that quote what was opened.

A builder that reads corpora calls `prepare_search` once and `search_rows` for each batch; `SHAPES` tells corpora from
trace files.
"""

from collections.abc import Iterator

from openmed_data.search.corpora import COLUMNS as _CORPUS_COLUMNS
from openmed_data.search.corpora import SHAPES as _CORPORA
from openmed_data.search.corpora import SUFFIXES, corpus_parts
from openmed_data.sources import SourceFile
from openmed_data.sources.readers import Part

from .choices import CHOICE_COLUMNS, CHOICE_SHAPES, MEDMCQA
from .figures import count_search, search_figures
from .options import SearchOptions
from .preparing import SearchState, prepare_search
from .reasons import SearchReason
from .rows import FORMAT, search_rows

SHAPES = {**_CORPORA, **CHOICE_SHAPES}
COLUMNS = tuple(dict.fromkeys((*_CORPUS_COLUMNS, *CHOICE_COLUMNS)))


def search_parts(file: SourceFile) -> Iterator[Part]:
    """Cut a corpus, or a set of exam questions, into parts.

    Raises
    ------
    SourceError
        The file is empty, damaged, or has none of `SHAPES`.
    """
    return corpus_parts(file, COLUMNS, SHAPES)


__all__ = [
    "COLUMNS",
    "FORMAT",
    "MEDMCQA",
    "SHAPES",
    "SUFFIXES",
    "SearchOptions",
    "SearchReason",
    "SearchState",
    "count_search",
    "prepare_search",
    "search_figures",
    "search_parts",
    "search_rows",
]
