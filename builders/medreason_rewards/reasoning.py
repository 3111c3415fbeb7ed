"""Clean MedReason's reasoning: both ways of writing its headings, and Markdown."""

import re

import polars as pl

_HEADING = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]*)?\**[ \t]*(?:finding reasoning paths?|reasoning (?:process|paths?)|(?:final )?conclusion)"
    r"[ \t]*(?::[ \t]*\**|\**[ \t]*(?::|$))[ \t]*",
    re.IGNORECASE | re.MULTILINE,
)
_EMPHASIS = re.compile(r"\*\*|__(?=\S)|(?<=\S)__|^#{1,6}[ \t]+", re.MULTILINE)
_BLANKS = re.compile(r"[ \t]+$|^[ \t]+(?=\n)", re.MULTILINE)
_GAPS = re.compile(r"\n{3,}")

_NAMES_A_LETTER = (
    r"(?i:\b(?:options?|choices?|answers?)\b(?: is| are)?[\s:*]{1,3})\(?[A-J]\)?(?:[^A-Za-z]|$)"
    r"|\([A-J]\)|^\s*[A-J][.)] "
)


def clean_reasoning(text: str) -> str:
    r"""Return reasoning without headings and Markdown, its paragraphs and lists kept.

    Examples
    --------
    >>> clean_reasoning("**Finding reasoning paths:**\n\n1. Fever -> Malaria\n\n**Conclusion:** It is *vivax*.")
    '1. Fever -> Malaria\n\nIt is *vivax*.'
    >>> clean_reasoning("Finding reasoning paths:\n1. Fever -> Malaria\n\nConclusion:\nMalaria.")
    '1. Fever -> Malaria\n\nMalaria.'
    """
    plain = _EMPHASIS.sub("", _HEADING.sub("", text.replace("\r\n", "\n")))
    return _GAPS.sub("\n\n", _BLANKS.sub("", plain)).strip()


def names_letters(reasoning: pl.Series) -> pl.Series:
    """Return whether each text points at an option by its letter, so that the options must keep their places.

    Examples
    --------
    >>> names_letters(pl.Series(["Option B is wrong.", "Hepatitis B is likely.", "(C) fits best"])).to_list()
    [True, False, True]
    """
    return reasoning.str.contains(_NAMES_A_LETTER)
