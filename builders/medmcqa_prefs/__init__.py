"""`medmcqa-prefs`: DPO preference pairs from MedMCQA's answer key."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import xxhash

from openmed_data import tally
from openmed_data.bias import bias_figures, measure_pairs
from openmed_data.builder import FILE, ROW, UID, Builder, CardText, Rows
from openmed_data.kinds import Kind
from openmed_data.seeds import uniform
from openmed_data.sources import Upstream
from openmed_data.text.clean import clean_columns
from openmed_data.text.keys import question_key
from openmed_data.text.lost_rt import Lexicon, build_lexicon, count, repair

from .answer_key import count_keys, gold_position, index_bases, key_text
from .balance import STEPS, Balance, length_classes, solve_lengths, solve_letters
from .explanations import names_letters, rationale, stated_position
from .pairs import OPTIONS, lengths_of, make_pairs
from .reasons import PrefsOptions, Reason, Style
from .screens import needs_picture, options_refer, unanswerable

TEXTS = ("question", *OPTIONS)


@dataclass(frozen=True, slots=True)
class PrefsState:
    """What the whole source tells: index bases by file, the repair lexicon, letter and length balance."""

    bases: Mapping[str, int]
    lexicon: Lexicon
    balance: Balance


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
    releases_gil = True
    sample = Path(__file__).with_name("sample.jsonl")
    card = CardText(
        title="MedMCQA preference pairs",
        what="Preference pairs for DPO, made from the answer key of [MedMCQA](https://medmcqa.github.io), a set of "
        "multiple-choice questions of Indian medical entrance examinations. Each row holds a question with four options "
        "as the prompt, the right option as the chosen reply and a wrong option of the same question as the rejected one.",
        how="Questions that cannot be learnt from are rejected, each with a reason: no key, missing or equal options, a "
        "picture that is not there, contradicting copies or explanations. Entities, tags and question numbers are "
        "removed, and the letters 'rt' that the source lost from many words are put back. Options are moved so that each "
        "letter is right equally often, unless options or explanation refer to letters. Wrong options are drawn so that "
        "length does not tell which reply is right.",
        limits="The answer keys are the source's own; some are out of date or wrong, and no clinician has reviewed them. "
        "Question styles and practice are those of Indian entrance examinations. Pairs teach which option a key prefers, "
        "not why.",
        citation="A. Pal, L. K. Umapathi, M. Sankarasubbu: MedMCQA: A Large-scale Multi-Subject Multi-Choice Dataset for "
        "Medical domain Question Answering. [PMLR 174:248–260](https://proceedings.mlr.press/v174/pal22a.html), 2022.",
        tags=("medical", "dpo", "preference", "multiple-choice"),
    )

    @property
    def options_model(self) -> type[PrefsOptions]:
        """Return the options of this builder."""
        return PrefsOptions

    def fit(self, batch: pl.DataFrame, options: PrefsOptions) -> pl.DataFrame:
        """Count keys, damaged words, letters of rows that stay as they are, and length classes."""
        tallies = [count_keys(batch)]
        if options.repair:
            tallies.append(tally.tally("words", count(batch, self._repaired(options)), key="word"))
        usable = (
            _with_places(batch)
            .with_columns(key_text(pl.col("cop")).alias("key"))
            .filter(pl.col("key").is_not_null(), *(pl.col(name).str.len_bytes() > 0 for name in OPTIONS))
        )
        return tally.merge([*tallies, *_count_letters(usable, options), *_count_lengths(usable)])

    def state(self, evidence: pl.DataFrame, options: PrefsOptions) -> PrefsState:
        """Tell the index bases, decide the repairs, and balance letters and lengths."""
        bases = index_bases(evidence, options.index_base)
        words = evidence.filter(pl.col("table") == "words").select(pl.col("key").alias("word"), "count")
        return PrefsState(bases, build_lexicon(words), _balance(evidence, bases))

    def rows(self, batch: pl.DataFrame, state: PrefsState, options: PrefsOptions) -> Rows:
        """Clean, repair and screen one batch, and make pairs of what is left."""
        named = _with_places(batch).with_columns(gold_position(state.bases).alias("gold"))
        cleaned = clean_columns(named.with_columns(pl.col(name).alias(f"raw {name}") for name in OPTIONS), TEXTS)
        cleaned = cleaned.with_columns(pl.col("question").str.replace(_NUMBER, "${1}"))
        repairs = tally.empty()
        if options.repair:
            cleaned, repaired = repair(cleaned, self._repaired(options), state.lexicon)
            repairs = tally.tally("repairs", repaired, key="before", detail="after")
        screened = _screen(cleaned, options)
        rejected = screened.filter(pl.col("reason").is_not_null()).select(ROW, "reason", _detail())
        kept = screened.filter(pl.col("reason").is_null())
        return Rows(
            kept=make_pairs(kept.with_columns(self._shared_columns()), options, state.balance),
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

    def _shared_columns(self) -> list[pl.Expr]:
        return [
            pl.format("medmcqa-{}", pl.col(UID).map_elements("{:016x}".format, return_dtype=pl.String)).alias("id"),
            pl.col(FILE).alias("source"),
            pl.col("id").fill_null("").alias("source_id"),
            pl.lit(self.upstream.license).alias("license"),
            pl.col("subject_name").fill_null("Unknown").alias("subject"),
            pl.col("topic_name").fill_null("").alias("topic"),
        ]


# "27.\t", "Q12) ", "Q.5: "; not "5-hydroxy…", "2,3-Bis…", "45-year-old".
_NUMBER = r"^(?:(?i:q(?:uestion)?|que)\.? ?(?:no\.? ?)?\d{1,4} ?[.):]|\d{1,4} ?[.)]) ?([^\d\s.])"


def _uid(batch: pl.DataFrame) -> pl.Series:
    """Return the 64-bit XXH3 hash of each row's id, question and options as they came."""
    texts = batch.select(pl.concat_str("id", *TEXTS, separator="\x1f", ignore_nulls=True).cast(pl.Binary)).to_series()
    hash_of = xxhash.xxh3_64_intdigest
    return pl.Series(UID, [hash_of(text) for text in texts.to_list()], dtype=pl.UInt64)


def _with_places(batch: pl.DataFrame) -> pl.DataFrame:
    """Add the letter that the explanation states, and whether the row's options must keep their places."""
    refers = pl.any_horizontal(options_refer(pl.col(name)) for name in OPTIONS).fill_null(value=False)
    stated = batch.with_columns(_uid(batch), stated_position(pl.col("exp")).alias("stated"))
    return stated.with_columns((refers | names_letters(pl.col("exp")) | pl.col("stated").is_not_null()).alias("fixed"))


def _count_letters(usable: pl.DataFrame, options: PrefsOptions) -> list[pl.DataFrame]:
    if not options.shuffle:
        return []
    fixed = usable.filter("fixed").group_by(FILE, "key").agg(pl.len().alias("count"))
    free = usable.filter(~pl.col("fixed"))[UID].to_numpy()
    steps = (uniform(free, options.seed, "letter") * STEPS).astype(np.int64)
    histogram = pl.Series("step", steps).value_counts()
    return [
        tally.tally("fixed letters", fixed, key=FILE, detail="key"),
        tally.tally("letter steps", histogram, key="step"),
    ]


def _count_lengths(usable: pl.DataFrame) -> list[pl.DataFrame]:
    """Count the triples of length classes under either index base, by file."""
    tallies: list[pl.DataFrame] = []
    for base in (0, 1):
        fits = usable.with_columns(pl.col("key").cast(pl.Int64, strict=False) - base)
        fits = fits.filter(pl.col("key").is_between(0, 3))
        classes = np.sort(length_classes(lengths_of(fits), fits["key"].to_numpy()), axis=1)
        triples = pl.DataFrame(classes, schema=["a", "b", "c"]).with_columns(fits[FILE])
        counted = triples.group_by(FILE, "a", "b", "c").agg(pl.len().alias("count"))
        named = counted.with_columns(pl.concat_str("a", "b", "c", separator=" ").alias("triple"))
        tallies.append(tally.tally(f"lengths from {base}", named, key=FILE, detail="triple"))
    return tallies


def _balance(evidence: pl.DataFrame, bases: Mapping[str, int]) -> Balance:
    fixed = np.zeros(4, dtype=np.int64)
    lengths: dict[tuple[int, int, int], int] = {}
    rows = evidence.filter(pl.col("key").is_in(list(bases)))
    for table, file, detail, number in rows.sort("table", "key", "detail").iter_rows():
        if table == "fixed letters" and 0 <= int(detail) - bases[file] <= 3:
            fixed[int(detail) - bases[file]] += number
        elif table == f"lengths from {bases[file]}":
            a, b, c = map(int, detail.split())
            lengths[a, b, c] = lengths.get((a, b, c), 0) + number
    steps = tally.table(evidence, "letter steps")
    histogram = np.array([steps.get(str(step), 0) for step in range(STEPS)])
    return Balance(solve_letters(histogram, fixed), solve_lengths(lengths))


def _screen(rows: pl.DataFrame, options: PrefsOptions) -> pl.DataFrame:
    """Add `reason`, null for rows that pass; the first reason in this order counts."""
    rows = rows.with_columns(
        needs_picture(rows["question"].fill_null("")).alias("picture"),
        *(question_key(rows[name]).alias(f"key {name}") for name in TEXTS),
    )
    if options.style is Style.RATIONALE:
        rows = rows.with_columns(pl.Series("rationale", [rationale(text) for text in rows["exp"]], dtype=pl.String))
    raw_empty = pl.any_horizontal(pl.col(f"raw {name}").str.strip_chars().fill_null("") == "" for name in OPTIONS)
    now_empty = pl.any_horizontal(pl.col(name).fill_null("") == "" for name in OPTIONS)
    mean_length = pl.mean_horizontal(pl.col(name).str.len_chars() for name in OPTIONS)
    tests: dict[Reason, pl.Expr] = {
        Reason.UNLABELLED: pl.col("gold").is_null(),
        Reason.MISSING_OPTION: raw_empty,
        Reason.MARKUP_ONLY_OPTION: now_empty,
        Reason.UNANSWERABLE_STEM: unanswerable(pl.col("question"), mean_length),
        Reason.NEEDS_PICTURE: pl.col("picture"),
        Reason.DUPLICATE_OPTIONS: _duplicate_options(),
        Reason.CONTRADICTING_EXPLANATION: pl.col("stated") != pl.col("gold"),
    }
    if options.style is Style.RATIONALE:
        tests[Reason.NO_CLEAN_EXPLANATION] = pl.col("rationale").is_null()
    reason = pl.coalesce(pl.when(test).then(pl.lit(code.value)) for code, test in tests.items())
    return rows.with_columns(reason.alias("reason"))


def _detail() -> pl.Expr:
    """Return the text that caused each rejection."""
    raw = pl.concat_str([pl.col(f"raw {name}").fill_null("") for name in OPTIONS], separator=" | ")
    explained = (Reason.CONTRADICTING_EXPLANATION, Reason.NO_CLEAN_EXPLANATION)
    asked = (Reason.UNANSWERABLE_STEM, Reason.NEEDS_PICTURE)
    return (
        pl.when(pl.col("reason") == Reason.UNLABELLED)
        .then(pl.col("cop").fill_null(""))
        .when(pl.col("reason").is_in(asked))
        .then(pl.col("question").fill_null(""))
        .when(pl.col("reason").is_in(explained))
        .then(pl.col("exp").fill_null("").str.slice(0, 200))
        .otherwise(raw)
        .alias("detail")
    )


def _duplicate_options() -> pl.Expr:
    keys = [pl.col(f"key {name}") for name in OPTIONS]
    return pl.any_horizontal(keys[i] == keys[j] for i in range(4) for j in range(i))


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
