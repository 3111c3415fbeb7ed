"""`generator=convert`: the source's own sentences in varied dialogues, without a language model."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from openmed_data import tally
from openmed_data.benchmark_splits import ANNOTATORS
from openmed_data.builder import LICENSE, ROW, SHAPE, SOURCE, UID, Rows
from openmed_data.progress import Progress
from openmed_data.text.lost_rt import Lexicon, repair

from .answers import cut
from .dialogues import Dialogue, dialogues
from .exams import MEDMCQA, MEDREASON, look, read_medmcqa, read_medreason
from .grounded.preparing import Grounded
from .learn import Language
from .options import SftOptions
from .passages import (
    MEDQUAD,
    PLAIN,
    PUBMEDQA,
    Passage,
    Reader,
    Rejection,
    read_medquad,
    read_plain,
    read_pubmedqa,
    uid_of,
)
from .plan import Plan, make_plan
from .sentences import squash

SHAPES = {
    MEDQUAD: ("focus", "question_type", "question", "answer"),
    MEDMCQA: ("question", "opa", "opb", "opc", "opd", "cop", "exp"),
    MEDREASON: ("dataset_name", "question", "answer", "reasoning", "options"),
    PUBMEDQA: ("QUESTION", "CONTEXTS", "final_decision", "LONG_ANSWER"),
    PLAIN: ("question", "answer"),
}
OTHER_COLUMNS = ("id", "url", "source", "collection", "id_in_dataset", "key", "subject_name", *ANNOTATORS)
# Where the letters "rt" may be lost.
REPAIRED = {
    MEDMCQA: ("question", "opa", "opb", "opc", "opd", "exp"),
    MEDREASON: ("question", "answer", "options"),
}
_READERS: Mapping[str, Reader] = {
    MEDQUAD: read_medquad,
    MEDMCQA: read_medmcqa,
    MEDREASON: read_medreason,
    PUBMEDQA: read_pubmedqa,
    PLAIN: read_plain,
}
_LEADING_WORDS = 60  # by which two answers to one question are the same
_REJECTED = {ROW: pl.UInt64, "reason": pl.String, "detail": pl.String}
_KEYS = {ROW: pl.UInt64, UID: pl.UInt64, "identity": pl.String, "answer": pl.String, "stem": pl.String}
_MESSAGE = pl.Struct(
    {
        "role": pl.String,
        "content": pl.String,
        "tool_calls": pl.List(pl.String),
        "tool_call_id": pl.String,
        "name": pl.String,
    }
)
_KEPT = {
    ROW: pl.UInt64,
    **dict.fromkeys(("id", "source", "source_id", "license"), pl.String),
    "messages": pl.List(_MESSAGE),
    **dict.fromkeys(("tools", "domain", "origin"), pl.String),
}


@dataclass(frozen=True, slots=True)
class ConvertState:
    """What the whole source tells: its language, index bases, lexicon of repairs; then the plan, or the seeds."""

    language: Language = field(default_factory=Language)
    bases: Mapping[str, int] = field(default_factory=dict[str, int])
    lexicon: Lexicon | None = None
    plan: Plan = field(default_factory=Plan)
    grounded: Grounded = field(default_factory=Grounded)


def prepare(state: ConvertState, source: Iterable[pl.DataFrame], options: SftOptions, progress: Progress) -> Plan:
    """Make the plan of a source; the rest of the state is known before."""
    progress.note("comparing answers")
    return make_plan(source, state.language, options)


def convert(batch: pl.DataFrame, state: ConvertState, options: SftOptions) -> Rows:
    """Make the dialogues of one batch."""
    read, counts = read_rows(batch, state, options)
    made: list[Dialogue] = []
    rejected: list[Rejection] = []
    for one in read:
        if isinstance(one, Rejection):
            rejected.append(one)
        else:
            known = one.row in state.plan.known_leads
            made += dialogues(one, state.plan.seconds.get(one.row), options, with_brief=not known)
    return rows_of(made, rejected, batch, counts)


def read_rows(
    batch: pl.DataFrame, state: ConvertState, options: SftOptions
) -> tuple[list[Passage | Rejection], pl.DataFrame]:
    """Return what every row gives, in order, and a tally of the repairs; what the plan rejects is not read."""
    if not batch.height:
        return [], tally.empty()
    shape = str(batch[SHAPE][0])
    counts = tally.empty()
    if options.repair and state.lexicon is not None and shape in REPAIRED:
        batch, repairs = repair(batch, REPAIRED[shape], state.lexicon)
        counts = tally.tally("repairs", repairs, key="before", detail="after")
    gone = state.plan.gone
    read = [
        Rejection(record[ROW], *gone[record[ROW]])
        if record[ROW] in gone
        else _READERS[shape](record, state.language, options)
        for record in look(batch, shape, dict(state.bases)).iter_rows(named=True)
    ]
    return read, counts


class Spoken(Protocol):
    """A dialogue, however it was made."""

    @property
    def passage(self) -> Passage:
        """The passage that it comes from."""
        ...

    @property
    def id(self) -> str:
        """The row's id."""
        ...

    @property
    def origin(self) -> str:
        """Source, task, phrasing and additions, with slashes between them."""
        ...

    @property
    def messages(self) -> list[dict[str, str]]:
        """The messages in the field's standard shape."""
        ...


def rows_of(made: Sequence[Spoken], rejected: Sequence[Rejection], batch: pl.DataFrame, counts: pl.DataFrame) -> Rows:
    """Return the rows, rejections and keys of a batch."""
    own = {name: kind for name, kind in _KEPT.items() if name not in {"source", "license"}}
    rows = [
        {
            ROW: one.passage.row,
            "id": one.id,
            "source_id": one.passage.source_id,
            "messages": [
                {**message, "tool_calls": None, "tool_call_id": None, "name": None} for message in one.messages
            ],
            "tools": None,
            "domain": one.passage.domain,
            "origin": one.origin,
        }
        for one in made
    ]
    given = batch.select(ROW, pl.col(SOURCE).alias("source"), pl.col(LICENSE).alias("license"))
    kept = pl.DataFrame(rows, schema=own).join(given, on=ROW, how="left", maintain_order="left").select(*_KEPT)
    used = {one.passage.row: one.passage for one in made}
    return Rows(
        kept=kept,
        rejected=pl.DataFrame(
            [(row, str(reason), detail) for row, reason, detail in rejected], _REJECTED, orient="row"
        ),
        keys=pl.DataFrame([_keys(passage) for passage in used.values()], schema=_KEYS, orient="row"),
        tally=counts,
    )


def _keys(passage: Passage) -> tuple[int, int, str, str, str]:
    """Return the global keys; all that is known of one subject goes into one split, since the subject draws it."""
    asked = f"{passage.topic} {passage.subject}" if passage.subject else passage.question
    identity = "\x1f".join((squash(asked), squash(passage.options), squash(str(cut(passage.answer, _LEADING_WORDS)))))
    return passage.row, uid_of(passage.group), identity, "", asked
