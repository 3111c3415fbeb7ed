"""`medreason-rewards`: GRPO prompts with verifiable answers from MedReason and sources of its kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from openmed_data import tally
from openmed_data.builder import FILE, SAMPLE, SHAPE, Builder, FilterUse, Rows
from openmed_data.index_base import count_keys, index_bases
from openmed_data.kinds import Kind
from openmed_data.sources import Upstream
from openmed_data.text.lost_rt import Lexicon, build_lexicon, count

from .card import CARD
from .figures import count_rows, count_test_splits, figures_of
from .judge import judge
from .learn import Thresholds, count_letters, learn_letters, shuffle
from .making import REJECTED, in_band, make_keys, make_rows, repaired, sound, texts_of
from .pass_rates import read_pass_rates
from .reasons import Reason, RewardsOptions
from .shapes import MEDMCQA, OTHER_COLUMNS, SHAPES, read_items


@dataclass(frozen=True, slots=True)
class RewardsState:
    """What the whole source tells: index bases by file, the repair lexicon, letter thresholds; and the pass rates."""

    bases: Mapping[str, int]
    lexicon: Lexicon
    thresholds: Thresholds
    pass_rates: Mapping[str, float]


class MedreasonRewards(Builder[RewardsOptions, RewardsState]):
    """Prompts whose answers can be checked, each with its gold."""

    name = "medreason-rewards"
    kind = Kind.REWARDS
    summary = "Verifiable prompts for GRPO from MedReason: each answer is checked against the reward in the build"
    upstream = Upstream(
        repo="UCSC-VLAA/MedReason", license="apache-2.0", homepage="https://github.com/UCSC-VLAA/MedReason"
    )
    shapes = SHAPES
    optional_columns = OTHER_COLUMNS
    reasons = Reason
    # MedReason is built from test splits too: without benchmarks to look for, the report says that nobody looked.
    filters = (FilterUse("phi", {"action": "drop", "level": 2}), FilterUse("contamination"))
    sample = Path(__file__).with_name("sample.jsonl")
    card = CARD

    @property
    def options_model(self) -> type[RewardsOptions]:
        """Return the options of this builder."""
        return RewardsOptions

    def fit(self, batch: pl.DataFrame, options: RewardsOptions) -> pl.DataFrame:
        """Count answer keys, damaged words, and letters under every index base that may hold."""
        with_keys = batch[SHAPE].first() == MEDMCQA
        tallies = [count_keys(batch)] if with_keys else []
        sample = batch.filter(SAMPLE)
        for base in (0, 1) if with_keys else (0,):
            items = read_items(sample, dict.fromkeys(batch[FILE].unique(), base))
            questions, _ = judge(items, options)
            if options.shuffle:
                tallies.append(count_letters(questions, base, options.seed))
            if options.repair and base == 0:
                tallies.append(tally.tally("words", count(texts_of(questions), ["text"]), key="word"))
        return tally.merge(tallies)

    def state(self, evidence: pl.DataFrame, options: RewardsOptions) -> RewardsState:
        """Tell the index bases, decide the repairs, balance the letters; read the pass rates."""
        bases = index_bases(evidence, options.index_base)
        words = evidence.filter(pl.col("table") == "words").select(pl.col("key").alias("word"), "count")
        rates = read_pass_rates(options.pass_rate_file) if options.pass_rate_file else {}
        return RewardsState(bases, build_lexicon(words), learn_letters(evidence, bases), rates)

    def rows(self, batch: pl.DataFrame, state: RewardsState, options: RewardsOptions) -> Rows:
        """Read, judge, repair and shuffle one batch, and keep what the reward pays as it should."""
        questions, rejected = judge(read_items(batch, state.bases), options)
        counts = [tally.empty()]
        if options.repair:
            questions, repairs = repaired(questions, state.lexicon)
            counts.append(repairs)
        if options.shuffle:
            questions = shuffle(questions, state.thresholds, options.seed)
        questions, outside = in_band(questions, state.pass_rates, options)
        questions, unsound, verified = sound(questions, options)
        rejections = [*rejected, *outside, *unsound]
        return Rows(
            kept=make_rows(questions, batch, options),
            rejected=pl.DataFrame(rejections, schema=REJECTED, orient="row"),
            keys=make_keys(questions),
            tally=tally.merge([*counts, verified, count_test_splits(rejections)]),
        )

    def measure(self, kept: pl.DataFrame) -> pl.DataFrame:
        """Count answer types, datasets, letters and prompt lengths of the rows as written."""
        return count_rows(kept)

    def describe_state(self, state: RewardsState) -> Mapping[str, Any]:
        """Return the index bases, the letter thresholds and how many prompts are rated."""
        return {
            "index_base": dict(state.bases),
            "letter_thresholds": {str(number): list(at) for number, at in state.thresholds.items()},
            "rated_prompts": len(state.pass_rates),
        }

    def figures(self, counts: pl.DataFrame) -> Mapping[str, Any]:
        """Return what the rows are, what was verified, and what was left out or repaired."""
        return figures_of(counts)


BUILDER = MedreasonRewards()
