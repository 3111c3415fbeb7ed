"""What the text of an exam question tells: whether it can be asked as it stands, and whether its options may move."""

# ruff: noqa: E501  (one pattern a line reads best)

from collections.abc import Sequence

import polars as pl

_PICTURE = (
    r"image|picture|pictorial|photo|photograph|photomicrograph|micrograph|figure|fig|diagram|illustration|x ?-? ?ray|xray|cxr|"
    r"radiograph|roentgenogram|skiagram|ecg|ekg|eeg|ctg|ct|hrct|cect|ncct|mri|usg|audiogram|tympanogram|angiogram|scan|"
    r"slide|smear|specimen|video|graph|curve|flow ?chart|flow ?cha|graphic|drawing|tracing|plate|instrument|device|apparatus|"
    r"clinical condition"
)
_THING = (
    r"device|instrument|structure|parasite|organism|bacteri(?:um|a)|fungus|virus|lesion|condition|sign|view|image|picture|"
    r"procedure|apparatus|equipment|appliance|object|specimen|disease|drug|plant|poison|seed|leaf|insect|vector|mosquito|"
    r"fly|egg|ovum|cyst|muscle|nerve|bone|artery|vein|vessel|organ|part|cell|tumou?r|stain|test|technique|position|suture|"
    r"curve|graph|rhythm|abnormality|deformity|fracture|pattern|anomaly|defect|scan|finding|disorder|syndrome|weapon|injury"
)
_MARKED = r"marked|labell?ed|arrow(?:ed|s)?|pointed|encircled|highlighted"
_END = r"\W*(?:\([^)]*\)\W*)?$"

# "which of the following X-rays" asks about X-rays in general; once such phrases are gone, "the following" points at one.
_IN_GENERAL = (
    r"\b(?:which|what|all|any|one|none|each|whom|both|either|neither|not|except|true|false) (?:\w+ ){0,2}?"
    r"(?:of|among|amongst|in|from|with) (?:all )?the following\b"
)

_CUES = (
    rf"\b(?:the|this|these|following|given|shown|below|above|accompanying|adjacent|attached) (?:\w+ ){{0,2}}?(?:given|below|shown|following|{_MARKED}) (?:\w+ )?(?:{_PICTURE})\b",
    rf"\b(?:following|given|provided|accompanying|adjacent|attached|above|below) (?:below )?(?:\w+ )?(?:{_PICTURE})\b(?: (?:of|is|are|was|shows?|depicts?|represents?|except|findings?|image|film|except)\b|\W|$)",
    rf"\b(?:{_PICTURE})s?\b[^.?]{{0,60}}?\b(?:shown|depicted|given below|is given|are given|(?:is|are|as) provided|provided (?:below|here)|below|displayed)\b(?:[^0-9]*$|\W+(?:what|which|the|most|diagnos))",
    r"\b(?:shown|seen|depicted|marked|labell?ed|given|in|from|of|to) (?:in |by )?(?:the |this |a )?(?:given |following |below |attached )?(?:image|picture|photograph|photomicrograph|figure|fig|diagram|illustration|colou?r plate)\b",
    r"\b(?:figure|image|picture|diagram|photograph|photomicrograph) (?:shows|depicts|represents|shown|below|given|above)\b",
    r"\b(?:colou?r plate|video based|image based|picture based|see figure|identify from)\b",
    rf"\b(?:structure|muscle|nerve|part|area|organ|vessel|artery|bone|region|zone|layer|cell|space|point|tooth|line|wave)s? (?:\w+ )?(?:{_MARKED})\b",
    rf"\b(?:{_MARKED}) (?:as |with |by |in |area |part )?(?:an? |the )?(?:arrows?|structures?|muscles?|nerves?|areas?|parts?|regions?|[\"']?[A-EX][\"']?(?:\W|$))",
    r"\barrows?\b",
    r"\bwith the (?:following|given|shown) (?:skin )?(?:lesions?|rash|swelling|deformity|appearance)\b",
    rf"\b(?:{_PICTURE}) (?:given\b|provided(?:[.,:?]|\W*$))",
    r"\b(?:socket|tooth|teeth|patient|child|baby|neonate|infant) shown in\b",
    rf"\b(?:age|data|diagnosis|value)s? (?:from|in) the (?:\w+ ){{0,4}}(?:{_PICTURE}){_END}",
    r"\b(?:shown|depicted|given|represented|provided|illustrated|pictured) (?:here|below|above)\b(?:[^0-9]*$|\W+(?:what|which|the|most|diagnos))",
    rf"\b(?:case|condition|disorder|lesion|pattern|structure|finding|deformity|appearance|procedure|view|sign|test)s? (?:is |are )?(?:shown|depicted|pictured){_END}",
    r"\b(?:following|given) (?:\w+ )?(?:findings|hpe findings|histology|histopathology|microscopy) (?:is|are|was|were) (?:seen|found|noted|present)\b",
    rf"\b(?:ecg|ekg|ct|mri|x ?-? ?ray|cxr|radiograph|scan|usg|biopsy)\b[^.]{{0,30}}\b(?:done|obtained|taken|performed|follows)\b\W*(?:(?:what is )?(?:the |your )?(?:most (?:likely|probable) )?(?:probable |likely )?diagnosis(?: is)?)?{_END}",
)

_POINTING = (
    r"\b(?:above|accompanying|adjacent|arrows?|attached|(?:image|picture|video) based|below|depict\w*|diagram|displayed|done|"
    r"encircled|figs?|figures?|follows|following|given|highlighted|illustrat\w*|images?|labell?ed|marked|obtained|performed|"
    r"photo\w*|pictures?|pictured|plate|pointed|provided|represented|shown|taken|"
    rf"(?:from|in) the (?:\w+ ){{0,4}}(?:{_PICTURE}))\b"
)

_NO_CUES = "|".join(
    (
        rf"^\W*(?:name|identify|recogni[sz]e|spot|label|what is(?: the name of)?) (?:the|this|these) (?:(?:given|following|above|below|shown|marked) )?(?:\w+ )?(?:{_THING})s?{_END}",
        rf"^\W*(?:this|the given|given) (?:{_THING})s? (?:is|are|shows?|belongs)\b[^.]{{0,40}}$",
        rf"^\W*(?:(?:what is|whats|give) )?(?:the |your )?(?:most (?:likely|probable) |probable |likely |spot )?diagnosis(?: is)?{_END}",
        rf"\bthe given (?:{_THING})s?\b",
    )
)


# "A study that misses a difference. What type of error is this?" tells what it asks about; these stems do not.
_POINTED_AT = "|".join(
    (
        rf"^[^.]{{0,60}}\b(?:(?:use|name|function|purpose|diagnosis|part|type) of|is|are|called) (?:this|these){_END}",
        rf"^\W*(?:the )?following (?:{_THING})s? (?:is|are) (?:used|called|known|seen|indicated)\b[^.]{{0,40}}$",
        rf"^[^.]{{0,40}}\b(?:toxin|drug|organism|agent|virus|vector) (?:is |are )?(?:causing|causes|caused) (?:this|these){_END}",
        rf"\bthe (?:fig|figure|picture|image|diagram) (?:shows|depicts|represents){_END}",
        rf"\bof the following (?:lesion|cavity|deformity|defect|fracture|swelling)s?{_END}",
    )
)
# One clause that speaks of "this" or "here", or leaves open what "the following" is seen in: nothing was said before.
_NOTHING_BEFORE = (
    r"^\W*(?:(?:in|for|by|at) )?(?:which|what)\b[^.,:;?!]*\bthis\b[^.,:;?!]*\W*$"
    r"|^\W*this (?:\w+ ){1,6}(?:in|for|by|of|with|causes?|called)\W*$"
    r"|^\W*(?:the )?following (?:\w+ ){0,2}is [^.:?!]*\b(?:in|for|by|of|with|as|which \w+[^.:?!]*)\W*$"
    r"|^[^.,:;?!'\"]*\bhere\W*$"
)
_POINTERS = ("this", "these", "following", "fig", "picture", "image", "diagram", " here")


def _ascii(pattern: str) -> str:
    """Let word boundaries and word characters mean ASCII ones, which makes a search over ten times faster."""
    plain = pattern.replace(r"\b", r"(?-u:\b)").replace(r"\W", "[^A-Za-z0-9_]").replace(r"\w", "[A-Za-z0-9_]")
    return f"(?i){plain}"


# One automaton of all cues outgrows its cache and takes five times as long as three, whichever cues each has.
_CUES_APART = tuple(_ascii("|".join(_CUES[start::3])) for start in range(3))


# No cue can match a stem without one of these; they are looked for first because that costs almost nothing.
_HINTS = (
    "above", "accompanying", "adjacent", "arrow", "attached", "based", "below", "depict", "diagram", "displayed", "done",
    "encircled", "fig", "findings", "follows", "following", "from the", "given", "highlighted", "illustrat", "image",
    "in the", "label", "marked", "obtained", "performed", "photo", "picture", "pictured", "plate", "pointed", "provided",
    "represented", "shown", "taken",
)  # fmt: skip


def needs_picture(stems: pl.Series) -> pl.Series:
    """Return whether each stem is about a picture that the row does not hold.

    Examples
    --------
    >>> needs_picture(pl.Series(["Diagnosis of the ECG shown below is", "Name this parasite", "Axis in a normal ECG"])).to_list()
    [True, True, False]
    """
    found = stems.str.contains(_ascii(_NO_CUES))
    pointing = stems.str.contains_any(list(_POINTERS), ascii_case_insensitive=True)
    pointers = stems.filter(pointing)
    for patterns in (_POINTED_AT, _NOTHING_BEFORE):
        found = found.scatter(pointing.arg_true().filter(pointers.str.contains(_ascii(patterns))), values=True)
    hinted = stems.str.contains_any(list(_HINTS), ascii_case_insensitive=True)
    pointed = stems.filter(hinted).str.replace_all(_ascii(_IN_GENERAL), " ")
    likely = pointed.str.contains(_ascii(_POINTING))
    suspects = pointed.filter(likely)
    cued = pl.select(pl.any_horizontal(suspects.str.contains(cues) for cues in _CUES_APART)).to_series()
    return found.scatter(hinted.arg_true().filter(likely).filter(cued), values=True)


# A stem made of these words alone asks nothing unless its options are whole statements.
_EMPTY_WORDS = (
    "a|about|all|an|and|are|as|correct|except|false|following|for|in|incorrect|is|it|not|of|one|option|options|regarding|"
    "right|statement|statements|the|these|this|to|true|which|with|wrong|answer|choose|select|mark|what|q|question|ans|are|by"
)
_NOTHING = rf"(?i)^(?:\W|\d|_|\b(?:{_EMPTY_WORDS})\b)*$"
_DANGLING = r"(?i)\b(?:about|regarding|of|for)\W*$"
STATEMENT_CHARACTERS = 25


def unanswerable(stem: pl.Expr, mean_option_length: pl.Expr) -> pl.Expr:
    """Return whether a stem asks nothing.

    A stem of empty words ("All are true except:") is one unless the options are statements that it may be about.
    """
    no_words = stem.fill_null("").str.contains(r"^[\W\d_]*$")
    empty = stem.str.contains(_NOTHING)
    short_options = mean_option_length < STATEMENT_CHARACTERS
    return no_words | (empty & (short_options | stem.str.contains(_DANGLING)))


# Options that speak of other options: their order is part of their meaning.
_REFERS = (
    r"(?i)^\W*(?:all|none|any|both|neither|either|nil|a+ll)\b"
    r"|\b(?:all|none|any|both|either|neither|two|some) (?:of )?(?:the )?(?:above|these|options?|three|four|following)\b"
    r"|\babove\b.{0,12}$|\b[a-e]['\"\u2019)]? ?(?:,|&|and|or|\+) ?['\"\u2018(]?[a-e]\b|^\W*[a-e]{2,5}\W*$|^\W*(?:[1-5] ?,? ?){2,5}\W*$"
    r"|^\W*(?:[a-e] ?, ?)+[a-e]\W*$|\b(?:only|both) [a-e]\b|^\W*[a-e] only\b|\b(?:1st|2nd|first|second|last) (?:two|option)"
    r"|\boptions?\b.{0,4}\b[a-e1-5]\b|\b(?:i|ii|iii|iv) ?(?:,|&|and) ?(?:i|ii|iii|iv)\b"
)


def options_refer(option: pl.Expr) -> pl.Expr:
    """Return whether an option speaks of other options: all of the above, both A and B, bce.

    Examples
    --------
    >>> frame = pl.DataFrame({"option": ["None", "Both A and B", "bce", "Vitamin B", "Alloisoleucine"]})
    >>> frame.select(options_refer(pl.col("option")))["option"].to_list()
    [True, True, True, False, False]
    """
    return option.str.contains(_REFERS.replace(r"\b", r"(?-u:\b)").replace(r"\W", "[^A-Za-z0-9_]"))


_LETTERS_ALONE = r"^\W*[A-Ea-e](?:\W*[A-Ea-e]){0,4}\W*$"
_LISTED = r"(?i)(?:^|[^a-z])[a-e] ?[).:-]\W*[a-z]{2}|[a-z][b-e]\) ?[a-z]{2}"
_NAMED_BY_LETTERS = (
    r"(?i)\b(?:vitamins?|hepatitis|influenza|clusters?|(?:sub|sero|bio)?types?|(?:sub)?groups?|class|categor(?:y|ies)|"
    r"grades?|schedules?|toxins?|(?:apo|lipo|apolipo)proteins?|immunoglobulins?|ha?emophilia|fib(?:er|re)s?)\b"
)


def letters_alone(stems: pl.Series, options: Sequence[pl.Series]) -> pl.Series:
    """Return whether options are letters of things that the stem does not list: they are in a picture, or lost.

    Vitamins, viruses and the like are named by letters and need no list; a letter twice (AA, Aa) is a genotype.

    Examples
    --------
    >>> stems = ["Where is it thickest?", "Signs are a) Rash b) Fever c) Cough", "Which vitamin is it?"]
    >>> rows = [("A", "B", "C", "D"), ("a", "ab", "bc", "abc"), ("A", "B", "C", "D")]
    >>> letters_alone(pl.Series(stems), pl.DataFrame(rows, orient="row").get_columns()).to_list()
    [True, False, False]
    """
    alone = options[0].str.contains(_LETTERS_ALONE).fill_null(value=False).arg_true()
    for option in options[1:]:
        alone = alone.filter(option.gather(alone).str.contains(_LETTERS_ALONE).fill_null(value=False))
    asked = stems.gather(alone).fill_null("")
    told = (asked.str.count_matches(_LISTED) > 1) | asked.str.contains(_NAMED_BY_LETTERS)
    rows = zip(*(option.gather(alone) for option in options), strict=True)
    once = pl.Series([not any(map(_repeats, row)) for row in rows], dtype=pl.Boolean)
    found = pl.repeat(value=False, n=stems.len(), dtype=pl.Boolean, eager=True)
    return found.scatter(alone.filter(once & ~told), values=True)


def _repeats(option: str) -> bool:
    letters = [char for char in option.upper() if char.isalpha()]
    return len(set(letters)) < len(letters)


# Where one cell of a table ran into the next: "treatedNew drug", "rate7286", "8068Tremors". One alone may be a misread
# letter (hyperpLastic), and a word with three digits is an isotope (Iodine131).
_SEAM = r"[a-z]{3}(?:[A-Z][a-z]{2}|[0-9]{4})|[0-9][A-Z][a-z]{2}"


def lost_table(stem: pl.Expr) -> pl.Expr:
    """Return whether a stem holds a table or a list whose cells ran into one another, so that nobody can read it.

    Examples
    --------
    >>> frame = pl.DataFrame({"question": ["Which drug is it?DrugPlaceboPulse rate7286", "MacConkey agar detects"]})
    >>> frame.select(lost_table(pl.col("question")))["question"].to_list()
    [True, False]
    """
    return stem.str.count_matches(_SEAM) >= 2
