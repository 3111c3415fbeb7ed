"""Search as a careful reader would: key words first, other words when nothing fits, then open what looks right.

The planner sees what a model would see, the question and the tools' answers; what the right document is, it does not
know. Whether it found it is judged afterwards.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from openmed_data.search import SearchIndex, search_result
from openmed_data.search.corpora import SECTIONS
from openmed_data.search.tools import MOST_RESULTS
from openmed_data.search.words import search_words

from .aspects import ASPECTS, aspect_of
from .picks import Picks
from .questions import Question

_TOP_K = (3, 5, 5, 8)
_WIDER = (0, 3, 5)  # a further search looks at more results, at most `MOST_RESULTS`
MOST_SEARCHES = len(_WIDER)
_MOST_RARE, _MOST_WORDS = 4, 8
_SECTIONS = frozenset(SECTIONS.values())
# How much of a question's weight must stand in a title for the document to be about it, or to be worth a look.
_ABOUT, _WORTH_A_LOOK = 0.9, 0.6
_PART = re.compile(r" \(part (\d+) of \d+\)$")
_WORD = re.compile(r"[^\s?!,;:\"]+")
# Words of a question that say how it is asked, not what about.
_ASKING = frozenset(
    search_words(
        "what which how who where please give short overview tell know known should advice like many people "
        "affected common used options involved related being done studies find support say documents read explain find "
        "present cause causes caused symptoms signs treatments treated treatment treat genes genetic changes inherited "
        "passed family diagnosed diagnose tests research outlook prognosis risk likely get prevented prevent stages "
        "complications seen associated following most true false regarding statement except patient year old"
    )
)


# Gives the queries of a question; none leaves them to the rules, None says that there is no plan.
Plan = Callable[[Question], Sequence[str] | None]


@dataclass(frozen=True, slots=True)
class Search:
    """One call of `search`: its arguments, what it answered, and the numbers of the documents listed."""

    query: str
    top_k: int
    answer: str
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Journey:
    """What was searched and opened, in order; `fitting` says whether a title fitted the question."""

    searches: tuple[Search, ...]
    opened: tuple[int, ...]
    fitting: bool


@dataclass(frozen=True, slots=True)
class _Look:
    """How a document in a list of results looks: the share of what was asked that its title names, and its aspect."""

    number: int
    title: str
    covered: float
    on_aspect: bool
    other_words: int
    part: int

    @property
    def fits(self) -> bool:
        return self.covered >= _ABOUT and self.on_aspect and self.other_words == 0

    @property
    def order(self) -> tuple[bool, int, float, bool, int]:
        """Return the key by which the most promising document comes first; of a long one, its first part."""
        return (not self.fits, self.part, -self.covered, not self.on_aspect, self.other_words)


def by_rules(question: Question) -> tuple[str, ...]:  # noqa: ARG001  (a plan like any other)
    """Plan nothing: `explore` then takes its queries from the question's own words."""
    return ()


def explore(question: str, index: SearchIndex, picks: Picks, planned: Sequence[str] = ()) -> Journey:
    """Search until a title fits the question or the ways to ask are used up, then open what looks best.

    Parameters
    ----------
    planned
        The queries, at most `MOST_SEARCHES`; the rules' own where there are none.
    """
    subject, aspect = subject_words(question), aspect_of(question)
    searches: list[Search] = []
    looks: dict[int, _Look] = {}
    queries = planned or _queries(subject, aspect, index, picks)
    for place, query in enumerate(islice(queries, MOST_SEARCHES)):
        searches.append(search_for(query, place, index, picks))
        for number in searches[-1].numbers:
            looks.setdefault(number, _look(index, number, subject, aspect))
        if any(look.fits for look in looks.values()):
            break
    opened = _chosen(list(looks.values()), picks)
    return Journey(tuple(searches), opened, any(look.fits for look in looks.values()))


def search_for(query: str, place: int, index: SearchIndex, picks: Picks) -> Search:
    """Run the search at a place among those of one question; later ones look at more results."""
    top_k = min(_TOP_K[picks["results"] % len(_TOP_K)] + _WIDER[place], MOST_RESULTS)
    answer, numbers = search_result(index, query, top_k)
    return Search(query, top_k, answer, tuple(numbers))


def subject_words(question: str) -> tuple[str, ...]:
    """Return the words that say what a question is about, as they are written: what is left between those that ask.

    Examples
    --------
    >>> subject_words("What are the symptoms of tetralogy of Fallot?")
    ('tetralogy', 'of', 'Fallot')
    >>> subject_words("Is citrullinemia type I inherited?")
    ('citrullinemia', 'type', 'I')
    """
    words = [word for word in (held.strip(".()'") for held in _WORD.findall(question)) if word]
    telling = [place for place, word in enumerate(words) if _tells(word)]
    if not telling:
        return tuple(word for word in words if search_words(word))
    after = telling[-1] + 1
    number = words[after : after + 1] == ["I"]  # who asks stands before what is asked about
    held = words[telling[0] : after + number]
    return tuple(held if len(held) <= _MOST_WORDS else filter(search_words, held))


def _tells(word: str) -> bool:
    folded = search_words(word)
    return bool(folded) and not _ASKING.issuperset(folded)


def _queries(subject: Sequence[str], aspect: str, index: SearchIndex, picks: Picks) -> Iterator[str]:
    """Yield queries, each another way to look for the same."""
    about = " ".join(subject)
    added = ASPECTS[aspect].queries if aspect else ("",)
    first = picks["query"] % (len(added) + 1)
    ways = [f"{about} {more}".strip() for more in ("", *added)]
    asked = [ways[first], *ways[1:], *ways[:1]]
    if len(subject) > _MOST_RARE:
        asked.insert(1, " ".join(rarest(subject, index, _MOST_RARE)))
    return iter(dict.fromkeys(asked))


def rarest(words: Iterable[str], index: SearchIndex, most: int) -> list[str]:
    """Return the words that tell most, in their order."""
    weights = {word: max(map(index.weight, search_words(word)), default=0.0) for word in words}
    told = set(sorted(weights, key=lambda word: -weights[word])[:most])
    return [word for word in weights if word in told]


def _look(index: SearchIndex, number: int, subject: Sequence[str], aspect: str) -> _Look:
    wanted = frozenset(search_words(" ".join(subject)))
    title = index.document(number).title
    part = _PART.search(title)
    name, section = _parted(title)
    named, sections = _words(name), _words(section)
    weight = sum(map(index.weight, wanted))
    covered = sum(index.weight(word) for word in wanted & (named | sections))
    asked = ASPECTS[aspect].section if aspect else frozenset[str]()
    return _Look(
        number,
        title,
        covered / weight if weight else 0.0,
        not asked or not section or bool(asked & sections),
        len(named - wanted - _ASKING),
        int(part[1]) if part else 1,
    )


def _parted(title: str) -> tuple[str, str]:
    """Return what a title names, and its section, if it has one."""
    whole = _PART.sub("", title)
    name, _, section = whole.rpartition(": ")
    return (name, section) if section in _SECTIONS else (whole, "")


def name_words(title: str) -> frozenset[str]:
    """Return the words of what a title names, without those of its section."""
    return _words(_parted(title)[0])


@lru_cache(maxsize=50_000)
def _words(text: str) -> frozenset[str]:
    return frozenset(search_words(text))


def _chosen(looks: list[_Look], picks: Picks) -> tuple[int, ...]:
    """Return what to open: one or two documents that fit; else the nearest, if it is near enough to be worth a look."""
    # Of documents that a publisher gives the same title, the first in the corpus is the one that introduces.
    listed = {look.title: place for place, look in reversed(list(enumerate(looks)))}
    ranked = sorted(looks, key=lambda look: (look.order, listed[look.title], look.number))
    fitting = [look for look in ranked if look.fits]
    if fitting:
        second = [look for look in fitting[1:] if look.part == 1][: picks["opens"] % 2]
        return tuple(look.number for look in (fitting[0], *second))
    return tuple(look.number for look in ranked[:1] if look.covered >= _WORTH_A_LOOK)
