"""The sources this builder reads, and how a row of each becomes one item."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

import polars as pl
import xxhash

from openmed_data.benchmark_splits import is_test_split
from openmed_data.builder import FILE, ROW, SHAPE
from openmed_data.index_base import gold_position
from openmed_data.text.clean import clean_text
from openmed_data.text.explanations import stated_position
from openmed_data.text.normalize import answer_key
from openmed_data.text.options import mend_options
from openmed_data.text.reasoning import clean_reasoning, concludes_otherwise

from .reading import Stated, options_in_stem, read_answer, read_options
from .reasons import Reason

MEDMCQA = "MedMCQA"
_OPEN = ("Open-ended Verifiable Question", "Ground-True Answer")
_OPTIONS = ("opa", "opb", "opc", "opd")
SHAPES = {
    "MedReason": ("dataset_name", "question", "answer", "reasoning", "options"),
    "HuatuoGPT-o1": _OPEN,
    "HuatuoGPT-o1 with options": ("question", "options", "answer_idx", "answer", *_OPEN),
    MEDMCQA: ("question", *_OPTIONS, "cop"),
    "MedQA": ("question", "options", "answer_idx", "answer"),
}
OTHER_COLUMNS = ("id_in_dataset", "id", "exp", "Complex_CoT")
# What identifies a row; its answer and reasoning do not.
_IDENTITY = ("dataset_name", "id_in_dataset", "id", "question", "options", *_OPTIONS, _OPEN[0])

# Where the explanation stands whose letter, if it opens with one, must be that of the answer.
_EXPLANATIONS = {
    MEDMCQA: pl.col("exp").fill_null(""),
    "MedReason": pl.col("answer").str.extract(r"(?s)\bExplanation:(.*)").fill_null(""),
}

# A long line that goes on in the next: no list of findings ("fever", "rash"), and not before b) or ii).
_WRAPPED = re.compile(r"(?<=[^\n]{29}[a-z,])\n(?=[a-z]{2})(?![ivx]+[.)])")

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Item:
    """One row as it was read: texts cleaned, nothing judged yet.

    Attributes
    ----------
    row, uid, file
        Its number in the source, 64 bits that identify it, and its file.
    options
        Texts from A on; empty for an open question, or why they cannot be read.
    test_split
        Whether it comes from the test split of a benchmark.
    also
        Another text of the same answer, from the multiple-choice form of an open question.
    distractors
        Wrong options of the multiple-choice form of an open question.
    explained
        Position of the option whose letter an explanation states as the answer.
    """

    row: int
    uid: int
    file: str
    dataset: str
    source_id: str
    question: str
    options: tuple[str, ...] | Reason
    stated: Stated
    reasoning: str
    test_split: bool = False
    also: str = ""
    distractors: tuple[str, ...] = ()
    explained: int | None = None


def read_items(batch: pl.DataFrame, bases: Mapping[str, int]) -> list[Item]:
    """Read every row of a batch.

    Parameters
    ----------
    bases
        What `cop` counts from, by file; for MedMCQA's shape alone.
    """
    if not batch.height:
        return []
    shape = batch[SHAPE][0]
    if shape == MEDMCQA:
        batch = batch.with_columns(gold_position(bases).alias("cop"))
    if shape in _EXPLANATIONS:
        batch = batch.with_columns(stated_position(_EXPLANATIONS[shape]).alias("explained"))
    batch = batch.with_columns(clean_reasoning(pl.col(name)) for name in ("reasoning", "Complex_CoT"))
    read = _READERS[shape]
    return [read(record, _Place.of(record)) for record in batch.iter_rows(named=True)]


@dataclass(frozen=True, slots=True)
class _Place:
    row: int
    uid: int
    file: str
    source_id: str

    @classmethod
    def of(cls, record: Record) -> "_Place":
        identity = "\x1f".join(record.get(name) or "" for name in _IDENTITY)
        source_id = record.get("id_in_dataset") or record.get("id") or ""
        return cls(record[ROW], xxhash.xxh3_64_intdigest(identity.encode()), record[FILE], source_id)


def _medreason(record: Record, at: _Place) -> Item:
    question, options = _lines(record["question"]), read_options(record["options"] or "")
    if not options:
        question, options = options_in_stem(question)
    dataset, stated = record["dataset_name"] or "", read_answer(record["answer"] or "")
    offered, stated = _mended(question, options, stated)
    return Item(
        *(at.row, at.uid, at.file, dataset, at.source_id),
        question=question,
        options=offered,
        stated=stated,
        reasoning=_agreeing(question, record["reasoning"] or "", stated.text, offered),
        test_split=is_test_split(dataset, record["answer"] or ""),
        explained=record["explained"],
    )


def _medmcqa(record: Record, at: _Place) -> Item:
    options = tuple(record[name] or "" for name in _OPTIONS)
    place = record["cop"]
    stated = Stated("") if place is None or not 0 <= place < 4 else Stated(options[place], ascii_uppercase[place])
    question = _lines(record["question"])
    offered, stated = _mended(question, options, stated)
    reading = (question, offered, stated, "")
    return Item(at.row, at.uid, at.file, "medmcqa", at.source_id, *reading, explained=record["explained"])


def _medqa(record: Record, at: _Place) -> Item:
    options = read_options(record["options"] or "")
    stated = Stated(record["answer"] or "", _label(record["answer_idx"]))
    question = _lines(record["question"])
    offered, stated = _mended(question, options, stated)
    return Item(at.row, at.uid, at.file, "medqa", at.source_id, question, offered, stated, "")


def _huatuo(record: Record, at: _Place) -> Item:
    """Read the open form; the multiple-choice form it was made from says what else is right, and what is wrong."""
    question, stated = _lines(record[_OPEN[0]]), Stated((record[_OPEN[1]] or "").strip().rstrip("."))
    held, stated = _mended(question, read_options(record.get("options") or ""), stated)
    options = dict(zip(ascii_uppercase, () if isinstance(held, Reason) else held, strict=False))
    also = options.pop(_label(record.get("answer_idx")) or "", "")
    reasoning = record.get("Complex_CoT") or ""
    # The chains are a model's own, and some end with another answer, or with none.
    agrees = answer_key(stated.text) in answer_key(reasoning.rsplit("\n\n", 1)[-1])
    return Item(
        *(at.row, at.uid, at.file, "huatuo", at.source_id),
        question=question,
        options=(),
        stated=stated,
        reasoning=_agreeing(question, reasoning, stated.text, tuple(options.values())) if agrees else "",
        also=also,
        distractors=tuple(options.values()),
    )


_READERS: dict[str, Callable[[Record, _Place], Item]] = {
    "MedReason": _medreason,
    "HuatuoGPT-o1": _huatuo,
    "HuatuoGPT-o1 with options": _huatuo,
    MEDMCQA: _medmcqa,
    "MedQA": _medqa,
}


def _label(text: str | None) -> str | None:
    return (text or "").strip().strip("().").upper() or None


def _agreeing(question: str, reasoning: str, right: str, options: tuple[str, ...] | Reason) -> str:
    """Return the reasoning, or nothing where its last paragraph comes out for a wrong option."""
    offered = () if isinstance(options, Reason) else options
    return "" if concludes_otherwise(question, reasoning, right, offered) else reasoning


def _mended(
    question: str, options: tuple[str, ...] | Reason, stated: Stated
) -> tuple[tuple[str, ...] | Reason, Stated]:
    """Clean and mend what is offered, and the answer where it repeats an option in the option's own words."""
    said = clean_text(stated.text)
    if not isinstance(options, Reason):
        cleaned = tuple(map(clean_text, options))
        options = mend_options(question, cleaned)
        said = dict(zip(cleaned, options, strict=True)).get(said) or said
    return options, Stated(said, stated.label)


def _lines(text: str | None) -> str:
    """Clean a question and keep its lines: findings and tables stand on lines of their own, a sentence does not."""
    if not text:
        return ""
    lines = text.replace("\\r\\n", "\n").replace("\r", "\n").split("\n")
    return _WRAPPED.sub(" ", "\n".join(filter(None, map(clean_text, lines))))
