"""Put right what a page lost on its way into the source: apostrophes, dashes; footnotes and "(see below)" go.

No letter and no digit of what stays changes, and none of a number is taken away: only marks between words do. A small
word that stands twice stands once.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple


class _Fix(NamedTuple):
    """Replace a pattern; it cannot match a text that has none of the signs."""

    signs: tuple[str, ...]
    pattern: re.Pattern[str]
    to: str


def _fix(signs: str, pattern: str, to: str) -> _Fix:
    return _Fix(tuple(signs.split("|")), re.compile(pattern), to)


_NAMES = (
    "Addison Alzheimer Barrett Bell Crohn Cushing Hirschsprung Hodgkin Huntington Paget Parkinson Peyronie Raynaud "
    "Wegener Whipple Wilson"
).split()
_OWNED = "age|blood|body|bone|condition|general|health|medical|overall|own|past|symptoms|tumor|cancer|immune|family"
_ORGANS = "baby|brain|eye|father|fetus|heart|kidney|liver|lung|mother|skin|stomach"
_OF_ORGANS = (
    "ability|blood|body|chambers?|diet|electrical|function|health|immune|left|lower|main|muscles?|pumping|rhythm|right|"
    "structures?|surface|upper|valves?|walls?"
)
_FIXES = (
    _fix(
        "nt ",
        r"\b([Aa]re|[Cc]ould|[Dd]id|[Dd]oes|[Dd]o|[Hh]ad|[Hh]as|[Hh]ave|[Ii]s|[Ss]hould|[Ww]as|[Ww]ere|[Ww]ould)nt\b",
        r"\1n't",
    ),
    _fix("hats |heres ", r"\b([Tt]hat|[Ww]hat|[Tt]here)s\b(?= [a-z])", r"\1's"),
    # With a capital it is a name that lost an accent: Cant\u00fa syndrome.
    _fix("cant ", r"\bcant\b(?= [a-z])", "can't"),
    _fix("oure |ouve |oull |heyre |heyve |heyll ", r"\b([Yy]ou|[Tt]hey)(re|ve|ll)\b(?= [a-z])", r"\1'\2"),
    _fix("omans |hilds |odys ", r"\b([Ww]oman|[Cc]hild|[Bb]ody)s (?=[A-Za-z])", r"\1's "),
    _fix(
        "persons |patients |mans |babys |infants |parents ",
        r"\b((?:[Aa]|[Ee]ach|[Aa]nother|[Oo]ne) )(person|patient|man|baby|infant|parent)s (?=[a-z])",
        r"\1\2's ",
    ),
    _fix("patients |persons ", rf"\b([Tt]he )(patient|person)s (?=(?:{_OWNED})\b)", r"\1\2's "),
    _fix("s ", rf"\b([Tt]he )({_ORGANS})s (?=(?:{_OF_ORGANS})\b)", r"\1\2's "),
    _fix("ts ", r"\b([Ii]t)s (?=(?:\w+ )?(?:important|likely|possible) (?:for|that|to)\b)", r"\1's "),
    _fix("F", r"\b(9\d|10\d)(\.\d)? ?F\b", "\\1\\2\u00b0F"),
    _fix("the ", r"(?<=[A-Z]{3})(?=the )", "\u2014"),
    _fix("is |are |can |and |or ", r"(?<=\b[A-Z]{3})(?=(?:is|are|can|and|or) )", " "),
    _fix(
        "|".join(f"{name}s " for name in _NAMES),
        rf"\b({'|'.join(_NAMES)})s (?=[a-z])",
        r"\1's ",
    ),
    # The number of a footnote behind a full stop; a decimal has a digit before its point.
    _fix(
        "|".join(f"{mark}{digit}" for mark in ".," for digit in range(1, 10)),
        r"(?<=[a-z)])([.,])\d{1,2}(?:,\d{1,2})*(?=\s|$)",
        r"\1",
    ),
    # References in brackets; a place in a molecule stands inside a word.
    _fix("[", r"(?: ?\[\d{1,5}(?:, ?\d{1,5})*\])+(?=[\s.,;:)]|$)", ""),
    _fix("]", r"(?<=[.,:])(?:\[\d{1,5}\])+", ""),
    _fix("(see |(See ", r" ?\([Ss]ee (?:[^()]|\([^()]*\))*\)", ""),  # points elsewhere
    _fix(" the the | of of | a a | is is | are are | in in ", r"\b(the|of|a|is|are|in) \1\b", r"\1"),
    _fix("..|. .", r"(?<=[A-Za-z)])(?<!\b[A-Z])\. ?\.(?=\s|$)", "."),
    _fix("..", r"(?<=[a-z)])\.\.(?=[A-Z][a-z])", ". "),
    _fix(",,|,.|,)", r",+(?=[,.)](?:\W|$))", ""),
    _fix(
        "(",
        r" \((?![^)]*\b(?:alpha|beta|gamma)\b)(?=[^)]*[A-Z]{2,})(?:[A-Za-z]+-)+[A-Za-z]+"
        r"(?:(?:,? or|,|;)? (?:[A-Za-z]+-)*[A-Za-z]+)*\)",
        "",
    ),
    _fix("( )|()", r" ?\( ?\)", ""),
    _fix(".", r"(?<=[a-z]{2}[a-z)])\.(?=[A-Z][a-z]+(?:,|['\u2019]s)? )", ". "),
    _fix(",", r"(?<=[a-z]{2}),(?=[a-z]{2})", ", "),
    _fix(" :", r"(?<=\w) :(?=\s)", ":"),
    _fix(" ,| ;| .", r"(?<=[\w)]) ([,;.])(?=\s|$)", r"\1"),
    _fix(")i|)o|)a|)t", r"(?<=[A-Za-z])\)(?=(?:if|or|and|is|are|in|of|the)\b)", ") "),
    _fix("--", r" ?-- ?", "\u2014"),
    _fix("*", r"(?<=[a-z])\*(?=[a-z]+ )", "\u2014"),
    _fix("*", r"(?<=[a-z]{3})\*+(?=[\s.,;:)]|$)", ""),  # of a footnote
    _fix("polymerase", r"\b(transcription|transcriptase)(?=polymerase chain)", r"\1-"),
    _fix("RTPCR", r"\bRTPCR\b", "RT-PCR"),
    _fix("-", r"^-(?=[A-Z][a-z]|[a-z]+ing\b)", ""),
    _fix("  ", r" {2,}", " "),
)
_TOKEN = re.compile(r"\b[a-z]{6,}\b")
_OWNER = re.compile(r"\b([A-Z][a-z]+)['\u2019]s\b")


def mend(text: str, glued: Mapping[str, str]) -> str:
    r"""Return `text` with its lost marks put back.

    Parameters
    ----------
    glued
        Words that lost the dash between them, as one; see `learn.glued_words`.

    Examples
    --------
    >>> mend("Antibodies (AN-ti-bod-ees) dont help in a persons blood.1", {})
    "Antibodies don't help in a person's blood."
    >>> mend("the anusthe opening", {"anusthe": "anus\u2014the"})
    'the anus\u2014the opening'
    """
    for signs, pattern, to in _FIXES:
        if any(sign in text for sign in signs):
            text = pattern.sub(to, text)
    if not glued:
        return text
    return _TOKEN.sub(lambda found: glued.get(found[0], found[0]), text)


def with_owners(text: str, about: str) -> str:
    """Put back the apostrophe of a name where the question about the text has it.

    Examples
    --------
    >>> with_owners("Farbers disease is rare, as is Graves disease.", "What is (are) Farber's Disease ?")
    "Farber's disease is rare, as is Graves disease."
    """
    for name in dict.fromkeys(_OWNER.findall(about)):
        text = re.sub(rf"\b{name}s\b", f"{name}'s", text)
    return text
