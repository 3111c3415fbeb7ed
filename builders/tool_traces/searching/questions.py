"""Questions that a corpus can be asked: read from its own rows, each with the document that is known to answer it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from openmed_data.builder import ROW
from openmed_data.search.corpora import (
    DISEASE_ONTOLOGY,
    MEDQUAD,
    OWN,
    PUBMEDQA,
    SECTIONS,
    origin_of,
    subject_of,
    topic_of,
)
from openmed_data.search.prose import mended

from .aspects import ASPECTS, asks_for_advice, aspect_of, put
from .reasons import SearchReason

Record = Mapping[str, Any]

# A brochure's title asks or tells something itself.
_HEADLINE = re.compile(
    r"\?|^(?:what|how|your|am|i can|prevent|causes|treatment methods|facing|choosing|understanding|preparing|living|"
    r"taking|eating right|being|creating|diagnosis of|financial help|monitor|overview of|\d+ steps)\b"
    r"|: (?:what|eat|choos|keep|a guide|taking|information for)|\bhow (?:it|its|they)\b|\bif i\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Question:
    """One question, and what is known about its answer.

    Attributes
    ----------
    row, uid, source_id
        The row it comes from: its number, 64 bits that identify it, and the id that the source gives it.
    text
        As the user puts it.
    subject, topic
        What it is about, and 64 bits of it by which documents are held out together.
    aspect
        What is asked about the subject, of `ASPECTS`; empty where that is not known.
    title
        Title of the documents that hold the answer; empty where they are known by `uid` alone.
    identity
        Equal for questions that ask the same.
    """

    row: int
    uid: int
    source_id: str
    text: str
    subject: str
    topic: int
    aspect: str
    title: str
    identity: str

    @property
    def advice(self) -> bool:
        """Whether it asks what to do."""
        return asks_for_advice(self.text, self.aspect)


def question_of(shape: str, record: Record, pick: int) -> Question | SearchReason:
    """Read the question of a corpus row, put in one of its ways by `pick`, or say why there is none."""
    return _READERS[shape](record, pick)


def _medquad(record: Record, pick: int) -> Question | SearchReason:
    subject, aspect = subject_of(record), record["question_type"] or ""
    if not subject or aspect not in ASPECTS:
        return SearchReason.NO_QUESTION
    if _HEADLINE.search(subject):
        return SearchReason.NOT_A_TOPIC
    text = put(aspect, subject, pick)
    return _about(record, text, subject, aspect, title=f"{subject}: {SECTIONS[aspect]}")


def _pubmedqa(record: Record, pick: int) -> Question | SearchReason:  # noqa: ARG001  (one reader for each shape)
    return SearchReason.BENCHMARK


def _ontology(record: Record, pick: int) -> Question | SearchReason:
    name = record["name"] or ""
    if not record["definition"]:
        return SearchReason.NO_DOCUMENT
    return _about(record, put("information", name, pick), name, "information")


def _own(record: Record, pick: int) -> Question | SearchReason:
    subject, asked = mended(record["title"] or ""), mended(record.get("question") or "")
    if not subject:
        return SearchReason.NO_QUESTION
    text = asked or ("What do your documents say about {x}?", "What can I read about {x}?")[pick % 2].format(x=subject)
    return _about(record, text, subject, aspect_of(asked))


def _about(record: Record, text: str, subject: str, aspect: str, title: str = "") -> Question:
    topic = topic_of(subject)
    identity = f"{topic:016x}|{aspect}" if title else text
    return Question(
        *(record[ROW], origin_of(record), record["id"] or ""),
        *(text, subject, topic, aspect, title, identity),
    )


_READERS: dict[str, Callable[[Record, int], Question | SearchReason]] = {
    MEDQUAD: _medquad,
    PUBMEDQA: _pubmedqa,
    DISEASE_ONTOLOGY: _ontology,
    OWN: _own,
}
