"""A BM25 index over documents, built once by bm25s and mapped into memory by every worker.

BM25 as in Lucene (Kamphuis et al., "Which BM25 do you mean?", ECIR 2020), by bm25s (Lù, "BM25S: orders of magnitude
faster lexical search via eager sparse scoring", 2024). Of the engines measured (`benchmarks/search_traces.py`) tantivy
answers faster, but it rounds the lengths of documents to one byte, which changes what comes first, and where documents
lie depends on the threads of its writer. Here an index is a few arrays, equal for equal documents, a score is a sum in
a fixed order, and the ranking is that of the formula.
"""

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from openmed_data.errors import UsageError
from openmed_data.files import sha256_of
from openmed_data.search import corpora, words
from openmed_data.search.documents import Document
from openmed_data.search.words import search_words

ENGINE = "bm25s"
PARAMETERS: Mapping[str, Any] = {"method": "lucene", "k1": 1.5, "b": 0.75, "title_weight": 2}
_FACTS, _DOCUMENTS, _SCORES = "facts.json", "documents.arrow", "bm25"


class Hit(NamedTuple):
    """A document that was found: its number in the index, and its score, above 0."""

    number: int
    score: float


def _bm25() -> Any:
    try:
        from bm25s import BM25
    except ImportError as error:
        raise UsageError("a search index needs bm25s", hint="pip install 'openmed-data[search]'") from error
    return BM25


def identity() -> dict[str, Any]:
    """Return what two indexes of the same documents must share to answer alike.

    Raises
    ------
    UsageError
        The engine is not installed.
    """
    _bm25()
    return {
        "engine": ENGINE,
        "engine_version": version(ENGINE),
        "parameters": dict(PARAMETERS),
        "words": words.VERSION,
        "cleaning": corpora.VERSION,
    }


def digest_of(documents: pl.DataFrame) -> str:
    """Return the SHA-256 of a corpus: ids, titles and texts as JSON lines."""
    digest = hashlib.sha256()
    for row in documents.select("id", "title", "text").iter_rows():
        digest.update(json.dumps(row, ensure_ascii=False).encode() + b"\n")
    return digest.hexdigest()


class SearchIndex:
    """An index in a folder; open it with `load`, make it with `build`.

    Examples
    --------
    >>> from openmed_data.search.documents import DOCUMENTS
    >>> texts = {"Gout": "Attacks of pain.", "Scabies": "Mites in the skin.", "Rickets": "Soft bones."}
    >>> rows = [(n, n, title, f"d{n}", title, text, "", "") for n, (title, text) in enumerate(texts.items())]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     index = SearchIndex.build(pl.DataFrame(rows, schema=DOCUMENTS, orient="row"), Path(folder, "index"))
    ...     [index.document(hit.number).title for hit in index.search("painful gout attack", 3)]
    ['Gout']
    """

    def __init__(self, folder: Path) -> None:
        self.facts: Mapping[str, Any] = json.loads((folder / _FACTS).read_text())
        self._engine: Any = _bm25().load(folder / _SCORES, mmap=True)
        mapped: Any = pa.memory_map(str(folder / _DOCUMENTS))
        self._table: Any = pa.ipc.open_file(mapped).read_all().combine_chunks()

    @classmethod
    def build(
        cls, documents: pl.DataFrame, folder: Path, notes: Mapping[str, Any] = MappingProxyType({})
    ) -> "SearchIndex":
        """Index `documents` into `folder`, which appears whole or not at all.

        Parameters
        ----------
        documents
            Rows of `openmed_data.search.documents.DOCUMENTS`.
        notes
            JSON values to be kept among the index's facts.
        """
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        try:
            _write(documents, beside, notes)
            if not folder.exists():
                beside.rename(folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        return cls.load(folder)

    @classmethod
    def load(cls, folder: Path) -> "SearchIndex":
        """Open an index after comparing its files with their checksums.

        Raises
        ------
        UsageError
            A file is missing or damaged.
        """
        try:
            expected: dict[str, str] = json.loads((folder / _FACTS).read_text())["files"]
            whole = expected == _checksums(folder)
        except (OSError, ValueError, KeyError):
            whole = False
        if not whole:
            raise UsageError(f"the search index in '{folder}' is damaged", hint="Remove the folder; it is built anew.")
        return cls(folder)

    def __len__(self) -> int:
        """Return the number of documents."""
        return self._table.num_rows

    def search(self, query: str, top_k: int) -> list[Hit]:
        """Return at most `top_k` documents that share a word with `query`, best first; equal ones in order."""
        return self.best(search_words(query), top_k)

    def best(self, terms: Iterable[str], top_k: int) -> list[Hit]:
        """Search for words as `search_words` gives them; one that stands twice counts once."""
        known = [term for term in dict.fromkeys(terms) if term in self._vocabulary]
        if not known:
            return []
        scores: npt.NDArray[np.float32] = self._engine.get_scores(known)
        least = np.partition(scores, -top_k)[-top_k] if top_k < scores.size else np.float32(0)
        found = np.flatnonzero((scores >= least) & (scores > 0))
        ranked = found[np.argsort(-scores[found], kind="stable")][:top_k]
        return [Hit(int(number), float(scores[number])) for number in ranked]

    def document(self, number: int) -> Document:
        """Return a document by its number."""
        columns = ("id", "title", "text", "source", "url")
        return Document(*(str(self._table.column(name)[number].as_py()) for name in columns))

    def made_from(self, origin: int) -> Sequence[int]:
        """Return the numbers of the documents that were made from a row of the corpus."""
        return self._origins.get(origin, ())

    def titled(self, title: str) -> Sequence[int]:
        """Return the numbers of the documents with a title, whatever its case and endings; parts of one count as it."""
        return self._titles.get(_title_key(title), ()) if title else ()

    def holding(self, terms: Iterable[str]) -> npt.NDArray[np.int64]:
        """Return the numbers of the documents in which every one of `terms` stands, in order."""
        found: npt.NDArray[np.int64] | None = None
        for term in terms:
            place = self._vocabulary.get(term)
            held = self._postings(place) if place is not None else np.empty(0, np.int64)
            found = held if found is None else np.intersect1d(found, held)
        return np.arange(len(self)) if found is None else found

    def frequency(self, term: str) -> int:
        """Return in how many documents a word stands."""
        place = self._vocabulary.get(term)
        return 0 if place is None else int(self._bounds[place + 1] - self._bounds[place])

    def weight(self, term: str) -> float:
        """Return how much a word tells: the logarithm of one over the share of documents in which it stands."""
        return float(np.log((len(self) + 1) / (self.frequency(term) + 0.5)))

    def _postings(self, place: int) -> npt.NDArray[np.int64]:
        held = self._engine.scores["indices"][self._bounds[place] : self._bounds[place + 1]]
        return np.sort(held.astype(np.int64))

    @cached_property
    def _vocabulary(self) -> Mapping[str, int]:
        return {term: place for term, place in self._engine.vocab_dict.items() if term}

    @cached_property
    def _bounds(self) -> npt.NDArray[np.int64]:
        return self._engine.scores["indptr"]

    @cached_property
    def _origins(self) -> Mapping[int, Sequence[int]]:
        numbers: dict[int, list[int]] = {}
        for number, origin in enumerate(self._table.column("origin").to_pylist()):
            numbers.setdefault(origin, []).append(number)
        return numbers

    @cached_property
    def _titles(self) -> Mapping[str, Sequence[int]]:
        numbers: dict[str, list[int]] = {}
        for number, title in enumerate(self._table.column("title").to_pylist()):
            numbers.setdefault(_title_key(title), []).append(number)
        return numbers


_PART = re.compile(r" \(part \d+ of \d+\)$")


def _title_key(title: str) -> str:
    return " ".join(search_words(_PART.sub("", title)))


def _write(documents: pl.DataFrame, folder: Path, notes: Mapping[str, Any]) -> None:
    engine: Any = _bm25()(method=PARAMETERS["method"], k1=PARAMETERS["k1"], b=PARAMETERS["b"])
    vocabulary: dict[str, int] = {}  # in the order of the corpus; the engine's own would be in the order of a set
    numbered = [[vocabulary.setdefault(word, len(vocabulary)) for word in text] for text in _indexed(documents)]
    engine.index((numbered, vocabulary), show_progress=False)
    engine.save(folder / _SCORES, show_progress=False)
    documents.rechunk().write_ipc(folder / _DOCUMENTS, compression="uncompressed")
    facts = {
        **identity(),
        **notes,
        "documents": documents.height,
        "sha256": digest_of(documents),
        "files": _checksums(folder),
    }
    (folder / _FACTS).write_text(json.dumps(facts, indent=1, sort_keys=True))


def _indexed(documents: pl.DataFrame) -> Iterator[list[str]]:
    for title, text in documents.select("title", "text").iter_rows():
        yield search_words(title) * PARAMETERS["title_weight"] + search_words(text)


def _checksums(folder: Path) -> dict[str, str]:
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != _FACTS)
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in paths}
