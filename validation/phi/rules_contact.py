"""Addresses on a network: e-mail, URL, IP, MAC, and telephone and fax numbers."""

import re
from collections.abc import Iterator

from .kinds import Candidate, IdentifierType, Level
from .validators import is_ipv4, is_ipv6
from .words import cues, phrases

__all__ = ["NETWORK_GATES", "PHONE_GATES", "network", "phones"]

# Small expressions with a literal to look for run ten times as fast as one that holds them all.
NETWORK_GATES = (
    r"@|://|www\.|WWW\.|Www\.|\(at\)|\[at\]|\(AT\)|\[AT\]|&#64;|&commat;|%40",
    (
        r"[._][A-Za-z0-9]+ {1,3}(?:at|AT) {1,3}[A-Za-z0-9-]+\.[A-Za-z]"
        r"| dot | DOT | Dot |\(dot\)|\(DOT\)|\[dot\]|\[DOT\]|\{dot\}|\( dot \)|\[ dot \]|\{ dot \}"
    ),
    r"\.(?:com|org|net|io|me|info|blog|co|us)/|[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]",
    r"sername|ser name|andle|creen name|(?:blog|site|page)(?: is| at|:)* [a-z0-9-]+\.[a-z]",
    r":[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4}:|-[0-9A-Fa-f]{2}-[0-9A-Fa-f]{2}-[0-9A-Fa-f]{2}-",
)
"""A row that matches none of these holds no e-mail, URL, user name, IP or MAC address."""

_EMAIL = re.compile(
    r"(?i)(?<![\w.+-])[^\W_][\w.%+'-]*?(?:\s?@\s?|&#64;|&commat;|%40|\s*[\[(]at[\])]\s*)[^\W_][\w-]*"
    r"(?:(?:\.|\s*[\[(]dot[\])]\s*)[^\W_][\w-]*)*(?:\.|\s*[\[(]dot[\])]\s*)[^\W\d_]{2,24}\b"
)
# `jane AT mail DOT com`: the last dot is spelt too, or "seen at example.com" would be one. What may end a host's name
# is listed, without the words of English (`in`, `it`, `me`) that can follow "DOT", directly observed therapy.
_AT = r"(?:\s?@\s?|\s?[\[({]\s?at\s?[\])}]\s?|\s{1,3}at\s{1,3})"
_DOT = r"(?:\s?[\[({]\s?dot\s?[\])}]\s?|\s{1,3}dot\s{1,3})"
_SPELT = re.compile(
    rf"(?i)(?<![\w.+-])(?P<user>[^\W_][\w.%+'-]*(?:{_DOT}[^\W_][\w%+'-]*){{0,3}}){_AT}[^\W_][\w-]*"
    rf"(?:(?:\.|{_DOT})[^\W_][\w-]*){{0,3}}{_DOT}{cues('top_level')}\b"
)
# `jane.doe at example.com`: no English word has a point or an underscore inside.
_DOTTED = re.compile(
    rf"(?<![\w.+-])[^\W_][\w+'-]*[._](?:[\w+'-]+\.)*[\w+'-]*\w {{1,3}}(?:at|AT) {{1,3}}[^\W_][\w-]*"
    rf"(?:\.[\w-]+){{0,3}}\.(?i:{cues('top_level')})\b"
)
_NO_USER = re.compile(rf"(?i)(?:{cues('no_user')})")
_URL = re.compile(
    r"(?:(?i:\b(?:https?|ftp)://|\bwww\.)[^\s<>\"'()\[\]{}|\\^`]+"
    # As long as names of hosts may be; without limits each label of a long run of them would be tried to its end.
    r"|\b[a-z0-9][a-z0-9-]{0,62}(?:\.[a-z0-9-]{1,63}){0,9}\.(?:com|org|net|io|me|info|blog|co|us)/[^\s<>\"'()\[\]{}|\\^`]+)"
)
_CITED = re.compile(r"(?i)\b(?:ref|reference|source|doi)\b[^\n]{0,60}$")
_USER = re.compile(
    r"(?i:\b(?:user ?name|screen name|(?:twitter|instagram) handle)(?: is|:|=| was)? ?)(?P<id>@?[a-z][\w.-]{3,30}\w)"
    r"|(?i:\b(?:handle|instagram|twitter|tiktok|snapchat|facebook|telegram)(?: (?:handle|account|name|user))?"
    r"(?: is|:|=)? ?)(?P<at>@\w[\w.]{1,28}\w)"
)
# A page without "www." or a path, that a word makes somebody's own.
_OWN_PAGE = re.compile(
    r"(?i)\b(?:his|her|my|their|patient's|personal) (?:blog|web ?site|web ?page|home ?page)(?: is| at|:)* "
    rf"(?P<id>[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.{cues('top_level')})(?![\w/])"
)
_HOST = re.compile(r"(?:^|\.)(?!www\.)[a-z0-9-]+\.[a-z]{2,24}$")
_ARTICLE = re.compile(r"(?i)wiki|article|journal|pubmed|contents/|book/|textbook|encyclop|stembook|\.pdf\b|what-is")
_IPV4 = re.compile(r"(?<![\w.-])\d{1,3}(?:\.\d{1,3}){3}(?![\w-]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{1,4}(?::{1,2}[0-9A-Fa-f]{1,4}){3,7}(?![\w:])")
_MAC = re.compile(r"(?<![\w:-])[0-9A-Fa-f]{2}(?:([:-])[0-9A-Fa-f]{2})(?:\1[0-9A-Fa-f]{2}){4}(?![\w:-])")
_IP_CUE = re.compile(rf"(?i)\b{cues('ip')}\b")
_NOT_IP = re.compile(r"(?i)\b(?:EC|E\.C\.|version|v|section|chapter|release|clause|enzyme)[ .:#-]*$")


def network(text: str) -> Iterator[Candidate]:
    """Yield e-mail, URL, IP and MAC addresses and user names, but no hosts of references (``nih.gov``, ``doi.org``)."""
    for found in _EMAIL.finditer(text):
        yield Candidate(*found.span(), IdentifierType.EMAIL, Level.HARD)
    for found in _DOTTED.finditer(text):
        yield Candidate(*found.span(), IdentifierType.EMAIL, Level.CONTEXT)
    for found in _SPELT.finditer(text):
        if not _NO_USER.fullmatch(found["user"]):
            yield Candidate(*found.span(), IdentifierType.EMAIL, Level.HARD)
    for found in _URL.finditer(text):
        end = found.start() + len(found[0].rstrip(".,;:!?*"))
        if not _CITED.search(text[max(0, found.start() - 80) : found.start()]) and not _is_reference(
            text[found.start() : end]
        ):
            # The front page of a site is seldom a person's; a page behind it often is.
            deep = re.search(r"[a-z0-9]/[^/\s]", text[found.start() : end].rsplit("://", maxsplit=1)[-1], re.IGNORECASE)
            yield Candidate(found.start(), end, IdentifierType.URL, Level.CONTEXT if deep else Level.QUASI)
    for found in _OWN_PAGE.finditer(text):
        yield Candidate(*found.span("id"), IdentifierType.URL, Level.CONTEXT)
    for found in _USER.finditer(text):
        yield Candidate(*found.span("id" if found["id"] else "at"), IdentifierType.OTHER_ID, Level.CONTEXT)
    for found in _MAC.finditer(text):
        yield Candidate(*found.span(), IdentifierType.DEVICE, Level.HARD)
    yield from _ip_addresses(text)


def _is_reference(url: str) -> bool:
    host = re.sub(r"(?i)^[a-z]+://", "", url).split("/", 1)[0].split(":", 1)[0].lower()
    if not _HOST.search(host) or _ARTICLE.search(url):
        return True
    return any(
        host.endswith(known) if known[0] == "." else host == known or host.endswith(f".{known}")
        for known in phrases("reference_hosts")
    )


def _ip_addresses(text: str) -> Iterator[Candidate]:
    for found in _IPV4.finditer(text):
        before = text[max(0, found.start() - 48) : found.start()]
        cued = bool(_IP_CUE.search(before))
        # EC numbers of enzymes (3.4.21.4) have the same form, and a first part of 1 to 7.
        if not is_ipv4(found[0]) or _NOT_IP.search(before) or (not cued and int(found[0].split(".", 1)[0]) <= 7):
            continue
        yield Candidate(*found.span(), IdentifierType.IP, Level.HARD if cued else Level.CONTEXT)
    for found in _IPV6.finditer(text):
        if is_ipv6(found[0]) and re.search(r"[a-fA-F]|::", found[0]):
            yield Candidate(*found.span(), IdentifierType.IP, Level.HARD)


_CALL = cues("call")
PHONE_GATES = (
    r"[0-9](?:[-. ()/]{0,3}[0-9]){6}",
    (
        r"\(?[2-9][0-9]{2}\)?[-. /]{0,2}[0-9]{3}[-. ][0-9]{4}"
        r"|1[3-9][0-9][- ][0-9]{4}[- ][0-9]{4}|(?:\+ ?|(?-u:\b)00)[0-9]{1,3}[-. (]*[0-9][-. ()0-9]{5}"
        rf"|(?i:(?-u:\b){_CALL}(?-u:\b)|(?-u:\b)F: )"
    ),
)
"""A row must match both to hold a telephone number: seven digits close together; a form or a word of calling."""

_EXTENSION = r"(?:\s?(?:x|ext\.?|extension)\s?\d{1,5})?"
_NANP = re.compile(
    rf"(?<![\w.+/-])(?:\+?1[-. ]?)?(?:\([2-9]\d\d\)\s?|[2-9]\d\d[-.])\d{{3}}[-.]\d{{4}}(?![\w-]){_EXTENSION}"
)
_SPACED = re.compile(rf"(?<![\w.+/-])(?:\+?1[-. ])?[2-9]\d\d[ ./-]\d{{3}}[ .-]\d{{4}}(?![\w-]){_EXTENSION}")
_CHINA = re.compile(r"(?<![\w-])1[3-9]\d[- ]\d{4}[- ]\d{4}(?![\w-])")
_WORLD = re.compile(
    r"(?:(?<![\w+])\+ ?\d{1,3}[-. ]?|(?<![\w+.,/-])00[1-9]\d{0,2}[-. ])(?:\(\d{1,4}\)[-. ]?)?\d{1,5}"
    r"(?:[-. ]\d{2,10}|\d{4,10})(?:[-. ]?\d{2,6}){0,4}(?![\w-])"
)
_CUED = re.compile(
    rf"(?i)\b(?P<cue>{_CALL}|f)\b(?:[^\d\n;]{{0,40}}?|:\s{{0,4}})(?P<id>\+?\(?\d[\d() .-]{{5,18}}\d)(?!\w){_EXTENSION}"
)
_TOLL_FREE = re.compile(r"\(?(?:\+?1[-. ]?\(?)?8(?:00|33|44|55|66|77|88)")
_FAX_CUE = re.compile(r"(?i)\b(?:fax(?:ed|es|ing)?|facsimile|telefax|f)\b[^;\n\d]{0,48}$")
# Databases of diseases, signs and articles, whose numbers follow a "B cell" or a "ring" as often as a name does.
_TERM = re.compile(r"\b(?:DOID|OMIM|MIM|HP|MONDO|ORPHA|MESH|GO|PMID|CHEBI|NCIT|SCTID)[:_#] ?$")
# A year in brackets begins the volume and the pages of an article.
_VOLUME = re.compile(r"\((?:19|20)\d\d\)")
_OTHER_CUE = re.compile(rf"(?i)\b{cues('notcall')}\b[^\n\d]{{0,24}}$")


def phones(text: str) -> Iterator[Candidate]:
    """Yield telephone and fax numbers: those of an unmistakable form, and runs of digits after a word of calling."""
    for pattern in (_NANP, _CHINA, _WORLD):
        for found in pattern.finditer(text):
            if 9 <= sum(c.isdigit() for c in found[0].split("x", 1)[0]) <= 18:
                yield _phone(text, found.start(), found.end(), Level.HARD)
    for found in _SPACED.finditer(text):
        yield _phone(text, *found.span(), Level.CONTEXT)
    for found in _CUED.finditer(text):
        start, digits = found.start("id"), sum(c.isdigit() for c in found["id"])
        named = found["cue"].lower() not in {"text", "f"} or "-" in found["id"]
        if (
            7 <= digits <= 15
            and named
            and not _VOLUME.match(found["id"])
            and not _TERM.search(text[found.end("cue") : start])
            and not _OTHER_CUE.search(text[:start].removesuffix("#").rstrip()[found.end("cue") :])
        ):
            yield _phone(text, start, found.end(), Level.HARD)


def _phone(text: str, start: int, end: int, level: Level) -> Candidate:
    if _TOLL_FREE.match(text, start):
        return Candidate(start, end, IdentifierType.PHONE, Level.QUASI)
    fax = _FAX_CUE.search(text[max(0, start - 56) : start])
    return Candidate(start, end, IdentifierType.FAX if fax else IdentifierType.PHONE, level)
