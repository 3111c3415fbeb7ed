"""Tell texts that were cut off: at a limit of tokens, of characters, or by a lost line."""

import re

import polars as pl

_FEWEST_CHARACTERS = 80
_SENTENCE_END = re.compile(r"[.!?][\"'”’)\]]*(?:\s|$)")
_OPEN_END = re.compile(r"[\w,(\[{/–—-]$")
# No sentence ends in one of these.
_DANGLING = re.compile(
    r"(?:\b(?:a|an|the|and|or|but|if|because|with|of|from|into|their|its|your|such as|than|that are|which is|"
    r"is an?|are an?|may be|can be|will be)|[,(\[{–—])$",
    re.IGNORECASE,
)
_LIST_LINE = re.compile(r"^\s*(?:[-*•–·○]|\(?\w{1,3}[.)]\s|#|\|)")
_ADDRESS = re.compile(r"(?:https?://|www\.|@)\S*$")
_FENCE = "```"


def truncated(texts: pl.Series) -> pl.Series:
    """Return whether each text ends in the middle of something.

    Examples
    --------
    >>> begin = "The liver lies below the diaphragm. It makes bile. Bile is stored in the gallbladder and helps "
    >>> texts = pl.Series([begin + "to digest the", begin + "to digest fat.", "Liver, spleen", "```python\\nprint(1)"])
    >>> truncated(texts).to_list()
    [True, False, False, True]
    """
    stripped = texts.str.strip_chars_end()
    open_end = stripped.str.contains(r"[\w,(\[{/–—-]$") & (stripped.str.len_chars() >= _FEWEST_CHARACTERS)
    unclosed = (stripped.str.count_matches(_FENCE, literal=True) % 2 == 1) | (
        stripped.str.count_matches("<think>", literal=True) > stripped.str.count_matches("</think>", literal=True)
    )
    places = open_end.arg_true()
    cut = pl.Series([is_cut(text) for text in stripped.gather(places)], dtype=pl.Boolean)
    return unclosed.scatter(places.filter(cut), values=True)


def is_cut(text: str) -> bool:
    """Return whether prose without a full stop at its end was cut: earlier sentences had theirs."""
    last = text.rpartition("\n")[2]
    if not _OPEN_END.search(text) or _ADDRESS.search(last) or _LIST_LINE.match(last):
        return False
    if not _SENTENCE_END.search(text):
        return False
    if _DANGLING.search(last):
        return True
    # A last line of prose, whose own earlier sentences end as they should.
    return len(_SENTENCE_END.findall(last)) >= 2
