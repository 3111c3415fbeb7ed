"""The contamination index: built once from benchmarks, cached as one file, scanned with batches of texts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from openmed_data.text.word_hashes import Words

from ._build import PARAMETERS, Anchors, Arrays, Members, build_arrays
from ._match import Candidates, find_candidates, weigh
from ._store import IndexFileError, Stored, read_file, write_file
from ._table import HashTable
from ._words import split_words, word_spans
from .items import BenchmarkItems, digest
from .rule import RULES, decide

SCHEMA = pl.Schema(
    {
        "row": pl.Int64,
        "benchmark": pl.String,
        "item_id": pl.String,
        "score": pl.Float64,
        "rule": pl.String,
        "start": pl.Int64,
        "end": pl.Int64,
    }
)
INDEX_SUFFIX = ".index"
# Characters matched at once: the arrays of such a batch stay in the processor's cache.
_BATCH = 1 << 18


@dataclass(frozen=True)
class Index:
    """Benchmark items, ready to be looked for in texts.

    Attributes
    ----------
    benchmarks : tuple of str
        Names, in the order given.
    item_ids : tuple of str
    benchmark_of : uint32[n_items]
        Place in `benchmarks` of each item.
    arrays : Arrays
    digest : str
        SHA-256 of the items and of the build's parameters.

    Examples
    --------
    >>> from openmed_data.validation.contamination import BenchmarkItem, BenchmarkItems
    >>> stem = "A farmer with a painless ulcer of the hand has lymph nodes along the arm. Which fungus grows?"
    >>> quiz = BenchmarkItems("quiz", (BenchmarkItem("7", stem, ("Sporothrix", "Candida"), "Sporothrix"),))
    >>> index = Index.build([quiz])
    >>> found = index.scan(["Is coffee harmful?", "Q: " + stem.upper() + " Answer: Sporothrix"])
    >>> found.select("row", "benchmark", "item_id", "rule").rows()
    [(1, 'quiz', '7', 'stem')]
    """

    benchmarks: tuple[str, ...]
    item_ids: tuple[str, ...]
    benchmark_of: NDArray[np.uint32]
    arrays: Arrays
    digest: str

    @classmethod
    def build(cls, benchmarks: Iterable[BenchmarkItems]) -> "Index":
        """Index the items of `benchmarks`.

        Raises
        ------
        ValueError
            If there is no benchmark, or two have the same name.
        """
        given = tuple(benchmarks)
        names = tuple(benchmark.name for benchmark in given)
        if not names or len(set(names)) < len(names):
            raise ValueError(f"benchmarks to index must be given, each name once; got {list(names)}")
        items = [item for benchmark in given for item in benchmark.items]
        return cls(
            benchmarks=names,
            item_ids=tuple(item.item_id for item in items),
            benchmark_of=np.repeat(np.arange(len(given), dtype=np.uint32), [len(b.items) for b in given]),
            arrays=build_arrays(items),
            digest=digest(given, parameters=PARAMETERS),
        )

    @classmethod
    def cached(cls, benchmarks: Iterable[BenchmarkItems], directory: Path) -> "Index":
        """Load the index of `benchmarks` from `directory`, or build and keep it there.

        The file is named by the digest of the items, so changed benchmarks give a new file and never a stale answer.

        Raises
        ------
        IndexFileError
            If the cached file is damaged.
        """
        given = tuple(benchmarks)
        path = index_file(digest(given, parameters=PARAMETERS), directory)
        if path.exists():
            return cls.load(path)
        index = cls.build(given)
        index.save(path)
        return index

    def save(self, path: Path) -> None:
        """Write the index to `path`, whole or not at all; the same items give the same bytes."""
        arrays = {**_flat("", self.arrays), "benchmark_of": self.benchmark_of}
        texts = {"benchmarks": self.benchmarks, "item_ids": self.item_ids}
        write_file(path, Stored(arrays, texts, {"digest": self.digest, "parameters": PARAMETERS}))

    @classmethod
    def load(cls, path: Path) -> "Index":
        """Map the index at `path` into memory.

        Raises
        ------
        IndexFileError
            If the file is damaged or was built with other parameters.
        FileNotFoundError
            If there is none.
        """
        stored = read_file(path)
        if stored.facts.get("parameters") != PARAMETERS:
            raise IndexFileError(f"contamination index {path} was built with other parameters; delete it")
        return cls(
            benchmarks=tuple(stored.texts["benchmarks"]),
            item_ids=tuple(stored.texts["item_ids"]),
            benchmark_of=stored.arrays["benchmark_of"],
            arrays=_nested(stored.arrays),
            digest=stored.facts["digest"],
        )

    def summary(self) -> pl.DataFrame:
        """Items of each benchmark, and how many of them say too little to be found (`blind`).

        Blind items have neither a rare word pair in the stem nor in the options ("What is 2 + 2?", "4", "5").
        """
        blind = self.arrays.anchors.mass == 0
        size = len(self.benchmarks)
        return pl.DataFrame(
            {
                "benchmark": self.benchmarks,
                "items": np.bincount(self.benchmark_of, minlength=size),
                "blind": np.bincount(self.benchmark_of[blind], minlength=size),
            }
        )

    def scan(self, texts: Sequence[str], *, exclude: Mapping[str, str] | None = None) -> pl.DataFrame:
        """Find the items that `texts` contain.

        Parameters
        ----------
        texts : sequence of str
            One text per row: prompt, options and answer together.
        exclude : mapping of str to str, optional
            Benchmarks left out, with the reason: ``{"medmcqa/validation": "the build is made from it"}``.

        Returns
        -------
        pl.DataFrame
            One line per row and benchmark, the best item of each, ordered by row: `row` (place in `texts`),
            `benchmark`, `item_id`, `score` (0 to 1), `rule` (see `Rule`), `start` and `end` (characters of the text in
            which the stem was found).

        Raises
        ------
        ValueError
            If `exclude` names an unknown benchmark, or gives no reason.
        """
        allowed = self._allowed(exclude or {})
        found = [self._scan_batch(texts, start, stop, allowed) for start, stop in _batches(texts)]
        return pl.concat([SCHEMA.to_frame(), *found])

    @cached_property
    def ids_by_benchmark(self) -> dict[str, frozenset[str]]:
        """The item ids of each benchmark."""
        held: dict[str, set[str]] = {name: set() for name in self.benchmarks}
        for place, item_id in zip(self.benchmark_of.tolist(), self.item_ids, strict=True):
            held[self.benchmarks[place]].add(item_id)
        return {name: frozenset(ids) for name, ids in held.items()}

    @cached_property
    def _tables(self) -> tuple[HashTable, HashTable]:
        return HashTable.over(self.arrays.anchors.keys), HashTable.over(self.arrays.word_keys)

    def _allowed(self, exclude: Mapping[str, str]) -> NDArray[np.bool_]:
        for name, reason in exclude.items():
            if name not in self.benchmarks:
                raise ValueError(f"cannot exclude {name!r}: the index holds {', '.join(self.benchmarks)}")
            if not reason.strip():
                raise ValueError(f"cannot exclude {name!r} without a reason")
        kept = np.array([name not in exclude for name in self.benchmarks], np.bool_)
        return kept[self.benchmark_of]

    def _scan_batch(self, texts: Sequence[str], start: int, stop: int, allowed: NDArray[np.bool_]) -> pl.DataFrame:
        pairs, vocabulary = self._tables
        words = split_words(texts[start:stop])
        candidates = find_candidates(words, self.arrays, pairs, allowed)
        rule, score = decide(weigh(words, self.arrays, vocabulary, candidates))
        benchmark = self.benchmark_of[candidates.item].astype(np.int64)
        order = np.lexsort((candidates.item, -score, benchmark, candidates.document))
        order = order[rule[order] >= 0]
        key = candidates.document[order] * len(self.benchmarks) + benchmark[order]
        best = order[np.unique(key, return_index=True)[1]]
        return self._report(texts, start, words, candidates, _Verdict(best, rule[best], score[best]))

    def _report(
        self, texts: Sequence[str], start: int, words: Words, candidates: Candidates, verdict: "_Verdict"
    ) -> pl.DataFrame:
        chosen = verdict.chosen
        base = words.bounds[candidates.document[chosen]]
        rows: list[int] = candidates.document[chosen].tolist()
        items: list[int] = candidates.item[chosen].tolist()
        first: list[int] = (candidates.first[chosen] - base).tolist()
        last: list[int] = (candidates.stop[chosen] - base - 1).tolist()
        benchmarks: list[int] = self.benchmark_of[items].tolist()
        rules: list[int] = verdict.rule.tolist()
        spans = {row: word_spans(texts[start + row]) for row in set(rows)}
        return pl.DataFrame(
            {
                "row": [row + start for row in rows],
                "benchmark": [self.benchmarks[place] for place in benchmarks],
                "item_id": [self.item_ids[item] for item in items],
                "score": verdict.score,
                "rule": [RULES[code].value for code in rules],
                "start": [spans[row][word][0] for row, word in zip(rows, first, strict=True)],
                "end": [spans[row][word][1] for row, word in zip(rows, last, strict=True)],
            },
            schema=SCHEMA,
        )


@dataclass(frozen=True)
class _Verdict:
    chosen: NDArray[np.int64]
    rule: NDArray[np.int64]
    score: NDArray[np.float64]


def index_file(digest: str, folder: Path) -> Path:
    """Return where, in a folder of indexes, that of this digest is kept."""
    return folder / f"contamination-{digest}{INDEX_SUFFIX}"


def _batches(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Cut `texts` into stretches of about `_BATCH` characters."""
    start, size = 0, 0
    for place, text in enumerate(texts):
        size += len(text) + 1
        if size >= _BATCH:
            yield start, place + 1
            start, size = place + 1, 0
    if start < len(texts):
        yield start, len(texts)


def _flat(prefix: str, part: Arrays | Anchors | Members) -> dict[str, NDArray[Any]]:
    """Name every array of `part`, e.g. ``anchors.keys``."""
    named: dict[str, NDArray[Any]] = {}
    for field in fields(part):
        value = getattr(part, field.name)
        name = f"{prefix}{field.name}"
        named |= {name: value} if isinstance(value, np.ndarray) else _flat(f"{name}.", value)
    return named


def _nested(arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    def part(prefix: str) -> dict[str, NDArray[Any]]:
        return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}

    whole = {field.name: arrays[field.name] for field in fields(Arrays) if field.name in arrays}
    members = {name: Members(**part(f"{name}.")) for name in ("stem", "options", "answer")}
    return Arrays(anchors=Anchors(**part("anchors.")), **members, **whole)  # pyright: ignore[reportArgumentType]
