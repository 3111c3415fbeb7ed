"""Make the search trace of a question: a journey, an answer, and a last look at its evidence."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any, NamedTuple

from openmed_data.search import SearchIndex
from openmed_data.search.words import search_words

from .aspects import ASPECTS
from .choices import Choice, deciding, explore_options
from .evidence import faults_of
from .picks import Picks
from .planner import Journey, Plan, explore, name_words
from .questions import Question
from .quoting import choose
from .reasons import SearchReason
from .telling import (
    Message,
    Quotation,
    answer_choosing,
    answer_with,
    answer_without,
    conversation,
    with_passage,
)

_MOST_PASSAGE_WORDS = 150


@dataclass(frozen=True, slots=True)
class Shares:
    """Which traces are to call no tool, as a share, and which topics are held out of the index."""

    no_tool: float
    held_out: frozenset[int]


class Made(NamedTuple):
    """A finished trace and how it ends."""

    question: Question
    messages: list[Message]
    ending: str


class Rejected(NamedTuple):
    """A row that gives no trace, why, and the text that caused it."""

    row: int
    reason: SearchReason
    detail: str


ANSWERED, NOTHING_FOUND, NO_TOOL = "answered", "nothing_found", "no_tool"


def trace_of(question: Question, index: SearchIndex, picks: Picks, shares: Shares, plan: Plan) -> Made | Rejected:
    """Make the trace of one question, or say why there is none."""
    if question.topic in shares.held_out:
        made = _unanswered(question, index, picks, plan)
    elif not index.made_from(question.uid) and not question.title:
        made = SearchReason.NO_DOCUMENT
    elif picks.share("kind") < shares.no_tool:
        made = _from_text(question, index, picks)
    else:
        made = _answered(question, index, picks, plan)
    return _held_against_itself(question, made)


def trace_of_choice(choice: Choice, index: SearchIndex, picks: Picks, plan: Plan) -> Made | Rejected:
    """Make the trace of an exam question, or say why there is none."""
    question = choice.question
    planned = plan(question)
    if planned is None:
        return Rejected(question.row, SearchReason.NO_PLAN, question.text)
    journey = explore_options(choice, index, picks, planned)
    decided = deciding(choice, journey.opened, index)
    if decided is not None:
        number, sentence = decided
        letter = ascii_uppercase[choice.right]
        answer = answer_choosing(index.document(number), sentence, letter, choice.options[choice.right], picks)
        made = Made(question, conversation(question.text, journey, answer, index, picks), ANSWERED)
    else:
        made = SearchReason.NOT_FOUND
    return _held_against_itself(question, made)


def _held_against_itself(question: Question, made: Made | SearchReason) -> Made | Rejected:
    """Reject a finished trace whose answer says what it has not seen."""
    if isinstance(made, SearchReason):
        return Rejected(question.row, made, question.text)
    faults = faults_of(made.messages)
    return Rejected(question.row, SearchReason.UNSUPPORTED, "; ".join(faults)) if faults else made


def _answered(question: Question, index: SearchIndex, picks: Picks, plan: Plan) -> Made | SearchReason:
    known = _known(question, index)
    if not known:
        return SearchReason.NO_DOCUMENT
    planned = plan(question)
    if planned is None:
        return SearchReason.NO_PLAN
    journey = explore(question.text, index, picks, planned)
    read = [number for number in journey.opened if number in known]
    if not read:
        return SearchReason.NOT_FOUND
    quotations = _quotations(question, read, index)
    if not quotations:
        return SearchReason.NOTHING_QUOTABLE
    answer = answer_with(quotations, question, picks)
    return Made(question, conversation(question.text, journey, answer, index, picks), ANSWERED)


def _known(question: Question, index: SearchIndex) -> frozenset[int]:
    """Return the numbers of the documents that are known to answer: the row's own, and others with its title."""
    return frozenset((*index.made_from(question.uid), *index.titled(question.title)))


def _quotations(question: Question, read: Sequence[int], index: SearchIndex) -> list[Quotation]:
    """Return what to quote: of one document its best two passages, of several the best of each."""
    wanted, told = _wanted(question), ASPECTS[question.aspect].answered if question.aspect else None
    chosen: list[Quotation] = []
    for number in read:
        document = index.document(number)
        passages = choose(document.text, wanted, index, told)
        chosen += [(document, passage) for passage in (passages if len(read) == 1 else passages[:1])]
    if told and not any(told.search(passage) for _, passage in chosen[:2]):
        return []
    return chosen[:2]


def _wanted(question: Question) -> frozenset[str]:
    about = ASPECTS[question.aspect].queries if question.aspect else ()
    return frozenset(search_words(" ".join((question.subject, *about))))


def _unanswered(question: Question, index: SearchIndex, picks: Picks, plan: Plan) -> Made | SearchReason:
    """Search for what is not there; a trace only where nothing in the index is about the subject after all."""
    if len(index.holding(search_words(question.subject))):
        return SearchReason.FOUND_AFTER_ALL
    planned = plan(question)
    if planned is None:
        return SearchReason.NO_PLAN
    journey = explore(question.text, index, picks, planned)
    if journey.fitting or _is_near(question, journey, index):
        return SearchReason.FOUND_AFTER_ALL
    answer = answer_without(question, journey, index, picks)
    return Made(question, conversation(question.text, journey, answer, index, picks), NOTHING_FOUND)


def _is_near(question: Question, journey: Journey, index: SearchIndex) -> bool:
    """Say whether a listed title names the subject less narrowly, as "Craniopharyngioma" does of one in childhood."""
    subject = frozenset(search_words(question.subject))
    listed = {number for search in journey.searches for number in search.numbers}
    return any(name_words(index.document(number).title) <= subject for number in listed)


def _from_text(question: Question, index: SearchIndex, picks: Picks) -> Made | SearchReason:
    """Put the text into the question, so that the answer needs no search."""
    for number in sorted(_known(question, index)):
        text = index.document(number).text
        passage = _beginning(text)
        quotes = choose(passage, _wanted(question), index)
        if quotes:
            return Made(question, with_passage(question, passage, quotes, picks), NO_TOOL)
    return SearchReason.NOTHING_QUOTABLE


def _beginning(text: str) -> str:
    """Return the first lines of a document, whole, up to a number of words."""
    kept: list[str] = []
    words = 0
    for line in text.split("\n"):
        words += len(line.split())
        if kept and words > _MOST_PASSAGE_WORDS:
            break
        kept.append(line)
    return "\n".join(kept)


def make_traces(
    questions: Iterable[tuple[Question | Choice, Picks]], index: SearchIndex, shares: Shares, plan: Plan
) -> tuple[list[Made], list[Rejected]]:
    """Make the trace of every question; a row is in exactly one of the two lists."""
    made: list[Made] = []
    rejected: list[Rejected] = []
    for question, picks in questions:
        if isinstance(question, Choice):
            trace = trace_of_choice(question, index, picks, plan)
        else:
            trace = trace_of(question, index, picks, shares, plan)
        if isinstance(trace, Made):
            made.append(trace)
        else:
            rejected.append(trace)
    return made, rejected


def calls_of(messages: Sequence[Mapping[str, Any]]) -> int:
    """Return the number of calls in a trace."""
    return sum(len(message["tool_calls"] or ()) for message in messages)
