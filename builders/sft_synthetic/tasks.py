"""What can be asked about a passage, and how much of its answer that takes."""

import re
from dataclasses import replace
from enum import StrEnum
from itertools import pairwise

from .answers import Answer, Block, cut, without_empty_leads
from .dice import Dice
from .options import SftOptions
from .passages import Passage
from .subjects import Topic, names


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
# What may be asked for as a list, and what the sentence that announces such a list speaks of: a page on the treatment
# of a cancer also lists the doctors who give it. No page lists the stages by themselves.
_ANNOUNCED = {
    Topic.SYMPTOMS: r"symptom|\bsigns?\b|any of the following|\b(?:may|can|might) (?:have|feel|experience|notice)\b",
    Topic.CAUSES: r"\bcaus|trigger|because|lead|occurs? (?:if|when)|factors|associated",
    Topic.RISK: r"\brisk|likely|chance|factors|associated|common",
    Topic.DIAGNOSIS: r"diagnos|\btests?\b|procedures|\bexam",
    Topic.TREATMENT: r"treat|therap|medic|\bdrugs?\b|surger|manage",
    Topic.COMPLICATIONS: r"complication|lead|problems",
    Topic.PREVENTION: r"prevent|reduc|protect|lower|avoid|lifestyle",
    Topic.KEY_POINTS: r"",
}
_ABOUT_ELSE = (
    r"depends?\b|\bgoals?\b|\baims?\b|\bask\b|questions|specialists|staging|determine|find out|want to\b|"
    r"foods|\bwhether\b|grades|(?:late|side) effects"
)
_FITS = {topic: re.compile(words, re.IGNORECASE) for topic, words in _ANNOUNCED.items()}
_FITS_NOT = {
    topic: re.compile("(?!)" if topic is Topic.DIAGNOSIS else _ABOUT_ELSE, re.IGNORECASE) for topic in _ANNOUNCED
}
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
_MANY_BACK = re.compile(r"(?:These|They|Others|Some)\b")  # to what the sentence before names
# What a reader without training follows: sentences and words of newspapers.
_LONGEST_SENTENCE, _LONGEST_WORD = 18.0, 5.0
_SPEAKS_TO_PATIENTS = re.compile(r"\b[Yy]our?\b")
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
        return passage.topic in _FITS and listed(answer, passage.topic) is not None
    if task is Task.PLAIN:
        return not answer.is_table and is_readable(answer)
    if task is Task.STUDENT:
        return not _SPEAKS_TO_PATIENTS.search(str(answer))
    return task is not Task.PATIENT or not answer.is_table


def is_readable(answer: Answer) -> bool:
    """Say whether an answer is made of short sentences and short words."""
    words = re.findall(r"[A-Za-z'\u2019-]+", str(answer))
    texts = sum(len(block.texts) for block in answer.blocks)
    return len(words) <= _LONGEST_SENTENCE * texts and sum(map(len, words)) <= _LONGEST_WORD * len(words)


def listed(answer: Answer, topic: Topic) -> Answer | None:
    """Return the first list of some length that its sentence announces as one on the topic, with that sentence."""
    if answer.is_table:
        return answer
    for before, block in pairwise((Block(()), *answer.blocks)):
        if block.is_list and len(block.texts) >= _FEWEST_ITEMS:
            lead = () if before.is_list else before.texts[-1:]
            many = lead and _MANY_BACK.match(lead[0])
            if _announces(" ".join(before.texts[-2:] if many else lead), topic):
                shown = lead and not _POINTS_BACK.match(lead[0])
                return replace(answer, blocks=(Block(lead), block) if shown else (block,))
    return None


def _announces(lead: str, topic: Topic) -> bool:
    return _FITS[topic].search(lead) is not None and not _FITS_NOT[topic].search(lead)


def brief(passage: Passage, dice: Dice, options: SftOptions) -> tuple[str, Answer] | None:
    """Return how many sentences a brief answer has, in words, and the answer; None where it would not be briefer."""
    answer = passage.answer
    if answer.is_table or answer.words < options.brief_from or passage.topic not in _SUMMED_UP:
        return None
    number = dice.pick("brief", (2, 3))
    texts = [(text, block.is_list) for block in answer.blocks for text in block.texts]
    lead = Block(tuple(text for text, _ in texts[:number]))
    if passage.topic is Topic.OVERVIEW and not names(passage.subject, str(lead)):  # it leads up to what is asked
        return None
    if len(texts) < number + _FEWEST_LEFT or lead.words > _MOST_WORDS_OF_BRIEF:
        return None
    if any(is_item or text.endswith(":") for text, is_item in texts[:number]) or without_empty_leads([lead]) != (lead,):
        return None
    return _NUMBERS[number], Answer((lead,))
