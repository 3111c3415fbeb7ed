"""Check `rewards`: the verifier takes each prompt's answer and no other choice, and the prompt shows the choices.

A prompt whose own answer earns nothing, or that pays for two, teaches nothing or the wrong thing, and training does not
say so: the reward only stays low. Every answer of a row is therefore given to the verifier that will judge completions.
"""

import random
from collections.abc import Iterator

import polars as pl
from pydantic import Field

from openmed_data import tally
from openmed_data.answers import AnswerType, Gold, gold_from_columns, is_sound, verify
from openmed_data.builder import ReasonCode
from openmed_data.check import FINDINGS, Check, Figure, Plant, Scan, Settings
from openmed_data.kinds import Kind
from openmed_data.rewards.correct import GOLD_COLUMNS
from openmed_data.text.normalize import answer_key
from openmed_data.text.rows import asked

from ._offered import listed_options
from ._plants_rewards import plants


class Fault(ReasonCode):
    """What can be wrong with a prompt that is to be verified."""

    UNSOUND = (
        "unsound_answers",
        "rows whose own answer, or one they accept, earns no reward, or another choice earns it",
    )
    HIDDEN = "hidden_choices", "rows with a choice that the prompt does not show, or shows under another letter"


class RewardsSettings(Settings):
    """Thresholds of `rewards`."""

    max_faulty: int = Field(0, ge=0, description="Most rows that may have one and the same fault.")


class RewardsCheck(Check[RewardsSettings]):
    """Answers that the reward pays, and choices that the prompt shows."""

    name = "rewards"
    summary = "the reward is earned by each prompt's own answer and no other choice, and the prompt shows the choices"
    kinds = frozenset({Kind.REWARDS})
    codes = Fault

    @property
    def settings_model(self) -> type[RewardsSettings]:
        """Return the thresholds."""
        return RewardsSettings

    def plants(self, rows: pl.DataFrame, kind: Kind, settings: RewardsSettings, rng: random.Random) -> Iterator[Plant]:
        """Plant answers that the verifier cannot tell from others, and choices that are not shown."""
        del kind, settings, rng
        return plants(rows)

    def scan(self, batch: pl.DataFrame, settings: RewardsSettings) -> Scan:  # noqa: ARG002
        """Give the answers of every row to the verifier, and look for its choices in the prompt."""
        prompts = asked(batch, Kind.REWARDS)
        found: list[tuple[int, str, str]] = []
        for row, gold in _golds(batch):
            if not _is_sound(gold):
                found.append((row, "answer", str(Fault.UNSOUND)))
            if gold.answer_type is AnswerType.CHOICE and _hides(prompts[row] or "", gold):
                found.append((row, "prompt", str(Fault.HIDDEN)))
        every = pl.DataFrame(found, schema=_FOUND, orient="row")
        rows = every.group_by("code").agg(pl.len().alias("count"))
        counted = pl.DataFrame([("rows", "rows", "", batch.height)], schema=tally.SCHEMA, orient="row")
        return Scan(_findings(every, batch), tally.merge([tally.tally("fault", rows, key="code"), counted]))

    def assess(self, counts: pl.DataFrame, settings: RewardsSettings) -> tuple[Figure, ...]:
        """Turn counts into one figure for each fault."""
        faults = tally.table(counts, "fault")
        return tuple(
            Figure(fault, faults.get(fault, 0), maximum=settings.max_faulty, meaning=fault.meaning) for fault in Fault
        )


_FOUND = pl.Schema({"row": pl.Int64, "field": pl.String, "code": pl.String})


def _golds(batch: pl.DataFrame) -> Iterator[tuple[int, Gold]]:
    """Yield the rows that have an answer of a known type; others are the business of `schema` and `quality`."""
    held = batch.select(name for name in GOLD_COLUMNS if name in batch.columns)
    for row, columns in enumerate(held.iter_rows(named=True)):
        if columns["answer"] and columns["answer_type"] in set(AnswerType):
            yield row, gold_from_columns(**columns)


def _is_sound(gold: Gold) -> bool:
    return is_sound(gold) and all(verify(f"<answer>{said}</answer>", gold) for said in (gold.answer, *gold.accepted))


def _hides(prompt: str, gold: Gold) -> bool:
    """Say whether a prompt leaves out one of the choices, or lists them under other letters."""
    listed = listed_options(prompt)
    if listed:
        return any(answer_key(listed.get(label, "")) != answer_key(text) for label, text in gold.choices.items())
    shown = answer_key(prompt)
    return any(answer_key(text) not in shown for text in gold.choices.values())


def _findings(found: pl.DataFrame, batch: pl.DataFrame) -> pl.DataFrame:
    shown = found.group_by("code", maintain_order=True).head(RewardsCheck.most_findings)
    blank = {"split": pl.lit(""), "start": pl.lit(0), "end": pl.lit(0), "level": pl.lit(2), "masked": pl.lit("")}
    ids = batch["id"].cast(pl.String).fill_null("").gather(shown["row"])
    return shown.with_columns(ids, **blank).select(FINDINGS.names()).cast(FINDINGS)


CHECK = RewardsCheck()
