"""Clean MedReason's reasoning: both ways of writing its headings, and Markdown."""

import polars as pl

_HEADING = (
    r"(?im)^[ \t]*(?:#{1,6}[ \t]*)?(?:finding reasoning paths?|reasoning (?:process|paths?)|(?:final )?conclusion)"
    r"[ \t]*(?::[ \t]*|$)"
)
_NAMES_A_LETTER = (
    r"(?i:\b(?:options?|choices?|answers?)\b(?: is| are)?[\s:*]{1,3})\(?[A-J]\)?(?:[^A-Za-z]|$)"
    r"|\([A-J]\)|^\s*[A-J][.)] "
)


def clean_reasoning(text: pl.Expr) -> pl.Expr:
    r"""Return reasoning without headings and bold type, its paragraphs and lists kept; null where nothing is left.

    Examples
    --------
    >>> styles = ["**Finding reasoning paths:**\n\n1. Fever -> Malaria\n\n**Conclusion:** Malaria.",
    ...           "Finding reasoning paths:\n1. Fever -> Malaria\n\nConclusion:\nMalaria."]
    >>> pl.DataFrame({"text": styles}).select(clean_reasoning(pl.col("text")))["text"].unique().to_list()
    ['1. Fever -> Malaria\n\nMalaria.']
    """
    plain = text.str.replace_all("\r\n", "\n", literal=True).str.replace_all("**", "", literal=True)
    bare = plain.str.replace_all(_HEADING, "").str.replace_all(r"(?m)^#{1,6}[ \t]+|[ \t]+$", "")
    joined = bare.str.replace_all(r"\n{3,}", "\n\n").str.strip_chars()
    return pl.when(joined != "").then(joined)


def names_letters(reasoning: pl.Series) -> pl.Series:
    """Return whether each text points at an option by its letter, so that the options must keep their places.

    Examples
    --------
    >>> names_letters(pl.Series(["Option B is wrong.", "Hepatitis B is likely.", "(C) fits best"])).to_list()
    [True, False, True]
    """
    return reasoning.str.contains(_NAMES_A_LETTER)
