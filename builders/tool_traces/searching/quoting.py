"""Choose what to quote of a document: whole sentences that stand on their own and belong together."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from openmed_data.search import SearchIndex
from openmed_data.search.sentences import sentence_spans
from openmed_data.search.words import search_words

_MOST_WORDS, _LONGEST, _SHORTEST = 75, 60, 4
# A sentence with more of what is asked comes first, and of equal ones the earlier.
_MOST_TOLD, _LATER, _WHOLE_LIST = 3, 0.5, 0.5
_MOST_ITEMS, _MOST_LIST_WORDS = 10, 110
# A sentence that needs the one before it.
_LEANS = re.compile(
    r"(?:this|these|those|they|he|she|it|its|their|his|her|such|other|others|another|also|however|in addition|"
    r"additionally|furthermore|moreover|therefore|thus|for example|for instance|but|and|or|so|instead|as a result|"
    r"in these cases|in this|in other|some of these|both|the other|the following|similarly|then|if so|yes|no|"
    r"as (?:well|mentioned|described))\b",
    re.IGNORECASE,
)
# The first sentence of a document can lean on its title only, and not by these words.
_PRONOUN = re.compile(
    r"(?:this|these|those|they|he|she|it|its|their|his|her|also|however|but|and|or|so|yes|no)\b", re.IGNORECASE
)
# "Mutations in these genes", "During such attacks": what was named before the sentence. Not "those", most of which say
# what they are: "those of Parkinson disease".
_POINTS_BACK = re.compile(r"(?:\S+ ){1,6}?(?:these|such)\b(?! (?:as|that)\b)", re.IGNORECASE)
_OWN_SUBJECT = re.compile(r"this (?:condition|disorder|disease|syndrome|gene|cancer|form)\b", re.IGNORECASE)
# What the National Cancer Institute's pages say before what they have to say: it answers no question.
_PREAMBLE = re.compile(
    r"(?:there are )?different types of treatments? (?:(?:is|are) available )?for\b|some treatments are standard\b"
    r"|new types of treatment are being tested|many of today's standard treatments|a treatment clinical trial is\b"
    r"|patients (?:may want to think about taking part|who take part in|can enter) |for some patients, taking part in"
    r"|(?:(?:even )?when |some |there are (?:also )?|cancer prevention )?clinical trials (?!ha(?:s|ve)\b)"
    r"|other trials test\b|[^.]{3,90} taking part in a clinical trial should be considered"
    r"|children with [^.]{3,120} should have their treatment planned|the pediatric oncologist works with"
    r"|follow-up tests may be needed|some (?:of the )?tests (?:that were done|will (?:be repeated|continue))"
    r"|decisions about whether to continue, change|the results of these tests can|having a risk factor does not mean\b"
    r"|certain factors affect\b|anything that increases (?:your|the) (?:risk|chance)"
    r"|avoiding risk factors and increasing protective factors|after [^.]{3,150} been diagnosed, tests are done"
    r"|tests and procedures to stage\b|the information gathered from"
    r"|the (?:results of diagnostic and staging tests|process used to find out if cancer has spread)\b"
    r"|the mission of the national institute\b|the ninds(?:, | is )a component of\b",
    re.IGNORECASE,
)
# What a scrape left behind: "gene., in", "(-galactosidase)", "is is", two sentences without a stop between them,
# the announcement of a list that is gone.
_DAMAGED = re.compile(
    r"[a-z]{4}\.,|\w\.\.(?!\.)|[,;:] ?[,;]|[a-z]\*[a-z]|(?:^|[\s(])-[a-zA-Z]{3,}"
    r"|\b(?!(?:had|that)\b)([a-z]{2,}|[a-z]+ [a-z]+) \1\b"
    r"|[a-z)] (?:The|This|These|There|When|With|Some|Most|Many|Although|For) [a-z]|\bfollowing\.$"
)
_BEGINS = re.compile(r"[A-Z0-9(]")
_ENDS = re.compile(r"[.!][)\"']?$")
_GLUE = ("the", "and", "is", "are", "which", "or", "that", "with", "can", "from", "in", "of", "to")
_GLUED = re.compile(
    rf"\b(?:(?:{'|'.join(_GLUE)})[a-z]{{4,}}|[a-zA-Z][a-z]{{3,}}(?:{'|'.join(_GLUE)}))\b", re.IGNORECASE
)
_COMMON, _RARER = 20, 8  # documents of a part; how many times rarer the whole is


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence, or the item of a list, and its place in the text; `line` numbers the lines, `led` are led up to."""

    start: int
    stop: int
    line: int
    text: str
    item: bool
    led: bool


def choose(text: str, wanted: frozenset[str], index: SearchIndex, answers: re.Pattern[str] | None = None) -> list[str]:
    """Return passages of a document to quote, the most fitting first; each is a part of `text`, letter for letter.

    Parameters
    ----------
    wanted
        Words, as `search_words` gives them, of what the question is about and of its aspect.
    answers
        Tells passages that answer the question, which come before all others.
    """
    units = _units(text)
    fit = [_quotable(unit, index.frequency) for unit in units]
    found: list[tuple[float, int, int]] = []
    for place, unit in enumerate(units):
        if fit[place] and _begins(unit, place):
            last = _last(units, fit, place)
            score = (0 if unit.item else _told(unit.text, wanted)) - _LATER * place
            found.append((-score, place, last))
    listed = _lists(text, units, wanted)
    chosen: list[tuple[int, int]] = []
    for _, first, last in sorted([*found, *listed], key=lambda held: (not _answers(text, units, held, answers), held)):
        if all(last < start or first > stop for start, stop in chosen):
            chosen.append((first, last))
    return [text[units[first].start : units[last].stop] for first, last in chosen[:2]]


def _answers(text: str, units: Sequence[_Unit], held: tuple[float, int, int], answers: re.Pattern[str] | None) -> bool:
    _, first, last = held
    return answers is None or answers.search(text, units[first].start, units[last].stop) is not None


def _told(text: str, wanted: frozenset[str]) -> int:
    """Return how many of the wanted words a sentence holds, up to a number beyond which more say no more."""
    return min(len(wanted & frozenset(search_words(text))), _MOST_TOLD)


def quotable_sentences(text: str, index: SearchIndex) -> list[str]:
    """Return the sentences of a document that can be quoted alone."""
    units = _units(text)
    return [unit.text for unit in units if _quotable(unit, index.frequency) and not _LEANS.match(unit.text)]


def _begins(unit: _Unit, place: int) -> bool:
    """Say whether a quotation may begin with a sentence: it leans on none before it, or is the document's first."""
    if _POINTS_BACK.match(unit.text):
        return False
    if place == 0 and (not _PRONOUN.match(unit.text) or _OWN_SUBJECT.match(unit.text)):
        return True
    return not _LEANS.match(unit.text)


@lru_cache(maxsize=4_000)
def _units(text: str) -> tuple[_Unit, ...]:
    return tuple(_read(text))


def _read(text: str) -> Iterator[_Unit]:
    line, before, of_item, led = 0, 0, -1, False
    for start, stop in sentence_spans(text):
        line += text.count("\n", before, start)
        before = start
        item = text.startswith("- ", start) and (start == 0 or text[start - 1] == "\n")
        first = start + 2 if item else start
        of_item = line if item else of_item
        led = led if line == of_item else not _ENDS.search(text[first:stop])
        yield _Unit(first, stop, line, text[first:stop], item, item and led)


def _quotable(unit: _Unit, frequency: Callable[[str], int]) -> bool:
    words = unit.text.split()
    longest = _MOST_LIST_WORDS if unit.item else _LONGEST
    if not _SHORTEST <= len(words) <= longest or not _BEGINS.match(unit.text) or not _ENDS.search(unit.text):
        return False
    if _PREAMBLE.match(unit.text) or _DAMAGED.search(unit.text) or (unit.led and ":" not in unit.text):
        return False
    return unit.text.count("(") == unit.text.count(")") and not _glued(unit.text, frequency)


def _last(units: Sequence[_Unit], fit: Sequence[bool], first: int) -> int:
    """Return the last of the sentences that are quoted with the first: of the same paragraph, not too many words."""
    words, place = len(units[first].text.split()), first
    while (
        place + 1 < len(units) and place - first < 2 and fit[place + 1] and units[place + 1].line == units[first].line
    ):
        words += len(units[place + 1].text.split())
        if words > _MOST_WORDS:
            break
        place += 1
    return place


def _lists(text: str, units: Sequence[_Unit], wanted: frozenset[str]) -> Iterator[tuple[float, int, int]]:
    """Yield the lists that can be quoted whole, with the line that announces them."""
    for place, unit in enumerate(units[:-1]):
        if unit.item or not units[place + 1].item or not _announces(unit.text):
            continue
        last = place + 1
        while last + 1 < len(units) and (units[last + 1].item or units[last + 1].line == units[last].line):
            last += 1
        words = len(text[unit.start : units[last].stop].split())
        if last - place <= _MOST_ITEMS and words <= _MOST_LIST_WORDS and not units[last].text.endswith(":"):
            yield _LATER * place - _told(unit.text, wanted) - _WHOLE_LIST, place, last


def _announces(text: str) -> bool:
    return _BEGINS.match(text) is not None and not _LEANS.match(text) and (text.endswith(":") or text[-1].isalpha())


def _glued(text: str, frequency: Callable[[str], int]) -> bool:
    """Say whether a scrape ran two words into one, as in "diabetesthe": rare, and common in its parts.

    Examples
    --------
    >>> known = {"diabetesthe": 1, "diabetes": 900, "anesthesia": 1, "hinder": 1}
    >>> [_glued(text, lambda term: known.get(term, 0)) for text in ("Type 2 diabetesthe form", "Anesthesia")]
    [True, False]
    """
    return any(_runs_on(hit[0].lower(), frequency) for hit in _GLUED.finditer(text))


def _runs_on(word: str, frequency: Callable[[str], int]) -> bool:
    parts = [word.removesuffix(glue) for glue in _GLUE if word.endswith(glue)]
    parts += [word.removeprefix(glue) for glue in _GLUE if word.startswith(glue)]
    least = max(_COMMON, _RARER * min(map(frequency, search_words(word)), default=0))
    return any(frequency(term) >= least for part in parts if len(part) > 2 for term in search_words(part))
