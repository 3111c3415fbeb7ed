"""Turn an answer as a web page had it into clean blocks: paragraphs of sentences, and lists.

Every sentence that stays is the source's own. Whatever points elsewhere, repeats what was said, heads a section or
credits an office goes.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise

from openmed_data.text.clean import clean_text

from .boilerplate import GENETIC_TESTING, HEADS, QUESTION_HEADING, is_pointer
from .hpo import read_signs
from .mending import mend
from .segments import OPENS_LIST, Part, segments
from .sentences import sentences, squash

_TITLE_WORD = r"(?:[A-Z][\w'\u2019-]*|of|in|the|and|or|for|to|a|on|with|by|from|is|&)"
_TITLE_RUN = re.compile(rf"^(?:{_TITLE_WORD}[,:]? ){{1,9}}(?=[A-Z][a-z']*,? [a-z]+[ ,])")
_TITLE = re.compile(rf"(?!An? ){_TITLE_WORD}(?: {_TITLE_WORD}){{0,8}}")
_DASHES = re.compile(r" - [a-z]")
_UNBROKEN = re.compile(r"(?:[^\s.,;:()\u2014-]+ ){45}")  # no sentence has so many words without a mark
# "may include: Slow growth Small hands (rare) Delayed speech": in a sentence, a word written small or a bracket stands
# before a capital where a name follows, mostly behind a word that leads up to it; three times, an item begins there.
_LEADS_TO_A_NAME = "and|or|of|the|in|with|by|from|to|for|as|than|that|called|named|when|are|is|was|were"
_ITEM_BEGINS = re.compile(rf"(?:(?<![\w-])(?!(?:{_LEADS_TO_A_NAME})\b)[a-z][a-z/-]{{2,}}|\)) (?=[A-Z][a-z]{{2}})")
_FEWEST_RUN_ON, _FEWEST_BEHIND_COLON = 3, 2
_ANNOUNCED = re.compile(r"[a-z\d)]: ?(?=[A-Z])")
_SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s")
_PROSE_ENOUGH = 40  # words
_INNER_BULLET = re.compile(r"(?<=[.!?)]) - (?=[A-Z])")
Glued = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, as sentences; or a list, as items."""

    texts: tuple[str, ...]
    is_list: bool = False

    @property
    def words(self) -> int:
        """How many words it has."""
        return sum(len(text.split()) for text in self.texts)

    def __str__(self) -> str:
        return "\n".join(f"- {text}" for text in self.texts) if self.is_list else " ".join(self.texts)


@dataclass(frozen=True, slots=True)
class Answer:
    """Blocks in their order.

    Attributes
    ----------
    is_table
        Whether it is nothing but the rows of a table, which need a line that says so.
    """

    blocks: tuple[Block, ...]
    is_table: bool = False

    @property
    def words(self) -> int:
        """How many words it has."""
        return sum(block.words for block in self.blocks)

    @property
    def items(self) -> int:
        """How many items its lists have."""
        return sum(len(block.texts) for block in self.blocks if block.is_list)

    @property
    def sentences(self) -> int:
        """How many sentences its paragraphs have."""
        return sum(len(block.texts) for block in self.blocks if not block.is_list)

    def __str__(self) -> str:
        text = ""
        for block in self.blocks:
            joint = "\n" if block.is_list and text else "\n\n" if text else ""
            text += joint + str(block)
        return text


def read_answer(raw: str, glued: Glued, *, headings_in_text: bool = False) -> Answer:
    r"""Clean one answer.

    Parameters
    ----------
    glued
        Words that lost the dash between them; see `learn.glued_words`.
    headings_in_text
        Whether headings run into the text without a line of their own, as NIH SeniorHealth's do.

    Examples
    --------
    >>> print(read_answer("Overview\n\nSigns of it include:\n\n  - fever\n  - a rash.\n\nRead more at cdc.gov.", {}))
    Signs of it include:
    - fever
    - a rash.
    """
    signs = read_signs(raw)
    page = _Page(glued, headings_in_text)
    page.read(signs.prose)
    blocks = without_empty_leads(page.told())
    if signs.lines and sum(block.words for block in blocks) < _PROSE_ENOUGH:
        return Answer((Block(signs.lines, is_list=True),), is_table=True)
    return Answer(blocks)


@dataclass(slots=True)
class _Page:
    """Reads a page segment by segment, and remembers what was said."""

    glued: Glued
    headings_in_text: bool
    headings: list[str] = field(default_factory=lambda: [""])
    held: list[tuple[int, Block]] = field(default_factory=list[tuple[int, Block]])
    seen: set[str] = field(default_factory=set[str])
    in_items: set[str] = field(default_factory=set[str])  # sentences of list items
    listing_pages: bool = False  # whether what came last announces a list of other pages

    def read(self, raw: str) -> None:
        for part, text in segments(raw):
            mended = mend(clean_text(text), self.glued)
            if part is Part.ITEM:
                self._item(mended)
            else:
                self._paragraph(mended)

    def told(self) -> list[Block]:
        """Return the blocks, without sections on genetic tests where there are others."""
        about = [section for section, _ in self.held if not GENETIC_TESTING.search(self.headings[section])]
        wanted = set(about) or {section for section, _ in self.held}
        return _without_repeated_lists([block for section, block in self.held if section in wanted])

    def _item(self, text: str) -> None:
        """Add an item to its list; another list may well say the same, as of two stages that are treated alike."""
        for item in _INNER_BULLET.split(text):
            items = self._list()
            if self.listing_pages or is_pointer(item) or squash(item) in map(squash, items):
                continue
            self._is_new(item)
            told = self._unsaid(item, items)
            block = Block((*items, told), is_list=True)
            self.held[len(self.held) - bool(items) :] = [(len(self.headings) - 1, block)]

    def _unsaid(self, item: str, items: Sequence[str]) -> str:
        """Leave out what the item says twice, and the items before it that it repeats at its end, from the first on."""
        told: dict[str, str] = {}
        for sentence in sentences(item):
            told.setdefault(squash(sentence), sentence)
        keys = list(told)
        said = [squash(sentence) for earlier in items for sentence in sentences(earlier)]
        for end in range(1, len(keys) - 1):  # two sentences at least: one may well be true of two items
            if keys[end:] == said[: len(keys) - end]:
                keys = keys[:end]
                break
        self.in_items.update(keys)
        return " ".join(told[key] for key in keys)

    def _list(self) -> tuple[str, ...]:
        """Return the items of the list that is being read; none where a paragraph came last, or a heading."""
        section, block = self.held[-1] if self.held else (-1, Block(()))
        return block.texts if block.is_list and section == len(self.headings) - 1 else ()

    def _paragraph(self, text: str) -> None:
        kept: list[str] = []
        self.listing_pages = False
        said = sentences(HEADS.sub("", text))
        if self.headings_in_text and len(said) > 1 and _TITLE.fullmatch(said[-1]):
            said = said[:-1]  # the heading of the paragraph that follows
        for sentence in said:
            told = _TITLE_RUN.sub("", sentence) if self.headings_in_text else sentence
            if QUESTION_HEADING.match(told):
                self._close(kept)
                self.headings.append(told)
                kept = []
            elif told and is_pointer(told):
                self.listing_pages = OPENS_LIST.search(told) is not None
            elif told and squash(told) not in self.in_items and (self._is_new(told) or OPENS_LIST.search(told)):
                kept.append(told)
        self._close(kept)

    def _close(self, kept: list[str]) -> None:
        if kept:
            self.held.append((len(self.headings) - 1, Block(tuple(kept))))

    def _is_new(self, text: str) -> bool:
        key = squash(text)
        fresh = bool(key) and not key.isdecimal() and key not in self.seen  # a number alone is that of a footnote
        self.seen.add(key)
        return fresh


def _without_repeated_lists(blocks: Sequence[Block]) -> list[Block]:
    """Leave out a list, and the sentence that announces it, where the page has both before."""
    kept: list[Block] = []
    lists: set[tuple[str, tuple[str, ...]]] = set()
    for before, block in pairwise((Block(()), *blocks)):
        lead = before.texts[-1] if before.texts and not before.is_list else ""
        if block.is_list and lead and (lead, block.texts) in lists:
            kept[-1] = replace(kept[-1], texts=kept[-1].texts[:-1])
        else:
            lists.add((lead, block.texts))
            kept.append(block)
    return [block for block in kept if block.texts]


def is_run_on(answer: Answer) -> bool:
    """Say whether a list or a table was run into a text, so that it cannot be read.

    Examples
    --------
    >>> is_run_on(Answer((Block(("It helps.", "lungs - air sacs - blood - cells")),)))
    True
    """
    texts = [text for block in answer.blocks for text in block.texts]
    return any(len(_DASHES.findall(text)) > 2 or _UNBROKEN.search(text) or _runs_on(text) for text in texts)


def _runs_on(text: str) -> bool:
    """Say whether only capitals tell where the items of a list in it begin."""
    for sentence in _SENTENCE_ENDS.split(text):
        items = [found.start() for found in _ITEM_BEGINS.finditer(sentence)]
        if len(items) >= _FEWEST_RUN_ON:
            return True
        announced = _ANNOUNCED.search(sentence) if len(items) == _FEWEST_BEHIND_COLON else None
        if announced and announced.start() < items[0]:
            return True
    return False


def without_empty_leads(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """Drop the sentences and items that announce a list which is gone.

    Behind a colon the list may stand in paragraphs of its own, as pages have it whose items are sentences.
    """
    kept: list[Block] = []
    for block in reversed(list(blocks)):
        after, texts = kept[-1] if kept else None, block.texts
        while texts and _announces(texts[-1], is_item=block.is_list):
            if after is not None and (after.is_list or texts[-1].endswith(":")):
                break
            texts = texts[:-1]
        if texts:
            kept.append(replace(block, texts=texts))
    return tuple(reversed(kept))


def _announces(text: str, *, is_item: bool) -> bool:
    return text.endswith(":") or (not is_item and OPENS_LIST.search(text) is not None)


def cut(answer: Answer, most_words: int) -> Answer:
    r"""Return as many whole sentences and items from the start as fit; where none stands by itself, as few as do.

    Examples
    --------
    >>> answer = Answer((Block(("Rest helps.", "Its signs are:")), Block(("fever", "a rash"), is_list=True)))
    >>> str(cut(answer, 6)), str(cut(answer, 8))
    ('Rest helps.', 'Rest helps. Its signs are:\n- fever\n- a rash')
    >>> str(cut(replace(answer, blocks=(Block(("Its signs are:",)), answer.blocks[1])), 3))
    'Its signs are:\n- fever\n- a rash'
    """
    words = list(accumulate(len(text.split()) for block in answer.blocks for text in block.texts))
    fitting = max(1, sum(count <= most_words for count in words))
    counts = range(fitting, len(words) + 1)
    standing = filter(None, (_first(answer.blocks, count) for count in counts))
    return replace(answer, blocks=next(standing, without_empty_leads(answer.blocks)))


def _first(blocks: Sequence[Block], count: int) -> tuple[Block, ...]:
    """Return the first sentences and items; one item of several is no list of them and goes with what announces it."""
    kept: list[Block] = []
    for block in blocks:
        kept += [replace(block, texts=block.texts[:count])] if count > 0 else []
        count -= len(block.texts)
    shown = without_empty_leads(kept)
    if shown and shown[-1].is_list and len(shown[-1].texts) == 1 < len(blocks[len(shown) - 1].texts):
        shown = without_empty_leads(shown[:-1])
    return shown
