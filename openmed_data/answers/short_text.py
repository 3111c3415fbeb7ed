"""Read short free-text answers: equal to one of the accepted texts, nothing looser."""

import re
from typing import Self

from openmed_data.answers.gold import Gold
from openmed_data.answers.reading import (
    CLOSING,
    UNCLEAR,
    explains,
    head_with_key,
    joined,
    lists_another,
    taken_back,
    unwrap,
)
from openmed_data.text.normalize import answer_key

MAX_WORDS = 12
_ARTICLE = re.compile(r"^(?:the|an?)\s+", re.IGNORECASE)


class TextReader:
    """The texts that earn credit, by key; the canonical answer is the key."""

    quoted: tuple[str, ...] = ()

    def __init__(self, keys: frozenset[str]) -> None:
        self._keys = keys
        self._longest_first = sorted(keys, key=len, reverse=True)
        self._limit = 2 * max(map(len, keys)) + 60

    @classmethod
    def of(cls, gold: Gold) -> Self | None:
        """Prepare a gold; None where its text is empty or longer than a short answer."""
        if not 0 < len(gold.answer.split()) <= MAX_WORDS or not answer_key(gold.answer):
            return None
        texts = (gold.answer, *gold.accepted)
        return cls(frozenset(key for text in texts if (key := answer_key(_ARTICLE.sub("", text.strip(), count=1)))))

    def is_right(self, value: str) -> bool:
        """Say whether a key is that of an accepted text."""
        return value in self._keys

    def read(self, passage: str, *, exact: bool, alone: bool) -> str | None:
        """Read the accepted text a passage opens with, or the key of its first line; see :class:`Reader`."""
        passage = unwrap(passage)
        if article := _ARTICLE.match(passage):
            passage = unwrap(passage[article.end() :])
        head = answer_key(passage[: self._limit])
        for key in self._longest_first:
            if head.startswith(key) and (rest := head_with_key(passage, key)) is not None:
                return self._settled(key, rest, exact=exact, alone=alone)
        return answer_key(passage.split("\n", 1)[0][:200]) or None

    def _settled(self, key: str, rest: str, *, exact: bool, alone: bool) -> str | None:
        if not rest.strip(CLOSING):
            return UNCLEAR if "?" in rest else key
        if exact:
            return None
        if taken_back(rest) or joined(rest) or (alone and lists_another(rest)):
            return UNCLEAR
        # "Metronidazole, vancomycin" is another answer; "metronidazole, because …" is this one.
        return key if rest[0] in ".!\n;" or explains(rest.lstrip(CLOSING)) else UNCLEAR
