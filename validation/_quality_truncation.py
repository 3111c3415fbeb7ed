"""Tell texts that were cut off: at a limit of tokens, of characters, or by a lost line.

A full stop is missing at the end of many a whole text, so a missing one says nothing. What does is an end where no
sentence can end: on a comma, an article or a preposition, within brackets, or within a block of code.
"""

import re

import polars as pl

_FEWEST_CHARACTERS = 60
_FENCE = "```"
_DANGLING_WORD = re.compile(
    r"(?:^|[\s(])(?:a|an|the|and|or|nor|but|because|although|whereas|of|from|into|with|without|between|among|during|their|"
    r"its|your|his|which|whose|such as|than|as well as|due to|is the|are the|is an?|including|e\.g\.|i\.e\.)$",
    re.IGNORECASE,
)
_LAST_SENTENCE = re.compile(r"(?:^|[.!?:;]\s|\n)(?=[^.!?:;\n]*$)")
# A sentence of lower-case words after two whole ones: no list, no heading, no reference to a book.
_OPEN_SENTENCE = re.compile(r"[a-z)][.!?] [A-Z][^.!?\n]{10,}[a-z)][.!?] ([A-Z][a-z'-]*(?:,? [a-z0-9'/()-]+){3,},?)$")
_RUNNING = re.compile(r" (?:the|an?|of|is|are|to|in|and|with|by|from|for|which|that|its?)(?: |,|$)")
_FEWEST_WORDS = 4
_BRACKETED = 60  # characters; an older bracket was forgotten, not cut
# "type A", "vitamin A", "group O or A": a letter that names something.
_LETTER = re.compile(r"\bA$")


def open_ended(texts: pl.Series) -> pl.Series:
    """Return whether each text is prose whose sentences all end but the last: cut off, or written without care.

    Examples
    --------
    >>> open_ended(pl.Series(["It makes bile. It is stored. Bile helps to dig", "It makes bile", "a. b. c"])).to_list()
    [True, False, False]
    """
    stripped = texts.str.strip_chars_end()
    places = stripped.str.contains(r"[a-z,]$").arg_true()
    found = pl.Series([_ends_openly(text) for text in stripped.gather(places)], dtype=pl.Boolean)
    every = pl.repeat(value=False, n=texts.len(), dtype=pl.Boolean, eager=True)
    return every.scatter(places.filter(found), values=True)


def _ends_openly(text: str) -> bool:
    """Return whether the last paragraph is two whole sentences and the beginning of one more."""
    hit = _OPEN_SENTENCE.search(text.rpartition("\n")[2][-800:])
    return hit is not None and _RUNNING.search(hit[1]) is not None


def truncated(texts: pl.Series) -> pl.Series:
    """Return whether each text ends where none can end.

    Examples
    --------
    >>> begin = "The liver lies below the diaphragm. It makes bile, which helps to digest"
    >>> texts = pl.Series([f"{begin} the", f"{begin} fat (and", f"{begin} fat", "```python print(1)"])
    >>> truncated(texts).to_list()
    [True, True, False, True]
    """
    stripped = texts.str.strip_chars_end()
    unclosed = (stripped.str.count_matches(_FENCE, literal=True) % 2 == 1) | (
        stripped.str.count_matches("<think>", literal=True) > stripped.str.count_matches("</think>", literal=True)
    )
    open_end = stripped.str.contains(r"[A-Za-z0-9,(\[{.]$") & (stripped.str.len_chars() >= _FEWEST_CHARACTERS)
    places = open_end.arg_true()
    cut = pl.Series([is_cut(text) for text in stripped.gather(places)], dtype=pl.Boolean)
    return unclosed.scatter(places.filter(cut), values=True)


def is_cut(text: str) -> bool:
    """Return whether the last sentence of `text` is of some length and ends where none can."""
    starts = [hit.end() for hit in _LAST_SENTENCE.finditer(text[-600:])]
    last = text[-600:][starts[-1] :] if starts else text[-600:]
    if len(last.split()) < _FEWEST_WORDS:
        return False
    if text[-1] in ",([{":
        return True
    if _DANGLING_WORD.search(last) and not _LETTER.search(last):
        return True
    tail = text[-_BRACKETED:]
    return text[-1].isalnum() and any(tail.rfind(opened) > tail.rfind(closed) for opened, closed in ("()", "[]"))
