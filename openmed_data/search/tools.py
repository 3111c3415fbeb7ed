"""The tools of a search trace, `search` and `open`: their schemas, and what they answer."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from openmed_data.search.documents import Document
from openmed_data.search.index import SearchIndex
from openmed_data.search.sentences import sentence_spans
from openmed_data.search.words import search_words

MOST_RESULTS = 10
TOOLS: tuple[Mapping[str, Any], ...] = (
    {
        "type": "function",
        "function": {
            "name": "search",
            "description": "Search a collection of medical documents by key words. Returns the best matching "
            "documents, each with its id, its title and the sentence that fits the query best.",
            "parameters": {
                "type": "object",
                "properties": {
                    "query": {"type": "string", "minLength": 1, "description": "Key words to look for."},
                    "top_k": {
                        "type": "integer",
                        "minimum": 1,
                        "maximum": MOST_RESULTS,
                        "description": "How many documents to return.",
                    },
                },
                "required": ["query", "top_k"],
                "additionalProperties": False,
            },
        },
    },
    {
        "type": "function",
        "function": {
            "name": "open",
            "description": "Read one document of the collection in full.",
            "parameters": {
                "type": "object",
                "properties": {
                    "document_id": {"type": "string", "minLength": 1, "description": "Id that a search returned."}
                },
                "required": ["document_id"],
                "additionalProperties": False,
            },
        },
    },
)
TOOLS_JSON = json.dumps(TOOLS)
_LONGEST_SNIPPET = 220


def search_result(index: SearchIndex, query: str, top_k: int) -> tuple[str, list[int]]:
    """Run `search`; return what the tool answers, as JSON text, and the numbers of the documents it lists."""
    terms = frozenset(search_words(query))
    numbers = [hit.number for hit in index.search(query, top_k)]
    results = [_listed(index.document(number), terms) for number in numbers]
    return json.dumps({"results": results}, ensure_ascii=False), numbers


def open_result(document: Document) -> str:
    """Return what the tool `open` answers for a document, as JSON text."""
    shown = {"id": document.id, "title": document.title, "source": document.source, "text": document.text}
    return json.dumps({key: value for key, value in shown.items() if value}, ensure_ascii=False)


def _listed(document: Document, terms: frozenset[str]) -> dict[str, str]:
    return {"id": document.id, "title": document.title, "snippet": snippet(document.text, terms)}


def snippet(text: str, terms: frozenset[str]) -> str:
    """Return the sentence of `text` that holds most of `terms`, the first of equals, shortened between words.

    Examples
    --------
    >>> snippet("Gout is common. Its attacks are painful.", frozenset(["attack"]))
    'Its attacks are painful.'
    """
    best = max(_sentences(text), key=lambda held: len(terms & held[1]), default=("", frozenset[str]()))[0]
    if len(best) <= _LONGEST_SNIPPET:
        return best
    return best[: best.rfind(" ", 0, _LONGEST_SNIPPET)].rstrip(",;:") + " …"


@lru_cache(maxsize=20_000)
def _sentences(text: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """Return each sentence with its words; the same few thousand documents are listed again and again."""
    spans = sentence_spans(text)
    return tuple((text[start:end], frozenset(search_words(text[start:end]))) for start, end in spans)
