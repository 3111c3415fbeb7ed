"""Sentences of web pages that answer nothing: pointers to other pages, contacts, captions, credits."""

import re

_THINGS = (
    r"(?:web ?site|webpages?|pages?|sections?|articles?|fact ?sheets?|glossary|lists?|pdq|summar(?:y|ies)|booklets?|"
    r"guidelines?|resources?|tables?|figures?|charts?|pictures?|topics?|dictionary|publications?)\b"
)
_PICTURES = r"(?:table|chart|figure|picture|image|illustration|diagram|graph|video|map|animation|photo)s?"
# Pictures that a page has; those that a camera or a scanner takes are no captions: "The images can show a tumor."
_DRAWN = r"(?:table|chart|figure|illustration|diagram|graph|map|animations?)"
_SITES = (
    r"medlineplus|genetics home reference|gene ?reviews?|orphanet|omim|emedicine|pubmed|genetests|"
    r"genetic testing registry|gtr|clinical ?trials\.gov|nci web ?site|gard|clearinghouse|human phenotype ontology"
)
# Words of which a sentence must have one → rule: looking for the words first costs a tenth of the rules.
_RULES = {
    ("http", "www.", ".gov", ".org", ".com", ".edu", "@"): (
        r"https?://|\bwww\.|\b[a-z]+\.(?:gov|org|com|edu)\b|\S@\S+\.\w"
    ),
    ("1-8", "-", ". "): r"\(?\b1?[-. ]?\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4}\b|\b1-800-",
    ("toll",): r"\btoll[- ]free\b",
    ("more",): (
        r"\b(?:read|learn|find out|see|know) more\b|\bfor more (?:detailed )?information\b|\bmore on:"
        r"|\bmore (?:detailed )?information (?:about|on|can|is|regarding)\b"
    ),
    ("information",): (
        r"\b(?:additional|further|detailed) information\b|\binformation cent(?:er|re)\b|\bintended audience\b"
        r"|^for information\b|\binformation about (?:\w+ )?(?:clinical trials|ongoing)[^.]{0,60}\bavailable\b"
    ),
    ("click", "scroll", "download", "log on", "follow th"): (
        r"\bclick\b|\b(?:scroll|download|log on) (?:here|on|to|down)\b|\bfollow (?:this|the|these) links?\b"
    ),
    ("link",): (
        r"\blinks? (?:below|above)\b|\b(?:following|listed|below) (?:\w+ ){0,2}links?\b|\b(?:for|find) links to\b"
    ),
    ("web site", "website", "web page", "webpage", "this page", "online resources"): (
        r"\bweb ?(?:site|page)s?\b|\bthis page\b|\bonline resources\b"
    ),
    ("interlibrary", "libraries", "search term", "search feature", "order articles"): (
        r"\b(?:interlibrary|(?:locating|find) libraries|search terms?|search features?|order articles)\b"
    ),
    ("see ", "visit ", "refer ", "go to ", "check ", "review ", "access ", "use ", "view "): (
        r"\b(?:see|visit|refer to|go to|check|review|access|use|view) (?:the|this|our|these|a) (?:\S+ ){0,6}?"
        rf"{_THINGS}"
    ),
    ("resource", "pdq"): (
        r"^these resources\b|\b(?:following|these|listed|this|below) (?:\w+ ){0,2}(?:resources?|pdq)\b"
    ),
    ("below", "above", "shows", "show ", "illustrate", "depict", "right", "left"): (
        rf"\b{_PICTURES} (?:\w+ ){{0,3}}(?:below|above|to the (?:right|left)|at (?:right|left))\b"
        rf"|\b{_DRAWN} (?:\w+ )?(?:shows?|illustrates?|depicts?)\b"
    ),
    ("following", "this ", "the ", "above "): (
        rf"\b(?:following|above) {_PICTURES}\b"
        r"|\b(?:this|the) (?:chart|illustration|diagram|graph|animation)\b"
    ),
    ("watch", "to view", "new window", "french"): (
        r"\bwatch (?:the|this|a) (?:\w+ )?videos?\b|^to view\b|\bnew window\b|french version"
    ),
    ("press the escape", "to enlarge", "to reduce", "graphic notice", "copyright holder"): (
        r"\bpress the escape\b|\bto (?:enlarge|reduce) the videos?\b|\bgraphic notice\b|\bcopyright holder\b"
    ),
    ("topics", "conditions index", "health topic"): (
        r"\b(?:health topics|diseases and conditions index)\b|\bhealth topics? article\b"
    ),
    (
        *("medlineplus", "genetics home", "genereview", "gene review", "orphanet", "omim", "emedicine", "pubmed"),
        *("genetests", "testing registry", "gtr", "clinicaltrials", "clinical trials.gov", "nci web", "gard"),
        *("clearinghouse", "phenotype ontology"),
    ): rf"\b(?:{_SITES})\b",
    ("this summary", "every new treatment", "drugs approved", "unusual cancers", "keyword"): (
        r"\bthis summary (?:section )?describes\b|\bnot mention every new treatment\b"
        r"|\bdrugs approved for\b|unusual cancers|a keyword"
    ),
    ("recommend",): r"\bwe (?:strongly )?recommend\b",
    ("find a", "case definition"): r"\bfind a (?:genetics|specialist|doctor|clinic)\b|\bcase definitions\b",
    ("described", "discussed", "listed", "mentioned", "shown"): (
        r"\b(?:described|discussed|listed|mentioned|shown) "
        r"(?:in (?:the|this) (?:\w+ )?(?:section|chapter)|above|below)\b"
    ),
    ("see also", "see above", "see below", "see figure", "see table", "see section"): (
        r"\bsee (?:also|above|below|figure|table|appendix|section)\b"
    ),
    ("cop", "updated", "reviewed", "pdf"): (
        r"\b(?:order|request) (?:a )?(?:free )?cop(?:y|ies)\b"
        r"|\b(?:last )?(?:updated|reviewed)(?: on)?:? \w+ \d|\bpdf\b"
    ),
}
# Where to call for help in danger is no pointer, whatever number stands in it: without it the advice is unsafe.
_FOR_HELP = re.compile(
    r"\b(?:suicide prevention|suicide hotline|crisis (?:line|lifeline)|poison control|call (?:911|9-1-1))\b"
)
_COMPILED = tuple((needs, re.compile(pattern)) for needs, pattern in _RULES.items())
# What a page credits at its end, and what stands at its head.
_CREDIT = re.compile(
    r"^(?:NIH|NHLBI|CDC|FDA|NLM|HHS|USDA|EPA|AHRQ|Dept\.?|Department|Centers for Disease Control|Food and Drug|"
    r"National (?:Institutes?|Cancer|Heart|Eye|Library|Center)|Office (?:on|of)|Agency for|Environmental Protection|"
    r"American (?:Academy|College|Heart)|Nemours|Administration|SAMHSA|Substance Abuse)\b[^.]*(?:\.|$)$"
)
HEADS = re.compile(
    r"^(?:Summary|Overview|Definition|Key Points?|On this page|Introduction|Background|Top)\s*(?::|$)\s*", re.IGNORECASE
)
# "What causes anencephaly?", "How is MTS inherited?": a heading of the page, run into the text.
QUESTION_HEADING = re.compile(
    r"^(?:What|How|Is|Are|Who|Can|Do|Does|Why|When|Where|Which|Will|Should)\b(?:[^.!?]|\.\d){3,160}\?$"
)
GENETIC_TESTING = re.compile(r"\bgenetic test|\btest(?:ing)? (?:available|options)", re.IGNORECASE)


def is_pointer(sentence: str) -> bool:
    """Say whether a sentence points elsewhere instead of telling something.

    Examples
    --------
    >>> is_pointer("For more information, visit the Celiac Disease page."), is_pointer("See your doctor at once.")
    (True, False)
    >>> is_pointer("Call the National Suicide Prevention Lifeline at 1-800-273-TALK.")
    False
    """
    lower = sentence.lower()
    if _FOR_HELP.search(lower):
        return False
    for needs, rule in _COMPILED:
        if any(need in lower for need in needs) and rule.search(lower):
            return True
    return _CREDIT.match(sentence) is not None
