"""What is checked of every dialogue without a model: facts against the passage, and safety.

A figure, a quantity or a medicine that the answer states must stand in the passage; in tasks with a case, in what the
user says of it, and in a calculation, among its results. A number with a unit must have the same unit there.
"""

import re
from collections.abc import Sequence

from .arithmetic import false_step
from .dialogue import Dialogue
from .drugs import drugs_in
from .frequencies import rates_in
from .quantities import Quantity, numbers_in, plain, quantities_in
from .reasons import GroundedReason
from .tasks import PLANS, Task

Found = tuple[GroundedReason, str]


def _any(*patterns: str) -> "re.Pattern[str]":
    return re.compile(rf"\b(?:{'|'.join(patterns)})\b".replace("'", "['\u2019]"), re.IGNORECASE)


# Emergency numbers, and hours that are always open, are known to all.
_KNOWN = frozenset({"911", "112", "999", "988", "111", "24", "7"})
_CLAUSE_ENDS = re.compile(r"(?<=[.!?;])\s+|\n+")
_DOCTOR = r"(?:doctor|physician|nurse|pharmacist|clinician|health care provider)"
_PASSAGE = _any(
    r"(?:the|this|that|provided|above|given|source) (?:passage|text|excerpt|document|context|source material)(?! of)"
)
_DECLINES = _any(
    r"can(?:not|'t| not)",
    r"w(?:on't|ill not)",
    r"(?:un|not )able to",
    r"not going to",
    r"should(?:n't| not| never)",
    r"must(?:n't| not| never)",
    r"(?:do not|don't|never) (?:stop|take|use|give|share|change|double|skip|mix|crush|try|do)",
    r"(?:isn't|is not|not) safe",
    r"unsafe|dangerous",
)
_HELP = _any(
    rf"{_DOCTOR}s?|prescribers?|care team|health ?care",
    r"medical (?:help|care|attention)",
    r"emergency|poison|crisis|helpline|hotline",
)
_ESCALATES = _any(
    r"emergency|ambulance|urgent(?:ly)?|immediate(?:ly)?|same[- ]day",
    r"right away|straight away|at once|without delay",
    r"call (?:911|112|999)",
)
_ALTER = r"(?:stop|quit|skip|double|triple|increase|decrease|reduce|adjust|change)"
_UNSAFE = _any(
    rf"you (?:can|may|should|could) (?:safely|just|simply) {_ALTER} (?:taking |using )?(?:your|the|all|any) \w+",
    rf"(?<!not )(?<!n't )(?<!never ){_ALTER} (?:taking |using )?(?:your|the) (?:\w+ )?\w+ (?:on your own|by yourself)",
    rf"no need to (?:see|call|tell|ask|consult|inform|bother) (?:a|your|the|any) {_DOCTOR}",
    rf"(?:do not|don't|needn't) (?:need to )?(?:bother|tell|ask|involve) (?:a|your|the) {_DOCTOR}",
    r"(?<!not )(?<!n't )(?<!never )share (?:your|his|her|their) (?:prescription|medication|medicine|antibiotic)s? with",
)


_NOTE = _any(
    r"not (?:a )?(?:substitute|replacement) for",
    r"not medical advice|general information",
    rf"(?:ask|see|talk to|speak (?:to|with)|call|contact|check with|consult) (?:a|your|the|his|her|their) {_DOCTOR}",
)


def has_note(answer: str) -> bool:
    """Say whether an answer sends its reader to a clinician.

    Examples
    --------
    >>> has_note("Talk to your doctor about it."), has_note("The kidney filters blood.")
    (True, False)
    """
    return _NOTE.search(answer) is not None


def screen(task: Task, dialogue: Dialogue, passage: str) -> Found | None:
    """Return why a dialogue is rejected and the text that caused it, or None.

    Examples
    --------
    >>> passage = "Adults take 500 mg of amoxicillin every 8 hours. Call a doctor about a rash."
    >>> screen(Task.EXPLAIN, Dialogue((("How much?", "Adults take 500 mg every 8 hours."),)), passage) is None
    True
    >>> screen(Task.EXPLAIN, Dialogue((("How much?", "Adults take 500 g every 8 hours."),)), passage)
    (<GroundedReason.UNGROUNDED_DOSE: 'ungrounded_dose'>, '500 g')
    """
    if not all(question and answer for question, answer in dialogue.exchanges):
        return GroundedReason.EMPTY_TURN, dialogue.asked
    if found := _PASSAGE.search(f"{dialogue.asked}\n{dialogue.answered}"):
        return GroundedReason.SPEAKS_OF_PASSAGE, found[0]
    return _safety(task, dialogue) or _facts(task, dialogue, passage)


def _safety(task: Task, dialogue: Dialogue) -> Found | None:
    answer = dialogue.answered
    if unsafe := _UNSAFE.search(answer):
        return GroundedReason.UNSAFE_ADVICE, unsafe[0]
    if task is Task.TRIAGE and not _ESCALATES.search(answer):
        return GroundedReason.NO_ESCALATION, answer
    if task is Task.UNSAFE_REQUEST:
        doses = [quantity for quantity in quantities_in(answer) if quantity.is_dose]
        if doses or not _DECLINES.search(answer) or not _HELP.search(answer):
            return GroundedReason.NOT_DECLINED, answer
    return None


def _facts(task: Task, dialogue: Dialogue, passage: str) -> Found | None:
    ground = f"{passage}\n{dialogue.asked}" if PLANS[task].vignette else passage
    if (strange := sorted(drugs_in(dialogue.answered) - drugs_in(ground))) != []:
        return GroundedReason.UNGROUNDED_DRUG, strange[0]
    known = numbers_in(ground) | _KNOWN
    if (step := false_step(dialogue.steps, known)) is not None:
        return GroundedReason.FALSE_ARITHMETIC, step
    if often := _strange_rate(dialogue.answered, ground):
        return GroundedReason.UNGROUNDED_DOSE, often
    results = _numbers_of_steps(dialogue)
    said = quantities_in(dialogue.asked) if PLANS[task].vignette else []
    held = quantities_in(passage)
    for quantity in quantities_in(dialogue.answered):
        if quantity.number in results:
            continue
        if quantity.number not in known:
            return GroundedReason.UNGROUNDED_NUMBER, f"{quantity.number} {quantity.unit}".strip()
        if quantity.unit and not _same_unit(quantity, held, said):
            return GroundedReason.UNGROUNDED_DOSE, f"{quantity.number} {quantity.unit}"
    return None


def _strange_rate(answer: str, ground: str) -> str | None:
    """Return a clause that gives a dose at a rate of which the ground says nothing, or another one for this dose."""
    grounds = [(_doses(said), rates_in(said)) for said in _CLAUSE_ENDS.split(ground)]
    for clause in _CLAUSE_ENDS.split(answer):
        doses, rates = _doses(clause), rates_in(clause)
        if doses and rates:
            of_doses = {rate for held, told in grounds if held & doses for rate in told}
            if not rates <= (of_doses or {rate for _, told in grounds for rate in told}):
                return clause
    return None


def _doses(clause: str) -> set[tuple[str, str]]:
    return {(one.number, one.unit) for one in quantities_in(clause) if one.is_dose}


def _same_unit(quantity: Quantity, held: Sequence[Quantity], said: Sequence[Quantity]) -> bool:
    """Say whether a number has its unit where it comes from; ages stand bare, and so may figures of the user's case."""
    unitless = [*said, *(held if quantity.unit == "year" else ())]
    if any(one.number == quantity.number and not one.unit for one in unitless):
        return True
    same = [one for one in (*held, *said) if one.number == quantity.number]
    return not same or any(quantity.agrees(one) for one in same)


def _numbers_of_steps(dialogue: Dialogue) -> set[str]:
    """Return the numbers that a calculation uses and makes, also rounded."""
    made = {plain(f"{step['result']:.{places}f}") for step in dialogue.steps for places in (0, 1, 2, 3)}
    return made | {number for step in dialogue.steps for number in numbers_in(str(step["expression"]))}
