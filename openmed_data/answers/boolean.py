"""Read decisions: yes, no, maybe."""

# ruff: noqa: RUF001  (typographic quotes, dashes and signs are what is read)

import re
from typing import Self

from openmed_data.answers.gold import Gold
from openmed_data.answers.reading import UNCLEAR, contradicted, sentence, taken_back, unwrap
from openmed_data.text.normalize import answer_key

_DECISION = re.compile(
    r"(yes|no|maybe)(?=\s*(?:[.,;:!?()\]}\"'”\n–—]|-\s|$)|\s+(?:because|since|as|it|there|this)\b)", re.IGNORECASE
)
_WORD = re.compile(
    r"\b(yes|no|maybe)\b(?=\s*(?:[.,;:!?()]|$))|\b(?:and|or|/)\s*(yes|no|maybe)\b|\b(yes)\s+(?=it|they|there)",
    re.IGNORECASE,
)


class BooleanReader:
    """Reads yes, no and maybe where they stand as a decision, not as the determiner of "no evidence"."""

    quoted: tuple[str, ...] = ()

    def __init__(self, right: str) -> None:
        self._right = right

    @classmethod
    def of(cls, gold: Gold) -> Self | None:
        """Prepare a gold; None where it is no decision, or none of those that are offered."""
        right, offered = answer_key(gold.answer), {answer_key(text) for text in gold.choices.values()}
        return cls(right) if right in {"yes", "no", "maybe"} and (right in offered or not offered) else None

    def is_right(self, value: str) -> bool:
        """Say whether a decision is the right one."""
        return value == self._right

    def read(self, passage: str, *, exact: bool, alone: bool) -> str | None:
        """Read the decision a passage opens with; see :class:`Reader`."""
        passage = unwrap(passage)
        found = _DECISION.match(passage)
        if found is None:
            return UNCLEAR if re.match(r"(?:yes|no|maybe)\s*(?:/|or\b|and\b)", passage, re.IGNORECASE) else None
        rest = passage[found.end() :]
        if exact and rest.strip(" .)\"'"):
            return None
        decision = found.group(1).lower()
        others = {word.lower() for pair in _WORD.findall(rest if alone else sentence(rest)) for word in pair if word}
        denied = taken_back(rest) or contradicted(decision, rest)
        return UNCLEAR if denied or others - {decision} else decision
