"""Check every question against the reward that will pay for it, before anything is trained on it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from string import ascii_uppercase
from typing import Any, NamedTuple

from openmed_data.answers import AnswerType
from openmed_data.rewards import correct_answer
from openmed_data.rewards.correct import GOLD_COLUMNS

from .judge import Question
from .prompt import completion_of
from .reasons import AnswerFormat


class Verified(NamedTuple):
    """Which questions are paid as they should be, and how many completions for right and wrong answers show it."""

    sound: list[bool]
    right: int
    wrong: int


def gold_columns(question: Question) -> dict[str, Any]:
    """Return the columns from which the rewards read a question's gold."""
    lettered = question.answer_type is AnswerType.CHOICE and question.place is not None
    return {
        "answer": question.answer,
        "answer_type": question.answer_type.value,
        "choices": list(question.choices),
        "answer_label": ascii_uppercase[question.place] if lettered and question.place is not None else None,
        "accepted_answers": list(question.accepted),
    }


def verify_questions(questions: Sequence[Question], answer_format: AnswerFormat) -> Verified:
    """Pay the right answer and every wrong option of every question, in each form in which a model may say it.

    A question is sound where `correct_answer` pays 1 for the right answer in every form, and 0 for every other option
    in every form. Forms are the letter, the option's text, and both; the decision; the text of an open answer.
    """
    golds = [gold_columns(question) for question in questions]
    tried = [_Try(place, said, pay) for place, one in enumerate(questions) for said, pay in _said(one)]
    columns: dict[str, Any] = {name: [golds[one.place][name] for one in tried] for name in GOLD_COLUMNS}
    paid = correct_answer([completion_of(one.said, answer_format) for one in tried], **columns)
    unsound = {one.place for one, got in zip(tried, paid, strict=True) if got != one.pay}
    counts = Counter(one.pay for one in tried if one.place not in unsound)
    return Verified([place not in unsound for place in range(len(questions))], counts[1.0], counts[0.0])


class _Try(NamedTuple):
    place: int
    said: str
    pay: float


def _said(question: Question) -> Iterator[tuple[str, float]]:
    """Yield every answer to try, with what it must be paid."""
    match question.answer_type:
        case AnswerType.CHOICE:
            for place, (letter, text) in enumerate(zip(ascii_uppercase, question.choices, strict=False)):
                for said in (letter, text, f"{letter}. {text}"):
                    yield said, float(place == question.place)
        case AnswerType.BOOLEAN:
            for place, decision in enumerate(question.choices):
                yield decision, float(place == question.place)
        case AnswerType.NUMBER | AnswerType.TEXT:
            for text in (question.answer, *question.accepted):
                yield text, 1.0
            for text in question.item.distractors:
                yield text, 0.0
