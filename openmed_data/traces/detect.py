"""Tell the format of each file from what its rows hold, or not at all."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache

import polars as pl

from openmed_data import tally
from openmed_data.errors import Problem, SourceError
from openmed_data.registry import all_of
from openmed_data.traces.format import FORMATS, Format, Record

AUTO = "auto"
_SURE = 0.5  # of the best one, on average over the rows
_APART = 0.6  # a second format that is this near to the best one is a rival
_SCALE = 1000


@lru_cache(maxsize=1)
def formats() -> Mapping[str, Format]:
    """Return every installed format by name."""
    return all_of(FORMATS)


def sure(record: Record) -> dict[str, float]:
    """Return how sure each format is of a record, without those that are not at all.

    Examples
    --------
    >>> sure({"query": "Weigh bed 4", "tools": [], "answers": []})
    {'xlam': 1.0}
    """
    found = {name: one.detect(record) for name, one in formats().items()}
    return {name: value for name, value in found.items() if value > 0}


def count_formats(records: Sequence[tuple[str, dict[str, float]]]) -> pl.DataFrame:
    """Count how sure the formats are of the rows of each file, as a tally.

    Parameters
    ----------
    records
        File and what `sure` says, for each row.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for file, found in records:
        counts[file, ""] += 1
        for name, value in found.items():
            counts[file, name] += round(_SCALE * value)
    rows = [("format", *names, number) for names, number in counts.items()]
    return pl.DataFrame(rows, schema=tally.SCHEMA, orient="row")


def decide(evidence: pl.DataFrame, stated: str) -> Mapping[str, str]:
    """Return the format of every file.

    Parameters
    ----------
    evidence
        Merged counts of `count_formats`.
    stated
        ``"auto"``, or the format that the user states for all files.

    Raises
    ------
    SourceError
        A file has no format that is known, or two that fit about as well.
    """
    scores: dict[str, dict[str, int]] = {}
    for file, name, count in evidence.filter(pl.col("table") == "format").select("key", "detail", "count").iter_rows():
        scores.setdefault(file, {})[name] = count
    if stated != AUTO:
        return dict.fromkeys(sorted(scores), stated)
    problems: list[Problem] = []
    decided: dict[str, str] = {}
    for file in sorted(scores):
        rows = scores[file].pop("")
        ranked = sorted(((count / rows / _SCALE, name) for name, count in scores[file].items()), reverse=True)
        if problem := _doubt(file, ranked):
            problems.append(problem)
        else:
            decided[file] = ranked[0][1]
    if problems:
        hint = f"State it with --set format=NAME ({', '.join(formats())}); build files of several formats one by one."
        raise SourceError("the format of the source cannot be told without guessing", problems, hint=hint)
    return decided


def _doubt(file: str, ranked: list[tuple[float, str]]) -> Problem | None:
    """Return why the best of the ranked formats may not be the right one, None where it is."""
    said = " and ".join(f"{name} ({value:.2f})" for value, name in ranked[:2]) or "none"
    if not ranked or ranked[0][0] < _SURE:
        return Problem(file, f"rows that no format is sure of: {said}", "the rows of one trace format")
    if len(ranked) > 1 and ranked[1][0] > _APART * ranked[0][0]:
        return Problem(file, f"rows that fit two formats: {said}", "the rows of one trace format")
    return None
