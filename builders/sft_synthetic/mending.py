"""Put right what a page lost on its way into the source: apostrophes, dashes, marks of footnotes, pronunciations.

No letter and no digit of the text changes, and none of a number is taken away: only marks between words do.
"""

import re
from collections.abc import Mapping

# Each fix with signs of which a text must have one.
_FIXES: tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...] = (
    (("nt ",), re.compile(r"\b([Aa]re|[Cc]ould|[Dd]id|[Dd]oes|[Dd]o|[Hh]ad|[Hh]as|[Hh]ave|[Ii]s|[Ss]hould|[Ww]as|[Ww]ere|[Ww]ould)nt\b"), r"\1n't"),
    (("hats ", "heres "), re.compile(r"\b([Tt]hat|[Ww]hat|[Tt]here)s\b(?= [a-z])"), r"\1's"),
    (("ant ",), re.compile(r"\b([Cc])ant\b(?= [a-z])"), r"\1an't"),
    (("oure ", "ouve ", "oull ", "heyre ", "heyve ", "heyll "), re.compile(r"\b([Yy]ou|[Tt]hey)(re|ve|ll)\b(?= [a-z])"), r"\1'\2"),
    (("omans ", "hilds "), re.compile(r"\b([Ww]oman|[Cc]hild)s (?=[a-z])"), r"\1's "),
    (("persons ", "patients ", "mans ", "babys ", "infants ", "fetuss ", "parents "),
     re.compile(r"\b((?:[Aa]|[Ee]ach|[Aa]nother|[Oo]ne) )(person|patient|man|baby|infant|parent)s (?=[a-z])"), r"\1\2's "),
    (("patients ", "persons "), re.compile(r"\b([Tt]he )(patient|person)s (?=(?:age|blood|body|bone|condition|general|health|"
                                           r"medical|overall|own|past|symptoms|tumor|cancer|immune|family)\b)"), r"\1\2's "),
    (("Alzheimers ", "Parkinsons ", "Crohns ", "Hodgkins ", "Huntingtons ", "Wegeners ", "Addisons ", "Cushings ", "Bells "),
     re.compile(r"\b(Alzheimer|Parkinson|Crohn|Hodgkin|Huntington|Wegener|Addison|Cushing|Bell)s (?=[a-z])"), r"\1's "),
    # The number of a footnote behind a full stop; a decimal has a digit before its point.
    (tuple(f"{mark}{digit}" for mark in ".," for digit in range(1, 10)),
     re.compile(r"(?<=[a-z)])([.,])\d{1,2}(?:,\d{1,2})*(?=\s|$)"), r"\1"),
    (("(",), re.compile(r" \((?=[^)]*[A-Z]{2,})(?:[A-Za-z]+-)+[A-Za-z]+(?:(?:,? or|,|;)? (?:[A-Za-z]+-)*[A-Za-z]+)*\)"), ""),
    (("( )", "()"), re.compile(r" ?\( ?\)"), ""),
    ((" :",), re.compile(r"(?<=\w) :(?=\s)"), ":"),
    ((" ,", " ;", " ."), re.compile(r"(?<=[\w)]) ([,;.])(?=\s|$)"), r"\1"),
    ((")i", ")o", ")a", ")t"), re.compile(r"(?<=[A-Za-z])\)(?=(?:if|or|and|is|are|in|of|the)\b)"), ") "),
    (("  ",), re.compile(r" {2,}"), " "),
)  # fmt: skip
_TOKEN = re.compile(r"\b[a-z]{6,}\b")


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
    for needs, pattern, to in _FIXES:
        if any(need in text for need in needs):
            text = pattern.sub(to, text)
    if not glued:
        return text
    return _TOKEN.sub(lambda found: glued.get(found[0], found[0]), text)
