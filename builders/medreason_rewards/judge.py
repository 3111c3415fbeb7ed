"""Decide which items can be asked and checked, and say why the others cannot."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import NamedTuple, cast

import polars as pl

from openmed_data.answers import AnswerType
from openmed_data.answers.number import read_quantity
from openmed_data.answers.short_text import text_key
from openmed_data.text.normalize import answer_key
from openmed_data.text.questions import lost_table, needs_picture, options_refer, unanswerable
from openmed_data.text.reasoning import names_letters
from openmed_data.text.stems import mend_stems

from .reading import are_letters, find_gold
from .reasons import Reason, RewardsOptions
from .shapes import Item

DECISIONS = ("yes", "no", "maybe")
_ASKS_TO_CHOOSE = re.compile(
    r"\b(?:which|what|all|any|one|none|each)\b[^.?]{0,30}"
    r"\b(?:of|among|amongst|from|in) (?:these|the (?:following|above|below))\b"
    r"|\b(?:following|true|false|correct|incorrect) (?:statements?|options?|choices?)\b|\bexcept\W*$",
    re.IGNORECASE,
)
# In the sentence that asks: what does not apply is without end, and so is what is an example.
_MANY_ANSWERS = re.compile(
    r"\b(?:not|never|cannot|least|except|excluding|unlikely|(?:is|are|does|do|ca|would|should)n['\u2019]t)\b"
    r"|\b(?:one|some|examples?) (?:\w+ ){0,3}(?:that|which|of)\b|\b(?:identify|name|give) (?:an?|one|some)\b"
    r"|\bexamples?\b",
    re.IGNORECASE,
)
# What asks within the last sentence: "Given that he does not smoke, what vaccine …" says nothing of what is asked for.
_ASKS = re.compile(
    r"(?:^|,\s+)(?:(?:in|on|at|from|to|for|by|under|during|of|with)\s+)?"
    r"(?:what|which|who|whom|when|where|why|how|identify|name)\b",
    re.IGNORECASE,
)
_ADDED = re.compile(r",\s+(?:which|who|whose|where)\b[^,]*")
_LAST_SENTENCE = re.compile(r"(?:[.?!]\s+|^)(?=[A-Z])((?:(?![.?!]\s+[A-Z]).)*)$", re.DOTALL)
# Not all-trans-retinoic acid.
_OF_OPTIONS = re.compile(
    r"\W*(?:all|none|any|both|neither)(?: of)?(?: the)?(?: above| following| these| them| options)*\W*", re.IGNORECASE
)
_RATIO = re.compile(r"\d\s*/\s*\d")  # 120/80 is two numbers
_LISTS = re.compile(r";|,(?!\d)|\s(?:and|or|&|\+|/)\s", re.IGNORECASE)
_ABBREVIATED = re.compile(r"(?P<long>\S.*\S)\s*\((?P<short>[A-Za-z][A-Za-z0-9-]{1,7})\)(?P<rest>(?: [a-z]+)*)")


@dataclass(frozen=True, slots=True)
class Question:
    """An item that can be asked and checked.

    Attributes
    ----------
    text
        The stem, its number taken off.
    choices
        What is offered; empty for open questions.
    place
        Position of the right choice, where there are choices.
    accepted
        Further texts that earn credit.
    fixed
        Whether the choices must keep their places.
    """

    item: Item
    answer_type: AnswerType
    text: str
    answer: str
    choices: tuple[str, ...] = ()
    place: int | None = None
    accepted: tuple[str, ...] = ()
    fixed: bool = True


class Rejection(NamedTuple):
    """A row that is rejected, and the text that caused it."""

    row: int
    reason: Reason
    detail: str


class _Seen(NamedTuple):
    """What searches over all texts at once found of one item."""

    stem: str
    picture: bool
    unanswerable: bool
    table: bool
    fixed: bool
    also_refers: bool


def judge(items: Sequence[Item], options: RewardsOptions) -> tuple[list[Question], list[Rejection]]:
    """Sort items into questions and rejections; the first reason that applies counts."""
    questions: list[Question] = []
    rejected: list[Rejection] = []
    for item, seen in zip(items, _look(items), strict=True):
        judged = _judge(item, seen, options)
        if isinstance(judged, Question):
            questions.append(judged)
        else:
            rejected.append(Rejection(item.row, judged, _detail(item, judged)))
    return questions, rejected


def _look(items: Sequence[Item]) -> Iterator[_Seen]:
    frame = pl.DataFrame(
        {
            "question": [item.question for item in items],
            "flat": [item.question.replace("\n", " ") for item in items],
            "length": [_mean_length(item) for item in items],
            "reasoning": [item.reasoning for item in items],
            "also": [item.also for item in items],
        },
        schema_overrides=dict.fromkeys(("question", "flat", "reasoning", "also"), pl.String()),
    )
    seen = frame.select(
        mend_stems(frame["question"]),
        needs_picture(frame["flat"]).alias("picture"),
        unanswerable(pl.lit(mend_stems(frame["flat"])), pl.col("length")).alias("unanswerable"),
        lost_table(pl.col("flat")).alias("table"),
        names_letters(frame["reasoning"]).alias("letters") | pl.Series("refers", _any_refers(items), dtype=pl.Boolean),
        options_refer(pl.col("also")).alias("also_refers"),
    )
    return map(_Seen._make, seen.iter_rows())


def _mean_length(item: Item) -> float:
    texts = () if isinstance(item.options, Reason) else item.options
    return sum(map(len, texts)) / len(texts) if texts else 0.0


def _any_refers(items: Iterable[Item]) -> list[bool]:
    listed = pl.Series([[] if isinstance(item.options, Reason) else list(item.options) for item in items],
                       dtype=pl.List(pl.String))  # fmt: skip
    return listed.list.eval(options_refer(pl.element()).any()).list.first().fill_null(value=False).to_list()


def _judge(item: Item, seen: _Seen, options: RewardsOptions) -> Question | Reason:
    tests = {
        Reason.TEST_SPLIT: item.test_split and not options.keep_test_splits,
        Reason.EMPTY_GOLD: _states_nothing(item),
        Reason.UNANSWERABLE_STEM: seen.unanswerable,
        Reason.LOST_TABLE: seen.table,
        Reason.NEEDS_PICTURE: seen.picture,
    }
    fault = _first(tests)
    if fault or isinstance(item.options, Reason):
        return fault or cast(Reason, item.options)
    if not item.options:
        return _open(item, seen, options)
    keys = [answer_key(text) for text in item.options]
    if not all(keys):
        return Reason.MISSING_OPTION
    return _decision(item, seen, keys) if set(keys) <= set(DECISIONS) else _choice(item, seen, keys, item.options)


def _states_nothing(item: Item) -> bool:
    """Say whether a row gives no letter and no text; signs alone are an answer where an option is the same signs."""
    text = item.stated.text
    return not item.stated.label and not re.search(r"\w", text) and (not text or text not in item.options)


def _first(tests: Mapping[Reason, bool]) -> Reason | None:
    return next((reason for reason, applies in tests.items() if applies), None)


def _decision(item: Item, seen: _Seen, keys: Sequence[str]) -> Question | Reason:
    right = answer_key(item.stated.text)
    if right not in keys:
        return Reason.MAYBE_NOT_OFFERED if right == "maybe" else Reason.GOLD_NOT_AN_OPTION
    if len(set(keys)) < len(keys):
        return Reason.DUPLICATE_OPTIONS
    return Question(item, AnswerType.BOOLEAN, seen.stem, right, tuple(keys), keys.index(right))


def _choice(item: Item, seen: _Seen, keys: Sequence[str], choices: tuple[str, ...]) -> Question | Reason:
    stated = item.stated
    at = ascii_uppercase.find(stated.label) if stated.label else None
    tests = {
        Reason.LETTER_COMBINATION: are_letters(choices),
        Reason.DUPLICATE_OPTIONS: len(set(keys)) < len(keys),
        Reason.GOLD_NOT_AN_OPTION: at is not None and not 0 <= at < len(choices),
    }
    place = find_gold(stated.text, choices) if stated.text or at is None else at
    if isinstance(place, Reason) or any(tests.values()):
        return _first(tests) or cast(Reason, place)
    if at is not None and at != place:
        return Reason.CONTRADICTING_KEY
    if item.explained not in {None, place}:
        return Reason.CONTRADICTING_EXPLANATION
    return Question(item, AnswerType.CHOICE, seen.stem, choices[place], choices, place, fixed=seen.fixed)


def _open(item: Item, seen: _Seen, options: RewardsOptions) -> Question | Reason:
    gold = item.stated.text
    key = answer_key(gold)
    if key in DECISIONS[:2]:  # nothing offers maybe, so the prompt asks for yes or no
        return Question(item, AnswerType.BOOLEAN, seen.stem, key, DECISIONS[:2], DECISIONS.index(key))
    quantity = read_quantity(gold)
    is_number = quantity is not None and not _RATIO.search(gold) and not quantity.rest.strip(" .")
    is_name = bool(_abbreviations(gold))  # what has an abbreviation is said word for word
    tests = {
        Reason.MAYBE_NOT_OFFERED: key in DECISIONS,
        Reason.NO_OPTIONS: item.stated.label is not None
        or _OF_OPTIONS.fullmatch(gold) is not None
        or _ASKS_TO_CHOOSE.search(seen.stem) is not None,
        Reason.LETTER_COMBINATION: are_letters([gold]),
        Reason.MANY_ANSWERS: _MANY_ANSWERS.search(_asking(seen.stem)) is not None,
        Reason.ANSWER_IN_PROMPT: f" {text_key(gold)} " in f" {text_key(seen.stem)} ",
        Reason.FREE_TEXT_TOO_LONG: not is_number and not is_name and len(gold.split()) > options.max_text_words,
        Reason.SEVERAL_ANSWERS: not is_number and _LISTS.search(gold) is not None,
    }
    if fault := _first(tests):
        return fault
    if is_number:
        return Question(item, AnswerType.NUMBER, seen.stem, gold)
    return Question(item, AnswerType.TEXT, seen.stem, gold, accepted=_accepted(item, seen))


def _asking(stem: str) -> str:
    """Return the clause that asks: of the last sentence, without what comes before it and what is added to it."""
    found = _LAST_SENTENCE.search(stem)
    sentence = found.group(1) if found else stem
    starts = [start.start() for start in _ASKS.finditer(sentence)]
    if not starts:
        return sentence
    return _ADDED.sub("", sentence) if starts[0] == 0 else sentence[starts[-1] :]


def _accepted(item: Item, seen: _Seen) -> tuple[str, ...]:
    """Return other ways to say the gold: without its abbreviation, the abbreviation, the option it was made from."""
    gold = item.stated.text
    texts = _abbreviations(gold)
    if not seen.also_refers and re.search(r"[A-Za-z]{3}", item.also) and not are_letters([item.also]):
        texts.append(item.also)
    wrong = {answer_key(gold), *(answer_key(text) for text in item.distractors)}
    return tuple({answer_key(text): text for text in texts if answer_key(text) not in wrong}.values())


def _abbreviations(gold: str) -> list[str]:
    """Return the long and the short form of "atrioventricular (AV) node", or nothing."""
    found = _ABBREVIATED.fullmatch(gold)
    if not found or sum(map(str.isupper, found["short"])) < 2:
        return []
    return [found[name] + found["rest"] for name in ("long", "short")]


def _detail(item: Item, reason: Reason) -> str:
    stated = f"({item.stated.label}) {item.stated.text}" if item.stated.label else item.stated.text
    listed = " | ".join(item.options) if isinstance(item.options, tuple) else ""
    match reason:
        case Reason.TEST_SPLIT:
            return item.dataset
        case (
            Reason.UNANSWERABLE_STEM
            | Reason.LOST_TABLE
            | Reason.NEEDS_PICTURE
            | Reason.NO_OPTIONS
            | Reason.MANY_ANSWERS
        ):
            return item.question
        case Reason.DUPLICATE_OPTIONS | Reason.LETTER_COMBINATION | Reason.MISSING_OPTION if listed:
            return listed
        case _:
            return f"{stated[:300]} / {listed}" if listed else stated[:300]
