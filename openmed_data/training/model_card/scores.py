"""Tables of scores: the model against its base, by the same harness, or not against it at all."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Subjects of MMLU (Hendrycks et al., 2021) that are medicine, or that it is built on.
MEDICAL = (
    "mmlu_anatomy",
    "mmlu_clinical_knowledge",
    "mmlu_college_biology",
    "mmlu_college_chemistry",
    "mmlu_college_medicine",
    "mmlu_high_school_biology",
    "mmlu_high_school_chemistry",
    "mmlu_medical_genetics",
    "mmlu_nutrition",
    "mmlu_professional_medicine",
    "mmlu_virology",
)
_SURE = 1.96  # standard errors, for 95%


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of the model and of its base.

    Attributes
    ----------
    value, base
        As the harness gives them; `base` is None where it was not measured, or not in the same way.
    stderr
        Standard error of `value`.
    clear
        Whether both differ by more than chance explains: by 1.96 standard errors of the difference, the two taken as
        independent, which is cautious, because both answered the same questions.
    shots
        Examples shown before each question.
    """

    task: str
    metric: str
    value: float
    stderr: float | None
    shots: int | None
    base: float | None = None
    clear: bool = False


@dataclass(frozen=True, slots=True)
class Scores:
    """The three tables of a card, and why no base stands in them if none does."""

    overall: tuple[Row, ...]
    medical: tuple[Row, ...]
    groups: tuple[Row, ...]
    differences: tuple[str, ...]

    @property
    def compared(self) -> int:
        """How many figures stand beside one of the base."""
        return sum(row.base is not None for row in (*self.overall, *self.groups, *self.medical))


def tables(evaluation: Mapping[str, Any], base: Mapping[str, Any] | None) -> Scores:
    """Return the tables of an evaluation, beside that of the base where both were made in the same way."""
    apart = differences(evaluation, base) if base else ()
    known = {_key(one): one for one in base["scores"]} if base and not apart else {}
    rows = [_row(one, known.get(_key(one))) for one in evaluation["scores"]]
    inner = {name for names in evaluation["group_subtasks"].values() for name in names}
    grouped = {one["task"] for one in evaluation["scores"] if one["group"]}
    return Scores(
        overall=tuple(row for row in rows if row.task not in inner),
        medical=tuple(row for row in rows if row.task in MEDICAL),
        groups=tuple(row for row in rows if row.task in grouped and row.task in inner),
        differences=apart,
    )


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[str, ...]:
    """Return in what two evaluations were made differently, so that their scores may not be compared.

    The prompts are no such thing: each model is asked in its own chat format.

    Examples
    --------
    >>> differences({"harness": "0.4.13"}, {"harness": "0.4.9"})
    ('harness: 0.4.13 and 0.4.9',)
    """
    found = [
        f"{name}: {one.get(name)} and {other.get(name)}"
        for name in ("harness", "transformers", "fewshot_as_multiturn")
        if one.get(name) != other.get(name)
    ]
    asked, base_asked = one.get("asked", {}), other.get("asked", {})
    if asked.get("dtype") != base_asked.get("dtype"):
        found.append(f"dtype: {asked.get('dtype')} and {base_asked.get('dtype')}")
    if (one.get("chat_template") is None) != (other.get("chat_template") is None):
        found.append("chat format: applied to one of the two only")
    mine, theirs = one.get("settings", {}), other.get("settings", {})
    found += [
        f"{name}: {mine.get(name)} and {theirs.get(name)}"
        for name in sorted(mine | theirs)
        if name != "batch_size" and mine.get(name) != theirs.get(name)
    ]
    for name in ("versions", "n-shot", "n-samples"):
        both = one.get(name, {}).keys() & other.get(name, {}).keys()
        unlike = sorted(task for task in both if one[name][task] != other[name][task])
        if unlike:
            found.append(f"{name}: of {', '.join(unlike[:3])}{' and others' if len(unlike) > 3 else ''}")
    return tuple(found)


def headline(scores: Sequence[Row]) -> dict[str, Row]:
    """Return one row for each task: accuracy, or else its first figure."""
    found: dict[str, Row] = {}
    for row in sorted(scores, key=lambda row: row.metric.split(",")[0] != "acc"):
        found.setdefault(row.task, row)
    return found


def _key(score: Mapping[str, Any]) -> tuple[str, str]:
    return score["task"], score["metric"]


def _row(score: Mapping[str, Any], base: Mapping[str, Any] | None) -> Row:
    facts = (score["task"], score["metric"], score["value"], score["stderr"], score["shots"])
    if base is None:
        return Row(*facts)
    errors = [one for one in (score["stderr"], base["stderr"]) if one is not None]
    apart = abs(score["value"] - base["value"])
    clear = len(errors) == 2 and apart > _SURE * math.hypot(*errors)
    return Row(*facts, base["value"], clear)
