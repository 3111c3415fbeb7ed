"""Exam questions with options, MedMCQA's and MedReason's: read, searched for, and answered where a document decides.

No row of such a set says which document holds its answer. One decides if a single sentence names the right option and
no other one, denies nothing, shares most of what the question is about, and is true of as much ("the most common");
anything less is no evidence.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

from openmed_data.benchmark_splits import is_test_split
from openmed_data.builder import FILE, ROW
from openmed_data.index_base import UNLABELLED
from openmed_data.search import SearchIndex
from openmed_data.search.corpora import origin_of, topic_of
from openmed_data.search.prose import mended
from openmed_data.search.words import every_word, search_words
from openmed_data.text.normalize import answer_key

from .picks import Picks
from .planner import Journey, Search, rarest, search_for, subject_words
from .questions import Question
from .quoting import quotable_sentences
from .reasons import SearchReason

MEDMCQA, MEDREASON = "MedMCQA", "MedReason"
CHOICE_SHAPES: Mapping[str, tuple[str, ...]] = {
    MEDMCQA: ("question", "opa", "opb", "opc", "opd", "cop"),
    MEDREASON: ("dataset_name", "question", "answer", "options"),
}
CHOICE_COLUMNS = (
    "question",
    "opa",
    "opb",
    "opc",
    "opd",
    "cop",
    "exp",
    "dataset_name",
    "answer",
    "options",
    "id",
    "id_in_dataset",
)

_OPTION = re.compile(r"^([A-J])[.)] *(.+)$", re.MULTILINE)
_EXPLAINED = re.compile(r"\.? Explanation:.*$", re.DOTALL)
# What no document can decide: what is not so, which options go together, and what a picture shows.
_NOT_SEARCHABLE = re.compile(
    r"\b(?:not|never|except|false|incorrect|least|untrue|all of the|none of the|both [a-d]\b|image|picture|"
    r"shown|figure)\b",
    re.IGNORECASE,
)
# "Parathormone-independent" says nothing of parathormone, nor does a bare list of signs say what goes with what.
_IN_COMPOUND = re.compile(r"-(?:independent|free|like|negative)\b|^(?:Seen in|Frequency not)")
_DENIES = re.compile(r"\b(?:not?|never|neither|nor|cannot|without|unlike|instead|rather|except)\b|n't\b", re.IGNORECASE)
# Of how much something is said, with the word behind it: "most common", "all types", "commonest".
_DEGREE = re.compile(r"\b(?:most|more|less|fewer|all|only|always|first|best) \w+|\b\w{3,}est\b")
_ARTICLE = re.compile(r"^(?:the|an?) (?=.)")
_STEM_WORDS, _FEW_WORDS, _MOST_OPTIONS_TRIED = 5, 3, 2
# How much of the question's rarest words the sentence and the title must hold.
_KEYS, _ENOUGH = 5, 0.7

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Choice:
    """A question with options; `right` is the position of the known answer."""

    question: Question
    options: tuple[str, ...]
    right: int


def choice_of(shape: str, record: Record, bases: Mapping[str, int]) -> Choice | SearchReason:
    """Read an exam question, or say why nothing can be searched for it.

    Parameters
    ----------
    bases
        What MedMCQA's `cop` counts from, by file.
    """
    stem = mended(record["question"] or "")
    if shape == MEDREASON and is_test_split(record["dataset_name"] or "", record["answer"] or ""):
        return SearchReason.BENCHMARK
    options = _options(shape, record)
    right = _right(shape, record, options, bases)
    if right is None or not stem or len(set(map(answer_key, options))) < len(options):
        return SearchReason.UNREADABLE_KEY
    if _NOT_SEARCHABLE.search(" ".join((stem, *options))) or not _is_told(options[right]):
        return SearchReason.NOT_SEARCHABLE
    asked = "\n".join((stem, *(f"{letter}. {text}" for letter, text in zip(ascii_uppercase, options, strict=False))))
    source_id = record.get("id_in_dataset") or record.get("id") or ""
    identity = "\x1f".join((answer_key(stem), *sorted(map(answer_key, options))))
    uid = origin_of({"question": stem, "answer": identity, "id": source_id})
    return Choice(Question(record[ROW], uid, source_id, asked, stem, topic_of(stem), "", "", identity), options, right)


def _options(shape: str, record: Record) -> tuple[str, ...]:
    if shape == MEDMCQA:
        return tuple(mended(record[name] or "") for name in ("opa", "opb", "opc", "opd"))
    return tuple(mended(hit[2]) for hit in _OPTION.finditer(record["options"] or ""))


def _right(shape: str, record: Record, options: Sequence[str], bases: Mapping[str, int]) -> int | None:
    """Return the position of the right option; None where the row does not say it beyond doubt."""
    if shape == MEDMCQA:
        key = (record["cop"] or "").strip().lower().removesuffix(".0")
        place = None if key in UNLABELLED else int(key) - bases[record[FILE]]
        return place if place is not None and 0 <= place < len(options) and all(options) else None
    stated = answer_key(_EXPLAINED.sub("", record["answer"] or ""))
    places = [place for place, text in enumerate(options) if answer_key(text) == stated]
    return places[0] if len(places) == 1 else None


def _is_told(option: str) -> bool:
    """Say whether an option is a name that a text can hold, not a number or a letter."""
    return any(len(word) > 3 and word.isalpha() for word in search_words(option))


def explore_options(choice: Choice, index: SearchIndex, picks: Picks, planned: Sequence[str] = ()) -> Journey:
    """Run the planned queries, or else search for the question's rarest words, then for fewer with the best options."""
    queries = planned or _queries(choice, index)
    searches: list[Search] = [
        search_for(query, place, index, picks) for place, query in enumerate(dict.fromkeys(queries))
    ]
    first = dict.fromkeys(number for search in searches for number in search.numbers[:1])
    return Journey(tuple(searches), tuple(first), fitting=False)


def _queries(choice: Choice, index: SearchIndex) -> list[str]:
    stem = subject_words(choice.question.subject)
    few = " ".join(rarest(stem, index, _FEW_WORDS))
    queries = [" ".join(rarest(stem, index, _STEM_WORDS))]
    ranked = sorted(choice.options, key=lambda option: -_best_score(index, f"{few} {option}"))
    return queries + [f"{few} {option}" for option in ranked[:_MOST_OPTIONS_TRIED]]


def _best_score(index: SearchIndex, query: str) -> float:
    found = index.search(query, 1)
    return found[0].score if found else 0.0


def deciding(choice: Choice, opened: Sequence[int], index: SearchIndex) -> tuple[int, str] | None:
    """Return the document and the sentence that decide the question; None where none of those opened does."""
    keys = _keys(choice, index)
    weight = sum(map(index.weight, keys)) or 1.0
    found: list[tuple[float, int, str]] = []
    for number in opened:
        document = index.document(number)
        title = frozenset(search_words(document.title))
        for sentence in quotable_sentences(document.text, index):
            told = frozenset(search_words(sentence)) | title
            share = sum(index.weight(key) for key in keys if key in told) / weight
            if share >= _ENOUGH and keys[0] in told and _names(sentence, choice):
                found.append((-share, number, sentence))
    return min(found)[1:] if found else None


def _keys(choice: Choice, index: SearchIndex) -> list[str]:
    """Return the words of the question that tell most, the rarest first; one that no document has is among them."""
    words = dict.fromkeys(word for part in subject_words(choice.question.subject) for word in search_words(part))
    return sorted(words, key=lambda word: -index.weight(word))[:_KEYS]


def _names(sentence: str, choice: Choice) -> bool:
    """Say whether a sentence names the right option and no other one, and is true of as much as the question asks."""
    if _IN_COMPOUND.search(sentence) or _DENIES.search(sentence):
        return False
    said = f" {_phrase(sentence)} "
    named = [place for place, text in enumerate(choice.options) if f" {_phrase(text)} " in said]
    return named == [choice.right] and all(
        f" {degree} " in said for degree in _DEGREE.findall(_phrase(choice.question.subject))
    )


def _phrase(text: str) -> str:
    """Return the words of a text, those that say little among them: vitamin A is not any vitamin."""
    return _ARTICLE.sub("", " ".join(every_word(text))) or "\x00"
