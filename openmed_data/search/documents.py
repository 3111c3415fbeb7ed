"""What a corpus is made of: documents with an id, a title and a text short enough to be read at once."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from openmed_data.search.sentences import sentence_spans

# A language model reads a whole document; a longer one is cut into parts, which is what searching is good for.
MOST_CHARACTERS = 2_400

DOCUMENTS = pl.Schema(
    {
        "origin": pl.UInt64,  # which row it was made from, by content
        "topic": pl.UInt64,  # what it is about: documents of one topic are held out together
        "topic_name": pl.String,
        "id": pl.String,
        "title": pl.String,
        "text": pl.String,
        "source": pl.String,
        "url": pl.String,
    }
)


@dataclass(frozen=True, slots=True)
class Document:
    """One document as the tool `open` shows it; `source` and `url` may be empty."""

    id: str
    title: str
    text: str
    source: str = ""
    url: str = ""


def pieces(lines: list[str], most: int = MOST_CHARACTERS) -> Iterator[str]:
    r"""Join lines into texts of at most `most` characters, cut between lines or else between sentences.

    An item of a list stays with the line before it where both fit. A single longer sentence is left whole.

    Examples
    --------
    >>> list(pieces(["Gout hurts. It comes in attacks.", "Signs are:", "- pain", "- heat"], most=26))
    ['Gout hurts.', 'It comes in attacks.', 'Signs are:\n- pain\n- heat']
    """
    held, size = list[str](), 0
    for block in _blocks(lines, most):
        if held and size + len(block) + 1 > most:
            yield "\n".join(held)
            held, size = [], 0
        held.append(block)
        size += len(block) + 1
    if held:
        yield "\n".join(held)


def _blocks(lines: list[str], most: int) -> Iterator[str]:
    """Yield what stays together: a line with the list below it, or sentences of what is too long for that."""
    joined = re.sub(r"\n(?!- )", "\n\n", "\n".join(lines)).split("\n\n")
    for block in joined:
        if len(block) <= most:
            yield block
            continue
        for line in block.split("\n"):
            yield from [line] if len(line) <= most else _packed(line, most)


def _packed(line: str, most: int) -> Iterator[str]:
    """Cut a line between sentences into stretches of at most `most` characters."""
    start = stop = 0
    for first, last in sentence_spans(line):
        if stop > start and last - start > most:
            yield line[start:stop]
            start = first
        stop = last
    yield line[start:stop]
