"""Benchmark items: what a training row must not hold."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class BenchmarkItem:
    """One question or prompt of a benchmark.

    Attributes
    ----------
    item_id : str
        Unique within its benchmark.
    stem : str
        The question or prompt, without options.
    options : tuple of str
        The option texts, in order; empty for open questions.
    answer : str
        The text of the right answer; empty when there is none.
    """

    item_id: str
    stem: str
    options: tuple[str, ...] = ()
    answer: str = ""


@dataclass(frozen=True)
class BenchmarkItems:
    """The items of one split of one benchmark.

    Attributes
    ----------
    name : str
        As it stands in reports, e.g. ``medmcqa/validation``.
    items : tuple of BenchmarkItem
    source : str
        Where they came from: file name, or Hub repository and revision.

    Raises
    ------
    ValueError
        If there is no item, or two items share an id.
    """

    name: str
    items: tuple[BenchmarkItem, ...]
    source: str = ""

    def __post_init__(self) -> None:
        """Refuse what would make a silent gap in a report."""
        if not self.items:
            raise ValueError(f"benchmark {self.name!r} ({self.source or 'no source'}) holds no item")
        seen: set[str] = set()
        for item in self.items:
            if item.item_id in seen:
                raise ValueError(f"benchmark {self.name!r} ({self.source or 'no source'}) holds {item.item_id!r} twice")
            seen.add(item.item_id)


def digest(benchmarks: Iterable[BenchmarkItems], *, parameters: str) -> str:
    """SHA-256 of everything an index is made of: the items in their order and the parameters of the build.

    Where the items were read from (`source`) is left out: the same items give the same index.

    Examples
    --------
    >>> quiz = BenchmarkItems("quiz", (BenchmarkItem("1", "Which vein drains the liver?"),))
    >>> digest([quiz], parameters="v1") == digest([quiz], parameters="v2")
    False
    """
    total = hashlib.sha256(parameters.encode())
    for benchmark in benchmarks:
        for item in benchmark.items:
            fields = [benchmark.name, item.item_id, item.stem, *item.options, item.answer]
            total.update(json.dumps(fields).encode())
    return total.hexdigest()
