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
    predicate,
    taken_back,
    unwrap,
)
from openmed_data.text.normalize import answer_key

MAX_WORDS = 12
_ARTICLE = re.compile(r"^(?:the|an?)\s+", re.IGNORECASE)
_ASIDE = re.compile(r"\s*\(([^()]*)\)")
_SHORT_FORM = re.compile(r"(.*\w)\s*\(([A-Za-z]{2,9})\)$")
_JOINING = frozenset("a an and for in of on the to with".split())
_PRONOUNS = frozenset({"it", "this", "that"})
# On keys: British spelling, plurals and possessives (Turner's), and a number written apart from its letters (IL-2).
_SPELLINGS = (
    (re.compile(r"[ao]e"), "e"),
    (re.compile(r"our\b"), "or"),
    (re.compile(r"(?<=[a-z]{2})ies\b"), "y"),
    (re.compile(r"(?<=[a-z]{3})(?<![isu])s\b"), ""),
    (re.compile(r"\b([a-z]{1,3}) (?=\d)"), r"\1"),
)


def text_key(text: str) -> str:
    """Fold an answer to the key under which spellings of one term are equal; coarser than :func:`answer_key`.

    Too coarse for options, where one word in two numbers may be two answers; the build checks that no wrong option
    that a row knows of has the key of its answer.

    Examples
    --------
    >>> text_key("Oedema") == text_key("Edema"), text_key("Turner's syndrome") == text_key("Turner syndrome")
    (True, True)
    >>> text_key("Vitamin B-12") == text_key("vitamin B12") != text_key("Vitamin B1")
    True
    """
    key = answer_key(text)
    for pattern, to in _SPELLINGS:
        key = pattern.sub(to, key)
    return key


class TextReader:
    """The texts that earn credit, by key; the canonical answer is that of :func:`text_key`."""

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
        texts = [form for text in (gold.answer, *gold.accepted) for form in _forms(text.strip())]
        return cls(frozenset(key for text in texts if (key := text_key(_without_article(text)))))

    def is_right(self, value: str) -> bool:
        """Say whether a key is that of an accepted text."""
        return value in self._keys

    def read(self, passage: str, *, exact: bool, alone: bool) -> str | None:
        """Read the accepted text a passage opens with, or the key of its first line; see :class:`Reader`."""
        passage = unwrap(passage)
        for opened in dict.fromkeys(_without_article(text) for text in (passage, predicate(passage))):
            head = text_key(opened[: self._limit])
            for key in self._longest_first:
                if head.startswith(key) and (rest := head_with_key(opened, key, text_key)) is not None:
                    return self._settled(key, rest, exact=exact, alone=alone)
        said = text_key(_without_article(passage).split("\n", 1)[0][:200])
        return None if said in _PRONOUNS else said or None

    def _settled(self, key: str, rest: str, *, exact: bool, alone: bool) -> str | None:
        if aside := _ASIDE.match(rest):  # "Staphylococcus aureus (MRSA)"
            if joined(aside.group(1)) or taken_back(aside.group(1)):
                return UNCLEAR
            rest = rest[aside.end() :]
        rest = rest.lstrip(')]"”') or rest
        if not rest.strip(CLOSING):
            return UNCLEAR if "?" in rest else key
        if exact:
            return None
        if taken_back(rest) or joined(rest) or (alone and lists_another(rest)):
            return UNCLEAR
        # "Metronidazole, vancomycin" is another answer; "metronidazole, because …" is this one.
        return key if rest[0] in ".!\n;" or explains(rest.lstrip(CLOSING)) else UNCLEAR


def _forms(text: str) -> tuple[str, ...]:
    """Return a text and, where it spells its own abbreviation out ("Great artery (GA)"), each of the two alone."""
    found = _SHORT_FORM.fullmatch(text)
    if not found:
        return (text,)
    initials = "".join(word[0] for word in re.findall(r"[^\W\d_]+", found[1]) if word.lower() not in _JOINING)
    return (text, found[1], found[2]) if initials.lower() == found[2].lower() else (text,)


def _without_article(text: str) -> str:
    return _ARTICLE.sub("", text, count=1)
