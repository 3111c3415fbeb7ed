"""The table of signs that rare-disease pages take from the Human Phenotype Ontology, flattened by the scrape.

What is left of it is one line of names, each followed by how often it is seen: ``Ataxia 90% Fever - Rash 2/3``.
"""

import re

_TABLE = re.compile(
    r"The Human Phenotype Ontology provides the following list.*?Approximate number of patients \(when available\)"
    r"(?P<rows>.*?)(?:The Human Phenotype Ontology \(HPO\) has collected.*?(?:rare or common\.|$)|$)",
    re.DOTALL,
)
_ROW = re.compile(r"(?P<name>\S.*?)\s+(?P<often>\d+(?:\.\d+)?\s?%|\d+/\d+|-|Very rare|Occasional|Frequent)(?=\s|$)")
# Not a sign, but how the condition is passed on, begins and goes on.
_NO_SIGN = re.compile(
    r"\b(?:inheritance|onset|progression)$"
    r"|^(?:(?:non|rapidly )?progressive|sporadic|heterogeneous|somatic (?:mutation|mosaicism)|genetic anticipation"
    r"|incomplete penetrance|variable expressivity|phenotypic variability|.*contiguous gene syndrome)$",
    re.IGNORECASE,
)
_HEAD = "Signs and symptoms listed by the Human Phenotype Ontology:"
_UNKNOWN = "-"
_EPONYMS = frozenset(
    "Achilles Alzheimer Arnold Axenfeld Babinski Barrett Bell Brushfield Duane Dupuytren Erlenmeyer Gowers Graves "
    "Hashimoto Hodgkin Horner Leber Lewy Lisch Madelung Meckel Peters Potter Raynaud Rieger Sprengel Stahl Wilms "
    "Wormian".split()
)
_FEWEST = 2  # a single sign is the condition's own name more often than not


def without_table(text: str) -> tuple[str, list[str]]:
    """Part a page's prose from its table of signs; return both, the table as a list with an item for each frequency.

    Examples
    --------
    >>> page = (
    ...     "The Human Phenotype Ontology provides the following list of signs and symptoms for X. Signs and Symptoms "
    ...     "Approximate number of patients (when available) Short stature 90% Autosomal recessive inheritance - "
    ...     "Fever - The Human Phenotype Ontology (HPO) has collected information. It may be rare or common."
    ... )
    >>> prose, table = without_table("It is rare. " + page)
    >>> prose, table[1:]
    ('It is rare. ', ['- Seen in 90% of patients: short stature.', '- Frequency not stated: fever.'])
    """
    found = _TABLE.search(text)
    if found is None:
        return text, []
    signs: dict[str, list[str]] = {}
    for row in _ROW.finditer(found["rows"]):
        if not _NO_SIGN.search(row["name"]):
            signs.setdefault(row["often"].replace(" ", ""), []).append(_uncapitalised(row["name"]))
    lines = [f"- {_seen(often)}: {', '.join(names)}." for often, names in signs.items()]
    whole = sum(map(len, signs.values())) >= _FEWEST
    return text[: found.start()] + text[found.end() :], [_HEAD, *lines] if whole else []


def _seen(often: str) -> str:
    if often == _UNKNOWN:
        return "Frequency not stated"
    seen, _, of_all = often.lower().partition("/")
    return f"Seen in {seen} of {of_all} patients" if of_all else f"Seen in {seen} of patients"


def _uncapitalised(name: str) -> str:
    """Write a name as within a sentence; abbreviations and eponyms such as "EEG" and "Kayser-Fleischer" stay."""
    first = name.split(" ", 1)[0]
    return name[0].lower() + name[1:] if first[1:].islower() and first not in _EPONYMS else name
