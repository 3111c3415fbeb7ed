"""What an explanation says about the letters of options."""

import re

import polars as pl

# "Ans. B", "Answer is (b).", "Ans: D:", "Ans-a.", "'C' i.e." at the very start. An `a` or `A` before a word is taken
# for the article, not for a letter, and "Option A - ..." opens a list of all options.
_STATED = (
    r"^\W*(?:[Tt]he )?"
    r"(?:(?:[Cc]orrect |[Rr]ight )?[Aa][Nn][Ss](?:[Ww][Ee][Rr])?|[Kk]ey|(?:[Cc]orrect|[Rr]ight) [Oo]ption)(?-u:\b)"
    r"[\s.:;=\u2013\u2014-]*(?:(?:[Ii]s|[Oo]ption)(?-u:\b))?[\s.:;=\u2013\u2014'\"(\[-]*"
    r"(?:([A-D])(?:[^A-Za-z ]|$| [^a-z])|([b-dB-D])(?:[^A-Za-z]|$)|(a)[).'\"\]:,-])"
)
_STATED_IE = r"^\W*([A-D])\W{0,3}\s*i\.?\s?e(?-u:\b)"

# Any way to point at an option by its letter; where one stands, the options must keep their places.
_NAMED = (
    r"(?-u:\b)(?:[Aa]ns|ANS|[Aa]nswers?|ANSWERS?|[Oo]ptions?|OPTIONS?|[Cc]hoices?|[Ss]tatements?)[^A-Za-z]{0,6}"
    r"(?:(?:is|are|no)[^A-Za-z]{1,4})?[a-eA-E](?-u:\b)"
    r"|\([a-eA-E]\)"
    r"|[\s.][a-eA-E]\)"
    r"|^\W*[A-E][.:)]"
    r"|(?-u:\b)[B-E] (?:is|are) (?:correct|incorrect|wrong|true|false|right)(?-u:\b)"
)

_PICTURES = "(?:image|picture|photograph) "
_PLACED = r"(?: (?:given|shown|above|below|in (?:the )?question))"
# "The picture is typical of iron deficiency" is about findings; an image, or a picture given, is one to look at.
_PICTURED = (
    rf"(?:(?:[Tt]he|[Tt]his|[Gg]iven|[Aa]bove|[Ff]ollowing) (?:image|photograph){_PLACED}*"
    rf"|(?:[Gg]iven|[Aa]bove|[Ff]ollowing) picture{_PLACED}*|picture{_PLACED}+)"
    r" (?:is|shows|depicts|represents)(?-u:\b)"
)
_SHORT = 100  # bytes of a stem that is too short to say in words what the picture shows

# Python knows no (?-u:…); its own ASCII flag says the same.
STATED, NAMED = (re.compile(pattern.replace(r"(?-u:\b)", r"\b"), re.ASCII) for pattern in (_STATED, _NAMED))


def stated_position(explanation: pl.Expr) -> pl.Expr:
    """Return the position, 0 to 3, of the letter that an explanation opens with as the answer, else null."""
    groups = explanation.str.extract_groups(_STATED).struct
    letter = pl.coalesce(
        *(groups.field(str(number)) for number in (1, 2, 3)), explanation.str.extract(_STATED_IE, 1)
    ).str.to_uppercase()
    return letter.replace_strict({"A": 0, "B": 1, "C": 2, "D": 3}, default=None, return_dtype=pl.Int8)


def names_letters(explanation: pl.Expr) -> pl.Expr:
    """Return whether an explanation points at options by their letters, in any of the usual ways."""
    return explanation.str.contains(_NAMED).fill_null(value=False)


def explains_picture(stems: pl.Series, explanations: pl.Series) -> pl.Series:
    """Return whether a short stem has an explanation that says what the picture shows, so that there was one.

    Examples
    --------
    >>> told = pl.Series(["The given image shows a sandfly.", "Kala-azar. The picture is typical of it.", None])
    >>> explains_picture(pl.Series(["Which disease does it not transmit?"] * 3), told).to_list()
    [True, False, False]
    """
    places = ((stems.str.len_bytes() < _SHORT) & explanations.is_not_null()).arg_true()
    for pattern in (_PICTURES, _PICTURED):  # the first costs a third of the second, and leaves little for it
        places = places.filter(explanations.gather(places).str.contains(pattern))
    return pl.repeat(value=False, n=stems.len(), dtype=pl.Boolean, eager=True).scatter(places, values=True)
