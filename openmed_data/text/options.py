"""Mend options that the making of a source spoilt: letters in front of them, and what a spreadsheet did to numbers.

MedMCQA passed through a spreadsheet, which took ranges for dates (``1-3`` became ``3-Jan``) and ratios for times
(``30:2`` became ``30:02:00``). No option alone tells whether it is one; its question and the other options do.
"""

import re
from collections.abc import Sequence

import polars as pl

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = re.compile(rf"(\d{{1,2}})-({'|'.join(_MONTHS)})")
_ASKS_FOR_DATE = re.compile(
    r"\b(?:day|dated?|month|season|when|observed|celebrated|started|launched|act|census|year)\b", re.IGNORECASE
)
_RATIO = re.compile(r"\d{1,3}:\d{1,3}(?::00)?")
_TIME = re.compile(r"(\d{1,3}):(?:0([1-9])|(\d{1,2}):00)")
_LABEL = r"\(?(?:(?P<either>[A-Da-d])[)]\s*|(?P<lower>[a-d])[.]\s+(?=[A-Z]))(?=\w)"
_OWN = re.compile(_LABEL)
_ANY = re.compile(r"\(?([A-Da-d])[.):]\s*(?=\w)")
# Nobody remembered it, or a spreadsheet took it for a formula.
_ABSENT = r"(?i)^[^a-z]*not (?:recalled|remembered)[^a-z]*$|^#(?:NAME\?|REF!|VALUE!|DIV/0!|NUM!|NULL!|N/A)$"
_SUSPECTS = rf"{_ABSENT}|^\(?[A-Da-d][.):]|^\d{{1,2}}-(?:{'|'.join(_MONTHS)})$|^\d{{1,3}}:(?:0[1-9]|\d{{1,2}}:00)$"


def is_absent(option: pl.Expr) -> pl.Expr:
    """Say whether an option only says that it is not there: nobody recalled it, or a spreadsheet spoilt it.

    Examples
    --------
    >>> frame = pl.DataFrame({"option": ["Not recalled", "#NAME?", "Rare"]})
    >>> frame.select(is_absent(pl.col("option")))["option"].to_list()
    [True, True, False]
    """
    return option.str.contains(_ABSENT)


def mend_options(stem: str, options: Sequence[str]) -> tuple[str, ...]:
    """Return the options as they must have stood in the examination; one that nobody recalled is empty.

    Parameters
    ----------
    stem
        What is asked; where it asks for a date, dates stay.
    options
        All options of one question, from A on.

    Examples
    --------
    >>> mend_options("Fibres on one tendon organ", ["3-Jan", "10-May", "15-75", "Over 75"])
    ('1-3', '5-10', '15-75', 'Over 75')
    >>> mend_options("Compressions to breaths", ["10:01", "15:01", "30:01:00", "30:02:00"])
    ('10:1', '15:1', '30:1', '30:2')
    >>> mend_options("Not a diuretic", ["a) Mannitol", "b) Digoxin", "Furosemide", "d. Thiazides"])
    ('Mannitol', 'Digoxin', 'Furosemide', 'Thiazides')
    """
    known = tuple("" if re.search(_ABSENT, option) else option for option in options)
    return _with_ratios(_with_ranges(stem, _without_labels(known)))


def mend_option_columns(frame: pl.DataFrame, stem: str, columns: Sequence[str]) -> pl.DataFrame:
    """Apply `mend_options` to the columns of a frame; only rows that show signs of damage leave polars."""
    suspect = frame.select(
        pl.any_horizontal(pl.col(name).str.contains(_SUSPECTS) for name in columns).fill_null(value=False).alias("is")
    )["is"]
    if not suspect.any():
        return frame
    rows = frame.filter(suspect).select(pl.col(stem, *columns).fill_null("")).rows()
    mended = [mend_options(asked, options) for asked, *options in rows]
    places = suspect.arg_true()
    return frame.with_columns(
        frame[name].scatter(places, [options[place] for options in mended]) for place, name in enumerate(columns)
    )


def _without_labels(options: tuple[str, ...]) -> tuple[str, ...]:
    """Take off a letter that names the option's own place; ``A.`` only where all have one (A. fumigatus is a name)."""
    letters = "ABCD"[: len(options)]
    every = [_ANY.match(option) for option in options]
    if all(every) and "".join(label[1] for label in every if label).upper() == letters:
        return tuple(option[label.end() :] for option, label in zip(options, every, strict=True) if label)
    return tuple(_without_own(option, letter) for option, letter in zip(options, letters, strict=False)) + options[4:]


def _without_own(option: str, letter: str) -> str:
    label = _OWN.match(option)
    return option[label.end() :] if label and (label["either"] or label["lower"]).upper() == letter else option


def _with_ranges(stem: str, options: tuple[str, ...]) -> tuple[str, ...]:
    dates = [_DATE.fullmatch(option) for option in options]
    spans = [(_MONTHS.index(date[2]) + 1, int(date[1])) for date in dates if date]
    rising = spans and all(first < last for first, last in spans)
    if not rising or _ASKS_FOR_DATE.search(stem):
        return options
    return tuple(
        f"{_MONTHS.index(date[2]) + 1}-{int(date[1])}" if date else option
        for option, date in zip(options, dates, strict=True)
    )


def _with_ratios(options: tuple[str, ...]) -> tuple[str, ...]:
    times = [_TIME.fullmatch(option) for option in options]
    if sum(time is not None for time in times) < 2 or not all(_RATIO.fullmatch(option) for option in options):
        return options
    return tuple(
        f"{time[1]}:{time[2] or int(time[3])}" if time else option for option, time in zip(options, times, strict=True)
    )
