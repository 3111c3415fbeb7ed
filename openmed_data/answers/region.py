"""Where a completion says its final answer: the tag, a boxed answer, a statement, or nothing else at all."""

# ruff: noqa: RUF001  (typographic quotes, dashes and signs are what is read)

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from openmed_data.answers.reading import disowning


class Method(StrEnum):
    """How an answer was found, from the most to the least explicit."""

    ANSWER_TAG = "answer_tag"
    BOXED = "boxed"
    STATEMENT = "statement"
    WHOLE_TEXT = "whole_text"
    LAST_LINE = "last_line"


class Passage(NamedTuple):
    """A stretch of text that may open with the answer; ``start`` and ``end`` count from the region's start."""

    method: Method
    start: int
    end: int
    exact: bool  # nothing but the answer may stand in it


# An answer is read within this many characters of its announcement; longer than any option, it bounds the work.
_REACH = 2000
# Markdown is blanked and full-width signs are read as plain ones, character for character, so that offsets hold.
_MARKDOWN = str.maketrans("*_`#", "    ")
_PLAIN = _MARKDOWN | {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {ord("。"): "."}
_TAG = re.compile(r"<answer>(.*?)(?:</answer>|\Z)", re.DOTALL | re.IGNORECASE)
_BOXED = re.compile(r"\\boxed\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
# Spelled out in three cases and not anchored on the left: the scan then looks for literals, three times as fast.
_NOUNS = "|".join(
    form
    for word in ("answer", "option", "choice", "response", "decision")
    for form in (word, word.title(), word.upper())
)
_CUE = re.compile(
    rf"(?:{_NOUNS})(?!\w)(?i:\s+(?:choice|option|letter|to (?:this|the) question|here))?"
    r"(?:(?i:\s*+\"?+\s*+(?:\bis\b|\b(?:would|should|must|will|has to) be\b|[:=→]|-+>?|[–—])[\s:]*))"
    # "Answer B", but not "we can eliminate answer B"
    r"|(?:Answer|ANSWER)\s+(?=\(?[A-Z]\)?(?!\w))"
    r"|I(?:['’]d| would| will|['’]ll)?\s+(?:choose|pick|select|go with|answer)\s+"
)
_ANNOUNCING = re.compile(rf"{_NOUNS}|I |boxed|correct|right")
_HEADING = re.compile(
    r"^[ \t]*(?:(?:the|my|final|correct|best)[ \t]+)*(?:answer|choice|decision)[ \t]*\n\s*",
    re.IGNORECASE | re.MULTILINE,
)
_HEDGE = re.compile(
    r"(?:(?:could|might|may) (?:also|equally|just as well) be|(?:or|and) (?:also )?(?:maybe|perhaps|possibly))\s+"
)
_HEDGING = ("also be", "equally be", "well be", "maybe", "perhaps", "possibly")
# Behind "actually" only a short one is an answer: "Actually C", but not "Actually, this is common in children".
_CORRECTION = re.compile(
    r"[.!?;,:\n…–—][^\S\n]*+"
    r"(?:(?:oh|hmm|wait|actually|sorry|correction|i mean|make that|no(?=\s?[,.:;!…–—]))\b[\s,.:;!…–—]*+){1,4}+"
    r"(?:(?:it(?:['’]s| is)|the (?:\w+ )?(?:answer|option|choice) is)\s+)?"
    r"([^\s.!?;\n<][^.!?;\n<]{0,199})(?=[.!?;\n<]|$)",
    re.IGNORECASE,
)
_RETRACTION = re.compile(r"\b(?:wait|sorry|correction|i mean|make that)\b", re.IGNORECASE)
_MOST_CORRECTED = 40
_SKIPPED = re.compile(r"(?:(?:that|therefore|thus|clearly|simply|most likely)\b[\s:]*)*", re.IGNORECASE)
_BACKWARD = re.compile(
    r"(?:is|(?:must|would|should) be)\s+(?:therefore\s+|thus\s+|clearly\s+|indeed\s+)?"
    r"(?:the\s+)?(?:(?:single |most )?(?:correct|right|best|appropriate|likely|final)\b\s*)*"
    r"(?:answer|option|choice|response|(?<=correct)|(?<=right))(?!\w)(?!\s+(?:only )?if\b)"
)
_LEAD = re.compile(
    r"\s*(?:(?:so|therefore|thus|hence|overall|clearly|finally|then|and|but|in (?:conclusion|summary)|"
    r"(?:i|we) (?:think|believe|conclude)(?: that)?|it(?:['’]s| is| must be)|choose|select|pick)\b[\s,:]*)*"
    r"(?:(?:option|choice|answer|letter|ans)\b[\s:.]*)?",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?](?=\s)|[\n;]")
_CLAUSE_MARKS = (".", "!", "?", ";", ",", ":", "\n", " so ", " hence ", " therefore ", " thus ", " but ", " because ")
_SUPPOSED = re.compile(r"\b(?:if|unless|had|were|suppose|otherwise)\b", re.IGNORECASE)


def final_region(completion: str) -> tuple[int, str] | None:
    """Return the offset and the text after the reasoning, without Markdown; None where the reasoning never ends."""
    close = completion.find("</think>")
    if close < 0 and "<think>" in completion:
        return None
    start = close + len("</think>") if close >= 0 else 0
    text = completion[start:]
    if not text.isascii():
        return start, text.translate(_PLAIN)
    return start, text.translate(_MARKDOWN) if any(mark in text for mark in "*_`#") else text


def tags(text: str) -> list[Passage]:
    """Return the inside of every answer tag; one without an end reaches to the end, as a stop string leaves it."""
    if "<" not in text:
        return []
    return [Passage(Method.ANSWER_TAG, *found.span(1), exact=False) for found in _TAG.finditer(text)]


def without_tags(text: str) -> str:
    """Blank the answer tags and what is in them, offsets kept."""
    return _TAG.sub(lambda found: "\n" * (found.end() - found.start()), text)


def statements(text: str) -> Iterator[Passage]:
    """Yield every place that announces an answer: boxed, "the answer is …", "… is the correct answer"."""
    for found in _BOXED.finditer(text) if "\\boxed" in text else ():
        yield Passage(Method.BOXED, *found.span(1), exact=False)
    for found in _CUE.finditer(text):
        if not _disowned(text, found):
            skipped = _SKIPPED.match(text, found.end())
            start = skipped.end() if skipped else found.end()
            yield Passage(Method.STATEMENT, start, min(len(text), start + _REACH), exact=False)
    for found in _HEADING.finditer(text) if "\n" in text else ():
        yield Passage(Method.STATEMENT, found.end(), min(len(text), found.end() + _REACH), exact=False)
    for found in _BACKWARD.finditer(text):
        if text[: found.start()].endswith((" ", "\n")):
            yield from _backward(text, len(text[: found.start()].rstrip(" )].:")))


def announces(text: str) -> bool:
    """Say whether a text has a word without which there are no statements; a fraction of the work of finding them."""
    return _ANNOUNCING.search(text) is not None


def others(text: str) -> Iterator[Passage]:
    """Yield what a text offers beside its answer ("it could also be …") or in its place ("Wait, actually …")."""
    for found in _HEDGE.finditer(text) if any(map(text.__contains__, _HEDGING)) else ():
        tag = text.find("<", found.end() + 1)  # the end of the answer tag is not part of the offer
        end = min(len(text), found.end() + _REACH)
        yield Passage(Method.STATEMENT, found.end(), end if tag < 0 else min(end, tag), exact=False)
    for found in _CORRECTION.finditer(text):
        if len(found[1]) > _MOST_CORRECTED and not _RETRACTION.search(text, found.start(), found.start(1)):
            continue
        yield Passage(Method.STATEMENT, *found.span(1), exact=False)


def _disowned(text: str, cue: re.Match[str]) -> bool:
    """Say whether the clause before a cue denies it, or its sentence supposes it ("if …, the answer would be …")."""
    before = text[max(0, cue.start() - 120) : cue.start()].lower()
    clause = before[max(map(before.rfind, _CLAUSE_MARKS)) + 1 :]
    if "n't" in clause or "n’t" in clause or disowning(clause):
        return True
    sentence = max(text.rfind(stop, 0, cue.start()) for stop in (". ", "? ", "! ", "\n"))
    return "would" in cue.group() and _SUPPOSED.search(text, sentence + 1, cue.start()) is not None


def after_lead(text: str, start: int, end: int) -> int:
    """Skip what leads up to an answer ("Therefore, option …", "Ans. …") and return where it begins."""
    lead = _LEAD.match(text, start, end)
    return lead.end() if lead else start


def _backward(text: str, end: int) -> Iterator[Passage]:
    """Yield what stands before "is the correct answer": the sentence so far, then its last clause."""
    sentence = max(0, end - 400)
    for found in _SENTENCE_END.finditer(text, sentence, end):
        # "B. fragilis" and "(B. fragilis)" are no ends of sentences.
        if found.group() != "." or found.start() - sentence > 2:
            sentence = found.end()
    clause = max(sentence, text.rfind(",", sentence, end) + 1, text.rfind(" and ", sentence, end) + 1)
    for start in dict.fromkeys((sentence, clause)):
        yield Passage(Method.STATEMENT, after_lead(text, start, end), end, exact=True)
