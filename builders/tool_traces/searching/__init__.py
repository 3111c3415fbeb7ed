"""Search traces: real searches over a local index, and answers that quote what was opened.

A builder that reads corpora calls `prepare_search` and `prepare_plans` once and `search_rows` for each batch; `SHAPES`
tells corpora from trace files.
"""

from collections.abc import Iterator

import polars as pl

from openmed_data import tally
from openmed_data.builder import SHAPE
from openmed_data.errors import SourceError
from openmed_data.index_base import count_keys
from openmed_data.search.corpora import COLUMNS as _CORPUS_COLUMNS
from openmed_data.search.corpora import OBO, SUFFIXES, corpus_parts
from openmed_data.search.corpora import SHAPES as _CORPORA
from openmed_data.sources import SourceFile
from openmed_data.sources.readers import Part
from openmed_data.sources.resolve import data_suffix

from .choices import CHOICE_COLUMNS, CHOICE_SHAPES, MEDMCQA
from .figures import count_search, search_figures
from .options import SearchOptions
from .planning import prepare_plans
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


def is_searchable(file: SourceFile) -> bool:
    """Say whether a file is a corpus or a set of exam questions, by its columns; an ontology is one by its name."""
    suffix = data_suffix(file.path)
    if suffix == OBO or suffix not in SUFFIXES:
        return suffix == OBO
    try:
        return next(search_parts(file), None) is not None
    except SourceError:
        return False


def count_exam_keys(batch: pl.DataFrame) -> pl.DataFrame:
    """Count the answer keys of MedMCQA rows, which tell what they count from; nothing of any other batch."""
    return count_keys(batch) if batch[SHAPE].first() == MEDMCQA else tally.empty()


__all__ = [
    "COLUMNS",
    "FORMAT",
    "SHAPES",
    "SUFFIXES",
    "SearchOptions",
    "SearchReason",
    "SearchState",
    "count_exam_keys",
    "count_search",
    "is_searchable",
    "prepare_plans",
    "prepare_search",
    "search_figures",
    "search_parts",
    "search_rows",
]
