"""Part the text of a web page into paragraphs, list items and headings, which only white space tells apart."""

import re
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from itertools import takewhile, zip_longest
from typing import NamedTuple

from .sentences import squash

_ITEM = "\x00"
# In running text the first bullet of a list has one space before it, the next ones have more; in items it is a dash.
_FIRST_OF_LIST = re.compile(r"(?<=[\w,:)]) - (?=[^\n]{2,200}?(?:\s{2,}|\n\s*)- )")
_BULLET = re.compile(r"(?:^|\n\s*|\s{2,}|(?<=[.!?;]) )[-*\u2022]\s+")
_BREAK = re.compile(r"\s*\n\s*|\s{2,}")
_IN_ITEM = re.compile(r"(?:^|\n|\s{2})[-*\u2022]\s+(?:(?!\s{2}|\n).)*$")
CLOSED = re.compile(r"[.!?:;][\"')\]\u201d\u2019]*$")
OPENS_LIST = re.compile(
    r"(?::|\b(?:includes?|including|following|such as|are|is|to|by|if|of|with|the|these|may|can|should|not|they|you|"
    r"that|have|on|upon|from|using|when|whether|who))$"
)
_HEADING = re.compile(r"[^a-z].*[^,]$")
_CONTINUES = re.compile(r"[a-z]")
_KEY_POINTS = re.compile(r"^\s*Key Points\b")
_NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_COUNTED = re.compile(
    rf"\b({'|'.join(_NUMBERS)}) (?:[a-z]+ ){{0,2}}(?:types|kinds|forms|ways|methods)\b[^.:]*:$", re.IGNORECASE
)
# What follows the treatments of a page of the National Cancer Institute.
_NO_LONGER_COUNTED = re.compile(r"(?:New types of treatment are being tested|Treatment Options)\b")
_MOST_WORDS_OF_HEADING, _MOST_WORDS_OF_ITEM = 9, 30
_PROSE_ENOUGH = 40  # words


class Part(Enum):
    """What a stretch of text is."""

    PARAGRAPH = auto()
    ITEM = auto()


class Segment(NamedTuple):
    """A paragraph or a list item."""

    part: Part
    text: str


def segments(raw: str) -> list[Segment]:
    r"""Return the paragraphs and list items of a page's text; headings, and a list of key points, are left out.

    Examples
    --------
    >>> [text for _, text in segments("Overview\n\nSigns include - fever  - rash. fever rash. Rest helps.")]
    ['Signs include', 'fever', 'rash.', 'Rest helps.']
    """
    pieces = list(_pieces(raw))
    if _KEY_POINTS.match(raw):
        pieces = _without_key_points(pieces)
    pieces = _with_counted(pieces)
    found: list[Segment] = []
    announced = False  # whether what came last announces a list
    for (bulleted, text), after in zip_longest(pieces, pieces[1:]):
        bare = not CLOSED.search(text)
        words = len(text.split())
        heading = _may_head(text) and not (after and _goes_on(after))
        in_list = announced or (bool(found) and found[-1].part is Part.ITEM)
        unmarked = announced and bare and words <= _MOST_WORDS_OF_ITEM and not OPENS_LIST.search(text)
        if bulleted or (unmarked and not _heads_what_was_listed(text, found)):
            found.append(Segment(Part.ITEM, text))
            found += _echo_taken(found) if bulleted else ()
            announced = in_list and not bulleted
        elif heading:
            announced = False
        elif rest := _without_echo(text, _last_items(found)):
            if rest == text:
                _take_back(found, text, announced=announced)
            _add_paragraph(found, rest)
            announced = OPENS_LIST.search(rest) is not None
    return found


def _may_head(text: str) -> bool:
    short = len(text.split()) <= _MOST_WORDS_OF_HEADING
    return short and _HEADING.match(text) is not None and not (CLOSED.search(text) or OPENS_LIST.search(text))


def _with_counted(pieces: list[tuple[bool, str]]) -> list[tuple[bool, str]]:
    """Put a list of the headings below behind a line that counts them: "Four types of treatment are used:".

    Without it nothing of the four would be left but their paragraphs, and of these whatever an answer has room for.
    What stands before treatments leaves no room for them, and goes: trials, teams and late effects, on every such page,
    and on a few the phases of a leukemia's treatment or the groups of a prognosis.
    """
    listed: list[tuple[bool, str]] = []
    for place, piece in enumerate(pieces):
        listed.append(piece)
        counted = _COUNTED.search(piece[1])
        if counted and not piece[0]:
            below = takewhile(lambda held: not _NO_LONGER_COUNTED.match(held[1]), pieces[place + 1 :])
            headings = [text for bulleted, text in below if not bulleted and _may_head(text)]
            if counted[1].lower() == _number(len(headings)) and pieces[place + 1] == (False, headings[0]):
                listed = [piece] if "treatment" in piece[1] else listed
                listed += [(True, text) for text in headings]
    return listed


def _number(count: int) -> str:
    return _NUMBERS[count - 2] if 2 <= count < len(_NUMBERS) + 2 else ""


def _heads_what_was_listed(text: str, found: Sequence[Segment]) -> bool:
    """Say whether a line is an item of an earlier list with other capitals: the heading of what that list announced."""
    key = squash(text)
    return any(one.part is Part.ITEM and one.text != text and squash(one.text) == key for one in found)


def _goes_on(piece: tuple[bool, str]) -> bool:
    """Say whether a piece continues the sentence that the piece before it broke off: prose that begins small."""
    bulleted, text = piece
    return not bulleted and _CONTINUES.match(text) is not None and len(text.split()) > _MOST_WORDS_OF_HEADING


def _add_paragraph(found: list[Segment], text: str) -> None:
    """Add a paragraph; one that begins small goes on where the text before it broke off."""
    before = found[-1] if found else None
    if before and _CONTINUES.match(text) and not CLOSED.search(before.text):
        found[-1] = before._replace(text=f"{before.text} {text}")
    else:
        found.append(Segment(Part.PARAGRAPH, text))


def _take_back(found: list[Segment], text: str, *, announced: bool) -> None:
    """Take back a list of one line without a bullet: a heading, a line like the next, or the middle of a sentence."""
    items = _last_items(found)
    heads = len(items) == 1 and squash(text).startswith(squash(items[0]))
    if len(items) != 1 or not (announced or heads):
        return
    if heads:
        found.pop()
    elif _CONTINUES.match(text) and len(found) > 1 and not CLOSED.search(found[-2].text):
        found[-2:] = [Segment(Part.PARAGRAPH, f"{found[-2].text} {items[0]}")]
    else:
        found[-1] = Segment(Part.PARAGRAPH, items[0])


def _pieces(raw: str) -> Iterator[tuple[bool, str]]:
    """Yield every stretch of text, and whether a bullet stands before it."""
    text = _FIRST_OF_LIST.sub(_first_of_list, raw.replace("\r", "").strip())
    text = _BULLET.sub(f"\n{_ITEM}", text)
    for piece in _BREAK.split(text):
        if held := piece.lstrip(_ITEM).strip():
            yield piece.startswith(_ITEM), held


def _first_of_list(bullet: re.Match[str]) -> str:
    item = _IN_ITEM.search(bullet.string, 0, bullet.start())
    return bullet[0] if item and not OPENS_LIST.search(item[0]) else f"\n{_ITEM}"


def _without_key_points(pieces: list[tuple[bool, str]]) -> list[tuple[bool, str]]:
    """Leave out the list of what the text then says, unless there is nothing else."""
    held = [(bulleted, text.removeprefix("Key Points").strip()) for bulleted, text in pieces]
    named = [piece for piece in held if piece[1]]
    rest = named
    while rest and rest[0][0]:
        rest = rest[1:]
    return rest if sum(len(text.split()) for _, text in rest) >= _PROSE_ENOUGH else named


def _echo_taken(found: list[Segment]) -> list[Segment]:
    """Cut the last item where the page says the whole list again as running text; return what follows it."""
    items = _last_items(found)
    head, rest = split_echo(items[:-1], items[-1])
    found[-1] = Segment(Part.ITEM, head)
    return [Segment(Part.PARAGRAPH, rest)] if rest else []


def _last_items(found: Sequence[Segment]) -> list[str]:
    start = len(found)
    while start and found[start - 1].part is Part.ITEM:
        start -= 1
    return [segment.text for segment in found[start:]]


def _without_echo(text: str, items: Sequence[str]) -> str:
    """Take the items that a paragraph says again, in their order, off its beginning."""
    rest, said = squash(text), 0
    for item in map(squash, items):
        if not item or not rest.startswith(item, said):
            break
        said += len(item)
    if not said:
        return text
    letters = [place for place, char in enumerate(text) if char.isalnum()]
    if len(letters) != len(rest):
        return text
    if said == len(letters):
        return ""
    # "Surgery is common." and "Surgery (removing the tumor) helps." begin as their heading does, and are no echo of it.
    between, after = text[letters[said - 1] + 1 : letters[said]], text[letters[said] :]
    goes_on = not between or "(" in between or not (CLOSED.search(between.strip()) or after[0].isupper())
    return text if goes_on else after


def split_echo(before: Sequence[str], last: str) -> tuple[str, str]:
    """Return the last item of a list without the echo of the whole list, and the text behind that.

    Examples
    --------
    >>> split_echo(["fever", "rash"], "pain. fever rash pain. Rest helps.")
    ('pain.', 'Rest helps.')
    """
    target, letters = squash("".join(before)), squash(last)
    at = letters.find(target, 1) if target else -1
    if at < 0:
        return last, ""
    places = [place for place, char in enumerate(last) if char.isalnum()]
    if len(letters) != len(places):
        return last, ""
    end = at + len(target)
    end += at if letters.startswith(letters[:at], end) else 0
    rest = last[places[end] :] if end < len(places) else ""
    return last[: places[at]].strip(), rest.strip()
