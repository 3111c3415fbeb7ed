"""Further mentions, in any text of a row, of what one of its texts identifies.

"Alice Smith" in a question is a name by the words around it; in the arguments of a call, or as "Alice" in the reply,
nothing is around it, and it is the same person.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

import polars as pl

from .kinds import IdentifierType, Level
from .name_guards import CAP, FIRST, SURNAMES, is_eponym
from .spans import Taken
from .words import alternation, words

_FEWEST_CHARACTERS = 3
_Known = dict[str, tuple[str, int]]


def mentions(found: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame:
    """Return findings of what was `found` in other places of the same rows, from level 2 on.

    Parameters
    ----------
    found
        `row`, `field`, `start`, `end`, `type`, `level`, and `text`, in which these positions are.
    texts
        Every text of these rows, and maybe of others: `row`, `field`, `text`.

    Returns
    -------
    pl.DataFrame
        With the columns of `found`; nothing in it overlaps anything there.
    """
    grave = found.filter(pl.col("level") >= Level.CONTEXT)
    if not grave.height:
        return found.clear()
    known: dict[int, _Known] = {}
    taken: defaultdict[tuple[int, str], Taken] = defaultdict(Taken)
    for row, field, start, end in found.select("row", "field", "start", "end").iter_rows():
        taken[row, field].add(start, end)
    for row, text, start, end, kind, level in grave.select("row", "text", "start", "end", "type", "level").iter_rows():
        known.setdefault(row, {}).update(_names_of(text[start:end], kind, level))
    rows = texts.select("row", "field", "text").join(grave.select("row").unique(), on="row", how="semi")
    again = [
        (place, start, end, kind, level)
        for place, (row, field, text) in enumerate(rows.iter_rows())
        for start, end, (kind, level) in _again(text, known[row])
        if not taken[row, field].overlaps(start, end)
    ]
    schema = {"place": pl.Int64, **{name: found.schema[name] for name in ("start", "end", "type", "level")}}
    frame = pl.DataFrame(again, schema=schema, orient="row")
    # Gathered, a text of a hundred mentions is held once.
    return pl.concat([frame, rows[frame["place"]]], how="horizontal").select(found.columns).cast(found.schema)


def _names_of(value: str, kind: str, level: int) -> _Known:
    """Return by what else an identifier may be called: as it is, and each word of a name that lists know as one."""
    known: _Known = {}
    if kind == IdentifierType.NAME:
        parts = (frozenset(re.findall(CAP, value)) & (FIRST | SURNAMES)) - words("ambiguous_first_names")
        known = dict.fromkeys(sorted(parts | {part.upper() for part in parts}), (kind, level))
    return known | ({value: (kind, level)} if len(value) >= _FEWEST_CHARACTERS else {})


def _again(text: str, known: Mapping[str, tuple[str, int]]) -> Iterator[tuple[int, int, tuple[str, int]]]:
    for place in re.finditer(rf"(?<!\w){alternation(frozenset(known))}(?!\w)", text):
        if not is_eponym(text, place[0], place.end()):
            yield *place.span(), known[place[0]]
