"""What search traces need before the first row: which topics are held out, and an index of everything else."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from openmed_data._version import __version__
from openmed_data.builder import SHAPE
from openmed_data.errors import UsageError
from openmed_data.progress import Progress
from openmed_data.search import SearchIndex, documents_of, read_corpus
from openmed_data.search.corpora import READERS, origin_of
from openmed_data.search.index import identity
from openmed_data.seeds import uniform

from .choices import CHOICE_SHAPES
from .options import Planner, SearchOptions

# Topics are drawn in such excess of the share, as many are mentioned in documents about others and cannot be used.
_EXCESS = 5
_HELD_OUT = "held_out"
_SHORTEST_NAME = 6  # characters; "gas" stands in every text


@dataclass(frozen=True, slots=True)
class SearchState:
    """Where the index lies, which topics are held out of it, and what the manifest says of it.

    Attributes
    ----------
    bases
        What MedMCQA's `cop` counts from, by file.
    folder
        Of the index, in the user's cache; the rest is unknown before it was prepared.
    facts
        What the manifest says of the index.
    store, planner
        Of `planner=llm`: where the answers are, and what the manifest says of them.
    """

    bases: Mapping[str, int] = field(default_factory=dict[str, int])
    folder: Path = Path()
    held_out: frozenset[int] = frozenset()
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    store: Path = Path()
    planner: Mapping[str, Any] = field(default_factory=dict[str, Any])


def prepare_search(
    source: Iterable[pl.DataFrame], state: SearchState, options: SearchOptions, progress: Progress
) -> SearchState:
    """Open the index of the corpus that is searched, built before or now.

    The index is kept under a name that is the digest of the rows, the options that hold topics out, and the versions
    of engine and rules, so a changed corpus gives a new index and never a stale answer.

    Raises
    ------
    SourceError
        The corpus cannot be read or holds no document.
    UsageError
        The source is a set of questions, and no corpus is given; or a model is to plan, and it is not said which.
    """
    if options.planner is Planner.LLM:
        options.require_endpoint("planner=llm")
    if options.corpus is None and any(_shape(batch) in CHOICE_SHAPES for batch in source):
        raise UsageError("exam questions need a corpus to be searched", hint="Give one: --set corpus=PATH.")
    share = options.nothing_found_share if options.corpus is None else 0.0
    batches = _Corpus(source, options.corpus)
    key = _key(batches, share, options.seed)
    folder = options.cache.expanduser() / f"search-{key}"
    if not (folder / "facts.json").exists():
        progress.note(f"building a search index in {folder.parent}, once for this corpus")
        documents = documents_of(batches)
        held_out = _held_out(documents, share, options.seed)
        left = documents.filter(~pl.col("topic").is_in(held_out))
        SearchIndex.build(left, folder, notes={_HELD_OUT: held_out})
    facts = dict(open_index(folder).facts)
    held = frozenset[int](facts.pop(_HELD_OUT))
    del facts["files"]
    return SearchState(state.bases, folder, held, {**facts, "topics_held_out": len(held)})


@dataclass(frozen=True, slots=True)
class _Corpus:
    """The rows of a corpus, as often as anyone asks: those of a file, or else those of the source itself."""

    source: Iterable[pl.DataFrame]
    path: Path | None

    def __iter__(self) -> Iterator[pl.DataFrame]:
        """Yield its batches, every column as text."""
        if self.path is not None:
            return read_corpus(self.path)
        return (batch for batch in self.source if _shape(batch) in READERS)


def _shape(batch: pl.DataFrame) -> str:
    return batch[SHAPE][0] if batch.height else ""


def _key(batches: Iterable[pl.DataFrame], share: float, seed: int) -> str:
    digest = hashlib.sha256(json.dumps([__version__, identity(), share, seed if share else 0], sort_keys=True).encode())
    for batch in batches:
        digest.update(np.array([origin_of(row) for row in batch.iter_rows(named=True)], np.uint64).tobytes())
    return digest.hexdigest()[:32]


def _held_out(documents: pl.DataFrame, share: float, seed: int) -> list[int]:
    """Return topics with about `share` of the documents, drawn among those that no document of another one mentions."""
    if not share:
        return []
    topics = documents.group_by("topic").agg(pl.col("topic_name").first(), pl.len().alias("documents"))
    drawn = pl.Series("drawn", uniform(topics["topic"].to_numpy(), seed, "search:held out"))
    candidates = topics.with_columns(drawn, pl.col("topic_name").str.to_lowercase().alias("name")).filter(
        (pl.col("drawn") < share * _EXCESS) & (pl.col("name").str.len_chars() >= _SHORTEST_NAME)
    )
    mentioned = _mentioned(documents, candidates)
    left = candidates.filter(~pl.col("topic").is_in(mentioned.implode())).sort("drawn", "topic")
    return left.filter(pl.col("documents").cum_sum() <= share * documents.height)["topic"].to_list()


def _mentioned(documents: pl.DataFrame, candidates: pl.DataFrame) -> pl.Series:
    """Return the topics of `candidates` whose name stands in a document of another topic."""
    names = candidates["name"].to_list()
    text = pl.concat_str("title", "text", separator="\n").str.to_lowercase()
    found = text.str.extract_many(names, overlapping=True).list.unique().alias("name")
    told = documents.select("topic", found).explode("name").drop_nulls("name")
    pairs = told.join(candidates.select("name", pl.col("topic").alias("named")), on="name")
    return pairs.filter(pl.col("topic") != pl.col("named"))["named"].unique()


@lru_cache(maxsize=2)
def open_index(folder: Path) -> SearchIndex:
    """Open an index once for each worker."""
    return SearchIndex.load(folder)
