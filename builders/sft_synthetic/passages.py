"""What a source row gives: a question that can be asked and an answer that is clean, or a reason why not."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import xxhash

from openmed_data.benchmark_splits import is_labelled
from openmed_data.builder import ROW, ReasonCode
from openmed_data.text.clean import clean_text

from .accents import lost_letters, with_letters
from .answers import Answer, Block, is_run_on, read_answer
from .greek import is_lost, with_greek
from .learn import Language
from .mending import with_owners
from .options import Reason, SftOptions
from .sentences import sentences, squash
from .subjects import Topic, of_food, read_question, read_subject, speaks_of, tidy_question

Record = Mapping[str, Any]
MEDQUAD, PUBMEDQA, PLAIN = "MedQuAD", "PubMedQA", "questions and answers"
_GLUED = re.compile(r"(?<=[a-z)]\.)(?=[A-Z]{2,}|[A-Z][a-z]+ [a-z])")  # "is unknown.AIM: To describe"
_FEWEST_SIGNS, _LEADING_WORDS = 3, 80
_PUBLISHERS = {
    "CancerGov": "National Cancer Institute",
    "GARD": "Genetic and Rare Diseases Information Center (GARD), NIH",
    "GHR": "MedlinePlus Genetics, U.S. National Library of Medicine",
    "NIDDK": "National Institute of Diabetes and Digestive and Kidney Diseases",
    "NINDS": "National Institute of Neurological Disorders and Stroke",
    "MPlusHealthTopics": "MedlinePlus, U.S. National Library of Medicine",
    "NIHSeniorHealth": "NIHSeniorHealth, National Institute on Aging",
    "NHLBI": "National Heart, Lung, and Blood Institute",
    "CDC": "Centers for Disease Control and Prevention",
}
# Pages of public institutions; the address of any other page may be that of a person.
_PUBLIC = re.compile(r"https?://[\w.-]+\.(?:gov|edu|int)(?:/|$)")
_HEADINGS_IN_TEXT = frozenset({"NIHSeniorHealth"})


@dataclass(frozen=True, slots=True)
class Passage:
    """A source row that can be used.

    Attributes
    ----------
    row, uid
        Its number in the source, and 64 bits that identify its content.
    group
        What its subject is known by; rows of one group belong into one split.
    domain
        What the row's column `domain` says.
    question
        The question where it is one of its own; otherwise topic and subject say what is asked.
    options, context
        What stands beside a question of its own.
    """

    row: int
    uid: int
    shape: str
    source_id: str
    group: str
    domain: str
    topic: Topic
    answer: Answer
    subject: str = ""
    question: str = ""
    options: str = ""
    context: str = ""
    publisher: str = ""
    url: str = ""


class Rejection(NamedTuple):
    """A row that is rejected, and the text that caused it."""

    row: int
    reason: ReasonCode
    detail: str


Reader = Callable[[Record, Language, SftOptions], Passage | Rejection]


def read_medquad(record: Record, language: Language, options: SftOptions) -> Passage | Rejection:
    """Read one page's answer to one of MedQuAD's made-up questions."""
    question, raw = record["question"] or "", record["answer"] or ""
    if not question.strip() or not raw.strip():
        return reject(record, Reason.EMPTY, question)
    uid = uid_of(record.get("id"), question, raw)
    publisher, url, focus = record.get("source") or "", record.get("url") or "", record["focus"] or ""
    lost = lost_letters(f"{question} {focus}", url)
    question, raw, focus = (with_letters(text, lost) for text in (question, raw, focus))
    url = url if _PUBLIC.match(url) else ""
    page = _whole(raw, f"{question} {focus}")
    answer = read_answer(page, language.glued, headings_in_text=publisher in _HEADINGS_IN_TEXT)
    asked = read_question(question)
    topic = of_food(asked.topic, str(answer))
    subject = read_subject(asked.subject or focus, str(answer), language)
    if is_lost(str(answer), page):
        return reject(record, Reason.LOST_LETTER, raw)
    if reason := _unfit(topic, subject, answer, options):
        return reject(record, reason, question if reason in {Reason.TITLE, Reason.OFF_TOPIC} else raw)
    return Passage(
        row=record[ROW],
        uid=uid,
        shape=MEDQUAD,
        source_id=" ".join(filter(None, (record.get("id"), url))),
        group=squash(subject or focus or question),
        domain=topic.value,
        topic=topic,
        answer=answer,
        subject=subject,
        question=tidy_question(question) if topic is Topic.QUESTION else "",
        publisher=_PUBLISHERS.get(publisher, publisher),
        url=url,
    )


def _whole(raw: str, about: str) -> str:
    return with_owners(with_greek(raw, about), about)


def _unfit(topic: Topic, subject: str, answer: Answer, options: SftOptions) -> Reason | None:
    if not answer.blocks:
        return Reason.ONLY_REFERENCES
    if answer.words < options.min_words or (answer.is_table and answer.items < _FEWEST_SIGNS):
        return Reason.TOO_SHORT
    if not answer.is_table and is_run_on(answer):
        return Reason.RUN_ON
    if topic is Topic.QUESTION:
        return None
    if not subject:
        return Reason.TITLE
    leading = " ".join(str(answer).split()[:_LEADING_WORDS])
    return Reason.OFF_TOPIC if topic is Topic.OVERVIEW and not speaks_of(subject, leading) else None


def read_plain(record: Record, language: Language, options: SftOptions) -> Passage | Rejection:
    """Read a question and an answer of anyone's making; the question keeps its words."""
    question, raw = record["question"] or "", record["answer"] or ""
    if not question.strip() or not raw.strip():
        return reject(record, Reason.EMPTY, question)
    page = with_greek(raw, question)
    answer = read_answer(page, language.glued)
    if not answer.blocks:
        return reject(record, Reason.ONLY_REFERENCES, raw)
    if is_lost(str(answer), page):
        return reject(record, Reason.LOST_LETTER, raw)
    if answer.words < options.min_words:
        return reject(record, Reason.TOO_SHORT, raw)
    return Passage(
        row=record[ROW],
        uid=uid_of(record.get("id"), question, raw),
        shape=PLAIN,
        source_id=record.get("id") or "",
        group=squash(question),
        domain="",
        topic=Topic.QUESTION,
        answer=answer,
        question=tidy_question(question),
    )


def read_pubmedqa(record: Record, language: Language, options: SftOptions) -> Passage | Rejection:
    """Read a research question with its abstract; the decision and the authors' conclusion are the answer."""
    del language
    question, conclusion = clean_text(record["QUESTION"] or ""), _spaced(record["LONG_ANSWER"] or "")
    decision = (record["final_decision"] or "").strip().lower()
    context = _abstract(record["CONTEXTS"] or "[]")
    if not question or not conclusion or not context:
        return reject(record, Reason.EMPTY, question)
    if is_labelled(record) and not options.keep_test_splits:
        return reject(record, Reason.TEST_SPLIT, PUBMEDQA)
    if decision not in {"yes", "no", "maybe"}:
        return reject(record, Reason.UNLABELLED, decision)
    return Passage(
        row=record[ROW],
        uid=uid_of(record.get("key"), question, conclusion),
        shape=PUBMEDQA,
        source_id=record.get("key") or "",
        group=squash(question),
        domain=Topic.STUDY.value,
        topic=Topic.STUDY,
        answer=Answer((Block((f"{decision.capitalize()}.", *sentences(conclusion))),)),
        question=question,
        context=context,
    )


def _abstract(contexts: str) -> str:
    """Return the parts of an abstract, a line each, from a JSON list of them; any other text is one part."""
    try:
        held: Any = json.loads(contexts)
    except ValueError:
        held = contexts
    parts = cast("list[Any]", held) if isinstance(held, list) else [held]
    return "\n".join(filter(None, (_spaced(str(part)) for part in parts if part)))


def _spaced(text: str) -> str:
    return _GLUED.sub(" ", clean_text(text))


def uid_of(*texts: str | None) -> int:
    """Return 64 bits that identify a row by its content."""
    return xxhash.xxh3_64_intdigest("\x1f".join(text or "" for text in texts).encode())


def reject(record: Record, reason: Reason, detail: str) -> Rejection:
    """Reject a row, with the beginning of the text that caused it."""
    return Rejection(record[ROW], reason, clean_text(detail)[:200])
