"""Find identifiers in a column of texts: cheap expressions over all rows first, the rules on the few rows they leave.

Every family of rules has gates, expressions polars runs over the column at hundreds of megabytes a second; only a row
that passes them is read by that family's rules. Once a row holds a person (a finding of level 2 or 3), what was only
quasi-identifying there is raised to level 2, and places, dates and single names in it count as well.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import polars as pl

from . import (
    rules_addresses,
    rules_contact,
    rules_dates,
    rules_forms,
    rules_labels,
    rules_letters,
    rules_names,
    rules_photos,
    rules_places,
)
from .kinds import Candidate, Finding, IdentifierType, Level, Profile
from .normalise import Normalised, normalise_rows
from .spans import Taken

__all__ = ["FRAME_SCHEMA", "scan", "scan_frame"]

FRAME_SCHEMA = pl.Schema(
    {
        "row": pl.UInt32,
        "start": pl.UInt32,
        "end": pl.UInt32,
        "type": pl.Enum([t.value for t in IdentifierType]),
        "level": pl.UInt8,
    }
)
"""Columns of :func:`scan_frame`: row number, span in characters of the original text, type and level."""

_Rule = Callable[[str], Iterable[Candidate]]


@dataclass(frozen=True)
class _Family:
    """A rule and its gates, each run on the rows the one before has left; without gates it reads all rows."""

    rule: _Rule
    gates: tuple[str, ...] = ()

    def rows(self, column: pl.Series, opened: dict[str, pl.Series]) -> list[int]:
        """Return the positions of the rows that pass every gate; ``opened`` holds what each first gate let through."""
        if not self.gates:
            return column.is_not_null().arg_true().to_list()
        left = opened[self.gates[0]]
        for gate in self.gates[1:]:
            left = left.filter(column.gather(left).str.contains(gate))
        return left.to_list()


@cache
def families(profile: Profile) -> tuple[_Family, ...]:
    """Return every rule of a profile with its gates, in the order in which texts are read."""
    common = (
        *(_Family(rules_contact.network, (gate,)) for gate in rules_contact.NETWORK_GATES),
        _Family(rules_contact.phones, rules_contact.PHONE_GATES),
        _Family(rules_forms.formed_numbers, rules_forms.FORM_GATES),
        *(_Family(rules_labels.labelled_numbers, gates) for gates in rules_labels.label_gates()),
        _Family(rules_dates.ages, (rules_dates.AGE_GATE,)),
        *(_Family(rules_addresses.addresses, gates) for gates in rules_addresses.ADDRESS_GATES),
        _Family(rules_photos.photos, (rules_photos.PHOTO_GATE,)),
        _Family(rules_names.titled_names, (rules_names.TITLE_GATE,)),
        *(_Family(rules_names.labelled_names, (gate,)) for gate in rules_names.LABEL_GATES),
        *(_Family(rules_letters.letter_names, (gate,)) for gate in rules_letters.LETTER_GATES),
        _Family(rules_letters.lower_names, rules_letters.LOWER_GATES),
        *(_Family(rules_names.run_names, gates) for gates in rules_names.RUN_GATES),
    )
    if profile is Profile.GATE:
        dates = (_Family(rules_dates.cued_dates, (gate,)) for gate in rules_dates.DATE_GATES)
        places = (_Family(rules_places.care_places, gates) for gates in rules_places.CARE_GATES)
        return (*common, *dates, *places, _Family(rules_places.home_places, (rules_places.HOME_GATE,)))
    rules: tuple[_Rule, ...] = (
        rules_dates.all_dates, rules_places.companion_places, rules_names.strict_names, rules_forms.credentials,
    )  # fmt: skip
    return common + tuple(_Family(rule) for rule in rules)


def scan(texts: Sequence[str] | pl.Series, profile: Profile | str = Profile.GATE) -> list[list[Finding]]:
    """Return the identifiers of each text, in order of position and without overlap.

    Parameters
    ----------
    texts
        Any number of texts; a missing one (``None``) has no findings.
    profile
        ``"gate"`` for exam and question-answer data, ``"strict"`` for notes about real people.

    Returns
    -------
    list of list of Finding
        One list per text. Positions are characters of the text as given, also when it held zero-width, full-width or
        look-alike characters.

    Raises
    ------
    ValueError
        If the profile is unknown.

    Examples
    --------
    >>> text = "Patient: Alice Smith, MRN 00123456."
    >>> [(text[f.start : f.end], f.type.value, f.level) for f in scan([text])[0]]
    [('Alice Smith', 'NAME', 2), ('00123456', 'MRN', 3)]
    >>> scan(["Charles Bonnet syndrome presents with visual hallucinations."])
    [[]]
    """
    findings: list[list[Finding]] = [[] for _ in range(len(texts))]
    for row, start, end, kind, level in scan_frame(texts, profile).iter_rows():
        findings[row].append(Finding(start, end, IdentifierType(kind), level))
    return findings


def scan_frame(texts: Sequence[str] | pl.Series, profile: Profile | str = Profile.GATE) -> pl.DataFrame:
    """Return the identifiers of a column as a frame of :data:`FRAME_SCHEMA`, sorted by row and position.

    Parameters, meaning and errors are those of :func:`scan`; this form costs nothing for the rows without findings.

    Examples
    --------
    >>> scan_frame(["nothing here", "mail a.b@mail.example.org"]).rows()
    [(1, 5, 25, 'EMAIL', 3)]
    """
    column = texts.cast(pl.String) if isinstance(texts, pl.Series) else pl.Series(texts, dtype=pl.String)
    chosen = Profile(profile)
    folded, moved = normalise_rows(column)
    rows = list(_scan_rows(folded, moved, chosen))
    return pl.DataFrame(rows, schema=FRAME_SCHEMA, orient="row")


def _scan_rows(
    folded: pl.Series, moved: dict[int, Normalised], profile: Profile
) -> Iterator[tuple[int, int, int, str, int]]:
    for row, rules in sorted(_rules_by_row(folded, profile).items()):
        text = str(folded[row])
        back = moved.get(row) or Normalised(text, None)
        for found in _resolve(_read(text, rules)):
            start, end = back.span(found.start, found.end)
            yield row, start, end, found.type.value, int(found.level)


def _rules_by_row(folded: pl.Series, profile: Profile) -> dict[int, list[_Rule]]:
    """Return the rules each row must be read by; rows that pass no gate are absent."""
    wanted: defaultdict[int, list[_Rule]] = defaultdict(list)
    opened = _open_first(folded, families(profile))
    for family in families(profile):
        for row in family.rows(folded, opened):
            if family.rule not in wanted[row]:
                wanted[row].append(family.rule)
    return wanted


def _open_first(folded: pl.Series, families: tuple[_Family, ...]) -> dict[str, pl.Series]:
    """Run every first gate over the whole column at once, on all cores polars may use.

    Each thread of polars keeps the 32 expressions it compiled last: with one gate more, in turn, it would keep none.
    """
    gates = list(dict.fromkeys(family.gates[0] for family in families if family.gates))
    passed = folded.to_frame("text").select(pl.col("text").str.contains(gate).alias(gate) for gate in gates)
    return {gate: passed[gate].arg_true() for gate in gates}


def _read(text: str, rules: list[_Rule]) -> list[Candidate]:
    found = [candidate for rule in rules for candidate in rule(text)]
    if not any(one.level >= Level.CONTEXT for one in found):
        return found
    found += rules_dates.all_dates(text)
    found += rules_places.companion_places(text)
    found += rules_names.companion_names(text, found)
    return [one._replace(level=max(one.level, Level.CONTEXT)) for one in found]


def _resolve(found: list[Candidate]) -> list[Candidate]:
    """Keep, of findings that overlap, the higher level, then the longer, then the first."""
    kept: list[Candidate] = []
    taken = Taken()
    # "Latoya Washington" is a name sooner than a town and its state.
    order = sorted(found, key=lambda c: (-c.level, c.start - c.end, c.start, c.type != IdentifierType.NAME, c.type))
    for one in order:
        if not taken.overlaps(one.start, one.end):
            taken.add(one.start, one.end)
            kept.append(one)
    return sorted(kept)
