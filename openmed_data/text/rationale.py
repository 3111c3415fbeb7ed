"""Make a rationale of an explanation, or say that it cannot be one.

MedMCQA's explanations are notes: answer statements, citations, tables run into lines, headings glued to sentences. Few
are worth imitating, so the test is strict; what passes is at most three sentences that name what the right option says.
"""

import re

from openmed_data.text.capitals import runs_on
from openmed_data.text.clean import clean_text
from openmed_data.text.explanations import NAMED, STATED

MOST_SENTENCES = 3
MOST_CHARACTERS = 400
FEWEST_WORDS = 6

_REFERENCE = re.compile(
    r"[\[(]\s*ref\b[^\])]{0,160}[\])]"
    r"|\bref(?:erence)?s?\s*[.:;-][^.]{0,160}?(?:p\.?\s*\d[\d\s,\u2013-]*|edition|\bed\b\.?|$)"
    r"|\(?\bpg?\.?\s*(?:no)?\.?\s*\d+(?:\s*[-\u2013]\s*\d+)?\)?",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[a-z0-9%)\]][.!?])\s+(?=[A-Z(])")
# The quote is the number of a reference, misread.
_LOST_SPACE = re.compile(r"(?<=[a-z0-9][a-z%]) ?\.['\u2019]?(?=[A-Z])")
_SPACES = (
    (re.compile(r"(?<=[\w)]) +(?=[,;.](?:\s|$))| +(?=\))| +\.(?=$)"), ""),
    (re.compile(r" ?\( +|(?<=[a-z]{3})\((?=[a-z]{3}|[A-Z]{2})"), " ("),
    (re.compile(r"(?<=[a-z][a-z)][,;])(?=[a-z]{2})"), " "),
)

# Signs that a passage is notes, a table, a citation or talk about the examination, and not an explanation.
_NOTES = re.compile(
    r"[a-z]{2}['\u2019]?[A-Z][a-z]{2}|[\w)\"'][:.)\"]+[A-Z][a-z]|\w!\w|\b[A-Z]{4,} [A-Z]{4,}\b"  # words run together
    r"|[a-z]{3}\.[a-z]{2}|[a-z]:\d|\d['\u2019][A-Z][a-z]|[A-Z]{5,}[a-z]{3}|[a-z]{4}[b-z]\d"  # but "alpha1"
    r"| [.,:]\w|[:;,] ?[:;.,]|:-|\.\."
    r"|\?[^\s\"')]|\d ?\?|(?:^| )/ "  # a letter or a sign was lost: "?2 receptors", "4?C"
    r"|[a-z)\]%] (?:Although|As|Because|But|Hence|Here|If|In|It|Like|Most|Since|So|Th(?:e|ere|ese|ey|is|us)|When) [a-z]"
    r"|\b(?:[Tt]wo|[Tt]hree|[Ff]our|[Ff]ive|[Ss]ix|[2-9]) (?:[a-z]+ )?[a-z]+(?:s|ae|i) [A-Z][a-z]+ \w"  # and a list
    r"|(?i:\b(?P<twice>[a-z][a-z-]{3,}(?: [a-z]+)?) (?P=twice)\b)"  # a heading, and the sentence that opens with it
    r"|:\s[^.]*:\s"  # a table in one line
    r"|-{2,}|->|[=*#\u2022\u2192\u25a0-\u27bf|>]|\b\d+ ?/ ?e\b| - .* - "  # tables, lists, editions
    r"|(?:^|[A-Za-z.] )1\. ?[A-Z]|[A-Za-z] 1\.$|\b(?:i\.e|e\.g|viz|vs)\.$"  # a list in one line, a sentence cut
    r"|(?i:\b(?:refs?|page|editi?on|text ?books?|lines from|harrison|robbins|ganong|guyton|bailey)\b)"
    r"|(?i:\b(?:schwartz|katzung|parikh|park|nelson)\b)"
    r"|(?i:\b(?:questions?|answers?|ans|options?|choices?|mnemonics?|friends|figure[A-Z]?|fig|table|graph|diagram|image|aiims|neet)\b)"
    r"|(?i:\b(?:picture|photograph|video|slide) (?:above|below|given|shown|shows|depicts|is of)\b)"
    r"|(?i:^(?:types?|causes?|features?|classification|remember|note|clinical features|treatment)\b[^.]{0,40}:)"
)


def rationale(explanation: str | None, gold: str, small: frozenset[str] = frozenset()) -> str | None:
    """Cut an explanation down to a few clean sentences that speak of the right option, or return None.

    Parameters
    ----------
    explanation
        As the source has it.
    gold
        Text of the right option.
    small
        Words that the source writes small, by which a lost stop is seen; see `capitals.small_words`.

    Examples
    --------
    >>> rationale("Ans. B. Croup is mostly viral, and one dose of dexamethasone helps. (Ref: p. 12)", "Dexamethasone")
    'Croup is mostly viral, and one dose of dexamethasone helps.'
    >>> rationale("rpt question", "Dexamethasone") is None
    True
    >>> rationale("Option B raises excretion, and option A only eases the pain.", "Allopurinol") is None
    True
    """
    if explanation is None:
        return None
    text = _REFERENCE.sub(" ", clean_text(explanation))
    text = _LOST_SPACE.sub(". ", STATED.sub("", text)).lstrip(" .,:;)-\u2013'\"")
    text = clean_text(_without_heading(text.removeprefix("Explanation:").lstrip(), gold).removeprefix("Explanation:"))
    if NAMED.search(text):
        return None
    result = " ".join(_sentences(text))
    for pattern, space in _SPACES:
        result = pattern.sub(space, result)
    if len(result.split()) < FEWEST_WORDS or not result[0].isupper():
        return None
    if _NOTES.search(result) or runs_on(result, small):
        return None
    balanced = result.count("(") == result.count(")") and result.count('"') % 2 == 0
    return result if balanced and _speaks_of(result, gold) else None


def _without_heading(text: str, gold: str) -> str:
    """Take off the right option where it stands, without a verb, before the explanation proper."""
    if not text.lower().startswith(gold.lower()):
        return text
    rest = text[len(gold) :].lstrip(" .,:;-\u2013")
    return rest if rest[:1].isupper() else text


def _sentences(text: str) -> list[str]:
    kept: list[str] = []
    for sentence in _SENTENCE_END.split(text):
        too_long = len(" ".join([*kept, sentence])) > MOST_CHARACTERS
        if len(kept) == MOST_SENTENCES or too_long or not sentence.endswith((".", "!", "?")):
            break
        kept.append(sentence)
    return kept


def _speaks_of(text: str, gold: str) -> bool:
    """Return whether most of the right option's words stand in the text, whatever their endings."""
    words = [word[:6] for word in re.findall(r"[a-z]{4,}|\d+", gold.lower())] or [gold.lower()]
    lowered = text.lower()
    if _stands_in(gold.lower(), lowered):
        return True
    return 2 * sum(_stands_in(word, lowered) for word in words) > len(words)


def _stands_in(word: str, text: str) -> bool:
    """Find the beginning of a word anywhere, but what is short or a number by itself: 2nd says nothing of L2."""
    if len(word) > 3 and not word.isdecimal():
        return word in text
    before = "" if word.isdecimal() else "a-z"
    return re.search(rf"(?<![{before}\d]){re.escape(word)}(?![a-z\d])", text) is not None
