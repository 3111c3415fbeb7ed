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
_FEWEST_WORDS = 4
_BRACKETED = 60  # characters; an older bracket was forgotten, not cut
# "type A", "vitamin A", "group O or A": a letter that names something.
_LETTER = re.compile(r"\bA$")


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
