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
    Language.DE: "der das ist nicht ein eine einer eines einem einen mit dem den auf für von im zu sich bei werden wird und "
    "sind oder auch nach durch als wie",
    Language.EN: "the of and is with for that are was which this by from has have be it as not been who what when his her "
    "their after in to on or an at can may",
    Language.ES: "el los las una con por para que del como es su se al más pero son está este esta entre sobre también la de",
    Language.FR: "le les une dans pour que qui du est sur avec ce cette aux sont par plus pas ou être ont au la de et",
    Language.IT: "il gli che della di con per una del sono nel alla dei delle anche questo questa come più è la un",
    Language.NL: "het een van niet zijn voor met dat op aan door ook bij wordt worden naar deze uit de en",
    Language.PT: "os uma com não para que do da dos das em mais como são pela pelo ao também foi ou é de",
}
FEWEST_WORDS = 12
_HARDLY_ANY = 0.06
_MANY = 0.15
_FEWEST_LETTERS = 10
_MOST_OF_ANOTHER_SCRIPT = 0.3
# A letter of a Latin script; \p{Greek} stands in for units and names (µ, α-thalassaemia) and is counted with them only
# while it is rare, which the share takes care of.
_LETTER, _LATIN = r"\p{L}", r"\p{Latin}"


def other_language(texts: pl.Series, language: Language) -> pl.Series:
    """Return whether each text is in another language than `language`, or in another script than the Latin one.

    Examples
    --------
    >>> spanish = "El paciente llegó con dolor en el pecho y una tos que empeora por las noches desde hace tres días."
    >>> texts = pl.Series([spanish, "Aspirin 75 mg PO OD", "The pain is worse at night.", "患者因胸痛入院三天前开始"])
    >>> other_language(texts, Language.EN).to_list()
    [True, False, False, True]
    """
    letters = texts.str.count_matches(_LETTER)
    foreign = (letters - texts.str.count_matches(_LATIN)) / letters.clip(1)
    script = (letters >= _FEWEST_LETTERS) & (foreign > _MOST_OF_ANOTHER_SCRIPT)
    words = texts.str.count_matches(r"\s+") + 1
    doubtful = (words >= FEWEST_WORDS) & (texts.str.count_matches(_pattern(language)) / words < _HARDLY_ANY)
    places = doubtful.arg_true()
    rest, most = texts.gather(places), words.gather(places)
    others = [rest.str.count_matches(_pattern(one)) / most > _MANY for one in Language if one is not language]
    named = pl.select(pl.any_horizontal(others)).to_series()
    return script.clone().scatter(places.filter(named), values=True)


@cache
def _pattern(language: Language) -> str:
    return rf"(?i)\b(?:{_FUNCTION_WORDS[language].replace(' ', '|')})\b"
