"""Where the sentences of a text begin and end: by rule, with the abbreviations of medical prose."""

import re
from collections.abc import Iterator

Span = tuple[int, int]

# A sentence may end here: a mark, closing quotes and brackets, white space, and then what can begin a sentence.
_END = re.compile(r"[.!?][\"')\]]*(?=\s+[\"'(\[]?[A-Z0-9])|\n+")
_LAST_WORD = re.compile(r"(\S+)$")
_ABBREVIATIONS = frozenset(
    "e.g i.e vs cf etc approx dr mr mrs ms prof st no nos fig figs ref refs vol dept inc ca al viz resp spp sp subsp "
    "var u.s u.k d.c a.m p.m".split()
)
_INITIAL = re.compile(r"^[\"'(\[]*(?:[A-Z]|[A-Z](?:\.[A-Z])+)$")


def sentence_spans(text: str) -> Iterator[Span]:
    r"""Yield the place of each sentence of `text`; a line break always ends one.

    Yields
    ------
    tuple of int
        First character and the one behind the last, without white space at either end.

    Examples
    --------
    >>> text = "Fever is common, e.g. In children. It lasts 3 days.\n- Rash"
    >>> [text[start:end] for start, end in sentence_spans(text)]
    ['Fever is common, e.g. In children.', 'It lasts 3 days.', '- Rash']
    """
    start = 0
    for hit in _END.finditer(text):
        if text[hit.start()] == "." and _abbreviated(text, start, hit.start()):
            continue
        yield from _trimmed(text, start, hit.end())
        start = hit.end()
    yield from _trimmed(text, start, len(text))


def _abbreviated(text: str, start: int, stop: int) -> bool:
    """Say whether the full stop at `stop` belongs to an abbreviation or to an initial, as in "H. pylori"."""
    found = _LAST_WORD.search(text, max(start, stop - 20), stop)
    if found is None:
        return False
    word = found.group(1)
    return word.lower().lstrip("\"'([") in _ABBREVIATIONS or _INITIAL.match(word) is not None


def _trimmed(text: str, start: int, stop: int) -> Iterator[Span]:
    held = text[start:stop]
    bare = held.strip()
    if bare:
        first = start + len(held) - len(held.lstrip())
        yield first, first + len(bare)
