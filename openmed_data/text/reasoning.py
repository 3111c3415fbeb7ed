"""Clean MedReason's reasoning: both ways of writing its headings, and Markdown."""

import re
from collections.abc import Iterable, Iterator

import polars as pl

from openmed_data.text.normalize import answer_key

_HEADING = (
    r"(?im)^[ \t]*(?:#{1,6}[ \t]*)?(?:finding reasoning paths?|reasoning (?:process|paths?)|(?:final )?conclusion)"
    r"[ \t]*(?::[ \t]*|$)"
)
_NAMES_A_LETTER = (
    r"(?i:\b(?:options?|choices?|answers?)\b(?: is| are)?[\s:*]{1,3})\(?[A-J]\)?(?:[^A-Za-z]|$)"
    r"|\([A-J]\)|^\s*[A-J][.)] "
)

_NEGATIVE = re.compile(r"\b(?:except|not|least|false|incorrect|excluding)\b", re.IGNORECASE)
_SHORTEST = 4  # characters of an option that a sentence cannot hold by chance
_FEWEST_NAMINGS = 2


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


def concludes_otherwise(question: str, reasoning: str, right: str, wrong: Iterable[str]) -> bool:
    """Say whether the last paragraph of a reasoning comes out for a wrong option.

    It does where it names a wrong option before it names the right one, twice at least and no less often. An option
    that the question names is no sign. Questions for what does not apply are not judged: their last paragraph names
    what does.

    Examples
    --------
    >>> told = "The breath test is preferred. A biopsy is sensitive, but the breath test is the best first test."
    >>> concludes_otherwise("Most sensitive test", told, "Biopsy", ["Breath test", "Serology"])
    True
    >>> concludes_otherwise("Most sensitive test", told, "Breath test", ["Biopsy", "Serology"])
    False
    """
    if _NEGATIVE.search(question):
        return False
    paragraph = reasoning.strip().rsplit("\n\n", 1)[-1]
    last = f" {answer_key(paragraph)} "
    target, others = answer_key(right), {answer_key(text) for text in wrong}
    found: dict[str, list[int]] = {key: [] for key in (target, *others)}
    for key in sorted(found, key=len, reverse=True):  # "breath test" is no naming of "test"
        found[key] = list(_namings(key, last)) if key else []
        for start in found[key]:
            last = last[:start] + "#" * len(key) + last[start + len(key) :]
    asked, said = f" {answer_key(question)} ", found[target]
    return any(
        len(key) >= _SHORTEST
        and f" {key}" not in asked
        and len(found[key]) >= max(_FEWEST_NAMINGS, len(said))
        and (not said or found[key][0] < said[0])
        for key in others
    )


def _namings(key: str, text: str) -> Iterator[int]:
    """Yield where a key stands as a word or a plural; no pattern, for compiling one for each option takes too long."""
    at = text.find(key)
    while at >= 0:
        end = at + len(key)
        named = text[at - 1] == " " and text.startswith((" ", "s "), end)
        if named:
            yield at
        at = text.find(key, end if named else at + 1)
