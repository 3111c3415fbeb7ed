"""`medmcqa-prefs`: DPO preference pairs from MedMCQA's answer key."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from openmed_data import tally
from openmed_data.arrow import hexadecimal
from openmed_data.bias import bias_figures, measure_pairs
from openmed_data.builder import LICENSE, ROW, SAMPLE, SOURCE, UID, Builder, FilterUse, Rows
from openmed_data.index_base import count_keys, gold_position, index_bases
from openmed_data.kinds import Kind
from openmed_data.sources import Upstream
from openmed_data.sources.readers import PART_ROWS
from openmed_data.text.capitals import count_capitals, small_words
from openmed_data.text.clean import clean_columns
from openmed_data.text.lost_rt import Lexicon, build_lexicon, count, repair
from openmed_data.text.options import mend_option_columns
from openmed_data.text.stems import mend_stems

from .balance import Balance
from .card import CARD
from .judge import detail, screen
from .learn import count_balance, learn_balance, with_places
from .pairs import OPTIONS, TEXTS, make_pairs
from .reasons import PrefsOptions, Reason, Style


@dataclass(frozen=True, slots=True)
class PrefsState:
    """What the whole source tells: index bases, the repair lexicon, letter and length balance, words written small."""

    bases: Mapping[str, int]
    lexicon: Lexicon
    balance: Balance
    small: frozenset[str]


class MedmcqaPrefs(Builder[PrefsOptions, PrefsState]):
    """Pairs of a right and a wrong answer to the same multiple-choice question."""

    name = "medmcqa-prefs"
    kind = Kind.PREFERENCES
    summary = "Preference pairs for DPO: the right answer of a MedMCQA question against a wrong one"
    upstream = Upstream(
        repo="openlifescienceai/medmcqa",
        license="mit",
        homepage="https://medmcqa.github.io",
    )
    columns = ("question", *OPTIONS, "cop")
    optional_columns = ("exp", "subject_name", "topic_name", "id", "choice_type")
    reasons = Reason
    # Level 2 costs one of the 4,057 rows made of the validation split, since exam questions hold no patients: where the
    # filter is in doubt, the row goes.
    filters = (FilterUse("phi", {"action": "drop", "level": 2}), FilterUse("contamination"))
    releases_gil = True
    part_rows = PART_ROWS  # its regular expressions are compiled anew for every batch
    sample = Path(__file__).with_name("sample.jsonl")
    card = CARD

    @property
    def options_model(self) -> type[PrefsOptions]:
        """Return the options of this builder."""
        return PrefsOptions

    def fit(self, batch: pl.DataFrame, options: PrefsOptions) -> pl.DataFrame:
        """Count keys, damaged words, letters of rows that stay as they are, and length classes."""
        sample = batch.filter(SAMPLE)
        tallies = [count_keys(batch), count_balance(with_places(sample), options)]
        if options.repair:
            tallies.append(tally.tally("words", count(sample, self._repaired(options)), key="word"))
        if options.style is Style.RATIONALE:
            tallies.append(count_capitals(sample[name] for name in (*TEXTS, "exp")))
        return tally.merge(tallies)

    def state(self, evidence: pl.DataFrame, options: PrefsOptions) -> PrefsState:
        """Tell the index bases, decide the repairs, and balance letters and lengths."""
        bases = index_bases(evidence, options.index_base)
        words = evidence.filter(pl.col("table") == "words").select(pl.col("key").alias("word"), "count")
        return PrefsState(bases, build_lexicon(words), learn_balance(evidence, bases), small_words(evidence))

    def rows(self, batch: pl.DataFrame, state: PrefsState, options: PrefsOptions) -> Rows:
        """Clean, repair and screen one batch, and make pairs of what is left."""
        named = with_places(batch).with_columns(gold_position(state.bases).alias("gold"))
        cleaned = clean_columns(named.with_columns(pl.col(name).alias(f"raw {name}") for name in OPTIONS), TEXTS)
        cleaned = cleaned.with_columns(mend_stems(cleaned["question"]))
        cleaned = mend_option_columns(cleaned, "question", OPTIONS)
        repairs = tally.empty()
        if options.repair:
            cleaned, repaired = repair(cleaned, self._repaired(options), state.lexicon)
            repairs = tally.tally("repairs", repaired, key="before", detail="after")
        screened = screen(cleaned, options, state.small)
        rejected = screened.filter(pl.col("reason").is_not_null()).select(ROW, "reason", detail())
        kept = screened.filter(pl.col("reason").is_null())
        return Rows(
            kept=make_pairs(kept.with_columns(self._shared_columns(kept[UID])), options, state.balance),
            rejected=rejected,
            keys=_keys(kept),
            tally=repairs,
        )

    def describe_state(self, state: PrefsState) -> Mapping[str, Any]:
        """Return the index bases and the balance; the repairs that were made are figures."""
        return {
            "index_base": dict(state.bases),
            "letter_thresholds": list(state.balance.thresholds),
            "length_class_log_weights": list(state.balance.log_weights),
        }

    def measure(self, kept: pl.DataFrame) -> pl.DataFrame:
        """Count lengths, letters and subjects of the pairs as written."""
        subjects = kept.group_by("subject").agg(pl.len().alias("count"))
        return pl.concat([measure_pairs(kept), tally.tally("subjects", subjects, key="subject")])

    def figures(self, counts: pl.DataFrame) -> Mapping[str, Any]:
        """Return length and letter bias, subjects, and every repair with its count."""
        repairs = counts.filter(pl.col("table") == "repairs").sort("count", "key", descending=[True, False])
        listed = [
            {"before": before, "after": after, "count": number}
            for before, after, number in repairs.select("key", "detail", "count").iter_rows()
        ]
        return {
            "bias": bias_figures(counts),
            "subjects": tally.table(counts, "subjects"),
            "repaired_words": sum(entry["count"] for entry in listed),
            "repairs": listed,
        }

    def _repaired(self, options: PrefsOptions) -> list[str]:
        return [*TEXTS, "exp"] if options.style is Style.RATIONALE else list(TEXTS)

    def _shared_columns(self, uid: pl.Series) -> list[pl.Expr]:
        return [
            ("medmcqa-" + pl.lit(hexadecimal(uid.to_numpy()))).alias("id"),
            pl.col(SOURCE).alias("source"),
            pl.col("id").fill_null("").alias("source_id"),
            pl.col(LICENSE).alias("license"),
            pl.col("subject_name").fill_null("Unknown").alias("subject"),
            pl.col("topic_name").fill_null("").alias("topic"),
        ]


def _keys(kept: pl.DataFrame) -> pl.DataFrame:
    """Return the global keys; options count as a set, so that moved options do not hide a duplicate."""
    keys = [pl.col(f"key {name}") for name in OPTIONS]
    as_set = pl.sum_horizontal(key.hash(seed=0) for key in keys)
    gold = pl.coalesce(pl.when(pl.col("gold") == place).then(key) for place, key in enumerate(keys))
    return kept.select(
        ROW,
        UID,
        pl.concat_str("key question", as_set, separator=" ").alias("identity"),
        gold.alias("answer"),
        pl.col("question").alias("stem"),
    )


BUILDER = MedmcqaPrefs()
