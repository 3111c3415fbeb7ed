"""Tell texts in another language or script by the words that every sentence needs.

Articles, prepositions and auxiliaries are a third of running English text and below 3% of running text of another
language, so a text of some length that has hardly any of one language's and many of another's is in the other. Text
that has few of either (lists of drugs, Latin names, codes) is left alone: there is nothing to tell it by.
"""

from functools import cache

import polars as pl

from ._quality_faults import Language

# The most frequent words of each language; words that are common in English too, such as "die", "in" or "me", are left
# out of the others.
_FUNCTION_WORDS = {
    Language.DE: (
        "der das ist nicht ein eine einer eines einem einen mit dem den auf für von im zu sich bei werden "
        "wird und sind oder auch nach durch als wie"
    ),
    Language.EN: (
        "the of and is with for that are was which this by from has have be it as not been who what when "
        "his her their after in to on or an at can may"
    ),
    Language.ES: (
        "el los las una con por para que del como es su se al más pero son está este esta entre sobre también la de"
    ),
    Language.FR: ("le les une dans pour que qui du est sur avec cette aux sont par plus pas ou être ont au la de et"),
    Language.IT: ("il gli che della di con una del sono nel alla dei delle anche questo questa come più la un"),
    Language.NL: ("het een van niet zijn voor met dat op aan door ook bij wordt worden naar deze uit de en"),
    Language.PT: ("os uma com não para que do da dos das em mais como são pela pelo ao também foi ou de"),
}
FEWEST_WORDS = 12
_HARDLY_ANY = 0.06
_MANY = 0.15
_FEWEST_LETTERS = 10
_MOST_OF_ANOTHER_SCRIPT = 0.3
_DIFFERENT = 3
_LOOKED_AT = 1_500  # characters


def other_language(texts: pl.Series, language: Language) -> pl.Series:
    """Return whether each text is in another language than `language`, or in another script than the Latin one.

    Examples
    --------
    >>> spanish = "El paciente llegó con dolor en el pecho y una tos que empeora por las noches desde hace tres días."
    >>> texts = pl.Series([spanish, "Aspirin 75 mg PO OD", "The pain is worse at night.", "患者因胸痛入院三天前开始"])
    >>> other_language(texts, Language.EN).to_list()
    [True, False, False, True]
    """
    begun = texts.str.head(_LOOKED_AT)
    wide = (begun.str.len_bytes() > begun.str.len_chars()).arg_true()
    script = _another_script(begun.gather(wide))
    words = begun.str.count_matches(" ", literal=True) + 1
    doubtful = (words >= FEWEST_WORDS) & (begun.str.count_matches(_pattern(language)) / words < _HARDLY_ANY)
    places = doubtful.arg_true()
    rest, most = begun.gather(places), words.gather(places)
    others = [_is_in(one, rest, most) for one in Language if one is not language]
    named = pl.select(pl.any_horizontal(others)).to_series()
    found = pl.repeat(value=False, n=texts.len(), dtype=pl.Boolean, eager=True)
    return found.scatter(places.filter(named), values=True).scatter(wide.filter(script), values=True)


def _is_in(language: Language, texts: pl.Series, words: pl.Series) -> pl.Series:
    """Ask for many function words, and for different ones: Lorenzo de Medici and Vasco da Gama have names."""
    found = texts.str.to_lowercase().str.extract_all(_pattern(language))
    return (found.list.len() / words > _MANY) & (found.list.n_unique() >= _DIFFERENT)


def _another_script(texts: pl.Series) -> pl.Series:
    letters = texts.str.count_matches(r"\p{L}")
    # Greek letters are units, names of cells and symbols in formulas.
    foreign = (letters - texts.str.count_matches(r"[\p{Latin}\p{Greek}]")) / letters.clip(1)
    return (letters >= _FEWEST_LETTERS) & (foreign > _MOST_OF_ANOTHER_SCRIPT)


@cache
def _pattern(language: Language) -> str:
    # ASCII boundaries are five times as fast; the words that begin or end in another letter are left out for them.
    return rf"(?i)(?-u:\b)(?:{_FUNCTION_WORDS[language].replace(' ', '|')})(?-u:\b)"
