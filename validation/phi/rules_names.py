"""Personal names: after a title or a cue, before a clinical verb, or a listed given name with a surname near a person."""

import re
from collections.abc import Iterator

from .kinds import Candidate, IdentifierType, Level
from .words import alternation, phrases, words

__all__ = ["NAME_GATES", "companion_names", "names", "strict_names"]

_FIRST = words("first_names") | words("ambiguous_first_names")
_SURE_FIRST = words("first_names") - words("ambiguous_first_names")
_SURNAMES = words("surnames")
_STOP = words("not_names")
_FAMOUS = phrases("eponyms")

_CAP = r"(?:[A-Z]'[A-Z][a-z]+|[A-Z][A-Za-z]*[a-z])(?:['-][A-Z][A-Za-z]*[a-z])*"
_INITIAL = r"[A-Z](?:\.|\b(?!['-]))"
# A whole name: "Anna", "Anna S.", "Anna-Marie B.", "J. Q. Smith", "Maria de la Cruz Lopez".
_PERSON = rf"(?:{_CAP}|{_INITIAL})(?: (?:{_CAP}|{_INITIAL}|(?:de la|de|da|van der|van|von|bin|al) {_CAP})){{0,3}}"

_TITLES = r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Doctor|Prof|Professor|Nurse|Sister|Rev|Capt|Sgt)"
_CUES = (
    r"patient(?:'?s?)? names?|names?(?: is| was|:)|my name is|named|i am|i'm|spoke (?:with|to)|talked to|met with|dictated by|signed by|reported by|prepared (?:for|by)"
    r"|referr(?:ed by|al for)|seen by|reviewed by|written by|consent (?:obtained )?from|note for|next of kin:?|emergency contact(?: is|:)?|attn:?|dear|our patient|patient:|patient,?|pt:|pt,?"
    r"|pt is|patient is|resident|daughter|son|wife|husband|mother|father|brother|sister|spouse|partner|guardian|caregiver|physician:?|surgeon:?|attending:?|provider:?|nurse"
)
# After these a name is likely only when a list knows one of its parts.
_HINTS = (
    r"called|call|under|obtained from|contact:|client|history of|case of|case similar to|similar to|notes? of|chart of|records? of|file for|like|specifically for|specifically"
    r"|follow-up needed for|review|referring|according to|thank you for referring"
)
_DESCRIBED = (
    r"(?:fe)?male|(?:wo)?man|boy|girl|child|infant|patient|pt|veteran|lady|gentleman|[0-9]{1,3}[- ]?(?:year|yr|month)s?[- ]old|[0-9]{1,3} ?y/?o"
)
_VERBS = (
    r"is an? \d|is \d|was (?:admitted|seen|born|referred|diagnosed|treated|discharged|transferred|brought|found|started)|who (?:was|has|is|had|lives|presented|visited|attended|underwent|reports)"
    r"|reports?\b|reported|denies|denied|presents?\b|presented|came|tolerated|underwent|complains|complained|states|has been|has a|has had|lives|resides|changed|called|arrived|turned"
)
_OWN = r"chart|case|notes?|records?|file|mother|father|wife|husband|office|care|labs?|medications?|history"
_GATE_VERBS = "was admitted|reports|denies|tolerated|underwent|changed|presented|who (?:was|has|is|had|lives|visited|attended)"
_PAIR_GATE = (
    r"[A-Z][a-z'-]+ (?:[A-Z][a-z'-]|[A-Z]\.|[A-Z](?-u:\b)|[A-Z]'[A-Z])|[A-Za-z:,(] [A-Z]\. [A-Z][a-z']|^[A-Z]\. [A-Z][a-z']|[A-Z]'[A-Z]|[A-Z][a-z]+-[A-Z]"
)
NAME_GATES = (
    (rf"(?-u:\b){_TITLES}\.? [A-Z]",),
    (r"(?i-u:named|name is|name:|patient:) ?[A-Z][a-z]", r"(?i:(?-u:\b)(?:named|name is|name:|patient:)) ?[A-Z][a-z]"),
    (_PAIR_GATE, rf"(?-u:\b){alternation(_SURE_FIRST)}(?:-[A-Z][a-z]+)? (?:[A-Z]\.? |[A-Z][a-z]+ )?(?:[A-Z][A-Za-z'.]|[A-Z](?-u:\b))"),
    (_PAIR_GATE, rf"(?i:(?-u:\b)(?:{_CUES}|{_HINTS})):?,? (?:[A-Z][a-z'-]+|[A-Z]\.) (?:[A-Z][a-z'-]|[A-Z]\.|[A-Z](?-u:\b))"),
    (
        _PAIR_GATE,
        rf"(?:[A-Z][a-z'-]+|[A-Z]\.) (?:[A-Z][A-Za-z'-]+|[A-Z]\.)(?:,? (?:is an? [0-9]|{_GATE_VERBS})|'s (?:{_OWN})|, (?:MD|RN))",
    ),
    (_PAIR_GATE, rf"(?i:{_DESCRIBED}),? (?:[A-Z][a-z'-]+|[A-Z]\.) (?:[A-Z][a-z'-]+|[A-Z]\.)"),
)
"""A row that passes none of these chains holds no name the rules could tell."""

_TITLED = re.compile(rf"\b(?P<id>{_TITLES}\.? (?P<name>{_PERSON}))")
_CUED = re.compile(rf"(?i:\b(?:{_CUES}|{_DESCRIBED}))[:,;(]{{0,2}} ?(?:\()?(?P<id>(?P<name>{_PERSON}))")
_HINTED = re.compile(rf"(?i:\b(?:{_HINTS})):? (?P<id>(?P<name>{_PERSON}))")
_CUED_ONE = re.compile(rf"(?i:\b(?:named|name is|name:|patient:))\s?(?P<id>(?P<name>{_CAP}))")
_DOES = re.compile(rf"(?:^|(?<=[\s(]))(?P<id>(?P<name>{_PERSON}))(?=,? (?:{_VERBS})|'s (?:{_OWN})|,? (?:MD|RN|DO|NP|PA|PhD)\b|,? \(?(?:aged? )?\d{{1,3}}(?:[- ]?y|,))")
_RUN = re.compile(rf"(?<![A-Za-z'-]){_CAP}(?: (?:{_CAP}|{_INITIAL}))+")
_NOUN = re.compile(rf"(?:'s?)?(?: [A-Z][a-z-]+)?[ -](?i:{alternation(phrases('eponym_nouns'))})\b")
_FIGURE = re.compile(rf"(?i)\b{alternation(phrases('figures_cues'))}\b")
_HUMAN = re.compile(
    r"(?i)\b(?:patients?|pt|he|she|his|her|mr|mrs|ms|wife|husband|daughter|son|(?:fe)?male|(?:wo)?man|boy|girl|child|infant|\d{1,3}[- ]?y(?:ear|/?o)\S*|resid(?:es|ing)|admitted|discharged|seen|treated|clinic|hospital|physician|surgeon|nurse|MD|RN|mrn|dob|referr\w+|office|appointment)\b"
)
_MEDICAL = re.compile(
    r"(?:a?emia|itis|osis|oma|pathy|plasty|ectomy|ostomy|otomy|uria|algia|trophy|plasia|genesis|lysis|sclerosis|atresia|phobia|cillin|mycin|azole|statin|pril|sartan"
    r"|olol|ase|ide|ate|ine|gen|cyte|blast|virus|coccus|glycan|globin|globulin|syndrome|scopy|graphy|gram|logy|metry|therapy|tension|oid|ium|ic|al|ous|ive|ary|ism|tion)$"
)
_CITED = re.compile(
    r"(?i)[^\n]{0,40}?(?:\d ?/ ?e\b|\d(?:st|nd|rd|th)? ?ed\b|\bed(?:itio)?n\b|\bpp?(?:age|g)?[ .-]*(?:no)?[. ]*\d|\bet al\b|\b(?:obs|gynae|textbook|surgery|pathology|physiology) \d)"
)
_MIDDLE = frozenset("de la da van der von bin al".split())


def names(text: str) -> Iterator[Candidate]:
    """Yield names that a title, a cue, a clinical verb or a listed given name with a surname makes a person's."""
    for found in _TITLED.finditer(text):
        yield from _accept(text, found, sure=True)
    for found in _CUED_ONE.finditer(text):
        if found["name"] in _FIRST:
            yield from _accept(text, found, sure=False)
    for pattern in (_CUED, _HINTED, _DOES):
        for found in pattern.finditer(text):
            # "Patient Reported Outcomes" is a heading; "Patient: Reza Azimi" and "the patient Reza Azimi" are not.
            heading = found[0][0].isupper() and text[found.start("id") - 2] not in ":,;("
            if _is_full(found["name"], listed=heading or pattern is not _CUED):
                yield from _accept(text, found, sure=False)
    for run in _RUN.finditer(text):
        words_of_run = run[0].split(" ")
        for place, word in enumerate(words_of_run[:-1]):
            if word.split("-")[0] in _FIRST:
                start = run.end() - len(" ".join(words_of_run[place:]))
                yield from _listed(text, start, words_of_run[place : place + 4])
                break


def _trim(name: str) -> str:
    """Cut a run of capitalised words before the first one that belongs to no name."""
    kept: list[str] = []
    for word in name.split(" "):
        if word in _STOP or (_MEDICAL.search(word) and word not in _FIRST | _SURNAMES):
            break
        kept.append(word)
    while kept and kept[-1] in _MIDDLE:
        kept.pop()
    return " ".join(kept)


def _is_full(name: str, *, listed: bool) -> bool:
    """Tell a name of two parts or more; ``listed`` asks that a list knows one of its words, as an initial does not."""
    parts = _trim(name).split(" ")
    known = any(part.split("-")[0] in _FIRST or part in _SURNAMES for part in parts)
    return len(parts) >= 2 and (known or (not listed and all(len(part) > 3 for part in parts)))


def _is_eponym(text: str, name: str, end: int) -> bool:
    pair = " ".join(name.split(" ")[:2])
    return pair in _FAMOUS or bool(_NOUN.match(text, end))


def _accept(text: str, found: re.Match[str], *, sure: bool) -> Iterator[Candidate]:
    name = _trim(found["name"])
    end = found.start("name") + len(name)
    if not name or len(name.rstrip(".")) < 2 or _is_eponym(text, name, end):
        return
    near = text[max(0, found.start() - 50) : end + 40]
    if not sure and (_FIGURE.search(near) or _CITED.match(text, end)):
        return
    # A doctor without a patient in sight is as often an author or a discoverer.
    alone = found["id"].startswith(("Dr", "Doctor", "Prof")) and not _HUMAN.search(text)
    yield Candidate(found.start("id"), end, IdentifierType.NAME, Level.QUASI if alone else Level.CONTEXT)


def _listed(text: str, start: int, run: list[str]) -> Iterator[Candidate]:
    name = _trim(" ".join(run))
    parts = name.split(" ")
    end = start + len(name)
    near = text[max(0, start - 60) : end + 60]
    if len(parts) < 2 or _is_eponym(text, name, end) or _FIGURE.search(near) or _CITED.match(text, end):
        return
    initial = len(parts[-1].rstrip(".")) == 1
    surname = parts[-1].split("-")[0] in _SURNAMES
    sure = parts[0].split("-")[0] in _SURE_FIRST
    if _HUMAN.search(text) and (sure or surname):
        yield Candidate(start, end, IdentifierType.NAME, Level.CONTEXT)
    elif sure and surname and not initial:
        yield Candidate(start, end, IdentifierType.NAME, Level.QUASI)


_ALONE = re.compile(
    rf"\b(?P<id>{_TITLES}\.? {_INITIAL}\.?)|(?:(?i:\b(?:{_DESCRIBED})), |(?i:\b(?:in|for|like|with|by) ))(?!{_TITLES}\b)(?P<first>{_CAP})(?=[,.?;)]|'s )|(?P<own>{_CAP})(?='s (?:notes?|chart|case|records?|file|care))"
)


def companion_names(text: str, found: list[Candidate]) -> Iterator[Candidate]:
    """Yield, in a row that already holds a person, the parts of found names elsewhere, and given names standing alone."""
    for match in _ALONE.finditer(text):
        kind = match.lastgroup or "id"
        if kind == "id" or match[kind] in _FIRST:
            yield Candidate(*match.span(kind), IdentifierType.NAME, Level.CONTEXT)
    parts = {part for one in found if one.type is IdentifierType.NAME for part in re.findall(_CAP, text[one.start : one.end])}
    parts = {part for part in parts if len(part) > 2 and part in (_FIRST | _SURNAMES) - words("ambiguous_first_names")}
    if parts:
        for match in re.finditer(rf"\b{alternation(frozenset(parts))}\b", text):
            yield Candidate(*match.span(), IdentifierType.NAME, Level.CONTEXT)


def strict_names(text: str) -> Iterator[Candidate]:
    """Yield every capitalised word inside a sentence that no list excuses: for notes, where silence costs more than noise."""
    for found in re.finditer(rf"(?<=[a-z,:;] ){_CAP}(?: {_CAP})*", text):
        name = _trim(found[0])
        if name and not _is_eponym(text, name, found.start() + len(name)):
            known = any(part in _FIRST | _SURNAMES for part in name.split(" "))
            yield Candidate(found.start(), found.start() + len(name), IdentifierType.NAME, Level.CONTEXT if known else Level.QUASI)
