"""What an explanation says about letters, and how it becomes a rationale."""

import re

import polars as pl

from openmed_data.text.clean import clean_text

# "Ans. B", "Answer is (b).", "Ans: D:", "Ans-a.", "'C' i.e." at the very start. An `a` or `A` before a word is taken
# for the article, not for a letter.
_STATED = (
    r"^\W*(?:[Tt]he )?(?:[Cc]orrect )?(?:[Aa][Nn][Ss](?:[Ww][Ee][Rr])?|[Oo][Pp][Tt][Ii][Oo][Nn]|[Kk]ey)(?-u:\b)"
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

_REFERENCE = re.compile(
    r"[\[(]\s*ref\b[^\])]{0,160}[\])]|\bref(?:erence)?s?\s*[.:;-][^.]{0,160}?(?:p\.?\s*\d[\d\s,\u2013-]*|edition|\bed\b\.?|$)"
    r"|\(?\bpg?\.?\s*(?:no)?\.?\s*\d+(?:\s*[-\u2013]\s*\d+)?\)?",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(r"\W*(?:rpt\.?|repeat(?:ed)?|ans\.?(?: is)?(?: none)?|none|nil|na|see above|explanation)?\W*"
                          r"(?:question)?\W*", re.IGNORECASE)  # fmt: skip
_SENTENCE_END = re.compile(r"(?<=[a-z0-9%)\]][.!?])\s+(?=[A-Z(])")
_LOST_SPACE = re.compile(r"(?<=[a-z]{2})\.(?=[A-Z][a-z])")

# Python knows no (?-u:…); its own ASCII flag says the same.
_AS_PYTHON = {
    name: re.compile(pattern.replace(r"(?-u:\b)", r"\b"), re.ASCII)
    for name, pattern in (("stated", _STATED), ("named", _NAMED))
}

MOST_SENTENCES = 3
MOST_CHARACTERS = 400
FEWEST_WORDS = 6


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


def rationale(explanation: str | None) -> str | None:
    """Cut an explanation down to a few clean sentences that hold without letters, or return None.

    Examples
    --------
    >>> rationale("Ans. B. Croup is mostly viral, and a single dose of dexamethasone helps. (Ref: a text p. 12)")
    'Croup is mostly viral, and a single dose of dexamethasone helps.'
    >>> rationale("rpt question") is None
    True
    >>> rationale("Option B raises excretion, and option A only eases the pain.") is None
    True
    """
    if explanation is None:
        return None
    text = _REFERENCE.sub(" ", clean_text(explanation))
    text = clean_text(_LOST_SPACE.sub(". ", _AS_PYTHON["stated"].sub("", text)))
    if _PLACEHOLDER.fullmatch(text) or _AS_PYTHON["named"].search(text):
        return None
    kept: list[str] = []
    for sentence in _SENTENCE_END.split(text.lstrip(" .,:;)-\u2013'\"")):
        if len(kept) == MOST_SENTENCES or len(" ".join([*kept, sentence])) > MOST_CHARACTERS:
            break
        if not sentence.endswith((".", "!", "?")):
            break
        kept.append(sentence)
    result = " ".join(kept)
    return result if len(result.split()) >= FEWEST_WORDS and result[0].isupper() else None
