"""Identifiers planted into the rows of a dataset, one sentence to a row."""

from collections.abc import Iterator, Sequence
from itertools import cycle, groupby

import polars as pl

from openmed_data.check import Plant
from openmed_data.kinds import Kind
from openmed_data.planting import change_asked, groups

from .disguise import DISGUISES, disguised
from .planting import plants as sentences

_VALUES = 3  # in each template
_DISGUISED = frozenset({"email", "mrn", "name", "phone", "ssn"})


def plants(rows: pl.DataFrame, kind: Kind, seed: int) -> Iterator[Plant]:
    """Plant each class of identifier; the sentences are those that no rule was tuned on, added to what is asked."""
    found = sorted(sentences(_VALUES, seed=seed, only="judging"), key=lambda one: one.kind)
    for name, every in groupby(found, key=lambda one: one.kind):
        plain = list(every)
        planted = _planted(rows, kind, [one.text for one in plain])
        yield Plant(f"phi:{name}", planted, "a sentence with an invented identifier", any_code=True)
        if name in _DISGUISED:
            worn = [disguised(one, how).text for one, how in zip(plain, cycle(DISGUISES), strict=False)]
            hidden = f"the same, hidden by {', '.join(DISGUISES)}"
            yield Plant(f"phi:{name}", _planted(rows, kind, worn), hidden, any_code=True)


def _planted(rows: pl.DataFrame, kind: Kind, texts: Sequence[str]) -> pl.DataFrame:
    left = iter(texts)
    return change_asked(next(groups(rows, 1, len(texts))), kind, lambda text: f"{text} {next(left)}")
