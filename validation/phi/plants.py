"""Identifiers planted into the rows of a dataset, one sentence to a row."""

from collections.abc import Iterator
from itertools import groupby

import polars as pl

from openmed_data.check import Plant
from openmed_data.kinds import Kind
from openmed_data.planting import change_asked, groups

from .planting import plants as sentences

_VALUES = 3  # in each template


def plants(rows: pl.DataFrame, kind: Kind, seed: int) -> Iterator[Plant]:
    """Plant each class of identifier; the sentences are those that no rule was tuned on, added to what is asked."""
    found = sorted(sentences(_VALUES, seed=seed, only="judging"), key=lambda one: one.kind)
    classes = [(name, [one.text for one in every]) for name, every in groupby(found, key=lambda one: one.kind)]
    for name, texts in classes:
        part = next(groups(rows, 1, len(texts)))
        left = iter(texts)
        planted = change_asked(part, kind, lambda text, left=left: f"{text} {next(left)}")
        yield Plant(f"phi:{name}", planted, "a sentence with an invented identifier", any_code=True)
