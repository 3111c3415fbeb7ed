"""The subject of a page and the topic of a question, as they can be asked about in running text."""

import re
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from openmed_data.text.clean import clean_text

from .learn import Language


class Topic(StrEnum):
    """What is asked about a subject."""

    OVERVIEW = "overview"
    SYMPTOMS = "symptoms"
    CAUSES = "causes"
    GENETICS = "genetics"
    INHERITANCE = "inheritance"
    FREQUENCY = "frequency"
    RISK = "risk"
    DIAGNOSIS = "diagnosis"
    STAGES = "stages"
    TREATMENT = "treatment"
    OUTLOOK = "outlook"
    COMPLICATIONS = "complications"
    PREVENTION = "prevention"
    DIET = "diet"
    KEY_POINTS = "key points"
    RESEARCH = "research"
    QUESTION = "question"  # one of its own, asked as it came
    EXAM = "exam question"
    STUDY = "research question"


# MedQuAD's questions are made by these rules; whatever is asked in another way is a question of its own.
_RULES: tuple[tuple[Topic, str], ...] = (
    (Topic.OVERVIEW, r"what is \(are\) {x}"),
    (Topic.OVERVIEW, r"do you have information about {x}"),
    (Topic.SYMPTOMS, r"what are the (?:signs and )?symptoms (?:of|for) {x}"),
    (Topic.CAUSES, r"what causes {x}"),
    (Topic.GENETICS, r"what are the genetic changes related to {x}"),
    (Topic.INHERITANCE, r"is {x} inherited"),
    (Topic.FREQUENCY, r"how many people are affected by {x}"),
    (Topic.RISK, r"who is at risk for {x}"),
    (Topic.DIAGNOSIS, r"how to diagnose {x}"),
    (Topic.STAGES, r"what are the stages of {x}"),
    (Topic.TREATMENT, r"what are the treatments for {x}"),
    (Topic.OUTLOOK, r"what is the outlook for {x}"),
    (Topic.COMPLICATIONS, r"what are the complications of {x}"),
    (Topic.PREVENTION, r"how to prevent {x}"),
    (Topic.KEY_POINTS, r"what to do for {x}"),
    (Topic.RESEARCH, r"what research \(or clinical trials\) is being done for {x}"),
)
_TEMPLATES = tuple(
    (topic, re.compile(rf"^\W*{rule.replace('{x}', '(?P<x>.+?)')}[\s?.]*$", re.IGNORECASE)) for topic, rule in _RULES
)
# Beginnings of words that say what kind of thing a subject is, or join its parts.
_KINDS = frozenset("diseas syndro disord condit type and the for with due".split())
_PREFIX = re.compile(
    r"^(?:Parasites - (?:Lice - )?|What (?:I|you) need to know about |(?:Learn|All) about )", re.IGNORECASE
)
_ALIAS = re.compile(
    r"\s*\((?:also (?:known as|called)|formerly|for health care professionals|comprehensive report)\b[^)]*\)",
    re.IGNORECASE,
)
_SUBTITLE = re.compile(r"^([^:]{4,}): .+$")
# Titles of booklets, which speak to their reader, and sentences: none of them is a subject.
_TITLE = re.compile(
    r"\b(?:you|your|my|we|our|us|Am I|I (?:can|have|need))\b"
    r"|^(?:how|what|why|when|prevent|prepare|managing|4|get|keep|stay|talking|choosing)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"(?<![\w-])[A-Z][a-z]+(?![\w])(?!-[A-Z])")
_OF_DISEASE = re.compile(
    r"(?:oma|itis|osis|asis|emia|pathy|trophy|plasia|uria|algia|genesis|dystonia|phobia)s?$|\w{5,}(?:tic|nic|ric|cal|nal|ous|ary|lar)$"
)
# Words that the source writes with a capital in names of offices.
_ORDINARY = frozenset("aging allergy dietary drug health page safety stroke therapy care education services".split())
# Names that are words too: Still's disease, Best's disease, Down syndrome.
_NAMES = frozenset("best bright down fox gray grays hand hunter little pick rose sly still turner wolf".split())
_FOOD = re.compile(
    r"\b(?:diets?|dietary|nutrition\w*|eat(?:ing)?|foods?|meals?|drink(?:ing)?|calories)\b", re.IGNORECASE
)


class Asked(NamedTuple):
    """What a source question asks: a topic and the subject as it stands in it, or a question of its own."""

    topic: Topic
    subject: str


def read_question(question: str) -> Asked:
    """Tell topic and subject of a question; one that no rule made keeps its own words.

    Examples
    --------
    >>> read_question("What is (are) Dry Eye ?")
    Asked(topic=<Topic.OVERVIEW: 'overview'>, subject='Dry Eye')
    >>> read_question("how vaccines prevent disease")
    Asked(topic=<Topic.QUESTION: 'question'>, subject='')
    """
    for topic, template in _TEMPLATES:
        if found := template.match(question):
            return Asked(topic, found["x"].strip(" ?"))
    return Asked(Topic.QUESTION, "")


def tidy_question(question: str) -> str:
    """Return a question of its own with a capital and one mark at its end.

    Examples
    --------
    >>> tidy_question(" what are the symptoms for visa ?")
    'What are the symptoms for visa?'
    """
    text = clean_text(question).rstrip(" ?")
    return f"{text[:1].upper()}{text[1:]}?" if text[-1:] not in ".!:" else text


def of_food(topic: Topic, answer: str) -> Topic:
    """Tell a page's advice on eating from its list of what to remember: both came as "What to do for …"."""
    about_food = len(_FOOD.findall(answer)) >= 2 or (len(answer) < 400 and _FOOD.search(answer))
    return Topic.DIET if topic is Topic.KEY_POINTS and about_food else topic


def read_subject(subject: str, answer: str, language: Language) -> str:
    """Return a subject as it stands inside a sentence; the empty text where it is no subject but a title.

    The answer's own spelling of it counts first, then whether the source writes its words with a capital.

    Examples
    --------
    >>> read_subject("Parasites - Scabies", "", Language(small=frozenset({"scabies"})))
    'scabies'
    >>> read_subject("Down Syndrome", "A child with Down syndrome may learn to read.", Language())
    'Down syndrome'
    >>> read_subject("Keep your mouth healthy", "", Language())
    ''
    """
    bare = _ALIAS.sub("", _PREFIX.sub("", clean_text(subject))).strip(" ?")
    if titled := _SUBTITLE.match(bare):
        bare = titled[1]
    if not bare or _TITLE.search(bare):
        return ""
    written = Counter(_written_inside(bare, answer))
    if written:
        spelled = min(written, key=lambda one: (-written[one], sum(map(str.isupper, one)), one))
        return _WORD.sub(lambda word: _small(word[0], language), spelled)
    return _WORD.sub(lambda word: _small(word[0], language), bare)


def _small(word: str, language: Language) -> str:
    lower = word.lower()
    ordinary = lower in language.small or lower in _ORDINARY or _OF_DISEASE.search(lower)
    return lower if ordinary and lower not in _NAMES else word


def _written_inside(subject: str, text: str) -> Iterator[str]:
    """Yield every spelling that the text has of the subject, not at the start of a sentence."""
    for found in re.finditer(rf"(?<=[a-z,;(] ){re.escape(subject)}(?![\w-])", text, re.IGNORECASE):
        if not found[0].istitle() or " " not in found[0]:
            yield found[0]


def speaks_of(subject: str, text: str) -> bool:
    """Say whether a text names its subject, or a part of it that tells it from others.

    Examples
    --------
    >>> speaks_of("hairy cell leukemia", "Leukemias are cancers of the blood."), speaks_of("gout", "Drink water.")
    (True, False)
    """
    words = re.findall(r"[A-Za-z0-9]{3,}", text)
    stems = {word[:6].lower() for word in re.findall(r"[A-Za-z0-9]{3,}", subject)}
    initials = _initials(subject)
    return any(word[:6].lower() in stems or word.upper() == initials for word in words)


def names(subject: str, text: str) -> bool:
    """Say whether a text has every word of its subject but those for its kind, or its initials.

    Examples
    --------
    >>> names("gallbladder cancer", "Your gallbladder stores bile."), names("Addison disease", "Addison's is rare.")
    (False, True)
    """
    stems = {word[:6].lower() for word in re.findall(r"[A-Za-z0-9]{3,}", text)}
    asked = {word[:6].lower() for word in re.findall(r"[A-Za-z0-9]{3,}", subject)}
    initials = _initials(subject)
    return asked - _KINDS <= stems or (len(initials) > 1 and re.search(rf"\b{initials}\d*\b", text) is not None)


def _initials(subject: str) -> str:
    words = [word for word in re.findall(r"[A-Za-z]+", subject) if word not in {"and", "of", "the"}]
    return "".join(word[0] for word in words).upper()
