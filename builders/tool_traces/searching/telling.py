"""Put a journey and its answer into messages."""

import json
import re
from collections.abc import Sequence
from typing import Any

from openmed_data.search import Document, SearchIndex, open_result

from .phrases import (
    CHOICE,
    EMPTY_THOUGHT,
    FIRST_THOUGHT,
    FROM_PASSAGE,
    LEADS,
    LOOK_THOUGHT,
    NEAREST,
    NEXT_THOUGHT,
    NO_ADVICE,
    NO_RESULT,
    NOT_FOUND,
    OPEN_THOUGHT,
    OTHER,
    PASSAGE,
    SAME,
    SYSTEM,
    TRIED,
)
from .picks import Picks
from .planner import Journey
from .questions import Question

_INSTITUTION = re.compile(r"\b(?:Institute|Centers?|Ontology)\b")

Message = dict[str, Any]
Quotation = tuple[Document, str]


def conversation(asked: str, journey: Journey, answer: str, index: SearchIndex, picks: Picks) -> list[Message]:
    """Return the messages of a trace: what the user asks, every call with its result, and the answer."""
    told = opening(asked, picks)
    for number, search in enumerate(journey.searches):
        ways = FIRST_THOUGHT if not number else NEXT_THOUGHT if journey.searches[number - 1].numbers else EMPTY_THOUGHT
        thought = picks.among("thought", ways, number)
        arguments = {"query": search.query, "top_k": search.top_k}
        told += _call(number, thought, "search", arguments, search.answer)
    for number, place in enumerate(journey.opened):
        document = index.document(place)
        thought = "" if number else picks.among("thought", OPEN_THOUGHT if journey.fitting else LOOK_THOUGHT)
        told += _call(
            len(journey.searches) + number, thought, "open", {"document_id": document.id}, open_result(document)
        )
    return [*told, _message("assistant", answer)]


def opening(asked: str, picks: Picks) -> list[Message]:
    """Return the first messages: instructions in some traces, and what the user asks."""
    system = picks.among("system", SYSTEM)
    return [*([_message("system", system)] if system else []), _message("user", asked)]


def _call(number: int, thought: str, name: str, arguments: dict[str, Any], answer: str) -> list[Message]:
    id_ = f"call{number:05d}"  # nine characters, which Mistral's template demands
    call = {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}
    written = json.dumps(call, ensure_ascii=False, separators=(",", ":"))
    return [
        _message("assistant", thought) | {"tool_calls": [written]},
        _message("tool", answer) | {"tool_call_id": id_, "name": name},
    ]


def _message(role: str, content: str) -> Message:
    return {"role": role, "content": content, "tool_calls": None, "tool_call_id": None, "name": None}


def answer_with(quotations: Sequence[Quotation], question: Question, picks: Picks) -> str:
    """Write the answer: one or two quotations with their documents, and what the reader should do with advice."""
    (document, quote), *more = quotations
    parts = [_cited(picks.among("lead", LEADS), document, quote)]
    for other, further in more:
        way = SAME if other.id == document.id else OTHER
        parts.append(_cited(picks.among("second", way), other, further))
    return "\n\n".join([*parts, *_closing(question, picks)])


def _cited(way: str, document: Document, quote: str) -> str:
    source = document.source or "this document"
    named = f"the {source}" if _INSTITUTION.search(source) else source
    if "{source}" in way.lower() and not document.source:
        way = LEADS[2]
    upper = named[0].upper() + named[1:]
    return way.format(source=named, Source=upper, title=document.title, quote=quote, id=document.id)


def _closing(question: Question, picks: Picks) -> list[str]:
    return [picks.among("close", NO_ADVICE)] if question.advice else []


def answer_choosing(document: Document, quote: str, letter: str, choice: str, picks: Picks) -> str:
    """Write which option is right, with the sentence that decides it."""
    chosen = choice.rstrip(".")
    way = CHOICE[1] if not document.source else picks.among("lead", CHOICE)
    return _cited(
        way.replace("{letter}", letter).replace("{choice}", chosen.replace("{", "").replace("}", "")), document, quote
    )


def answer_without(question: Question, journey: Journey, index: SearchIndex, picks: Picks) -> str:
    """Write that the collection does not answer the question, and what was tried."""
    listed = [number for search in journey.searches for number in search.numbers]
    nearest = picks.among("second", NO_RESULT)
    if listed:
        document = index.document((*journey.opened, *listed)[0])
        nearest = picks.among("second", NEAREST).format(title=document.title, id=document.id)
    *before, last = (f'"{search.query}"' for search in journey.searches)
    queries = f"{', '.join(before)} and {last}" if before else last
    tried = picks.among("close", TRIED).format(queries=queries)
    way = picks.among("lead", NOT_FOUND)
    return way.format(subject=question.subject, tried=tried, nearest=nearest)


def with_passage(question: Question, passage: str, quotes: Sequence[str], picks: Picks) -> list[Message]:
    """Return a trace whose question brings its text along, so that nothing is to be searched."""
    asked = picks.among("question", PASSAGE).format(passage=passage, question=question.text)
    answer = picks.among("lead", FROM_PASSAGE).format(quote=quotes[0])
    return [*opening(asked, picks), _message("assistant", "\n\n".join([answer, *_closing(question, picks)]))]
