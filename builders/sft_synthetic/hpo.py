"""Read the table of signs that rare-disease pages take from the Human Phenotype Ontology, run into one line."""

import re
from typing import NamedTuple

_TABLE = re.compile(
    r"(?:The Human Phenotype Ontology provides the following list\b.*?)?"
    r"Signs and Symptoms Approximate number of patients \(when available\)\s*(?P<rows>.*?)"
    r"\s*(?:The Human Phenotype Ontology \(HPO\) has collected\b.*)?$",
    re.DOTALL,
)
_PROMISE = re.compile(r"The Human Phenotype Ontology provides the following list\b.*$", re.DOTALL)
_ROW = re.compile(r"(?P<sign>[A-Z0-9(][^%]*?)\s+(?P<share>\d+(?:\.\d+)?%|\d+/\d+|\d+ of \d+|-)(?=\s+[A-Z0-9(]|\s*$)")
# Rows that tell of heredity and course, not of a sign.
_NO_SIGN = re.compile(
    r"inheritance$|\bonset$|^(?:Heterogeneous|Sporadic|Phenotypic variability|Variable expressivity|Variable)$"
    r"|penetrance|^Somatic|^Genetic anticipation|^Progressive$|^Slow progression$|^Rapidly progressive$|mortality",
    re.IGNORECASE,
)


class Signs(NamedTuple):
    """The prose before the table, and the table's rows as lines, such as ``Arthritis (90%)``."""

    prose: str
    lines: tuple[str, ...]


def read_signs(text: str) -> Signs:
    """Take the table out of an answer; without one, all of it is prose.

    Examples
    --------
    >>> read_signs("Joints ache. Signs and Symptoms Approximate number of patients (when available) Arthritis 90% "
    ...            "Autosomal dominant inheritance - Short toe - ")
    Signs(prose='Joints ache. ', lines=('Arthritis (90%)', 'Short toe'))
    """
    table = _TABLE.search(text)
    if table is None:
        promise = _PROMISE.search(text)
        return Signs(text[: promise.start()] if promise else text, ())
    lines = [
        row["sign"] if row["share"] == "-" else f"{row['sign']} ({row['share']})"
        for row in _ROW.finditer(table["rows"])
        if not _NO_SIGN.search(row["sign"])
    ]
    return Signs(text[: table.start()], tuple(dict.fromkeys(lines)))
