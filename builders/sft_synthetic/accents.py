"""Put back letters that names lost with their accents: a page's address has them, without the accent.

"Sjgren syndrome" stands at ``…/sjogren-syndrome``, "Behet disease" at ``…/behcet-disease``.
"""

import re
from collections.abc import Mapping
from itertools import pairwise

_SUFFIX = re.compile(r"(?:\.\w+)?/*$")


def lost_letters(about: str, address: str) -> dict[str, str]:
    """Return words of a page's title that lack one letter of a word of its address → the whole word.

    Parameters
    ----------
    about
        The title, or the question about it.
    address
        The page's, of which the last part counts.

    Examples
    --------
    >>> lost_letters("Sjgren syndrome", "https://example.org/condition/sjogren-syndrome")
    {'Sjgren': 'Sjogren'}
    >>> lost_letters("Hepatitis A, MYH9 disorder", "https://example.org/hepatitisa-myh9-disorder.html")
    {}
    >>> lost_letters("What helps for gout, tophaceous form?", "https://example.org/gout-tophaceous-form")
    {}
    """
    named = re.findall(r"[A-Za-z]+", about)
    known = {word.lower() for word in named} | {f"{one}{two}".lower() for one, two in pairwise(named)}
    addressed = set(re.findall(r"[a-z]+", _SUFFIX.sub("", address.lower()).rpartition("/")[2]))
    strange = [word for word in dict.fromkeys(named) if len(word) > 2 and word.lower() not in addressed]
    found = {word: whole for word in strange for whole in sorted(addressed - known) if _lacks_one(word.lower(), whole)}
    return {word: _cased(word, whole) for word, whole in found.items()}


def with_letters(text: str, lost: Mapping[str, str]) -> str:
    """Write the words of `lost_letters` whole, also where they have the ending of an owner.

    Examples
    --------
    >>> with_letters("Sjgren's is no Sjgrenism.", {"Sjgren": "Sjogren"})
    "Sjogren's is no Sjgrenism."
    """
    for word, whole in lost.items():
        text = re.sub(rf"\b{word}(?=s?\b)", whole, text)
    return text


def _lacks_one(word: str, whole: str) -> bool:
    """Say whether a word is the whole one without one letter that is neither its first nor the ending of a plural."""
    return len(whole) == len(word) + 1 and any(
        whole[:at] + whole[at + 1 :] == word for at in range(1, len(whole)) if whole[at:] != "s"
    )


def _cased(word: str, whole: str) -> str:
    return whole.capitalize() if word[0].isupper() else whole
