"""Names in letters and messages: how a writer introduces himself, whom he calls his own, and how he signs."""

import re
from collections.abc import Iterator

from .kinds import Candidate, IdentifierType, Level
from .name_guards import CAP, FIRST, SURE_FIRST, SURNAMES, core, is_eponym
from .words import alternation, cues

__all__ = ["LETTER_GATES", "LOWER_GATES", "letter_names", "lower_names"]

_KIN = cues("kin")
_CLOSING = (
    r"(?i:(?:(?:kind|kindest|best|warm|many|with) )*(?:regards|wishes|thanks|thank you)"
    r"|(?:yours )?(?:sincerely|truly|faithfully)|yours|cheers)"
)
_LOWER_FIRST = frozenset(name.lower() for name in SURE_FIRST)
LETTER_GATES = (
    (
        r"[mM]y name(?:'s| is) [a-z]|nitials:? [A-Z]"
        r"|[A-Z]\. (?:is an? [0-9]|was (?:admitted|born)|presents with|complains)"
    ),
    rf"{_KIN},? [A-Z]",
    rf"(?m)^[ \t]*{_CLOSING}[ ,.!-]*\r?\n\s*[A-Z]",
)
"""A row that matches none of these holds none of these names."""
LOWER_GATES = (
    r"(?:pt|patient|client) [a-z]{3,} [a-z]{3,}",
    rf"(?:pt|patient|client) {alternation(_LOWER_FIRST)} [a-z]",
)
"""A row that does not pass both holds no name in small letters behind "patient"."""

_WHISPERED = re.compile(r"[mM]y name(?:'s| is) (?P<name>[a-z]{3,})(?P<more> [a-z]{3,})?\b")
_INITIALS = re.compile(
    r"\b(?P<name>(?:[A-Z]\.){2,3}(?= (?:is an? \d|was (?:admitted|born)|presents with|complains))"
    r"|(?<=nitials )[A-Z]\.? ?[A-Z]\b\.?|(?<=nitials: )[A-Z]\.? ?[A-Z]\b\.?)"
)
_LOWER = re.compile(r"\b(?:pt|patient|client) (?P<first>[a-z]{3,}) (?P<last>[a-z]{3,})\b")
_OWN = re.compile(
    rf"(?i:\b(?:my|his|her|their|patient's|pt's) {_KIN}),? (?P<name>{CAP}(?: {CAP})?)"
    r"(?P<goes_on>[,.;?!)]| (?:has|had|is|was|does|did|can|will|also|who|and|says|said|told|[a-z]{3,}ed)\b)?"
)
_SIGNED = re.compile(rf"(?m)^[ \t]*{_CLOSING}[ ,.!-]*\r?\n\s*(?P<name>{CAP}(?: (?:[A-Z]\.? )?{CAP}){{0,2}})[ \t.]*$")
_FEWEST_LETTERS = 4  # of a relative's name that is on no list


def letter_names(text: str) -> Iterator[Candidate]:
    """Yield names that a writer gives as his own, "my daughter Ada", and what stands under "Kind regards"."""
    for found in _WHISPERED.finditer(text):
        if found["name"].title() in FIRST | SURNAMES:
            more = found["more"] or ""
            whole = len(more.strip()) > 3 or more.strip().title() in SURNAMES
            yield _name(found.start("name"), found.end("more" if more and whole else "name"))
    for found in _INITIALS.finditer(text):
        yield _name(*found.span("name"))
    for found in _OWN.finditer(text):
        skipped, name = core(found["name"])
        end = found.start("name") + len(name)
        sure = name.split(" ")[0] in FIRST or (len(name) >= _FEWEST_LETTERS and found["goes_on"])
        if not skipped and name and sure and not is_eponym(text, name, end):
            yield _name(found.start("name"), end)
    for found in _SIGNED.finditer(text):
        skipped, name = core(found["name"])
        if not skipped and len(name) > 1:
            yield _name(found.start("name"), found.start("name") + len(name))


def lower_names(text: str) -> Iterator[Candidate]:
    """Yield names that a note writes small: "pt ada lovelace"."""
    for found in _LOWER.finditer(text):
        if found["first"] in _LOWER_FIRST and found["last"].title() in SURNAMES:
            yield _name(found.start("first"), found.end("last"))


def _name(start: int, end: int) -> Candidate:
    return Candidate(start, end, IdentifierType.NAME, Level.CONTEXT)
