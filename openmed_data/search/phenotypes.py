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
# Not a sign, but how the condition is passed on.
_NO_SIGN = re.compile(
    r"\binheritance$|^(?:sporadic|heterogeneous|somatic mutation|phenotypic variability)$", re.IGNORECASE
)
_HEAD = "Signs and symptoms: "


def without_table(text: str) -> tuple[str, str]:
    """Part a page's prose from its table of signs; return both, the table as one sentence, empty where there is none.

    Examples
    --------
    >>> page = (
    ...     "The Human Phenotype Ontology provides the following list of signs and symptoms for X. Signs and Symptoms "
    ...     "Approximate number of patients (when available) Short stature 90% Autosomal recessive inheritance - Fever - "
    ...     "The Human Phenotype Ontology (HPO) has collected information. It may be rare or common."
    ... )
    >>> without_table("It is rare. " + page)
    ('It is rare. ', 'Signs and symptoms: Short stature (90%), Fever.')
    """
    found = _TABLE.search(text)
    if found is None:
        return text, ""
    rows = [(row["name"], row["often"].replace(" ", "")) for row in _ROW.finditer(found["rows"])]
    signs = [name if often == "-" else f"{name} ({often})" for name, often in rows if not _NO_SIGN.search(name)]
    table = f"{_HEAD}{', '.join(signs)}." if signs else ""
    return text[: found.start()] + text[found.end() :], table
