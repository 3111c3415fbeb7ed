"""The words by which documents are found: lower case, without accents, plural endings and function words."""

import re
import unicodedata

VERSION = 1  # of the rules below; an index built by other rules answers otherwise

_WORD = re.compile(r"[a-z0-9]+")
FUNCTION_WORDS = frozenset(
    "a about above after all also am an and any are as at be because been being between both but by can could did do "
    "does doing done for from further had has have having he her here him his how i if in into is it its just may me "
    "might more most must my no nor not of off on once only or other our out over own same shall she should so some "
    "such than that the their them then there these they this those through to too under until up upon very was we "
    "were what when where which while who whom whose why will with would you your".split()
)
# "-s" that is no plural.
_NO_PLURAL = re.compile(r"(?:ss|us|is|os|as)$")
_SINGULAR = frozenset("diabetes rabies herpes feces series species menses facies caries scabies measles".split())


def search_words(text: str) -> list[str]:
    """Return the words of `text` in order, as documents and queries are compared.

    Examples
    --------
    >>> search_words("What are the symptoms of Ménière's disease in the 7q11.23 region?")
    ['symptom', 'meniere', 'disease', '7q11', '23', 'region']
    """
    return [word for word in map(_FOLDED.__getitem__, _written(text)) if word]


def every_word(text: str) -> list[str]:
    """Return the words of `text` as `search_words` does, and those that it leaves out where they stand.

    Examples
    --------
    >>> every_word("Vitamins of the group A")
    ['vitamin', 'of', 'the', 'group', 'a']
    """
    return [_FOLDED[word] or word for word in _written(text)]


def _written(text: str) -> list[str]:
    if not text.isascii():
        text = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return _WORD.findall(text.lower())


class _Folded(dict[str, str]):
    """Word → the form it is searched by, empty for words that say nothing; remembers what it was asked."""

    def __missing__(self, word: str) -> str:
        folded = _fold(word)
        if len(self) < 1_000_000:
            self[word] = folded
        return folded


def _fold(word: str) -> str:
    if word in FUNCTION_WORDS or word == "s":
        return ""
    if len(word) <= 3 or not word.endswith("s") or word in _SINGULAR or _NO_PLURAL.search(word):
        return word
    return word[:-3] + "y" if word.endswith("ies") else word[:-1]


_FOLDED = _Folded()
