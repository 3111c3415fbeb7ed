"""`sft-synthetic`: medical instruction dialogues grounded in public sources."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from openmed_data import tally
from openmed_data.builder import SAMPLE, SHAPE, Builder, FilterUse, Rows
from openmed_data.index_base import count_keys, index_bases
from openmed_data.kinds import Kind
from openmed_data.progress import Progress
from openmed_data.sources import Source, Upstream
from openmed_data.text.capitals import count_capitals
from openmed_data.text.lost_rt import build_lexicon, count

from . import generating
from .card import CARD
from .converting import OTHER_COLUMNS, REPAIRED, SHAPES, ConvertState, convert, prepare
from .exams import MEDMCQA, MEDREASON, OPTIONS
from .figures import count_rows, figures_of
from .grounded.reasons import GroundedReason
from .learn import count_words, learn
from .options import Generator, Reason, SftOptions, joined
from .passages import MEDQUAD, PUBMEDQA

# The licence of each public dataset; nothing tells that of a source of another's making.
_LICENSES = {MEDQUAD: "cc-by-4.0", MEDMCQA: "mit", MEDREASON: "apache-2.0", PUBMEDQA: "mit"}
_UNKNOWN = "unknown"


class SftSynthetic(Builder[SftOptions, ConvertState]):
    """Dialogues whose answers are the sources' own sentences."""

    name = "sft-synthetic"
    kind = Kind.SFT
    summary = "Instruction dialogues from MedQuAD, MedMCQA, MedReason and PubMedQA: grounded, in many phrasings"
    upstream = Upstream(repo="lavita/MedQuAD", license="cc-by-4.0", homepage="https://github.com/abachaa/MedQuAD")
    shapes = SHAPES
    optional_columns = OTHER_COLUMNS
    reasons = joined(Reason, GroundedReason)
    filters = (FilterUse("phi", {"action": "drop", "level": 2}), FilterUse("contamination"))
    sample = Path(__file__).with_name("sample.jsonl")
    part_rows = 2_048
    card = CARD

    @property
    def options_model(self) -> type[SftOptions]:
        """Return the options of this builder."""
        return SftOptions

    def source(self, text: str | None) -> Source:
        """Find the source; a local file has the licence of the dataset whose columns it has.

        Raises
        ------
        UsageError, SourceError
            As `Builder.source`.
        """
        found = super().source(text)
        if found.repo is not None or text == "sample":
            return found
        shapes = {part.shape for file in found.files for part in islice(self.parts(file), 1)}
        licenses = {_LICENSES.get(shape, _UNKNOWN) for shape in shapes}
        return replace(found, license=licenses.pop() if len(licenses) == 1 else _UNKNOWN)

    def fit(self, batch: pl.DataFrame, options: SftOptions) -> pl.DataFrame:
        """Count the words of answers, answer keys and damaged words, each for the sources that need it."""
        shape = str(batch[SHAPE].first()) if batch.height else ""
        counts = [tally.empty()]
        if shape == MEDQUAD:
            counts.append(count_words(batch["answer"], batch["focus"]))
        if shape == MEDMCQA:
            counts.append(count_keys(batch))
            texts = batch.filter(SAMPLE)
            counts.append(count_capitals(texts[name] for name in ("question", *OPTIONS, "exp")))
        if options.repair and shape in REPAIRED:
            words = count(batch.filter(SAMPLE), REPAIRED[shape])
            counts.append(tally.tally("words", words, key="word"))
        return tally.merge(counts)

    def state(self, evidence: pl.DataFrame, options: SftOptions) -> ConvertState:
        """Learn the source's language, tell the index bases, decide the repairs."""
        words = evidence.filter(pl.col("table") == "words").select(pl.col("key").alias("word"), "count")
        return ConvertState(
            language=learn(evidence),
            bases=dict(index_bases(evidence, options.index_base)),
            lexicon=build_lexicon(words) if words.height else None,
        )

    def prepare(
        self, state: ConvertState, source: Iterable[pl.DataFrame], options: SftOptions, progress: Progress
    ) -> ConvertState:
        """Compare the answers of the whole source and pair questions on one subject."""
        match options.generator:
            case Generator.CONVERT:
                return replace(state, plan=prepare(state, source, options, progress))
            case Generator.LLM:
                return replace(state, grounded=generating.prepare(state, source, options, progress))

    def rows(self, batch: pl.DataFrame, state: ConvertState, options: SftOptions) -> Rows:
        """Make the dialogues of one batch."""
        match options.generator:
            case Generator.CONVERT:
                return convert(batch, state, options)
            case Generator.LLM:
                return generating.generate(batch, state, options)

    def measure(self, kept: pl.DataFrame) -> pl.DataFrame:
        """Count tasks, topics, phrasings, lengths and n-grams of the rows as written."""
        return count_rows(kept)

    def describe_state(self, state: ConvertState) -> Mapping[str, Any]:
        """Return the index bases and how much was learnt and planned."""
        return {
            "index_base": dict(state.bases),
            "words_parted": len(state.language.glued),
            "words_written_small": len(state.language.small),
            "second_turns": len(state.plan.seconds),
            **({"llm": state.grounded.facts} if state.grounded.facts else {}),
        }

    def figures(self, counts: pl.DataFrame) -> Mapping[str, Any]:
        """Return what the rows are and how varied they are."""
        return {**figures_of(counts), **generating.figures_of(counts)}


BUILDER = SftSynthetic()
