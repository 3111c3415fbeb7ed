"""Find a completion's final answer, say how it was found, and check it.

The layers follow the practice of published graders (lm-evaluation-harness filters, MedReason's and HuatuoGPT-o1's
scorers) with their false credits taken out: a letter must be a label of the item, the answer must stand in the
final-answer region, and where the text gives two answers, a hedge or a negation there is no answer.
"""

from collections.abc import Iterable
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from openmed_data.answers.boolean import BooleanReader
from openmed_data.answers.choice import ChoiceReader
from openmed_data.answers.gold import AnswerType, Gold
from openmed_data.answers.number import NumberReader
from openmed_data.answers.reading import UNCLEAR, Reader, doubtful, predicate, unwrap
from openmed_data.answers.region import (
    Method,
    Passage,
    after_lead,
    announces,
    final_region,
    others,
    statements,
    tags,
    without_tags,
)
from openmed_data.answers.short_text import TextReader

# A text that announces its answer more often than this is a loop or an attack; it also bounds the work.
_MOST_STATEMENTS = 50


class Extraction(NamedTuple):
    """An answer: its canonical form, how it was found, and where in the completion it was read (start, end)."""

    value: str
    method: Method
    span: tuple[int, int]


class _Claim(NamedTuple):
    value: str
    passage: Passage


@lru_cache(maxsize=1 << 16)
def reader_for(gold: Gold) -> Reader | None:
    """Return the reader of a gold, or None where the gold cannot be verified.

    Unverifiable are a choice whose right option is not beyond doubt, a number that does not parse, a decision other
    than yes, no or maybe, and free text over the length a short answer has.
    """
    if gold.answer_type is AnswerType.CHOICE or (gold.answer_type is AnswerType.BOOLEAN and gold.label):
        # A decision whose row gives it a label is one among lettered options; without one, a letter says nothing.
        return ChoiceReader(gold.choices, gold.right_label) if gold.right_label else None
    match gold.answer_type:
        case AnswerType.NUMBER:
            return NumberReader.of(gold)
        case AnswerType.BOOLEAN:
            return BooleanReader.of(gold)
        case _:
            return TextReader.of(gold)


def extract(completion: str, gold: Gold) -> Extraction | None:
    """Find the final answer of a completion; None where there is none, or more than one.

    Examples
    --------
    >>> gold = Gold("Splenium", AnswerType.CHOICE, {"A": "Genu", "B": "Splenium"}, "B")
    >>> extract("<think>It is at the back.</think><answer>B</answer>", gold)
    Extraction(value='B', method=<Method.ANSWER_TAG: 'answer_tag'>, span=(41, 42))
    >>> extract("The answer is A or B.", gold) is None
    True
    """
    reader = reader_for(gold)
    return _extract(completion, reader) if reader else None


def verify(completion: str, gold: Gold) -> bool | None:
    """Say whether a completion gives the right answer; None where the gold cannot be verified.

    Examples
    --------
    >>> gold = Gold("Rh-ve", AnswerType.CHOICE, {"A": "Rh+ve", "B": "Rh-ve"}, "B")
    >>> verify("The answer is Rh negative.", gold), verify("<answer>Rh+ve</answer>", gold)
    (True, False)
    >>> verify("yes", Gold("it depends", AnswerType.BOOLEAN)) is None
    True
    """
    reader = reader_for(gold)
    if reader is None:
        return None
    found = _extract(completion, reader)
    return found is not None and reader.is_right(found.value)


def _extract(completion: str, reader: Reader) -> Extraction | None:
    region = final_region(completion)
    if region is None:
        return None
    offset, text = region
    claims = _claims(text, reader)
    if len({claim.value for claim in claims}) != 1 or claims[0].value == UNCLEAR:
        return None
    value, passage = claims[0]
    if doubtful(text, reader.quoted) or any(other.value != value for other in _stated(text, others(text), reader)):
        return None
    return Extraction(value, passage.method, (offset + passage.start, offset + passage.end))


def _claims(text: str, reader: Reader) -> list[_Claim]:
    """Collect every answer the region gives, by the most explicit way it gives one."""
    tagged = tags(text)
    claims = [_tagged(text, passage, reader) for passage in tagged]
    outside = without_tags(text) if tagged else text
    if tagged and not outside.strip():
        return claims
    claims += _stated(outside, statements(outside), reader)
    return claims or _bare(text, reader)


def _tagged(text: str, passage: Passage, reader: Reader) -> _Claim:
    inside = text[passage.start : passage.end]
    said = {claim.value for claim in _stated(inside, statements(inside), reader)} if announces(inside) else set[str]()
    if (value := _whole(inside, reader, exact=False)) is not None:
        said.add(value)
    return _Claim(said.pop() if len(said) == 1 else UNCLEAR, passage)


def _whole(text: str, reader: Reader, *, exact: bool) -> str | None:
    """Read a text that is the whole answer: as it stands, or what it says of its subject ("The diagnosis is …")."""
    value = reader.read(text, exact=exact, alone=True)
    if value is not None or exact:
        return value
    bare = unwrap(text)
    said = predicate(bare)
    return None if said in {bare, "a", "i"} else reader.read(said, exact=False, alone=True)


def _stated(text: str, passages: Iterable[Passage], reader: Reader) -> list[_Claim]:
    found = list(islice(passages, _MOST_STATEMENTS + 1))
    if len(found) > _MOST_STATEMENTS:
        return [_Claim(UNCLEAR, found[-1])]
    claims = [(reader.read(text[p.start : p.end], exact=p.exact, alone=False), p) for p in found]
    return [_Claim(value, passage) for value, passage in claims if value is not None]


def _bare(text: str, reader: Reader) -> list[_Claim]:
    """Read a text that announces no answer: the whole of it, or its last line."""
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    lines = [(Method.WHOLE_TEXT, start)]
    if (newline := text.rfind("\n", start, end)) > 0:
        lines.append((Method.LAST_LINE, newline + 1))
    for method, begin in lines:
        passage = Passage(method, begin, end, exact=method is Method.LAST_LINE)
        for first in dict.fromkeys((begin, after_lead(text, begin, end))):
            if text[first:end] in {"a", "i"}:  # an article or a pronoun that stands alone is no letter
                return []
            value = _whole(text[first:end], reader, exact=passage.exact)
            if value is not None:
                return [_Claim(value, passage)]
    return []
