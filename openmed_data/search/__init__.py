"""Search over a local corpus: documents, a BM25 index in the cache folder, and the tools `search` and `open`.

::

    index = SearchIndex.build(documents_of(read_corpus(Path("medquad.parquet"))), Path("index"))
    text, numbers = search_result(index, "lowe syndrome eyes", top_k=5)
"""

from openmed_data.search.corpora import documents_of, read_corpus
from openmed_data.search.documents import DOCUMENTS, Document
from openmed_data.search.index import Hit, SearchIndex
from openmed_data.search.tools import TOOLS, open_result, search_result

__all__ = [
    "DOCUMENTS",
    "TOOLS",
    "Document",
    "Hit",
    "SearchIndex",
    "documents_of",
    "open_result",
    "read_corpus",
    "search_result",
]
