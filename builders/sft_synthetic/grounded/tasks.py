"""What is asked of the model: task types with their shares, audiences, levels, and the passages that suit each task."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from .drugs import drugs_in
from .quantities import numbers_in


class Task(StrEnum):
    """A type of exchange."""

    EXPLAIN = "explain"
    COMPARE = "compare"
    DIFFERENTIAL = "differential"
    COUNSELLING = "counselling"
    CALCULATION = "calculation"
    DRUG_INFORMATION = "drug_information"
    GUIDELINE_SUMMARY = "guideline_summary"
    TRIAGE = "triage"
    UNSAFE_REQUEST = "unsafe_request"
    FOLLOW_UP = "follow_up"


class Audience(StrEnum):
    """Who asks."""

    PATIENT = "patient"
    CAREGIVER = "caregiver"
    STUDENT = "student"
    NURSE = "nurse"
    PHYSICIAN = "physician"


class Level(StrEnum):
    """How hard the question is."""

    BASIC = "basic"
    INTERMEDIATE = "intermediate"
    ADVANCED = "advanced"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of a task there is to be, and what it needs.

    Attributes
    ----------
    share
        Of all seeds.
    audiences, levels
        Equally often.
    exchanges
        Fewest and most pairs of question and answer.
    vignette
        Whether the user tells of a case: what they say of it, the answer may repeat.
    """

    share: float
    audiences: tuple[Audience, ...]
    levels: tuple[Level, ...] = tuple(Level)
    exchanges: tuple[int, int] = (1, 1)
    vignette: bool = False


_LAY = (Audience.PATIENT, Audience.CAREGIVER)
_TRAINED = (Audience.STUDENT, Audience.NURSE, Audience.PHYSICIAN)
_BELOW_ADVANCED = (Level.BASIC, Level.INTERMEDIATE)
PLANS = {
    Task.EXPLAIN: Plan(0.16, tuple(Audience)),
    Task.COMPARE: Plan(0.10, tuple(Audience)),
    Task.DIFFERENTIAL: Plan(0.08, _TRAINED, (Level.INTERMEDIATE, Level.ADVANCED), vignette=True),
    Task.COUNSELLING: Plan(0.14, _LAY, _BELOW_ADVANCED),
    Task.CALCULATION: Plan(0.06, _TRAINED, vignette=True),
    Task.DRUG_INFORMATION: Plan(0.10, tuple(Audience)),
    Task.GUIDELINE_SUMMARY: Plan(0.08, _TRAINED),
    Task.TRIAGE: Plan(0.10, (*_LAY, Audience.NURSE), _BELOW_ADVANCED, vignette=True),
    Task.UNSAFE_REQUEST: Plan(0.08, _LAY, _BELOW_ADVANCED, vignette=True),
    Task.FOLLOW_UP: Plan(0.10, tuple(Audience), exchanges=(2, 4)),
}

_COMPLAINT = re.compile(
    r"\b(?:symptoms?|signs?|pain|fever|cough|rash|vomiting|bleeding|swelling|fatigue|headaches?|dizziness|seizures?|"
    r"nausea|diarrhea|weakness|shortness of breath|numbness)\b",
    re.IGNORECASE,
)
_ADVICE = re.compile(
    r"\b(?:should|recommend\w*|guidelines?|treat(?:ed|ment|ments)|screening|manage\w*)\b", re.IGNORECASE
)
_CARE = re.compile(
    r"\b(?:treat\w*|medicines?|medications?|drugs?|doses?|surgery|therapy|vaccin\w+|insulin)\b", re.IGNORECASE
)
_FEWEST_WORDS, _ENOUGH_FOR_TWO = 40, 80


def tasks_for(text: str) -> tuple[Task, ...]:
    """Return the tasks that a passage holds enough for.

    Examples
    --------
    >>> tasks_for("Too short.")
    ()
    >>> passage = "Gout causes pain and swelling. Doctors should treat it with colchicine. " * 5
    >>> [task.value for task in tasks_for(passage)]
    ['explain', 'differential', 'counselling', 'drug_information', 'guideline_summary', 'triage', 'unsafe_request']
    """
    words = len(text.split())
    if words < _FEWEST_WORDS:
        return ()
    complaint = _COMPLAINT.search(text) is not None
    fits = {
        Task.EXPLAIN: True,
        Task.COMPARE: words >= _ENOUGH_FOR_TWO,
        Task.DIFFERENTIAL: complaint,
        Task.COUNSELLING: True,
        Task.CALCULATION: len(numbers_in(text)) >= 2,
        Task.DRUG_INFORMATION: bool(drugs_in(text)),
        Task.GUIDELINE_SUMMARY: _ADVICE.search(text) is not None,
        Task.TRIAGE: complaint,
        Task.UNSAFE_REQUEST: _CARE.search(text) is not None,
        Task.FOLLOW_UP: words >= _ENOUGH_FOR_TWO,
    }
    return tuple(task for task in Task if fits[task])


def cells_of(task: Task) -> Sequence[tuple[Audience, Level]]:
    """Return the pairs of audience and level that a task is asked in."""
    plan = PLANS[task]
    return [(audience, level) for audience in plan.audiences for level in plan.levels]
