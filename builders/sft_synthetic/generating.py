"""`generator=llm`: dialogues that a language model writes about the source's passages, checked and judged."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from openmed_data import tally
from openmed_data.builder import Rows
from openmed_data.errors import BuildError
from openmed_data.llm import Answers
from openmed_data.progress import Progress

from .converting import ConvertState, read_rows, rows_of
from .grounded.dialogue import Dialogue
from .grounded.making import Maker, Read, Refused, Unasked
from .grounded.preparing import Grounded, prepare_answers
from .grounded.reasons import GroundedReason
from .grounded.screen import has_note
from .grounded.seeds import Ground, Seed
from .grounded.tasks import tasks_for
from .options import SftOptions
from .passages import Passage, Rejection

_MOST_TOPIC = 160
_OUTCOMES, _MADE = "outcomes of generation", "made"
_BY_JUDGE = frozenset(one.value for one in GroundedReason if one.name.startswith("JUDGE"))


@dataclass(frozen=True, slots=True)
class Generated:
    """A dialogue that was written about a passage."""

    passage: Passage
    seed: Seed
    dialogue: Dialogue

    @property
    def id(self) -> str:
        """Return the row's id: a passage has one generated dialogue."""
        return f"sft-{self.passage.uid:016x}-llm"

    @property
    def origin(self) -> str:
        """Return source, task, that no phrasing was used, and for whom it was written."""
        source = self.passage.shape.lower().replace(" ", "-")
        note = ",note.own" if has_note(self.dialogue.answered) else ""
        return f"{source}/{self.seed.task}/as-asked/llm.{self.seed.audience}.{self.seed.level}{note}"

    @property
    def messages(self) -> list[dict[str, str]]:
        """Return the messages in the field's standard shape."""
        roles = ("user", "assistant")
        return [
            {"role": role, "content": text}
            for exchange in self.dialogue.exchanges
            for role, text in zip(roles, exchange, strict=True)
        ]


def prepare(state: ConvertState, source: Iterable[pl.DataFrame], options: SftOptions, progress: Progress) -> Grounded:
    """Draw the seeds of a source, and see that every answer they need is stored."""
    options.require_endpoint("generator=llm")
    return prepare_answers(_grounds(state, source, options), options, progress)


def generate(batch: pl.DataFrame, state: ConvertState, options: SftOptions) -> Rows:
    """Make the rows of one batch from the stored answers."""
    read, counts = read_rows(batch, state, options)
    maker = Maker(options.asker(), options.prices())
    with Answers(state.grounded.store).open() as stored:
        results = [_result(one, state.grounded.seeds, maker, stored) for one in read]
    made = [one for one in results if isinstance(one, Generated)]
    rejected = [one for one in results if isinstance(one, Rejection)]
    return rows_of(made, rejected, batch, tally.merge([counts, _count_outcomes(made, rejected)]))


def _count_outcomes(made: Sequence[Generated], rejected: Sequence[Rejection]) -> pl.DataFrame:
    asked = [one.reason.value for one in rejected if isinstance(one.reason, GroundedReason)]
    counts = Counter([_MADE] * len(made) + asked)
    counts.pop(GroundedReason.NOT_DRAWN.value, None)
    frame = pl.DataFrame(list(counts.items()), schema={"key": pl.String, "count": pl.Int64}, orient="row")
    return tally.tally(_OUTCOMES, frame, key="key")


def figures_of(counts: pl.DataFrame) -> dict[str, Any]:
    """Return how many of the dialogues that were asked for passed the rules, and how many of these the judge.

    Examples
    --------
    >>> outcomes = pl.DataFrame({"key": [_MADE, "judged_unsafe", "ungrounded_drug"], "count": [6, 2, 2]})
    >>> figures_of(tally.tally(_OUTCOMES, outcomes, key="key"))["judge_pass_rate"]
    0.75
    """
    outcomes = tally.table(counts, _OUTCOMES)
    if not outcomes:
        return {}
    judged = sum(number for name, number in outcomes.items() if name == _MADE or name in _BY_JUDGE)
    return {
        "outcomes_of_generation": outcomes,
        "rules_pass_rate": round(judged / sum(outcomes.values()), 4),
        "judge_pass_rate": round(outcomes.get(_MADE, 0) / judged, 4) if judged else None,
    }


def _grounds(state: ConvertState, source: Iterable[pl.DataFrame], options: SftOptions) -> Iterator[Ground]:
    for batch in source:
        for one in read_rows(batch, state, options)[0]:
            if isinstance(one, Passage):
                yield ground_of(one)


def ground_of(passage: Passage) -> Ground:
    """Return a passage as what a model is asked about."""
    parts = (passage.question if passage.options or passage.context else "", passage.context, str(passage.answer))
    text = "\n\n".join(filter(None, parts))
    topic = f"{passage.subject} ({passage.topic})" if passage.subject else passage.question
    return Ground(passage.row, passage.uid, topic[:_MOST_TOPIC], text, tasks_for(text))


def _result(one: Passage | Rejection, seeds: Mapping[int, Seed], maker: Maker, read: Read) -> Generated | Rejection:
    if isinstance(one, Rejection):
        return one
    seed = seeds.get(one.row)
    if seed is None:
        return Rejection(one.row, GroundedReason.NOT_DRAWN, one.subject or one.question)
    match maker.outcome(ground_of(one), seed, read):
        case Dialogue() as dialogue:
            return Generated(one, seed, dialogue)
        case Refused(reason=reason, detail=detail):
            return Rejection(one.row, reason, detail)
        case Unasked():
            raise BuildError("an answer is no longer in the store of answers", hint="Run the same command again.")
