"""Personal names: after a title or a cue, before a clinical verb, or a listed given name and surname near a person."""

import re
from collections.abc import Iterator

from .kinds import Candidate, IdentifierType, Level
from .name_guards import CAP, FIRST, INITIAL, SURE_FIRST, SURNAMES, core, is_citation, is_eponym, is_figure, is_known
from .words import alternation, cues, phrases, words

__all__ = [
    "LABEL_GATES",
    "RUN_GATES",
    "TITLE_GATE",
    "companion_names",
    "labelled_names",
    "run_names",
    "strict_names",
    "titled_names",
]


_TITLE = cues("title")
_PARTICLE = r"(?:(?:de la|de|da|van der|van|von|bin|al) )"
_RUN = re.compile(rf"(?<![A-Za-z'-])(?:{CAP}|{INITIAL})(?: (?:{_PARTICLE}?{CAP}|{INITIAL}))+")
_TITLED = re.compile(
    rf"\b(?P<id>{_TITLE}\.? (?P<name>(?:{_PARTICLE}?{CAP}|{INITIAL})(?: (?:{_PARTICLE}?{CAP}|{INITIAL})){{0,3}}))"
)
_SINGLE = re.compile(rf"(?i:\b{cues('single')})\s?(?P<name>{CAP})\b(?! [A-Z])")
_CUE_BEFORE = re.compile(rf"(?i:(?<![A-Za-z])(?:{cues('cue')}|{cues('person')}))[:,;(>*]{{0,3}} ?\(?$")
_HINT_BEFORE = re.compile(rf"(?i:\b{cues('hint')}):? $")
_VERB_AFTER = re.compile(rf",? (?:{cues('after')})|'s {cues('own')}\b")
_WEAK_TITLES = ("Miss", "Nurse", "Sister", "Doctor", "Prof", "Rev", "Capt", "Sgt", "Baby", "baby")
_TOWNS = phrases("cities")
_CERTAIN_AFTER = re.compile(rf",? {cues('certain')}\b")
_HUMAN = re.compile(rf"(?i)\b{cues('human')}\b")
# "SMITH, JOHN", "JOHN SMITH" and "john smith": shapes that only a label makes a name.
_CAPITALS = r"(?:[A-Z]+(?:['-][A-Z]{2,})+|[A-Z]{2,})"
_SHOUTED_TURNED = rf"{_CAPITALS}(?: {_CAPITALS}){{0,2}}, ?{_CAPITALS}(?: (?!MRN|DOB|SSN|AGE|SEX){_CAPITALS})?"
_TURNED = rf"{CAP}, {CAP}(?: [A-Z]\b\.?)?"
_SHOUTED = re.compile(
    r"(?P<label>(?i:\b(?:patient|pt|name|client)\.?(?: name)?)[:=]? ?|\b(?:MRS?|MS|MISS|DR)\.? )"
    rf"(?P<name>{_SHOUTED_TURNED}|{_CAPITALS},? ?{_CAPITALS}|{_TURNED})"
)
# "Mueller, Hans was admitted": the verb does for the label.
_SUBJECT = re.compile(rf"(?:^|[\n.:;(][^\S\n]*)(?P<name>{_TURNED}|{_SHOUTED_TURNED})(?= (?:{cues('after')}|seen\b))")
_LISTED_TURNED = re.compile(r"(?m)^[A-Z]{2,}, ?[A-Z]{2,}(?: [A-Z]\b\.?)?")  # "SMITH, JOHN Q" heads a note
_NAME_FIELD = re.compile(r"(?i)name[:=]? ?$")
_WHISPERED = re.compile(
    r"(?i:\b(?:patient )?name(?: is|:|=)|\bpatient:)\s?(?P<name>[a-z]{2,} (?:[a-z]\.? )?[a-z]{2,})\b"
)

_PAIR_GATE = (
    r"[A-Z][a-z'-]+ (?:[A-Z][a-z'-]|[A-Z]\.|[A-Z](?-u:\b)|[A-Z]'[A-Z])|[A-Za-z:,(] [A-Z]\. [A-Z][a-z']"
    r"|^[A-Z]\. [A-Z][a-z']|[A-Z]'[A-Z]|[A-Z][a-z]+-[A-Z]"
)
_GATE_AFTER = (
    "is an? [0-9]|was (?:admitted|born)|reports|denies|tolerated|underwent|changed|presented|lives|resides"
    "|who (?:was|has|is|had|lives|visited|attended)"
)
_GATE_NAME = r"(?:[A-Z][a-z'-]+|[A-Z]\.) (?:[A-Z][A-Za-z'-]|[A-Z]\.|[A-Z](?-u:\b))"
TITLE_GATE = rf"(?-u:\b){_TITLE}\.? {_PARTICLE}?[A-Z]"
"""A row without a title before a capital holds no titled name."""
LABEL_GATES = (
    r"[nN]amed [A-Z]|ame is [A-Za-z]|ames?[:=] ?[A-Za-z]|atient: ?[A-Za-z]|(?:AME|ATIENT): ?[A-Z]|alled: ?[A-Z]",
    r"(?:atient|ATIENT|[Pp]t|PT|[Nn]ame|NAME|lient)[:=]? ?[A-Z][A-Za-z]+,? ?[A-Z]",
    r"(?-u:\b)(?:MRS?|MS|MISS|DR|Pt|pt)\.? [A-Z][A-Za-z'-]+,? [A-Z]",
    (
        r"[A-Za-z]{2}, [A-Z][A-Za-z'-]+(?: [A-Z][A-Za-z.]*)? "
        r"(?:is an? [0-9]|was (?:seen|admitted|discharged)|seen|presents|presented|denies|reports)"
    ),
)
"""A row that matches neither holds no name in an unusual shape behind a label."""
_LISTED_GATE = (
    rf"(?-u:\b){alternation(SURE_FIRST)}(?:-[A-Z][a-z]+)? (?:[A-Z]\.? |[A-Z][a-z]+ )?"
    r"(?:[A-Z][A-Za-z'.]|[A-Z](?-u:\b))"
)
_VERB_GATE = (
    rf"(?:[A-Z][a-z'-]+|[A-Z]\.) (?:[A-Z][A-Za-z'-]+|[A-Z]\.)(?:,? (?:{_GATE_AFTER})|'s {cues('own')}|, (?:MD|RN))"
)
RUN_GATES = (
    (_PAIR_GATE, _LISTED_GATE),
    (_PAIR_GATE, rf"(?i:(?-u:\b)(?:{cues('cue', 'hint')}))[:,>*]{{0,3}} ?{_GATE_NAME}"),
    (_PAIR_GATE, _VERB_GATE),
    (_PAIR_GATE, rf"(?i:{cues('person')}),? {_GATE_NAME}"),
)
"""A row that passes none of these chains holds no name of two words that its neighbours or the lists could tell."""


def titled_names(text: str) -> Iterator[Candidate]:
    """Yield names behind a title; a doctor's in a text without a patient is level 1, as often an author's."""
    for found in _TITLED.finditer(text):
        skipped, name = core(found["name"], terms=False)
        end = found.start("name") + len(name)
        unlikely = found["id"].startswith(_WEAK_TITLES) and not is_known(name)
        if skipped or unlikely or len(name.rstrip(".")) < 2 or is_eponym(text, name, end):
            continue
        alone = found["id"].startswith(("Dr", "Doctor", "Prof")) and not _HUMAN.search(text)
        yield Candidate(found.start(), end, IdentifierType.NAME, Level.QUASI if alone else Level.CONTEXT)


def labelled_names(text: str) -> Iterator[Candidate]:
    """Yield names that only a label makes one: a given name alone, "SMITH, JOHN", "john smith"."""
    for found in _SINGLE.finditer(text):
        start, end = found.span("name")
        told = not found[0].lower().startswith(("name", "patient:", "called:"))
        known = found["name"] in FIRST or (told and core(found["name"])[1])
        if known and not is_eponym(text, found["name"], end) and not is_figure(text, start, end):
            yield Candidate(start, end, IdentifierType.NAME, Level.CONTEXT)
    for found in (*_SHOUTED.finditer(text), *_WHISPERED.finditer(text)):
        parts = re.findall(r"[A-Za-z]+", found["name"].title())
        if _is_told(found) or {parts[0], parts[-1]} <= FIRST | SURNAMES:
            yield Candidate(*found.span("name"), IdentifierType.NAME, Level.CONTEXT)
    for found in _SUBJECT.finditer(text):
        parts = re.findall(r"[A-Za-z]+", found["name"].title())
        start, end = found.span("name")
        known = not set(parts).isdisjoint(FIRST | SURNAMES) and core(found["name"].split(",")[0].title())[1]
        if known and not is_figure(text, start, end):
            yield Candidate(start, end, IdentifierType.NAME, Level.CONTEXT)


def _is_told(found: re.Match[str]) -> bool:
    """Tell whether a label makes a name of a form that says which part is the surname, listed in part or not at all."""
    label = found.groupdict().get("label", "")
    if "," in found["name"] and _NAME_FIELD.search(label):
        return True
    return ("," in found["name"] or label.isupper()) and is_known(found["name"].title().replace(",", ""))


def run_names(text: str) -> Iterator[Candidate]:
    """Yield names of two words or more behind a cue, before a clinical verb, or listed and near a person."""
    for found in _RUN.finditer(text):
        yield from _from_run(text, found)


def _from_run(text: str, found: re.Match[str]) -> Iterator[Candidate]:
    skipped, name = core(found[0])
    start = found.start() + skipped
    end = start + len(name)
    saint = text[:start].endswith(("St. ", "Saint "))
    if " " not in name or name in _TOWNS or saint:
        return
    if is_eponym(text, name, end) or is_figure(text, start, end) or is_citation(text, end):
        return
    if _is_cued(text, start, end, name):
        yield Candidate(start, end, IdentifierType.NAME, Level.CONTEXT)
        return
    parts = name.split(" ")
    listed = next((place for place, part in enumerate(parts[:-1]) if part.split("-")[0] in FIRST), None)
    if listed is not None and not is_eponym(text, " ".join(parts[listed:]), end):
        level = _level_of_listed(text, parts[listed:])
        if level:
            yield Candidate(end - len(" ".join(parts[listed:])), end, IdentifierType.NAME, level)


def _is_cued(text: str, start: int, end: int, name: str) -> bool:
    """Tell whether the words around a run of two capitalised words or more make it a person's name."""
    before = text[max(0, start - 48) : start]
    if is_known(name):
        return bool(_CUE_BEFORE.search(before) or _HINT_BEFORE.search(before) or _VERB_AFTER.match(text, end))
    if _CERTAIN_AFTER.match(text, end):
        return all(len(part) > 3 for part in name.split(" "))
    cue = _CUE_BEFORE.search(before)
    # "Patient Reported Outcomes" is a heading; "Patient: Reza Azimi" and "the patient Reza Azimi" are not.
    heading = cue is not None and cue[0][0].isupper() and cue[0].strip()[-1] not in ":,;("
    return cue is not None and not heading and all(len(part) > 3 for part in name.split(" "))


def _level_of_listed(text: str, parts: list[str]) -> Level | None:
    initial = len(parts[-1].rstrip(".")) == 1
    surname = parts[-1].split("-")[0] in SURNAMES
    sure = parts[0].split("-")[0] in SURE_FIRST
    if (sure or surname) and _HUMAN.search(text):
        return Level.CONTEXT
    return Level.QUASI if sure and surname and not initial else None


_ALONE = re.compile(
    rf"\b(?P<titled>{_TITLE}\.? {INITIAL})"
    rf"|(?:(?i:\b{cues('person')}), |(?i:\b(?:in|for|like|with|by) ))(?!{_TITLE}\b)(?P<first>{CAP})(?=[,.?;)]|'s )"
    rf"|(?P<own>{CAP})(?='s {cues('own')}\b)|(?i:\b{cues('kin')}),? (?P<kin>{CAP})\b"
)


def companion_names(text: str, found: list[Candidate]) -> Iterator[Candidate]:
    """Yield, in a row that already holds a person, other names that would not be enough alone.

    These are given names by themselves, listed names of two words, lines that hold nothing but a name (above a
    telephone number or an address, it is whose they are), and the parts of names found elsewhere in the row.
    """
    for match in _ALONE.finditer(text):
        kind = match.lastgroup or "titled"
        if kind == "titled" or match[kind] in FIRST:
            yield Candidate(*match.span(kind), IdentifierType.NAME, Level.CONTEXT)
    for run in _RUN.finditer(text):
        skipped, name = core(run[0])
        start, end = run.start() + skipped, run.start() + skipped + len(name)
        if " " not in name or name in _TOWNS:
            continue
        line = (start == 0 or text[start - 1] == "\n") and text[end : end + 1] in {"", "\n"}
        guarded = is_eponym(text, name, end) or is_citation(text, end)
        if (line or is_known(name)) and not guarded:
            yield Candidate(start, end, IdentifierType.NAME, Level.CONTEXT)
    for match in _LISTED_TURNED.finditer(text):
        if all(part.title() in FIRST | SURNAMES for part in re.findall(r"[A-Z]{2,}", match[0])):
            yield Candidate(*match.span(), IdentifierType.NAME, Level.CONTEXT)
    yield from _repeated(text, found)


def _repeated(text: str, found: list[Candidate]) -> Iterator[Candidate]:
    spans = (text[one.start : one.end] for one in found if one.type is IdentifierType.NAME)
    parts = {part for span in spans for part in re.findall(CAP, span)} & (FIRST | SURNAMES)
    parts -= words("ambiguous_first_names")
    for match in re.finditer(rf"\b{alternation(frozenset(parts))}\b", text) if parts else ():
        if not is_eponym(text, match[0], match.end()):
            yield Candidate(*match.span(), IdentifierType.NAME, Level.CONTEXT)


def strict_names(text: str) -> Iterator[Candidate]:
    """Yield every capitalised word inside a sentence that no list excuses: in notes, silence costs more than noise."""
    for found in re.finditer(rf"(?<=[a-z,:;] ){CAP}(?: {CAP})*", text):
        skipped, name = core(found[0])
        start = found.start() + skipped
        if len(name) > 2 and not is_eponym(text, name, start + len(name)):
            level = Level.CONTEXT if is_known(name) else Level.QUASI
            yield Candidate(start, start + len(name), IdentifierType.NAME, level)
