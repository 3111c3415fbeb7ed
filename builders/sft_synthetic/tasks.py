"""What can be asked about a passage, and how much of its answer that takes."""

import re
from dataclasses import replace
from enum import StrEnum
from itertools import pairwise

from .answers import Answer, Block, cut
from .dice import Dice
from .options import SftOptions
from .passages import Passage
from .subjects import Topic


class Task(StrEnum):
    """Kinds of dialogue."""

    DIRECT = "direct"
    PATIENT = "patient"
    STUDENT = "student"
    PLAIN = "plain"
    LIST = "list"
    BRIEF = "brief"
    FOLLOW_UP = "follow-up"
    AS_ASKED = "as-asked"
    EXAM = "exam"
    STUDY = "study"


_WEIGHTS = {Task.DIRECT: 5.0, Task.PATIENT: 2.5, Task.STUDENT: 2.0, Task.PLAIN: 1.6, Task.LIST: 4.0}
_LISTED = frozenset(
    {
        Topic.SYMPTOMS,
        Topic.CAUSES,
        Topic.RISK,
        Topic.DIAGNOSIS,
        Topic.STAGES,
        Topic.TREATMENT,
        Topic.COMPLICATIONS,
        Topic.PREVENTION,
        Topic.KEY_POINTS,
    }
)
# What the first sentences of a page sum up; those of a page on treatment only lead up to it.
_SUMMED_UP = frozenset(
    {
        Topic.OVERVIEW,
        Topic.CAUSES,
        Topic.GENETICS,
        Topic.FREQUENCY,
        Topic.INHERITANCE,
        Topic.OUTLOOK,
        Topic.COMPLICATIONS,
    }
)
_FEWEST_ITEMS = 3
_POINTS_BACK = re.compile(r"(?:These|They|This|It|Others?|Some)\b")
# What a reader without training follows: sentences and words of newspapers.
_LONGEST_SENTENCE, _LONGEST_WORD = 18.0, 5.0
_NUMBERS = {2: "two", 3: "three"}
_FEWEST_LEFT = 2  # sentences that a brief answer leaves out, at least
_MOST_WORDS_OF_BRIEF = 90


def choose(passage: Passage, dice: Dice, options: SftOptions) -> Task:
    """Choose one of the tasks that a passage is fit for."""
    match passage.topic:
        case Topic.QUESTION:
            return Task.AS_ASKED
        case Topic.EXAM:
            return Task.EXAM
        case Topic.STUDY:
            return Task.STUDY
        case _:
            answer = cut(passage.answer, options.max_words)
            fit = {task: weight for task, weight in _WEIGHTS.items() if _fits(task, passage, answer)}
            return dice.weigh("task", fit)


def _fits(task: Task, passage: Passage, answer: Answer) -> bool:
    if task is Task.LIST:
        return passage.topic in _LISTED and listed(answer) is not None
    if task is Task.PLAIN:
        return not answer.is_table and is_readable(answer)
    return task is not Task.PATIENT or not answer.is_table


def is_readable(answer: Answer) -> bool:
    """Say whether an answer is made of short sentences and short words."""
    words = re.findall(r"[A-Za-z'\u2019-]+", str(answer))
    texts = sum(len(block.texts) for block in answer.blocks)
    return len(words) <= _LONGEST_SENTENCE * texts and sum(map(len, words)) <= _LONGEST_WORD * len(words)


def listed(answer: Answer) -> Answer | None:
    """Return the first list of some length with the sentence that announces it; None where there is none."""
    if answer.is_table:
        return answer
    for before, block in pairwise((Block(()), *answer.blocks)):
        if block.is_list and len(block.texts) >= _FEWEST_ITEMS:
            lead = Block(before.texts[-1:])
            announced = lead.texts and not before.is_list and not _POINTS_BACK.match(lead.texts[0])
            return replace(answer, blocks=(lead, block) if announced else (block,))
    return None


def brief(passage: Passage, dice: Dice, options: SftOptions) -> tuple[str, Answer] | None:
    """Return how many sentences a brief answer has, in words, and the answer; None where it would not be briefer."""
    answer = passage.answer
    if answer.is_table or answer.words < options.brief_from or passage.topic not in _SUMMED_UP:
        return None
    number = dice.pick("brief", (2, 3))
    texts = [(text, block.is_list) for block in answer.blocks for text in block.texts]
    lead = texts[:number]
    if len(texts) < number + _FEWEST_LEFT or any(is_item or text.endswith(":") for text, is_item in lead):
        return None
    taken = cut(answer, _MOST_WORDS_OF_BRIEF, most_sentences=number)
    if taken.sentences != number:
        return None
    return _NUMBERS[number], Answer((Block(tuple(text for block in taken.blocks for text in block.texts)),))
