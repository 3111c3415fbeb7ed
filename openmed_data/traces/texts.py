"""Plain texts that hold conversations."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from openmed_data.traces.fields import Record
from openmed_data.traces.reasons import Law, Unfit, unreadable

_CHATML = re.compile(r"<\|im_start\|>[ \t]*(\w+)[ \t]*\n(.*?)(?:<\|im_end\|>|(?=<\|im_start\|>)|\Z)", re.DOTALL)
_TOKEN = re.compile(r"<[|/]?\w+\|?>")  # "<|endoftext|>", "</s>"
_BEGINS = re.compile(r"(?=<\|im_start\|>[ \t]*system\b)|^(?=SYSTEM:)", re.MULTILINE)


class Span(NamedTuple):
    """What stands between two tags; `start` and `end` are those of the whole, tags included."""

    start: int
    end: int
    tag: str
    inside: str


class Tags:
    """Pairs of tags: each one that opens, and the one that closes it.

    Examples
    --------
    >>> tags = Tags({"<a>": "</a>", "<b>": "</b>"})
    >>> [span.inside for span in tags.spans("<a>1</a> <b>2 <a>3</a>")]
    ['1', '3']
    """

    def __init__(self, ends: Mapping[str, str]) -> None:
        self._ends = ends
        self._opening = re.compile("|".join(map(re.escape, ends)))

    def spans(self, text: str) -> Iterator[Span]:
        """Yield what stands between tags, in order; a tag that is never closed is text.

        A regular expression would look for its end to the end of the text, from every such tag.
        """
        last: dict[str, int] = {}
        done = 0
        for found in self._opening.finditer(text):
            tag, start = found[0], found.end()
            if tag not in last:
                last[tag] = text.rfind(self._ends[tag])
            if done <= found.start() and start <= last[tag]:
                close = text.index(self._ends[tag], start)
                done = close + len(self._ends[tag])
                yield Span(found.start(), done, tag, text[start:close])


def without(text: str, found: Iterable[Span]) -> str:
    """Return a text without some spans of it."""
    ends = [(0, 0), *((span.start, span.end) for span in found), (len(text), 0)]
    return "".join(text[end:start] for (_, end), (start, _) in pairwise(ends))


def lone_text(record: Record) -> str:
    """Return the one text that a record holds.

    Raises
    ------
    Unfit
        It holds none, or several.
    """
    for key in ("text", "prompt", "conversation", "example"):
        if isinstance(record.get(key), str):
            return record[key]
    texts = [value for value in record.values() if isinstance(value, str)]
    if len(texts) != 1:
        raise unreadable("text", None, "one text, or a list of turns")
    return texts[0]


def chatml_turns(text: str) -> list[tuple[str, str]]:
    r"""Return role and text of each turn of a ChatML text.

    Examples
    --------
    >>> chatml_turns("<|im_start|>user\nDose?<|im_end|>\n<|im_start|>assistant\n5 mg")
    [('user', 'Dose?'), ('assistant', '5 mg')]

    Raises
    ------
    Unfit
        Words stand beside the turns.
    """
    if _TOKEN.sub("", _CHATML.sub("", text)).strip():
        raise Unfit(Law.UNREADABLE, "text: found words beside its turns; expected none")
    return _CHATML.findall(text)


def chatml_texts(text: str) -> list[str]:
    """Cut a text into conversations, each of which begins with its system prompt."""
    return [piece for piece in _BEGINS.split(text) if piece.strip()]
