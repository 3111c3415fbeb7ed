"""Read the questions of one batch."""

import polars as pl

from openmed_data.builder import ROW, SHAPE
from openmed_data.search.corpora import origin_of

from .choices import CHOICE_SHAPES, Choice, choice_of
from .making import Rejected
from .options import SearchOptions
from .picks import Picks, picks_of
from .preparing import SearchState
from .questions import Question, question_of
from .reasons import SearchReason


def read_questions(
    batch: pl.DataFrame, state: SearchState, options: SearchOptions
) -> tuple[list[tuple[Question | Choice, Picks]], list[Rejected]]:
    """Read the question of each row, with the choices of its trace."""
    records = list(batch.iter_rows(named=True))
    shape: str = batch[SHAPE][0]
    asked: list[tuple[Question | Choice, Picks]] = []
    unasked: list[Rejected] = []
    for record, picks in zip(records, picks_of(list(map(origin_of, records)), options.seed), strict=True):
        if shape in CHOICE_SHAPES:
            question = choice_of(shape, record, state.bases)
        else:
            question = question_of(shape, record, picks["question"])
        if isinstance(question, SearchReason):
            unasked.append(Rejected(record[ROW], question, _shown(record)))
        else:
            asked.append((question, picks))
    return asked, unasked


def _shown(record: dict[str, str | None]) -> str:
    names = ("focus", "question", "QUESTION", "title", "name")
    return next((text for text in map(record.get, names) if text), "")
