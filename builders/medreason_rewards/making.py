"""Turn judged questions into rows: repaired, within the band of pass rates, verified, phrased."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import polars as pl

from openmed_data import tally
from openmed_data.builder import LICENSE, ROW, SOURCE, UID
from openmed_data.text.keys import question_key
from openmed_data.text.lost_rt import Lexicon, repair
from openmed_data.text.normalize import answer_key

from .judge import Question, Rejection
from .pass_rates import outside_band
from .prompt import prompt_of
from .reasons import Reason, RewardsOptions
from .verifying import gold_columns, verify_questions

REJECTED = {ROW: pl.UInt64, "reason": pl.String, "detail": pl.String}
_TEXT, _TEXTS = pl.String(), pl.List(pl.String)
_KEPT: dict[str, pl.DataType] = {
    ROW: pl.UInt64(),
    **dict.fromkeys(("id", "source", "source_id", "license"), _TEXT),
    "prompt": pl.List(pl.Struct({"role": _TEXT, "content": _TEXT})),
    **dict.fromkeys(("answer", "answer_type"), _TEXT),
    "choices": _TEXTS,
    "answer_label": _TEXT,
    "accepted_answers": _TEXTS,
    **dict.fromkeys(("reference_reasoning", "dataset"), _TEXT),
}
_KEYS = {ROW: pl.UInt64, UID: pl.UInt64, "identity": pl.String, "answer": pl.String, "stem": pl.String}


def identity_of(question: Question) -> str:
    """Return the id of a question's row, the same whatever the options of the build."""
    return f"medreason-{question.item.uid:016x}"


def texts_of(questions: Sequence[Question]) -> pl.DataFrame:
    """Return every text that repairs apply to, question by question: stem, answer, reasoning, choices, accepted."""
    return pl.DataFrame({"text": [text for question in questions for text in _texts(question)]}, {"text": pl.String})


def _texts(question: Question) -> Iterator[str]:
    yield from (question.text, question.answer, question.item.reasoning)
    yield from question.choices
    yield from question.accepted


def repaired(questions: Sequence[Question], lexicon: Lexicon) -> tuple[list[Question], pl.DataFrame]:
    """Put back the letters that questions lost; return them with a tally of the repairs."""
    frame, repairs = repair(texts_of(questions), ["text"], lexicon)
    texts = iter(frame["text"].to_list())
    mended = [_with_texts(question, texts) for question in questions]
    return mended, tally.tally("repairs", repairs, key="before", detail="after")


def _with_texts(question: Question, texts: Iterator[str]) -> Question:
    text, answer, reasoning = next(texts), next(texts), next(texts)
    return replace(
        question,
        text=text,
        answer=answer,
        item=replace(question.item, reasoning=reasoning),
        choices=tuple(next(texts) for _ in question.choices),
        accepted=_others(answer, [next(texts) for _ in question.accepted]),
    )


def _others(answer: str, accepted: Sequence[str]) -> tuple[str, ...]:
    """Leave out what says the same as the answer now that both are repaired."""
    return tuple(text for text in accepted if answer_key(text) != answer_key(answer))


def in_band(
    questions: Sequence[Question], rates: Mapping[str, float], options: RewardsOptions
) -> tuple[list[Question], list[Rejection]]:
    """Part the questions whose pass rate teaches something from the others."""
    judged = [(question, outside_band(identity_of(question), rates, options)) for question in questions]
    kept = [question for question, outside in judged if outside is None]
    return kept, [Rejection(question.item.row, *outside) for question, outside in judged if outside is not None]


def sound(
    questions: Sequence[Question], options: RewardsOptions
) -> tuple[list[Question], list[Rejection], pl.DataFrame]:
    """Part the questions that the reward pays as it should from the others, with a tally of what was verified."""
    verified = verify_questions(questions, options.answer_format)
    judged = list(zip(questions, verified.sound, strict=True))
    counts = pl.DataFrame({"key": ["right", "wrong"], "count": [verified.right, verified.wrong]})
    return (
        [question for question, fits in judged if fits],
        [Rejection(one.item.row, Reason.UNVERIFIABLE_GOLD, _listed(one)) for one, fits in judged if not fits],
        tally.tally("verified completions", counts, key="key"),
    )


def _listed(question: Question) -> str:
    return f"{question.answer} / {' | '.join(question.choices or question.item.distractors)}"


def make_rows(questions: Sequence[Question], batch: pl.DataFrame, options: RewardsOptions) -> pl.DataFrame:
    """Return the candidate rows, in the order of the questions."""
    rows = [
        {
            ROW: question.item.row,
            "id": identity_of(question),
            "source_id": question.item.source_id,
            "prompt": prompt_of(question, options),
            **gold_columns(question),
            "reference_reasoning": question.item.reasoning or None,
            "dataset": question.item.dataset,
        }
        for question in questions
    ]
    own = {name: kind for name, kind in _KEPT.items() if name not in {"source", "license"}}
    given = batch.select(ROW, pl.col(SOURCE).alias("source"), pl.col(LICENSE).alias("license"))
    return pl.DataFrame(rows, schema=own).join(given, on=ROW, how="left", maintain_order="left").select(*_KEPT)


def make_keys(questions: Sequence[Question]) -> pl.DataFrame:
    """Return the global keys; choices count as a set, so that moved choices do not hide a duplicate."""
    stems = question_key(pl.Series([question.text for question in questions], dtype=pl.String)).to_list()
    rows = [
        (
            question.item.row,
            question.item.uid,
            "\x1f".join((stem, *sorted(map(answer_key, question.choices)))),
            answer_key(question.answer),
            question.text,
        )
        for stem, question in zip(stems, questions, strict=True)
    ]
    return pl.DataFrame(rows, schema=_KEYS, orient="row")
