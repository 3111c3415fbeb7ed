"""Benchmark items planted into the rows of a dataset."""

import random
from collections.abc import Iterator

import polars as pl

from openmed_data.check import Plant
from openmed_data.kinds import Kind
from openmed_data.planting import change_asked, groups

from .items import BenchmarkItem
from .local import INDEX_SUFFIX, load
from .plants import Leak, Planter

_EACH = 40
_FEWEST_WORDS = 8  # a shorter stem alone says too little to be told from other questions
_PASSAGES = (
    "Read the following with care and then answer as briefly as you can, giving a reason where you are not certain.",
    "This question was asked at the end of a week of lectures; most of those who sat in the first row answered it.",
)
_WORDS = "tide harbour lantern violin meadow copper Tuesday bridge".split()
_LEAKS = (Leak.VERBATIM, Leak.SHUFFLED, Leak.QUESTION, Leak.NOISE, Leak.LOOK_ALIKES, Leak.EMBEDDED, Leak.PARAPHRASE)


def plants(rows: pl.DataFrame, kind: Kind, benchmarks: tuple[str, ...], rng: random.Random) -> Iterator[Plant]:
    """Plant items of every benchmark in each way in which items leak; an index holds no text, so none of it."""
    planter = Planter(passages=_PASSAGES, words=_WORDS)
    for benchmark in load([one for one in benchmarks if not one.endswith(INDEX_SUFFIX)]):
        long = [item for item in benchmark.items if len(item.stem.split()) >= _FEWEST_WORDS]
        for leak in _LEAKS:
            chosen = rng.sample(long, min(_EACH, len(long), rows.height))
            if chosen:
                yield Plant(f"contamination:{benchmark.name}", _planted(rows, kind, chosen, leak, planter), str(leak))


def _planted(rows: pl.DataFrame, kind: Kind, items: list[BenchmarkItem], leak: Leak, planter: Planter) -> pl.DataFrame:
    left = iter(items)
    return change_asked(next(groups(rows, 1, len(items))), kind, lambda _: planter.plant(next(left), leak))
