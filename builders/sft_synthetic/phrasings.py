"""The ways to ask, from `phrasings.tsv`: how one is chosen, and what it is called in the books."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = "phrasings.tsv"
ANY = "*"
# Where the subject is the subject of a verb, the phrasing fits one thing and not several.
_SINGULAR = re.compile(r"\b(?:is|does|has|comes?) \{x\}|\{x\} (?:is|does|has|comes?)\b", re.IGNORECASE)
_ONE_THING = re.compile(
    r"(?:ss|us|is|as|ics|itis|osis|abetes|erpes|asles|umps|ckets|abies|'s|s'|syphilis)$", re.IGNORECASE
)
_PERSONAL = re.compile(r"\b(?:I|me|my)\b")
_HEAD = re.compile(r"^(.*?)(?: (?:of|in|with|due|and|from|for|to|caused|type|\d)\b.*|[,(].*)?$")


@dataclass(frozen=True, slots=True)
class Phrasing:
    """One way to ask.

    Attributes
    ----------
    name
        What the row's origin calls it, such as ``direct.causes.3``.
    text
        With `{x}` for the subject, `{np}` for topic and subject, `{n}` for a number.
    advice
        Whether it asks what the reader should do.
    """

    name: str
    text: str
    advice: bool = False

    @property
    def singular(self) -> bool:
        """Whether it fits a subject in the singular only."""
        return _SINGULAR.search(self.text) is not None

    @property
    def personal(self) -> bool:
        """Whether the user asks about themselves."""
        return _PERSONAL.search(self.text) is not None

    def fill(self, **slots: str) -> str:
        """Put the slots in; one at the start gets a capital.

        Examples
        --------
        >>> Phrasing("opening.1", "{x} came up.").fill(x="gout")
        'Gout came up.'
        """
        text = self.text
        for slot, value in slots.items():
            text = text.replace(f"{{{slot}}}", value)
        return text[:1].upper() + text[1:] if self.text.startswith("{") else text


@cache
def phrasings(kind: str, topic: str = ANY) -> tuple[Phrasing, ...]:
    """Return the phrasings of a kind for a topic, in the file's order.

    Examples
    --------
    >>> [one.text for one in phrasings("subject", "causes")]
    ['the causes of {x}']
    """
    return tuple(one for held, about, one in _read() if (held, about) == (kind, topic))


@cache
def _read() -> tuple[tuple[str, str, Phrasing], ...]:
    return tuple(_lines())


def _lines() -> Iterator[tuple[str, str, Phrasing]]:
    numbers: dict[tuple[str, str], int] = {}
    text = Path(__file__).with_name(_FILE).read_text(encoding="utf-8")
    for line in text.splitlines()[1:]:
        kind, topic, written = line.split("\t")
        number = numbers[kind, topic] = numbers.get((kind, topic), 0) + 1
        name = f"{kind}.{number}" if topic == ANY else f"{kind}.{topic.replace(' ', '-')}.{number}"
        asks = written.startswith("!")
        yield kind, topic, Phrasing(name, written.removeprefix("!").replace("\\n", "\n"), asks)


def fitting(choices: Sequence[Phrasing], subject: str) -> list[Phrasing]:
    """Return the phrasings that agree with a subject in number.

    Examples
    --------
    >>> both = [Phrasing("a", "What is {x}?"), Phrasing("b", "Tell me about {x}.")]
    >>> [one.name for one in fitting(both, "kidney stones")], [one.name for one in fitting(both, "diabetes")]
    (['b'], ['a', 'b'])
    """
    return [one for one in choices if not one.singular] if is_plural(subject) else list(choices)


def is_plural(subject: str) -> bool:
    """Say whether a subject is several things; where it cannot be told, it is taken for several.

    Examples
    --------
    >>> [is_plural(one) for one in ("kidney stones", "pancreatitis", "Parkinson's disease", "cuts and bruises")]
    [True, False, False, True]
    """
    head = _HEAD.sub(r"\1", subject)
    return " and " in subject or (head.endswith("s") and not _ONE_THING.search(head))
