"""What the readers of the answer types share: where an answer ends, and what takes it back."""

# ruff: noqa: RUF001  (typographic quotes, dashes and signs are what is read)

import re
from collections.abc import Callable
from typing import Protocol

from openmed_data.text.normalize import answer_key

# A claim that cannot be used: two answers, a hedge, a contradiction. Nothing claimed at all is None.
UNCLEAR = ""


class Reader(Protocol):
    """Reads the answers of one gold.

    ``quoted`` holds the item's own texts that voice a doubt: quoting one is no doubt of the completion's.
    """

    quoted: tuple[str, ...]

    def read(self, passage: str, *, exact: bool, alone: bool) -> str | None:
        """Read the answer a passage opens with.

        Parameters
        ----------
        passage
            Text without Markdown.
        exact
            Nothing but the answer may stand in the passage.
        alone
            The passage is the whole answer, not the rest of a text: what follows the answer counts too.

        Returns
        -------
        str or None
            The answer in its canonical form, UNCLEAR, or None where the passage opens with no answer.
        """
        ...

    def is_right(self, value: str) -> bool:
        """Say whether a canonical answer is the gold."""
        ...


OPENING = " \t\n\r\"'“‘([{$:"
CLOSING = " \t\n\r\"'”’)]}$.!,;:"
_WRAPPED = re.compile(r"^\s*+\$*+\s*+\\(?:boxed|text|textbf|mathrm|mathbf)\s*\{(.*)\}\s*+\$*+\s*+\.?+\s*+$", re.DOTALL)
# The answer stops here; what follows explains it.
_BOUNDARY = re.compile(
    r"[.,;:!?\n()\[\]]|\s(?=(?:because|since|as|which|due|given|is|was|[-–—])(?:\s|$))|\s(?=\(?[A-Z][).:]\s)|$"
)
# Said of the statement itself: a wrong, supposed, doubted or somebody else's answer.
_DISOWNING_TEXT = """
not never false untrue perhaps maybe possibly no nor neither doubt wrong incorrect if whether unless other another
alternative tempting previous some many people distractor were
"""
_DISOWNING = frozenset(_DISOWNING_TEXT.split())
# "… is most likely", "… is the most likely nerve": but not "… is most likely spared", "… is the best alternative".
_PRAISED = (
    rf"is (?:(?:the )?(?:most likely|correct|right|best|answer|diagnosis)"
    rf"|the (?:most likely|correct|right|best) (?!(?:{'|'.join(sorted(_DISOWNING))})\b)\w+)"
    r"(?=\W*$|\W*?[.;\n]|,(?!\s*(?:but|and|or|though)\b))"
)
_EXPLAINS = re.compile(
    r"(?:because|since|as|which|who|that|due|given|based|for|with|the|this|it|a|an|not|rather|instead|"
    rf"{_PRAISED}|"
    r"according|i\.e|so|thus|therefore|making|and (?:is|the|it|this|not)|"
    r"(?:correct|right(?=\W*$|\s+(?:answer|option|choice|one))|best|most|final)\b)(?!\w)",
    re.IGNORECASE,
)
_SHUT = r"[\s\"”’)\]]*+"
_TAKEN_BACK = re.compile(
    r"^[\s\"”’)\].,;:(-]*+(?:(?:is|was|are|would be|seems|looks)\s+)?(?:n['’]t|"
    r"not?\s+(?:correct|right|sure|certain|it|the (?:\w+ )?(?:answer|option|choice)s?)"
    r"|not\W*$|incorrect|wrong|false|excluded|ruled out|unlikely|maybe|perhaps|possibly|probably|i guess|\?)"
    rf"|^[\s\"”’)\].]*+\?"
    # "140 mEq/L is too high", but not "140 mEq/L, which is too high": that may be why it is asked about.
    rf"|^{_SHUT}(?:is|was|are|were|would be|seems|looks)\s+(?:(?:far|much|way|clearly|a (?:bit|little))\s+)*too\s+\w"
    # "Croup does not fit", but not "Croup does not cause it": that may be what is asked.
    rf"|^{_SHUT}(?:cannot|(?:can|won|(?:could|would|should|do|does|did)n)['’]t"
    r"|(?:could|would|should|will|do|does|did) not)"
    r"(?:\s+(?:be (?:it|so|right|true|correct|the|an?)|fit|match|apply|hold|count|explain|account"
    r"|suffice|make sense|seem)\b|\s*(?:[.,;!)\n]|$))"
    rf"|^{_SHUT}[.,;:-]*\s*(?:but\s+(?:that|this|it)(?:['’]s|\s+is)\s+(?:wrong|incorrect|not (?:right|correct|it))"
    r"|no[,.]\s+(?:that|this|it)(?:['’]s|\s+is|\s+was)\s*(?:n['’]t|not|wrong|incorrect))\b",
    re.IGNORECASE,
)
_DENIED = re.compile(rf"^{_SHUT}(?:is|was|are)\s+(?:not|never)\b", re.IGNORECASE)
# What repeats the question contradicts a decision: "no, it does help". What speaks of something else does not: "No, it
# is safe", "Yes, it is not safe", "No. We did find a trend", "Yes. It does not matter which".
_IT = r"^[\s\"”’)\].,;:!–—-]*+(?:but\s+)?(?:it|they|this|that|these|those|there|he|she)\s+"
_END = r"\s*(?:[.,;!?)\n]|$)"
_DOING = r"(?:does|do|did)"
_BEING = r"(?:is|are|was|were|can|could|has|have|had|will|would|should|may|might)"
_ASIDE = "seem|appear|matter|depend|differ|mean|need|require|warrant"
_CONTRADICTED = {
    "yes": re.compile(
        rf"{_IT}(?:{_DOING}(?:n['’]t|\s+not)\b(?!\s+(?:{_ASIDE})\b)"
        rf"|(?:{_BEING}(?:n['’]t|\s+not)|cannot|can['’]t|won['’]t){_END})",
        re.IGNORECASE,
    ),
    "no": re.compile(
        rf"{_IT}(?:(?:{_DOING}|{_BEING}){_END}|{_DOING}\s+(?:indeed\s+|in fact\s+)?(?!(?:not|nothing|no|little|harm|the"
        rf"|so|only|worse|poorly|less|otherwise|better|as|this|that|{_ASIDE})\b)[a-z]+)",
        re.IGNORECASE,
    ),
}
_JOINED = re.compile(
    r"^[\s\"”’)\].;!]*+(?:,?\s*+(?:and/or|or|and|plus|versus|vs\.?|to|as well as|alternatively|failing (?:that|which)|"
    r"on reflection|(?:also|possibly|perhaps) (?:the|an?|possibly|\(?[A-J]\b))\b|[/&+]|,\s*(?:or|and)\b)",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"^(?:the|an?)\s+", re.IGNORECASE)
_LETTERS = re.compile(r"[a-z]+")
# "It is …", "The most likely cause is …", "Diagnosis: …"; a subject with a clause of its own may be an answer itself.
_SUBJECT = re.compile(
    r"(?:(?:it|this|that|there)(?=\s)|the(?:\s+(?!(?:which|who|that|because|since|as|due|given|for|with|and|or|least)\b)[a-z-]+){1,6}?)"
    r"\s+(?:is|are|was|were|(?:would|must) be)(?:\s*:)?\s+(?:most likely\s+)?|it['’]s\s+(?:most likely\s+)?"
    r"|(?:(?:the|my|final|correct|best|most likely|likely)\s+){0,4}(?:answer|diagnosis|cause)\s*:\s*",
    re.IGNORECASE,
)
_LEAD = re.compile(r"(?:(?:so|therefore|thus|hence|in conclusion|most likely)\b[\s,:]*)+", re.IGNORECASE)
_VERBS = frozenset("is are was were".split())
# Of the next of a list of answers; a longer sentence explains, a longer line without a full stop does not.
_MOST_WORDS, _MOST_WORDS_OF_LINE = 4, 12
_DOUBTS = (
    "i don't know", "i do not know", "i'm not sure", "i am not sure", "not certain", "i'm unsure", "i am unsure",
    "i'm uncertain", "i am uncertain", "i cannot decide", "i can't decide", "i cannot determine", "i can't determine",
    "i cannot answer", "i can't answer", "i'm guessing", "i am guessing", "wild guess", "on second thought",
    "i take that back", "i take it back", "scratch that",
)  # fmt: skip
# What is said of a second answer: "though A is equally good", "C would also be correct", "both are right".
_SHARED = re.compile(
    r"\b(?:also|equally|just as|both|(?<=are )all)\s+(?:(?:are|be)\s+)?(?:equally\s+)?"
    r"(?:correct|right|acceptable|plausible|possible|valid|good|works?|answers?)(?=\W*(?:$|[.,;!)\n]|\b(?:here|too|but|answers?)\b))"
)
_BOTH = re.compile(
    r"\b[A-J][).]?\s*(?:,|and|or|&)\s*(?:option\s+)?\(?[A-J]\)?\s+are\s+(?:both\s+|all\s+|equally\s+)?"
    r"(?:correct|right|possible|acceptable|plausible|valid|true|the answers?)\b"
)


def unwrap(passage: str) -> str:
    """Take LaTeX wrappers and opening punctuation off a passage."""
    while "\\" in passage and (inner := _WRAPPED.match(passage)):
        passage = inner.group(1)
    return passage.lstrip(OPENING)


def doubtful(text: str, quoted: tuple[str, ...]) -> bool:
    """Say whether a text takes back what it says ("I don't know", "on second thought"), quotations aside."""
    if not voices_doubt(text):
        return False
    for quotation in quoted:
        text = text.replace(quotation, " ")
    return voices_doubt(text)


def voices_doubt(text: str) -> bool:
    """Say whether a text has the words of doubt in it, whoever says them."""
    lower = text.lower().replace("’", "'")
    for phrase in _DOUBTS:
        if phrase in lower:
            return True
    if _SHARED.search(lower):
        return True
    return " are" in lower and _BOTH.search(text) is not None


def taken_back(rest: str, *, named: bool = False) -> bool:
    """Say whether what follows an answer negates or hedges it ("B is wrong", "B?", "B, perhaps").

    Where letter and text name it (``named``), "B. Fever is not a feature" may repeat what the question denies.

    Examples
    --------
    >>> taken_back(" is not a feature"), taken_back(" is not a feature", named=True)
    (True, False)
    """
    return _TAKEN_BACK.search(rest) is not None or (not named and _DENIED.search(rest) is not None)


def contradicted(decision: str, rest: str) -> bool:
    """Say whether what follows a decision says the contrary in so many words.

    Examples
    --------
    >>> contradicted("no", ", it does help"), contradicted("yes", ". It does not."), contradicted("no", ", it is safe")
    (True, True, False)
    """
    pattern = _CONTRADICTED.get(decision)
    return pattern is not None and pattern.search(rest) is not None


def joined(rest: str) -> bool:
    """Say whether what follows an answer adds another to it ("B or C", "B/C")."""
    return linked(rest) is not None


def linked(rest: str) -> str | None:
    """Return what is added to an answer ("C" of "B or C"), or None where nothing is."""
    found = _JOINED.search(rest)
    return _ARTICLE.sub("", rest[found.end() :].lstrip(OPENING)) if found else None


def explains(rest: str) -> bool:
    """Say whether what follows an answer reads as its explanation."""
    return _EXPLAINS.match(rest.lstrip()) is not None


def lists_another(rest: str) -> bool:
    """Say whether what follows an answer is the next of a list ("; radial nerve", a line of its own), no explanation.

    Examples
    --------
    >>> lists_another("; radial nerve; median nerve"), lists_another(". It supplies the interossei of the hand.")
    (True, False)
    """
    following = _ARTICLE.sub("", rest.lstrip(CLOSING))
    if rest[:1] not in {".", "!", ";", "\n"} or explains(following):
        return False
    item = re.match(r"[^.;!\n]*", following)
    words = item[0].split() if item else []
    line = rest[0] in ";\n" and following[len(item[0]) if item else 0 :][:1] != "."
    fits = 0 < len(words) <= (_MOST_WORDS_OF_LINE if line else _MOST_WORDS)
    return fits and not any(word.endswith(":") or word in _VERBS for word in words)


def disowning(words: str) -> bool:
    """Say whether lower-case words deny, suppose or doubt what is said with them."""
    return not _DISOWNING.isdisjoint(_LETTERS.findall(words))


def predicate(passage: str) -> str:
    """Return what a sentence says of its subject; all of it but a "therefore" where it has none or two, or denies it.

    Examples
    --------
    >>> predicate("The most likely cause is a stroke."), predicate("The wrong cause is a stroke.")
    ('a stroke.', 'The wrong cause is a stroke.')
    """
    if lead := _LEAD.match(passage):
        passage = passage[lead.end() :]
    subject = _SUBJECT.match(passage)
    if not subject or disowning(subject.group().lower()) or _SUBJECT.search(passage, subject.end()):
        return passage
    return passage[subject.end() :]


def sentence(text: str) -> str:
    """Return a text up to the end of its first sentence or line."""
    end = re.search(r"[.!?](?=\s|$)|\n", text)
    return text[: end.start()] if end else text


def head_with_key(passage: str, key: str, key_of: Callable[[str], str] = answer_key) -> str | None:
    """Return what follows the shortest head of ``passage`` that has ``key`` and ends at a boundary, or None.

    Examples
    --------
    >>> head_with_key("Hepatitis B, which is transmitted by blood", "hepatitis b")
    ', which is transmitted by blood'
    """
    limit = 2 * len(key) + 60
    for found in _BOUNDARY.finditer(passage, 0, min(len(passage), limit)):
        if key_of(passage[: found.start()]) == key:
            return passage[found.start() :]
    return None
