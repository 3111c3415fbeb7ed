"""Cut prose into sentences, and compare texts by their letters and digits alone."""

import re

_END = re.compile(r"[.!?](?:[\"')\]]|\u201d|\u2019)?\s+(?=[\"'(\[]?[A-Z0-9])")
# Before these a full stop ends no sentence: abbreviations, and the initial of a genus (E. coli).
_ABBREVIATED = re.compile(
    r"(?:^|[\s(])(?:e\.g|i\.e|etc|vs|viz|cf|ca|approx|Dr|Mr|Mrs|Ms|St|Jr|Sr|No|Nos|Fig|Vol|Inc|al|U\.S|[A-Z])\.$"
)
_BRACKET = re.compile(r"[()]")
_NOT_WORD = re.compile(r"[\W_]+")


def sentences(text: str) -> list[str]:
    """Return the sentences of a paragraph, in order; nothing is lost but the white space between them.

    Examples
    --------
    >>> sentences("E. coli lives in the gut. It is common, e.g. in cattle. Wash hands!")
    ['E. coli lives in the gut.', 'It is common, e.g. in cattle.', 'Wash hands!']
    >>> sentences("It beats (Rate is a number. Rhythm is a pattern.) It rests.")
    ['It beats (Rate is a number. Rhythm is a pattern.)', 'It rests.']
    """
    found: list[str] = []
    start = 0
    for end in _END.finditer(text):
        piece = text[start : end.end()].strip()
        if text[end.start()] == "." and _ABBREVIATED.search(text[start : end.start() + 1]):
            continue
        if _is_open(piece, text, end.end()):
            continue
        found.append(piece)
        start = end.end()
    rest = text[start:].strip()
    return [*found, rest] if rest else found


def _is_open(piece: str, text: str, end: int) -> bool:
    """Say whether a bracket of the piece is closed behind its end, by the next bracket of the text."""
    if piece.count("(") <= piece.count(")"):
        return False
    after = _BRACKET.search(text, end)
    return after is not None and after[0] == ")"


def squash(text: str) -> str:
    """Return the letters and digits of a text in lower case: equal for texts that differ in typography alone.

    Examples
    --------
    >>> squash("Doesn't it?") == squash("doesnt - IT")
    True
    """
    return _NOT_WORD.sub("", text).lower()
