"""Decide, with the whole source in view, which rows say nothing new and which become second turns."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain, pairwise

import polars as pl

from openmed_data.builder import FILE, LINE, ROW, SHAPE
from openmed_data.text.near import find_duplicates

from .dice import Dice
from .learn import Language
from .options import Reason, SftOptions
from .passages import MEDQUAD, PLAIN, Passage, read_medquad, uid_of
from .subjects import Topic, read_question

NEAR = 0.8
_CHARACTERS = 2_200  # of an answer, which is cut later on
_FEWEST_WORDS = 12  # shorter answers are compared with their question
_TEMPLATES = (
    r"(?s)What are the signs and symptoms of [^?]*\?|The Human Phenotype Ontology provides.*?\(when available\)"
    r"|The Human Phenotype Ontology \(HPO\) has collected.*$"
)
_LEAD = 60  # letters
_COLUMNS = ("id", "focus", "question_type", "question", "answer", "url", "source", "collection")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is decided about single rows.

    Attributes
    ----------
    gone
        Rows that are rejected → reason, and the text that says because of which other row.
    seconds
        Rows that open a dialogue → the passage of its second turn.
    known_leads
        Rows whose answer begins as an earlier one does, so that a brief answer would repeat that one's.
    """

    gone: Mapping[int, tuple[Reason, str]] = field(default_factory=dict[int, tuple[Reason, str]])
    seconds: Mapping[int, Passage] = field(default_factory=dict[int, Passage])
    known_leads: frozenset[int] = frozenset()


def make_plan(source: Iterable[pl.DataFrame], language: Language, options: SftOptions) -> Plan:
    """Compare all answers, and pair questions on one subject.

    An answer that nearly repeats an earlier one (Jaccard similarity of word pairs of 0.8) is given in the second turn
    of a dialogue on the same subject where there is one, so that what it says of its subject is not lost; otherwise
    its row is rejected.
    """
    kinds = pl.col(SHAPE).is_in([MEDQUAD, PLAIN])
    frames = [batch.filter(kinds).select(ROW, FILE, LINE, SHAPE, *_held(batch)) for batch in source]
    rows = pl.concat(frames, how="diagonal") if frames else pl.DataFrame()
    if not rows.height:
        return Plan()
    repeats = _repeats(rows)
    return _Planner(rows, repeats, language, options).plan()


def _held(batch: pl.DataFrame) -> list[pl.Expr]:
    return [pl.col(name) for name in _COLUMNS if name in batch.columns]


def _repeats(rows: pl.DataFrame) -> dict[int, int]:
    """Return the places of rows whose answer is nearly an earlier one → the place of the earliest."""
    answer = pl.col("answer").fill_null("").str.replace_all(_TEMPLATES, " ").str.head(_CHARACTERS)
    alone = (pl.col(SHAPE) == MEDQUAD) & (answer.str.count_matches(r"\s+") >= _FEWEST_WORDS)
    text = (
        pl.when(alone).then(answer).otherwise(pl.concat_str(pl.col("question").fill_null(""), answer, separator="\n"))
    )
    found = find_duplicates(rows.select(text.alias("text"))["text"].to_list(), threshold=NEAR).clusters
    same = found.filter(pl.col("differs").is_null())
    firsts = same.with_columns(pl.col("row").min().over("cluster").alias("first")).filter(
        pl.col("row") != pl.col("first")
    )
    return dict(firsts.select("row", "first").iter_rows())


def _known_leads(rows: pl.DataFrame) -> frozenset[int]:
    letters = pl.col("answer").fill_null("").str.replace_all(r"[\W_]+", "").str.to_lowercase().str.head(_LEAD)
    return frozenset(rows.filter(letters.is_duplicated() & ~letters.is_first_distinct())[ROW].to_list())


class _Planner:
    """Walks over the rows in the order of the source; a row takes part in one decision."""

    def __init__(self, rows: pl.DataFrame, repeats: dict[int, int], language: Language, options: SftOptions) -> None:
        self.rows, self.records = rows, rows.rows(named=True)
        self.repeats, self.language, self.options = repeats, language, options
        self.gone: dict[int, tuple[Reason, str]] = {}
        self.seconds: dict[int, Passage] = {}
        self.taken: set[int] = set()

    def plan(self) -> Plan:
        """Place the repeating rows first, then draw pairs among the others."""
        groups = self._groups()
        for place, first in sorted(self.repeats.items()):
            if place not in self.taken and not self._merged(place, groups.get(self._page(place), [])):
                self._drop(place, Reason.NEAR_DUPLICATE, first)
        for opener, place in chain.from_iterable(map(pairwise, groups.values())):
            lucky = self._dice(place).unit("follow-up") < self.options.follow_up_share
            if lucky and not self.taken & {opener, place}:
                self._pair(opener, place)
        return Plan(self.gone, self.seconds, _known_leads(self.rows))

    def _groups(self) -> dict[tuple[str, str], list[int]]:
        """Return the places of each page's rows; a page that answers one question twice keeps its first answer."""
        groups: dict[tuple[str, str], list[int]] = {}
        asked: dict[tuple[tuple[str, str], str], int] = {}
        for place, record in enumerate(self.records):
            if record[SHAPE] != MEDQUAD:
                continue
            page = self._page(place)
            first = asked.setdefault((page, (record["question"] or "").lower()), place)
            if first == place or not page[0]:
                groups.setdefault(page, []).append(place)
            else:
                self.taken.add(place)
                self._drop(place, Reason.AMBIGUOUS, first)
        return groups

    def _page(self, place: int) -> tuple[str, str]:
        """Return what a page is known by: its address, or the part of the id that its rows share; and its subject."""
        record = self.records[place]
        return record.get("url") or (record.get("id") or "").rpartition("-")[0], (record.get("focus") or "").lower()

    def _merged(self, place: int, group: list[int]) -> bool:
        """Give a repeating answer in the second turn of the nearest free row before it on the same subject."""
        free = [one for one in group if one < place and one not in self.taken and one not in self.repeats]
        return any(self._pair(opener, place) for opener in reversed(free))

    def _pair(self, opener: int, place: int) -> bool:
        topics = [read_question(self.records[one]["question"] or "").topic for one in (opener, place)]
        if topics[0] == topics[1] or Topic.QUESTION in topics:
            return False
        first, second = (read_medquad(self.records[one], self.language, self.options) for one in (opener, place))
        if not isinstance(first, Passage) or not isinstance(second, Passage):
            return False
        self.taken |= {opener, place}
        self.seconds[first.row] = second
        self._drop(place, Reason.MERGED, opener)
        return True

    def _drop(self, place: int, reason: Reason, other: int) -> None:
        self.gone[self.records[place][ROW]] = (
            reason,
            f"row {self.records[other][LINE]} of {self.records[other][FILE]}",
        )

    def _dice(self, place: int) -> Dice:
        record = self.records[place]
        return Dice(self.options.seed, uid_of(record.get("id"), record["question"], record["answer"]))
