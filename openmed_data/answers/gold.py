"""What a completion is checked against."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from string import ascii_uppercase
from typing import cast

from openmed_data.text.normalize import answer_key


class AnswerType(StrEnum):
    """How an answer is compared."""

    CHOICE = "choice"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TEXT = "text"


@dataclass(frozen=True)
class Gold:
    """The right answer to one prompt.

    Attributes
    ----------
    answer
        The answer's text: an option's text, ``yes``, ``12.5 mg/dL``, a short phrase.
    answer_type
        How it is compared.
    choices
        Label (one upper-case letter) to option text; empty for open questions.
    label
        The right option's label. A choice without one is found by its text, where exactly one option has it; a
        decision without one is given in words alone, and its choices are the words that are offered.
    accepted
        Further answers that earn the same credit.
    tolerance
        Relative tolerance of a number; a whole number without a unit is a count and must be met exactly.

    Examples
    --------
    >>> Gold("Splenium", AnswerType.CHOICE, {"A": "Genu", "B": "Splenium"}).right_label
    'B'
    """

    answer: str
    answer_type: AnswerType
    choices: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    label: str | None = None
    accepted: tuple[str, ...] = ()
    tolerance: float = 0.01

    @property
    def right_label(self) -> str | None:
        """The label of the right option; None where there are no labels, or no option is right beyond doubt."""
        if self.label and self.answer_type in {AnswerType.CHOICE, AnswerType.BOOLEAN}:
            return self.label if self.label in self.choices else None
        if self.answer_type is not AnswerType.CHOICE:
            return None
        key = answer_key(self.answer)
        labels = [label for label, text in self.choices.items() if key and answer_key(text) == key]
        return labels[0] if len(labels) == 1 else None


def gold_from_columns(
    answer: str,
    answer_type: str,
    choices: object = None,
    answer_label: str | None = None,
    accepted_answers: Iterable[str] | None = None,
) -> Gold:
    """Read a gold from the columns of a ``rewards`` row; equal rows give one cached object.

    ``choices`` may be a mapping (labels that hold null are left out, as Arrow pads structs), pairs, records of
    ``label`` and ``text``, or plain texts that are labelled A, B, C… in order.

    Raises
    ------
    ValueError
        ``answer_type`` is unknown, or ``choices`` has none of those shapes.

    Examples
    --------
    >>> gold_from_columns("Genu", "choice", ["Genu", "Splenium"], "A").choices
    {'A': 'Genu', 'B': 'Splenium'}
    """
    return _cached_gold(answer, answer_type, _pairs(choices), answer_label, tuple(accepted_answers or ()))


@lru_cache(maxsize=1 << 16)
def _cached_gold(
    answer: str, answer_type: str, pairs: tuple[tuple[str, str], ...], label: str | None, accepted: tuple[str, ...]
) -> Gold:
    if answer_type not in set(AnswerType):
        raise ValueError(f"answer_type is {answer_type!r}; expected one of {', '.join(AnswerType)}")
    return Gold(answer, AnswerType(answer_type), dict(pairs), label, accepted)


def _pairs(choices: object) -> tuple[tuple[str, str], ...]:
    if not choices:
        return ()
    if isinstance(choices, Mapping):
        mapping = cast("Mapping[str, str | None]", choices)
        return tuple((label, text) for label, text in mapping.items() if text is not None)
    if isinstance(choices, Sequence) and not isinstance(choices, str):
        items = cast("Sequence[object]", choices)
        return tuple(_pair(label, item) for label, item in zip(ascii_uppercase, items, strict=False))
    raise ValueError(f"choices is {type(choices).__name__}; expected a mapping, records, pairs or texts")


def _pair(label: str, item: object) -> tuple[str, str]:
    match item:
        case str():
            return label, item
        case {"label": str(own), "text": str(text)}:
            return own, text
        case (str(own), str(text)):
            return own, text
        case _:
            raise ValueError(f"a choice is {item!r}; expected a text, a (label, text) pair or a record of the two")
