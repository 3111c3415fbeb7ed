"""Hold a finished trace against its own evidence, reading nothing but its messages.

This does not know how answers are made. What an answer quotes must stand in the document that it cites, letter for
letter, and that document must have been opened; whatever else it says, every word and number, must come from an opened
document, from the question, or from the few words that any answer may use.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openmed_data.search.words import search_words

from .phrases import OWN_WORDS

_QUOTE = re.compile(r"“([^”]*)”(?: \[([^\]\s]+)\])?")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_CITED = re.compile(r"\[([^\]\s]+)\]")
_ASKED = re.compile(r'"[^"]*"')  # an answer may name its own searches and the titles it saw

Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a trace has seen: texts of opened documents by id, every result of a tool, and what the user said."""

    opened: Mapping[str, str]
    results: str
    asked: str


def read_evidence(messages: Sequence[Message]) -> Evidence:
    """Read what was opened and listed from the messages of a trace."""
    opened: dict[str, str] = {}
    results: list[str] = []
    for message in messages:
        if message["role"] != "tool":
            continue
        results.append(message["content"])
        answer: Any = json.loads(message["content"])
        if message["name"] == "open":
            opened[answer["id"]] = answer["text"]
            results.append(f"{answer['title']} {answer.get('source', '')} {answer['text']}")
    asked = "\n".join(message["content"] for message in messages if message["role"] == "user")
    return Evidence(opened, "\n".join(results), asked)


def faults_of(messages: Sequence[Message]) -> list[str]:
    """Return what the last message says without evidence, one text for each fault; nothing where all is supported.

    Examples
    --------
    >>> opened = '{"id": "d1", "title": "Gout", "text": "Gout is treated with colchicine."}'
    >>> asked = {"role": "user", "content": "How is gout treated?"}
    >>> read = {"role": "tool", "name": "open", "content": opened}
    >>> def answer(text):
    ...     return {"role": "assistant", "content": text}
    >>> faults_of([asked, read, answer("It says: “Gout is treated with colchicine.” [d1]")])
    []
    >>> faults_of([asked, read, answer("It says: “Gout is treated with ibuprofen.” [d1] Swallow 0.5 mg.")])
    ['not in d1: Gout is treated with ibuprofen.', 'from nowhere: swallow mg 0.5']
    """
    evidence, answer = read_evidence(messages), str(messages[-1]["content"])
    return [*_false_quotes(answer, evidence), *_not_seen(answer, evidence), *_from_nowhere(answer, evidence)]


def quotes_of(answer: str) -> list[tuple[str, str]]:
    """Return the quotations of an answer, each with the id of the document cited, empty where none is."""
    return [(hit[1], hit[2] or "") for hit in _QUOTE.finditer(answer)]


def _false_quotes(answer: str, evidence: Evidence) -> Iterator[str]:
    for quote, document in quotes_of(answer):
        held = evidence.opened.get(document) if document else evidence.asked
        if held is None:
            yield f"not opened: {document}"
        elif quote not in held:
            yield f"not in {document or 'the question'}: {quote}"


def _not_seen(answer: str, evidence: Evidence) -> Iterator[str]:
    """Yield the documents that an answer names and no tool returned."""
    for document in _CITED.findall(_QUOTE.sub("", answer)):
        if f'"{document}"' not in evidence.results:
            yield f"not returned: {document}"


def _from_nowhere(answer: str, evidence: Evidence) -> Iterator[str]:
    own = _CITED.sub(" ", _QUOTE.sub(" ", answer))
    seen = frozenset(_words(f"{evidence.results} {evidence.asked}")) | OWN_WORDS
    strange = [word for word in _words(_ASKED.sub(" ", own)) if word not in seen]
    if strange:
        yield f"from nowhere: {' '.join(strange)}"


def _words(text: str) -> list[str]:
    """Return the words and the numbers of a text; 0.5 is one number and not the words 0 and 5."""
    return [*search_words(_NUMBER.sub(" ", text)), *_NUMBER.findall(text)]
