"""What can be asked about a disease: how it is put, how it is searched for, and whether it asks for advice.

The aspects are MedQuAD's types of questions; every other corpus has questions of the first one, or of none.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Aspect:
    """One kind of question.

    Attributes
    ----------
    asked
        Ways to put the question; ``{x}`` is the subject.
    cue
        Tells the aspect from a question's words alone, as a person who searches would.
    queries
        What is added to the subject to search for it; empty strings for a search by the subject.
    section
        Words of which one stands in the title of a document about it.
    advice
        Whether the question asks what to do.
    answered
        Tells a text that answers from one that talks of something else; None where anything about the subject answers.
    """

    asked: tuple[str, ...]
    cue: re.Pattern[str]
    queries: tuple[str, ...]
    section: frozenset[str]
    advice: bool = False
    answered: re.Pattern[str] | None = None


def _aspect(
    cue: str,
    section: str,
    queries: tuple[str, ...],
    asked: tuple[str, ...],
    *,
    advice: bool = False,
    answered: str = "",
) -> Aspect:
    told = re.compile(answered, re.IGNORECASE) if answered else None
    return Aspect(asked, re.compile(cue, re.IGNORECASE), queries, frozenset(section.split()), advice, told)


# In the order in which cues are tried: "genes" before "inherited".
ASPECTS: dict[str, Aspect] = {
    "symptoms": _aspect(
        r"\bsymptoms?\b|\bsigns\b|\bpresent\?", "sign symptom",
        ("symptoms", "signs and symptoms", "clinical features"),
        ("What are the symptoms of {x}?", "What signs and symptoms does {x} cause?", "How does {x} present?"),
    ),
    "treatment": _aspect(
        r"\btreat(?:ed|ments?|ment options)\b", "treatment",
        ("treatment", "therapy", "management treatment"),
        ("What are the treatments for {x}?", "How is {x} treated?", "Which treatment options are there for {x}?"),
        advice=True,
    ),
    "genetic changes": _aspect(
        r"\bgenes?\b|\bgenetic changes\b", "genetic",
        ("genetic changes", "gene mutations", "genes"),
        ("What are the genetic changes related to {x}?", "Which genes are involved in {x}?"),
        answered=r"\bgen(?:e|es|etic)\b|chromosom|mutation|DNA|deletion|duplication|repeat",
    ),
    "inheritance": _aspect(
        r"\binherited(?:\?| (?:from|in)\b)|\binherit(?:ance)?\b|\bin (?:(?:a|the|my|our) family|families)\b",
        "inheritance",
        ("inheritance", "inheritance pattern", "inherited"),
        ("Is {x} inherited?", "Can {x} be passed on in a family?"),
        answered=r"inherit|sporadic|famil|genetic|dominant|recessive|passed|X-linked|run in|by chance|de novo",
    ),
    "frequency": _aspect(
        r"\bhow (?:many|common)\b", "common",
        ("how common", "prevalence", "frequency"),
        ("How many people are affected by {x}?", "How common is {x}?"),
        answered=r"\d|rare|common|unknown|few|prevalen|inciden|frequen|families|individuals|cases",
    ),
    "causes": _aspect(
        r"\bcauses?\b", "cause", ("causes", "cause", "etiology causes"),
        ("What causes {x}?", "What is known about the causes of {x}?"),
    ),
    "exams and tests": _aspect(
        r"\bdiagnos|\btests?\b", "diagnosis test",
        ("diagnosis", "diagnosis tests", "how diagnosed"),
        ("How is {x} diagnosed?", "Which tests are used to diagnose {x}?"),
    ),
    "research": _aspect(
        r"\bresearch\b|\bstudies\b", "research", ("research", "clinical trials research", "studies"),
        ("What research is being done on {x}?", "Are there studies on {x}?"),
    ),
    "outlook": _aspect(
        r"\boutlook\b|\bprognosis\b", "outlook", ("outlook", "prognosis", "prognosis outlook"),
        ("What is the outlook for {x}?", "What is the prognosis of {x}?"),
    ),
    "susceptibility": _aspect(
        r"\bat risk\b|\brisk factors\b|\bmore likely to get\b", "risk", ("risk factors", "who is at risk", "risk"),
        ("Who is at risk for {x}?", "Who is more likely to get {x}?"),
    ),
    "prevention": _aspect(
        r"\bprevent(?:ed|ion)?\b", "prevention", ("prevention", "how to prevent", "prevent risk"),
        ("How can {x} be prevented?", "What can I do to prevent {x}?"), advice=True,
    ),
    "stages": _aspect(
        r"\bstages\b", "stage", ("stages", "staging", "stage"), ("What are the stages of {x}?",),
        answered=r"\bstages? (?:\d|[IVX]+[A-D]?\b|[AB]\b)|\bfollowing stages\b|\bgrouped\b"
        r"|\bin(?:to)? (?:\w+ )?(?:stages|groups|grades)\b|\bno (?:standard )?staging\b",
    ),
    "complications": _aspect(
        r"\bcomplications\b", "complication", ("complications", "problems caused by", "complications risk"),
        ("What are the complications of {x}?", "Which complications can {x} have?"),
    ),
    "considerations": _aspect(
        r"\badvice\b", "advice", ("advice", "diet daily life", "what to do"),
        ("What advice is there on {x}?", "I would like some advice on {x}. What should I know?"), advice=True,
    ),
    "support groups": _aspect(
        r"\bsupport\b", "support", ("support", "support groups", "help"),
        ("Where can people find support for {x}?",),
    ),
    "information": _aspect(
        r"^what (?:is|are)\b|\boverview\b|^what should I know about\b", "overview", ("", "overview", "definition"),
        ("What {is} {x}?", "What should I know about {x}?", "Please give me a short overview of {x}."),
    ),
}  # fmt: skip
_ASKS_FOR_ADVICE = re.compile(
    r"\b(?:should|can|could|must) (?:I|we|my)\b(?! (?:know|read|find))"
    r"|\bmy (?:child|doctor|wife|husband|mother|father|baby|son|daughter)\b"
)
# Ways that fit one thing alone.
_OF_ONE = re.compile(r"\b(?:[Ii]s|does) \{x\}")
# The word that decides between "is" and "are" stands before any "of", "in" or "with".
_HEAD = re.compile(r"^(.*?)(?: (?:of|in|with|for|from|due|and the|caused|associated)\b.*|,.*|\s*\(.*)?$")
_SINGULAR = re.compile(
    r"(?:[^s]sis|itis|ss|us|is|(?-i:[A-Z]S)|betes|rabies|herpes|scabies|measles|mumps|hydrops|rickets|shingles|hives|"
    r"ascites|tabes|series|'s|faces|dens|dissecans|nigricans|obliterans|protuberans|decalvans|agitans|pancreas|\bgas)$",
    re.IGNORECASE,
)


def aspect_of(question: str) -> str:
    """Tell what is asked from the words of a question; empty where none of the cues stands in it.

    Examples
    --------
    >>> aspect_of("How is gout treated?"), aspect_of("Does gout hurt?")
    ('treatment', '')
    """
    return next((name for name, aspect in ASPECTS.items() if aspect.cue.search(question)), "")


def put(aspect: str, subject: str, pick: int) -> str:
    """Put the question about an aspect of a subject in one of its ways.

    Examples
    --------
    >>> put("information", "Gallstones", 0), put("information", "Lowe syndrome", 0)
    ('What are Gallstones?', 'What is Lowe syndrome?')
    >>> put("symptoms", "Gallstones", 2), put("information", "Deafness and myopia", 0)
    ('What are the symptoms of Gallstones?', 'What should I know about Deafness and myopia?')
    """
    verb, ways = _verb(subject), ASPECTS[aspect].asked
    if verb != "is":
        ways = [way for way in ways if not _OF_ONE.search(way) and (verb or "{is}" not in way)]
    return ways[pick % len(ways)].format(x=subject, **{"is": verb})


def asks_for_advice(question: str, aspect: str) -> bool:
    """Say whether a question asks what to do, by its aspect or by its words."""
    return (aspect in ASPECTS and ASPECTS[aspect].advice) or _ASKS_FOR_ADVICE.search(question) is not None


def _verb(subject: str) -> str:
    """Return "is" or "are"; nothing for what is joined by "and", which may be one thing or two."""
    found = _HEAD.match(subject)
    head = found[1] if found else subject
    if " and " in head or ", and " in subject:
        return ""
    return "are" if head.endswith("s") and not _SINGULAR.search(head) else "is"
