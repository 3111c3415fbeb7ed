"""Make one passage of running text and lists out of what a health site's page became when it was scraped."""

import re

from openmed_data.search.sentences import sentence_spans
from openmed_data.text.clean import clean_text

# Two spaces or a line break are all that is left of a paragraph, a heading or an item of a list.
_BLOCKS = re.compile(r"\s*\n\s*|\s{2,}")
_ITEM = re.compile(r"^[-•*]\s+")
_WIDE_BULLET = re.compile(r"(?:(?<=\s\s)|(?<=\n)|^)[-•*]\s{2,}(?=\S)")  # whose space would part it from its item
_LABEL = re.compile(r"^(?:Summary|Note|At a glance) ?: *(?=[A-Z])")
_BOX = "key point"
# Lost spaces and stray ones, with a text without which there is none.
_GLUED = (
    (".", re.compile(r"(?<=[a-z]{3}\.)(?=[A-Z][a-z]+ )"), " "),  # "thyroid.The prognosis"
    (".", re.compile(r"(?<=[A-Za-z]{2}\.)\d{1,2}(?=\s|$)"), ""),  # the number of a footnote
    ("[", re.compile(r"\[(?:\d{1,5}\]|(?=\s|$))"), ""),  # of a reference
    ("*", re.compile(r"(?<=[a-z]) ?\*(?=[\s,.;)]|$)"), ""),  # the word stands in a glossary
    ("(", re.compile(r"(?<=[a-z]{3})(?=\([A-Z])"), " "),  # "disease(CHD)"
    (")", re.compile(r"(?<=\w\))(?=[a-z]{2,} )"), " "),
    (" ", re.compile(r"\s+(?=[,;.?!](?:\s|$))"), ""),  # "Fallot ?"
    (" :", re.compile(r"(?<=\w) :(?=\s|$)"), ":"),
    (",", re.compile(r"(?<=[a-z]{2},)(?=[a-z]{2,} )"), " "),  # "liver,cataracts and"
)
# The scrape lost apostrophes; only in words that are nothing else without one.
_LOST_APOSTROPHE = re.compile(r"\b(is|does|do|did|are|was|were|should|could|would|has|have|had)nt\b", re.IGNORECASE)
_LOST_GENITIVE = re.compile(
    r"\b(child|body|woman|today|baby|someone|everyone"
    r"|(?:Alzheimer|Parkinson|Crohn|Huntington|Addison|Hashimoto|Graves|Ménétrier|Ménière)(?=s [Dd]isease)"
    r"|(?<=\bthe )patient(?=s (?:age|blood|body|brain|general|health|immune|medical|overall|own|symptoms)\b)"
    r"|(?<=\ba )(?:person|patient|doctor))s\b",
    re.IGNORECASE,
)
_QUOTES = str.maketrans({"“": '"', "”": '"', "\u2018": "'", "\u2019": "'", "\u00a0": " "})
# Accents were lost with their letters; names of conditions whose every other spelling is a mistake.
_LOST_LETTERS = {
    "Alstrm": "Alström", "af au lait": "afé au lait", "Behet": "Behçet", "Bjrnstad": "Björnstad",
    "Guillain-Barr ": "Guillain-Barré ",
    "Legg-Calv-": "Legg-Calvé-", "Mntrier": "Ménétrier", "Mnire": "Ménière", "Schnlein": "Schönlein",
    "Sjgren": "Sjögren", "Stve-": "Stüve-", "Szary": "Sézary", "Waldenstrm": "Waldenström",
}  # fmt: skip
_SOME_LOST = re.compile("|".join(map(re.escape, _LOST_LETTERS)))
# "Radiation therapy Radiation therapy is …": a heading that ran into its paragraph.
_HEADING_TWICE = re.compile(r"^((?:\S+ ){0,5}\S+) (?=\1\b)", re.IGNORECASE)
# What belongs to the web page and not to what it says; on lower case, each beside a text without which it cannot be.
_PAGE: dict[str, str] = {
    "http": r"https?://",
    "www.": r"\bwww\.",
    "@": r"\S@\S+\.\w",
    "1-": r"\b1-\d{3}-",
    "click": r"\bclick (?:here|on|the)\b",
    "more on:": r"\bmore on:",
    "enlarge": r"\benlarge the video\b|^enlarge\b",
    "see ": r"\bsee (?:our|the) (?:\w+ ){0,2}(?:pdq|summary|following|\w+ section|page)\b|^see ",
    "view": r"^view ",
    "anatomy": r"^anatomy of ",
    "key point": r"^key points?\W*$",
    "summary": r"^summary\W*$",
    "visit": r"\bvisit\b.*\b(?:site|page|web)|\bplease visit\b",
    "these resources": r"^these resources ",
    "gene": r"^gene review|^genetic testing registry|\bgene(?:reviews?|tests)\b",
    "online": r"\bonline resources\b",
    "article": r"\bfollowing articles?\b",
    "we recommend": r"\bwe recommend\b",
    "medlineplus": r"^medlineplus encyclopedia|\bmedlineplus medical dictionary\b",
    "check ": r"\bcheck (?:the list|for (?:u\.s\. )?clinical trials)\b",
    "web": r"\bweb ?(?:site|page)s?\b",
    "link": r"\blinks? (?:below|above|to)\b|\b(?:following|this|these) links?\b",
    "listed": r"\blisted (?:below|above)\b",
    "information": r"\b(?:for )?(?:more|additional|more detailed) information\b",
    "listing of": r"\blisting of clinical trials\b",
    "resource": r"\bresources? (?:section|page|listed)\b",
    "nih": r"^nih:",
    "escape": r"\bpress the escape\b",
    "institute": r"^national (?:\w+ )*institutes? [^.]*$",
    "center": r"^centers? for disease[^.]*$",
    "refine": r"\brefine the search\b",
    "table": r"\b(?:table below|following table)\b",
    "section": r"\btreatment options? (?:section|overview)|\bsection (?:below|above)\b",
    "please": r"\bplease (?:note|contact|call|see|talk)\b",
    "watch": r"\bwatch (?:this|the) video\b",
}
_PAGE_TESTS = tuple((needed, re.compile(pattern)) for needed, pattern in _PAGE.items())


def passages(raw: str) -> list[str]:
    r"""Return the lines of a scraped answer: paragraphs, and items of lists as ``- item``.

    Examples
    --------
    >>> box = "Key Points\n  - Gout hurts.  - Rest helps.\n\n"
    >>> passages(box + "  Gout is a kind of arthritis.It isnt rare.   - Pain\n - Heat")
    ["Gout is a kind of arthritis. It isn't rare.", '- Pain', '- Heat']
    """
    kept: list[str] = []
    gone = False
    for line in _without_key_points([mended(block) for block in _BLOCKS.split(_WIDE_BULLET.sub("- ", raw.strip()))]):
        gone = gone and line.startswith("- ")  # the items of a list of links go with its heading
        gone = gone or (is_page_talk(line) and line.endswith(":"))
        if not gone and line not in {"", "-"}:
            kept += filter(None, [without_page_talk(line)])
    return _said_once(kept)


def _said_once(lines: list[str]) -> list[str]:
    """Leave out what is said again below; lists may share items and what announces them, as of stages treated alike."""
    below: set[str] = set()
    kept: list[str] = []
    for line in reversed(lines):
        if line not in below or line.startswith("- ") or line.endswith(":"):
            kept.append(line)
        below.add(line)
    return kept[::-1]


def without_page_talk(line: str) -> str:
    """Leave out the sentences of a line that speak of the web page.

    Examples
    --------
    >>> without_page_talk("Gout hurts. For more information, visit our web site. Rest helps.")
    'Gout hurts. Rest helps.'
    """
    if not is_page_talk(line):
        return line
    sentences = [line[start:end] for start, end in sentence_spans(line)]
    return " ".join(sentence for sentence in sentences if not is_page_talk(sentence))


def mended(text: str) -> str:
    """Return one line cleaned: lost spaces and apostrophes put back, straight quotes, a doubled heading taken off.

    Examples
    --------
    >>> mended("Radiation therapy Radiation therapy isnt  given to a child (under 3)in some cases .")
    "Radiation therapy isn't given to a child (under 3) in some cases."
    """
    text = clean_text(text).translate(_QUOTES)
    for needed, pattern, to in _GLUED:
        text = pattern.sub(to, text) if needed in text else text
    text = _LOST_APOSTROPHE.sub(r"\1n't", text) if "nt" in text else text
    text = _SOME_LOST.sub(lambda hit: _LOST_LETTERS[hit[0]], _LABEL.sub("", text))
    text = _ITEM.sub("- ", _LOST_GENITIVE.sub(r"\1's", text))
    return _HEADING_TWICE.sub("", text).strip()


def is_page_talk(text: str) -> bool:
    """Say whether a sentence or line speaks of the web page: links, addresses, numbers to call, headings of boxes.

    Examples
    --------
    >>> is_page_talk("For more information, call 1-800-555-0100."), is_page_talk("Gout is a kind of arthritis.")
    (True, False)
    """
    bare = text.removeprefix("- ").lower()
    return any(needed in bare and test.search(bare) for needed, test in _PAGE_TESTS)


def _without_key_points(lines: list[str]) -> list[str]:
    """Leave out the box of key points at the top, whose items are the headings below."""
    if not lines or not lines[0].lower().startswith(_BOX):
        return lines
    first = next((place for place, line in enumerate(lines[1:], 1) if not line.startswith("- ")), len(lines))
    return lines[first:]
