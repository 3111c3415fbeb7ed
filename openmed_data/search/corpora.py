"""Corpora that can be searched, and how a row of each becomes documents.

Four shapes: MedQuAD (Ben Abacha and Demner-Fushman, "A question-entailment approach to question answering", BMC
Bioinformatics 2019), the Disease Ontology, PubMedQA, and anyone's own rows of `id`, `title` and `text`.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import xxhash

from openmed_data.builder import SHAPE
from openmed_data.errors import SourceError, UsageError
from openmed_data.search.documents import DOCUMENTS, pieces
from openmed_data.search.obo import DISEASE_ONTOLOGY, OBO, read_obo
from openmed_data.search.phenotypes import without_table
from openmed_data.search.prose import mended, passages
from openmed_data.search.sentences import sentence_spans
from openmed_data.search.words import search_words
from openmed_data.sources.readers import Part, parts
from openmed_data.sources.resolve import READABLE, SourceFile, data_suffix

MEDQUAD, PUBMEDQA, OWN = "MedQuAD", "PubMedQA", "documents"
SHAPES: Mapping[str, tuple[str, ...]] = {
    MEDQUAD: ("id", "source", "focus", "question_type", "question", "answer"),
    PUBMEDQA: ("QUESTION", "CONTEXTS", "LONG_ANSWER"),
    DISEASE_ONTOLOGY: ("id", "name", "definition"),
    OWN: ("id", "title", "text"),
}
# Of the public corpora; nothing tells that of a corpus of another's making.
LICENSES = {MEDQUAD: "cc-by-4.0", PUBMEDQA: "mit", DISEASE_ONTOLOGY: "cc0-1.0"}
OTHER_COLUMNS = ("url", "key", "synonyms", "parents", "source", "question")
COLUMNS = tuple(dict.fromkeys((*(name for shape in SHAPES.values() for name in shape), *OTHER_COLUMNS)))
SUFFIXES = (*READABLE, OBO)
VERSION = 4  # of the cleaning; an index of documents cleaned otherwise is another index

Record = Mapping[str, Any]

# A row costs milliseconds, so that workers need smaller parts than tables have elsewhere.
_PART_ROWS = 2_048
# What the titles call MedQuAD's types of questions.
SECTIONS = {
    "information": "overview",
    "symptoms": "signs and symptoms",
    "treatment": "treatment",
    "inheritance": "inheritance",
    "frequency": "how common it is",
    "genetic changes": "genetic changes",
    "causes": "causes",
    "exams and tests": "diagnosis and tests",
    "research": "research",
    "outlook": "outlook",
    "susceptibility": "who is at risk",
    "considerations": "advice for daily life",
    "prevention": "prevention",
    "stages": "stages",
    "complications": "complications",
    "support groups": "support",
}
PUBLISHERS = {
    "GHR": "Genetics Home Reference",
    "GARD": "Genetic and Rare Diseases Information Center",
    "NIDDK": "National Institute of Diabetes and Digestive and Kidney Diseases",
    "NINDS": "National Institute of Neurological Disorders and Stroke",
    "MPlusHealthTopics": "MedlinePlus",
    "NIHSeniorHealth": "NIH SeniorHealth",
    "CancerGov": "National Cancer Institute",
    "NHLBI": "National Heart, Lung, and Blood Institute",
    "CDC": "Centers for Disease Control and Prevention",
}
_LEADING_ZEROS = re.compile(r"\b0+(?=\d)")
_BROCHURE = re.compile(
    r"^What I need to know about (?:My )?|^Parasites - (?:Lice - )?|\s*\((?:also known as|For Health Care)[^)]*\)$"
)


def origin_of(record: Record) -> int:
    """Return 64 bits that identify a row of a corpus by everything it holds."""
    held = [record.get(name) or "" for name in COLUMNS]
    return xxhash.xxh3_64_intdigest("\x1f".join(held).encode())


def topic_of(name: str) -> int:
    """Return 64 bits that are equal for equal topics, whatever their case and endings.

    Examples
    --------
    >>> topic_of("Gallstones") == topic_of("gallstone")
    True
    """
    return xxhash.xxh3_64_intdigest(" ".join(search_words(name)).encode())


def subject_of(record: Record) -> str:
    """Return what a row of MedQuAD is about, without the wrapping of a brochure's title.

    Examples
    --------
    >>> subject_of({"focus": "What I need to know about Gas"})
    'Gas'
    """
    return _BROCHURE.sub("", mended(record["focus"] or "")).strip()


def read_corpus(path: Path) -> Iterator[pl.DataFrame]:
    """Read the rows of a corpus in batches, every column as text.

    Raises
    ------
    SourceError
        The file is empty, damaged, or has none of the shapes.
    UsageError
        It is no kind of file that can be read.
    """
    file = SourceFile(path, path.name)
    if data_suffix(path) not in SUFFIXES:
        raise UsageError(f"'{path.name}' is no kind of corpus", hint=f"Expected {', '.join(SUFFIXES)}.")
    for part in corpus_parts(file, COLUMNS, SHAPES):
        yield part.load().with_columns(pl.lit(part.shape).alias(SHAPE))


def corpus_parts(file: SourceFile, columns: tuple[str, ...], shapes: Mapping[str, tuple[str, ...]]) -> Iterator[Part]:
    """Cut a corpus file into parts; an ontology is read term by term, anything else is a table.

    Raises
    ------
    SourceError
        The file is empty, damaged, or has none of the shapes.
    """
    if data_suffix(file.path) == OBO:
        return read_obo(file, columns, _PART_ROWS)
    return parts(file, columns, shapes, _PART_ROWS)


def documents_of(batches: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Return the documents of a corpus, ids made unique and repeated texts left out, in the order of the rows.

    Parameters
    ----------
    batches
        Rows of one or more shapes, every column as text, with the column `SHAPE`.

    Raises
    ------
    SourceError
        No row gives a document.
    """
    held: list[tuple[Any, ...]] = []
    seen: dict[str, int] = {}
    texts: set[tuple[str, str]] = set()
    for batch in batches:
        read = READERS[batch[SHAPE][0]] if batch.height else _own
        for record in batch.iter_rows(named=True):
            for title, id_, text, source, topic in read(record):
                if (title, text) in texts:
                    continue
                texts.add((title, text))
                seen[id_] = seen.get(id_, 0) + 1
                unique = id_ if seen[id_] == 1 else f"{id_}~{seen[id_]}"
                place = (origin_of(record), topic_of(topic), topic)
                held.append((*place, unique, title, text, source, record.get("url") or ""))
    if not held:
        raise SourceError("the corpus holds no document", hint="Each needs a title and a text.")
    return pl.DataFrame(held, schema=DOCUMENTS, orient="row")


# title, id, text, source, topic
_Made = Iterator[tuple[str, str, str, str, str]]


def _medquad(record: Record) -> _Made:
    subject, kind = subject_of(record), record["question_type"] or ""
    prose, table = without_table(record["answer"] or "")
    lines = _prose_lines(prose)
    title = f"{subject}: {SECTIONS.get(kind, kind)}" if subject else ""
    source = PUBLISHERS.get(record["source"] or "", record["source"] or "")
    yield from _parted(title, _medquad_id(record), [*lines, *table], source, subject)


def _medquad_id(record: Record) -> str:
    """Return publisher and number of an answer; with its zeros and hyphens it would pass for a telephone number.

    Examples
    --------
    >>> _medquad_id({"source": "GARD", "id": "0000160-2"})
    'GARD_160_2'
    """
    number = _LEADING_ZEROS.sub("", record["id"] or "").replace("-", "_")
    return f"{record['source']}_{number}" if number else ""


def _prose_lines(prose: str) -> list[str]:
    """Clean an answer; a first sentence that repeats the question goes."""
    lines = passages(prose)
    if lines and "?" in lines[0]:
        first = next(sentence_spans(lines[0]))[1]
        lines[0] = lines[0][first:].strip() if lines[0][first - 1] == "?" else lines[0]
    while lines and lines[-1].endswith(":"):  # the list that it announces was page talk
        del lines[-1]
    return list(filter(None, lines))


def _pubmedqa(record: Record) -> _Made:
    contexts: list[str] = json.loads(record["CONTEXTS"] or "[]")
    lines = [mended(context) for context in contexts]
    title = f"Abstract {record['key']}" if record.get("key") else mended(record["QUESTION"] or "")
    id_ = f"PMID-{record.get('key') or f'{origin_of(record):016x}'}"
    yield from _parted(title, id_, lines, "PubMed", title)


def _ontology(record: Record) -> _Made:
    name = record["name"] or ""
    synonyms: list[str] = json.loads(record.get("synonyms") or "[]")
    lines = [record["definition"] or ""]
    said = f"{name} {lines[0]}".lower()  # "hemochromatosis type 3 is a kind of hemochromatosis" tells nothing
    parents = [parent for parent in json.loads(record.get("parents") or "[]") if parent.lower() not in said]
    lines += [f"Also called: {'; '.join(synonyms)}."] if synonyms else []
    lines += [f"{name[:1].upper()}{name[1:]} is a kind of {' and of '.join(parents)}."] if parents else []
    if lines[0]:
        yield from _parted(name, record["id"] or "", lines, "Disease Ontology", name)


def _own(record: Record) -> _Made:
    title = mended(record["title"] or "")
    lines = [line for line in map(mended, (record["text"] or "").splitlines()) if line]
    yield from _parted(title, (record["id"] or "").strip(), lines, record.get("source") or "", title)


def _parted(title: str, id_: str, lines: list[str], source: str, topic: str) -> _Made:
    """Yield one document, or the numbered parts of one that is too long to be read at once."""
    texts = [text for text in pieces(lines) if text] if title and id_ else []
    for number, text in enumerate(texts, start=1):
        name = title if len(texts) == 1 else f"{title} (part {number} of {len(texts)})"
        yield name, id_ if len(texts) == 1 else f"{id_}.p{number}", text, source, topic


READERS: dict[str, Callable[[Record], _Made]] = {
    MEDQUAD: _medquad,
    PUBMEDQA: _pubmedqa,
    DISEASE_ONTOLOGY: _ontology,
    OWN: _own,
}
