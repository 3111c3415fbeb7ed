"""Mend stems of exam questions: numbers and sittings that are no part of them, lost spaces, stray marks at the end."""

# ruff: noqa: E501  (one pattern a line reads best)

import polars as pl

# "27.\t", "Q12) ", "Q.5: "; not "5-hydroxy…", "2,3-Bis…", "45-year-old".
_NUMBER = r"^(?:(?i:q(?:uestion)?|que)\.? ?(?:no\.? ?)?\d{1,4} ?[.):]|\d{1,4} ?[.)]) ?([^\d\s.])"

_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|"
    r"Nov(?:ember)?|Dec(?:ember)?)"
)
_EXAM = (
    r"(?:AIIMS(?: NICU)?|NEET|AIPG(?:ME[ET])?|AI|PGI|JIPMER|DNB|COMEDK?|KCET|FMGE|AFMC|UPSC|MAHE|CMC|MCI|AP|AMU|TN|UP|MP|MH|"
    r"(?:Andhra|Bihar|Delhi|Gujarat|Jharkhand|Karnataka|Kerala|Maharashtra|Orissa|Punjab|Rajasthan|Rohtak|WB)(?: PG)?)"
)
_YEARS = r"['\u2019 -]*(?:19|20)?\d\d(?:, ?(?:19|20)?\d\d)*"
_SITTING = rf"(?:{_EXAM}(?:[ -]{_MONTH})?{_YEARS}|{_MONTH}{_YEARS})(?:[,;]? ?{_MONTH}{_YEARS})*"
_LETTERS = r"(?: ?\([a-e](?:, ?[a-e])*\))?"
# "(Asked twice)", "(In exam they wrote …)": what somebody says of the examination; not "(on examination: a rash)".
_REMARK = (
    r" ?[(\[](?i:asked (?:twice|thrice|again|in)\b|(?:repeat(?:ed)?|recall(?:ed)?) question\b|in (?:the )?exam\b)"
    r"[^()\[\]]*[)\]]\W*$"
)
# "is:March 2009", "?(AIIMS May 2015, May 2014)", "is:KCET 12; JIPMER 12"; never "in March 2009": that is part of it.
_SAT = (
    (rf"([:?.]) ?(?:{_SITTING}(?:[;,] ?{_SITTING})*{_LETTERS}|[(\[]{_SITTING}(?:[;,] ?{_SITTING})*[)\]])\W*$", "${1}"),
    (rf" [(\[]{_EXAM}(?:[ -]{_MONTH})?{_YEARS}(?:[;,] ?{_SITTING})*[)\]]\W*$", ""),
    (_REMARK, ""),
)

_TEXT = r"[^()\n]*?(?:\([^()\n]*\)[^()\n]*?)*?"  # brackets in it are closed, so that the next closing one is a label's
# "except -a) Feverb) Rashc) Coughd) Pain": the labels of a list of its own, each glued to what stands before it.
_LABELS = (
    (rf"^({_TEXT})\s*\ba\) ?({_TEXT})\s*b\) ?({_TEXT})\s*c\) ?", "${1} a) ${2} b) ${3} c) "),
    (rf"^({_TEXT} a\) {_TEXT} b\) {_TEXT} c\) {_TEXT})\s*d\) ?", "${1} d) "),
    (rf"^({_TEXT} a\) {_TEXT} b\) {_TEXT} c\) {_TEXT} d\) {_TEXT})\s*e\) ?", "${1} e) "),
)
_SENTENCES = (
    (r"([a-z]{2}[.:!]|\?)([A-Z])", "${1} ${2}"),
    (r"([A-Z]{2}\.)([A-Z][a-z])", "${1} ${2}"),
    (r"([a-z]{3},)([A-Za-z][a-z]{2})", "${1} ${2}"),
)
_DASHES = "\u2013\u2014-"
_END = (
    (r"[\s.,:;]*\?[?.,:;]*$", "?"),
    (r"([^\s;,])\s*[;,]+$", "${1}:"),
    (r"(\w)\s+([:.])$", "${1}${2}"),
    (rf"(\w)\s*[:{_DASHES}]*[{_DASHES}]+$", "${1}"),
)
# What a stem must have for a mend to be tried: few have it, and looking for it costs a tenth of trying.
MENDS = (
    (r"^[Qq0-9]", ((_NUMBER, "${1}"),)),
    (r"[0-9)\]]\W*$", _SAT),
    (r"[a-z]{2}[.:!][A-Z]|\?[A-Z]|[A-Z]\.[A-Z][a-z]|[a-z],[A-Za-z]", _SENTENCES),
    (r"[0-9A-Za-z] +[,;] ", ((r"([0-9A-Za-z]) +([,;] )", "${1}${2}"),)),
    (r"b\).*c\)", _LABELS),
    (rf"[\s.,:;?][.:?]$|[;,{_DASHES}]$", _END),
)


def mend_stems(stems: pl.Series) -> pl.Series:
    """Return stems without numbers, sittings and stray marks at their ends, and with the spaces that were lost.

    Examples
    --------
    >>> mend_stems(pl.Series(["12. An early sign of diabetes is:March 2013", "All are antacids except -"])).to_list()
    ['An early sign of diabetes is:', 'All are antacids except']
    >>> mend_stems(pl.Series(["Features of croup are -a) Stridorb) Droolingc) Cough"])).item()
    'Features of croup are - a) Stridor b) Drooling c) Cough'
    >>> mend_stems(pl.Series(["It bleeds.Which layer , then, is this??", None])).to_list()
    ['It bleeds. Which layer, then, is this?', None]
    """
    stems = stems.clone()  # scatter writes in place
    for hint, steps in MENDS:
        suspect = stems.str.contains(hint).fill_null(value=False)
        if suspect.any():
            mended = stems.filter(suspect)
            for pattern, text in steps:
                mended = mended.str.replace_all(pattern, text)
            stems = stems.scatter(suspect.arg_true(), mended)
    return stems
