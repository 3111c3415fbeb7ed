"""Where damage can stand: vectorised searches that leave all but a few texts untouched."""

from functools import cache

import polars as pl

from openmed_data.text.lost_rt.lexicon import readings
from openmed_data.text.lost_rt.segments import may_be_acronym, segments
from openmed_data.text.lost_rt.wordlist import load_word_list


def candidate_texts(texts: pl.Series) -> pl.Series:
    """Tell which texts hold a piece, a word or a context of the word list; null texts hold none. Boolean, same length."""
    found = texts.str.contains_any(sorted(load_word_list().pieces), ascii_case_insensitive=True)
    return (found | texts.str.contains(_words_pattern()) | texts.str.contains(_contexts_pattern())).fill_null(
        value=False
    )


def candidate_tokens(texts: pl.Series) -> pl.Series:
    """The runs of letters in each text that can be damaged, as a list per text."""
    return texts.str.extract_all(_tokens_pattern())


def damaged_segments(token: str) -> list[tuple[str, str]]:
    """The segments of a token that can be damaged, as they stand and in lower case."""
    found = ((segment, segment.lower()) for segment in segments(token))
    return [(segment, word) for segment, word in found if readings(word) and _readable(segment, word)]


def _readable(segment: str, word: str) -> bool:
    return not (word in load_word_list().words and may_be_acronym(segment))


@cache
def _words_pattern() -> str:
    lower, title, upper = _cased_words()
    return rf"(?-u:\b)(?:{lower})(?:[A-Z]|(?-u:\b))|(?:[a-z]|(?-u:\b))(?:{title})(?:[A-Z]|(?-u:\b))|(?-u:\b)(?:{upper})(?-u:\b)"


@cache
def _tokens_pattern() -> str:
    lower, title, upper = _cased_words()
    pieces = "|".join(sorted(load_word_list().pieces))
    return (
        rf"\p{{L}}*(?i:{pieces})\p{{L}}*"
        rf"|(?-u:\b)(?:{lower})(?:[A-Z]\p{{L}}*)?(?-u:\b)"
        rf"|(?-u:\b)(?:\p{{L}}*[a-z])?(?:{title})(?:[A-Z]\p{{L}}*)?(?-u:\b)"
        rf"|(?-u:\b)(?:{upper})(?-u:\b)"
    )


@cache
def _contexts_pattern() -> str:
    return "|".join(context.pattern for context in load_word_list().contexts).replace(r"\b", r"(?-u:\b)")


def _cased_words() -> tuple[str, str, str]:
    words = sorted(load_word_list().words)
    title = [word[0].upper() + word[1:] for word in words]
    upper = [word.upper() for word in words if not may_be_acronym(word.upper())]
    return "|".join(words), "|".join(title), "|".join(upper)
