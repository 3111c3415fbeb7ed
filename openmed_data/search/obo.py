"""Read the terms of an OBO file, such as the Disease Ontology, as rows of text columns.

The format: https://owlcollab.github.io/oboformat/doc/GO.format.obo-1_4.html. Only what a document needs is read.
"""

import json
import re
from collections.abc import Iterator, Sequence

import polars as pl

from openmed_data.errors import Problem, SourceError
from openmed_data.sources.readers import FramePart, Part
from openmed_data.sources.resolve import SourceFile
from openmed_data.sources.streams import open_bytes, require_utf_8

OBO = ".obo"
DISEASE_ONTOLOGY = "Disease Ontology"

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")
_RELATION = re.compile(r"(?<=[a-z])_(?=[a-z])")  # has_material_basis_in


def read_obo(file: SourceFile, columns: Sequence[str], part_rows: int) -> Iterator[Part]:
    """Yield the terms of an ontology that are not obsolete, in parts of at most `part_rows`.

    Raises
    ------
    SourceError
        The file is not UTF-8, or holds no term.
    """
    require_utf_8(file)
    rows = [row for row in map(_row, _stanzas(file)) if row is not None]
    if not rows:
        problem = Problem(file.name, "no stanza [Term] with an id and a name", "an ontology in the OBO format")
        raise SourceError(f"'{file.name}' holds no terms", [problem], hint="Fetch it again.")
    for first in range(0, len(rows), part_rows):
        held = pl.DataFrame(rows[first : first + part_rows], schema=dict.fromkeys(_COLUMNS, pl.String), orient="row")
        absent = [pl.lit(None, pl.String).alias(name) for name in columns if name not in _COLUMNS]
        yield FramePart(file.name, DISEASE_ONTOLOGY, first + 1, held.with_columns(absent).select(columns))


_COLUMNS = ("id", "name", "definition", "synonyms", "parents")


def _stanzas(file: SourceFile) -> Iterator[list[tuple[str, str]]]:
    """Yield the tags and values of each term."""
    held: list[tuple[str, str]] | None = None
    with open_bytes(file) as stream:
        for line in (raw.decode("utf-8-sig").strip() for raw in stream):
            if line.startswith("["):
                if held:
                    yield held
                held = [] if line == "[Term]" else None
            elif held is not None and ": " in line:
                tag, _, value = line.partition(": ")
                held.append((tag, value))
    if held:
        yield held


def _row(stanza: list[tuple[str, str]]) -> tuple[str, str, str, str, str] | None:
    first = dict(reversed(stanza))
    if first.get("is_obsolete") == "true" or not first.get("id") or not first.get("name"):
        return None
    synonyms = [_quoted(value) for tag, value in stanza if tag == "synonym" and " EXACT" in value]
    parents = [value.partition(" ! ")[2] for tag, value in stanza if tag == "is_a" and " ! " in value]
    definition = _RELATION.sub(" ", _quoted(first.get("def", "")))
    return first["id"], first["name"], definition, json.dumps(synonyms), json.dumps(parents)


def _quoted(value: str) -> str:
    found = _QUOTED.search(value)
    return _ESCAPED.sub(r"\1", found.group(1)).strip() if found else ""
