"""Check `pairs`: neither length nor letter tells which reply is the chosen one, and the two replies differ.

A policy trained on pairs whose chosen side is longer, or whose right letter is mostly C, learns that (length bias in
DPO: Park et al. 2024, arXiv:2403.19159). So a classifier that sees nothing but the two lengths is trained on the pairs
themselves, and letters are counted. On few pairs both scatter by chance: a figure fails only if it lies beyond its
tolerance by more than its 95% interval.
"""

import math
import random
from collections.abc import Iterator, Mapping
from statistics import NormalDist
from typing import cast

import polars as pl
from pydantic import Field

from openmed_data import tally
from openmed_data.bias import bias_figures, measure_pairs
from openmed_data.builder import ReasonCode
from openmed_data.check import Check, Figure, Plant, Scan, Settings
from openmed_data.kinds import MESSAGES, Kind
from openmed_data.text.keys import question_key

from ._cut import cut_replies
from ._flat import compatible
from ._lengths import count_lengths, length_table
from ._offered import not_offered
from ._plants_pairs import plants
from ._render import open_renderer

_SIDES = ("chosen", "rejected")
_LETTER = r"^\s*\(?[A-J][.):]\s+"  # in front of a reply; the key sees what follows it
_APART, _NEAR, _SAME = 0, 1, 2


class Fault(ReasonCode):
    """What can be wrong with a pair."""

    IDENTICAL = "identical_sides", "pairs whose chosen and rejected replies are the same text"
    NEAR_IDENTICAL = "near_identical_sides", "pairs whose replies differ in letter case, spacing or punctuation only"
    WRONG_LABEL = "wrong_labels", "pairs whose label is not the letter that the reply begins with"
    NOT_OFFERED = "replies_not_offered", "pairs one of whose replies is none of the options that the prompt lists"
    UNREADABLE = "unreadable_pairs", "pairs without text on one of the sides, which cannot be measured"
    CUT_IDENTICAL = "identical_when_cut", "pairs whose replies are the same once they are cut to max_length"
    CUT_NEAR_IDENTICAL = "near_identical_when_cut", "pairs whose replies mean the same text once cut to max_length"


_WHEN_CUT = (Fault.CUT_IDENTICAL, Fault.CUT_NEAR_IDENTICAL)


class PairsSettings(Settings):
    """Thresholds of `pairs`."""

    min_pairs: int = Field(1, ge=0, description="Fewest pairs that can be measured.")
    length_tolerance: float = Field(
        0.02, ge=0, le=0.5, description="How far a length-only classifier's accuracy may lie from 0.5."
    )
    letter_tolerance: float = Field(
        0.01, ge=0, le=1, description="How far each letter's share of the chosen replies may lie from an equal share."
    )
    max_identical: int = Field(0, ge=0, description="Most pairs with twice the same reply.")
    max_near_identical: int = Field(0, ge=0, description="Most pairs whose replies mean the same text.")
    max_wrong_labels: int = Field(0, ge=0, description="Most pairs whose label is not the reply's own letter.")
    max_not_offered: int = Field(
        0, ge=0, description="Most pairs with a reply that is not what the prompt lists under its letter."
    )
    tokenizer: str = Field(
        "", description="Folder of a tokenizer, or its Hub repository, to cut replies with; not cut if left out."
    )
    template: str = Field("", description="Jinja file of a chat template; the tokenizer's own if left out.")
    max_length: int = Field(1024, ge=1, description="Tokens of prompt and reply that the trainer keeps.")


class PairsCheck(Check[PairsSettings]):
    """Length bias, letter bias, and pairs without a difference."""

    name = "pairs"
    summary = "neither length nor letter gives the chosen reply away, and the two replies differ"
    kinds = frozenset({Kind.PREFERENCES})
    codes = Fault

    @property
    def settings_model(self) -> type[PairsSettings]:
        """Return the thresholds."""
        return PairsSettings

    def plants(self, rows: pl.DataFrame, kind: Kind, settings: PairsSettings, rng: random.Random) -> Iterator[Plant]:
        """Plant bias, and sides that do not differ."""
        del kind, settings
        return plants(rows, rng)

    def scan(self, batch: pl.DataFrame, settings: PairsSettings) -> Scan:
        """Measure the pairs that can be measured, and point at those whose sides do not differ."""
        if not all(_usable(batch, side) for side in _SIDES):
            return Scan(counts=_faults({Fault.UNREADABLE: batch.height}))
        readable = pl.all_horizontal(_reply(side).is_not_null() for side in _SIDES)
        unreadable = batch.filter(~readable.fill_null(value=False))
        pairs = batch.filter(readable)
        alike = _alike(pairs.select(_reply(side).alias(side) for side in _SIDES))
        same, near = pairs.filter(alike == _SAME), pairs.filter(alike == _NEAR)
        found = {
            Fault.IDENTICAL: same,
            Fault.NEAR_IDENTICAL: near,
            Fault.WRONG_LABEL: _mislabelled(pairs),
            Fault.NOT_OFFERED: _strange(pairs),
            Fault.UNREADABLE: unreadable,
        }
        if settings.tokenizer:
            found |= _alike_when_cut(pairs.filter(alike == _APART), settings)
        counts = [_faults({fault: rows.height for fault, rows in found.items()})]
        if pairs.height:
            lengths = pairs.select(_reply(side).str.len_chars().alias(side) for side in _SIDES)
            counts += [measure_pairs(pairs), count_lengths(lengths)]
        return Scan(pl.concat([_findings(fault, rows) for fault, rows in found.items()]), tally.merge(counts))

    def assess(self, counts: pl.DataFrame, settings: PairsSettings) -> tuple[Figure, ...]:
        """Turn counts into figures, each tolerance widened by what chance does to so many pairs."""
        bias = bias_figures(counts)
        pairs = int(bias.get("pairs", 0))
        same, near = settings.max_identical, settings.max_near_identical
        most = {Fault.IDENTICAL: same, Fault.CUT_IDENTICAL: same, Fault.NEAR_IDENTICAL: near}
        most |= {Fault.CUT_NEAR_IDENTICAL: near, Fault.WRONG_LABEL: settings.max_wrong_labels}
        most[Fault.NOT_OFFERED] = settings.max_not_offered
        faults = tally.table(counts, "fault")
        return (
            Figure("pairs", pairs, settings.min_pairs, meaning="pairs that could be measured"),
            *(
                Figure(fault, faults.get(fault, 0), maximum=most.get(fault, 0), meaning=fault.meaning)
                for fault in Fault
                if settings.tokenizer or fault not in _WHEN_CUT
            ),
            *(_length_figures(bias, settings) if pairs else ()),
            *_letter_figures(counts, settings),
        )

    def tables(self, counts: pl.DataFrame) -> Mapping[str, Mapping[str, float]]:
        """Return lengths and letters of both sides."""
        tables: dict[str, Mapping[str, float]] = {}
        for side in _SIDES:
            if lengths := length_table(counts, side):
                tables[f"reply length (characters): {side}"] = lengths
        for side in _SIDES:
            if letters := _letters(counts, side):
                tables[f"letter: {side}"] = letters
        return tables


def _length_figures(bias: Mapping[str, object], settings: PairsSettings) -> tuple[Figure, ...]:
    low, high = cast(list[float], bias["length_classifier_interval"])
    accuracy = cast(float, bias["length_classifier_accuracy"])
    margin = (high - low) / 2
    away = settings.length_tolerance + margin
    widened = f"0.5 ± {settings.length_tolerance:g}, and ± {margin:.4f} for chance"
    return (
        Figure(
            "length_classifier_accuracy",
            accuracy,
            round(0.5 - away, 4),
            round(0.5 + away, 4),
            meaning=f"how often a classifier that knows only the two lengths finds the chosen reply: {widened}",
        ),
        Figure(
            "longer_is_chosen",
            cast(float, bias["longer_is_chosen"]),
            meaning="share of pairs whose chosen reply is the longer one; ties count half",
        ),
        Figure(
            "mean_length_difference",
            cast(float, bias["mean_length_difference"]),
            meaning="by how many characters the chosen reply is longer, on average",
        ),
    )


def _letter_figures(counts: pl.DataFrame, settings: PairsSettings) -> list[Figure]:
    """Hold each letter's share of the chosen replies against an equal share of the letters that occur on either side.

    The interval is the normal one of a binomial share, at 95% for all letters together (Bonferroni).
    """
    chosen = _letters(counts, "chosen")
    names = sorted({*chosen, *_letters(counts, "rejected")})
    total = sum(chosen.values())
    if not total:
        return []
    equal = 1 / len(names)
    scatter = NormalDist().inv_cdf(1 - 0.05 / (2 * len(names))) * math.sqrt(equal * (1 - equal) / total)
    away = settings.letter_tolerance + scatter
    widened = f"{equal:.3g} ± {settings.letter_tolerance:g}, and ± {scatter:.4f} for chance"
    return [
        Figure(
            f"letter_{name}",
            round(chosen.get(name, 0) / total, 4),
            round(max(0.0, equal - away), 4),
            round(min(1.0, equal + away), 4),
            meaning=f"share of chosen replies with letter {name}: {widened}",
        )
        for name in names
    ]


def _letters(counts: pl.DataFrame, side: str) -> dict[str, int]:
    """Return the counts of single letters; what is none is the business of the check `schema`."""
    return {name: count for name, count in tally.table(counts, f"{side} letter").items() if name and len(name) == 1}


def _usable(batch: pl.DataFrame, side: str) -> bool:
    found = batch.schema.get(side)
    return isinstance(found, pl.List) and compatible(found, MESSAGES)


def _reply(side: str) -> pl.Expr:
    return pl.col(side).list.last().struct.field("content").cast(pl.String)


def _alike(replies: pl.DataFrame) -> pl.Series:
    """Tell pairs whose replies are the same text, and pairs whose replies have one key: it keeps every sign."""
    bare = replies.select(pl.col(side).str.replace(_LETTER, "") for side in _SIDES)
    chosen, rejected = (question_key(bare[side]) for side in _SIDES)
    same = replies["chosen"] == replies["rejected"]
    near = (chosen == rejected) & (chosen != "")
    return pl.select(pl.when(same).then(_SAME).when(near).then(_NEAR).otherwise(_APART)).to_series()


def _mislabelled(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs one of whose labels contradicts its reply; a reply without a letter contradicts nothing."""
    labelled = [side for side in _SIDES if pairs.schema.get(f"{side}_label") == pl.String]
    wrong = [
        _reply(side).str.extract(r"^\s*\(?([A-J])[.):]\s") != pl.col(f"{side}_label").replace("", None)
        for side in labelled
    ]
    return pairs.filter(pl.any_horizontal(pl.lit(value=False), *wrong).fill_null(value=False))


def _strange(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs one of whose replies is none of the options that the prompt lists, if it lists any."""
    if not _usable(pairs, "prompt"):
        return pairs.clear()
    labels = [name for side in _SIDES if pairs.schema.get(name := f"{side}_label") == pl.String]
    texts = pairs.select(*(_reply(name).alias(name) for name in ("prompt", *_SIDES)), *labels)
    return pairs.filter(not_offered(texts, "chosen") | not_offered(texts, "rejected"))


def _alike_when_cut(pairs: pl.DataFrame, settings: PairsSettings) -> dict[Fault, pl.DataFrame]:
    """Tell pairs that truncation makes alike; pairs that no template renders are the business of the check `chat`."""
    renderer = open_renderer(settings.tokenizer, settings.template)
    cut = cut_replies(pairs, renderer, settings.max_length)
    kept = pairs[cut["row"]]
    alike = _alike(cut)
    return {Fault.CUT_IDENTICAL: kept.filter(alike == _SAME), Fault.CUT_NEAR_IDENTICAL: kept.filter(alike == _NEAR)}


def _faults(found: Mapping[Fault, int]) -> pl.DataFrame:
    rows = [("fault", str(fault), "", count) for fault, count in found.items()]
    return pl.DataFrame(rows, schema=tally.SCHEMA, orient="row")


def _findings(fault: Fault, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.head(PairsCheck.most_findings).select(
        pl.col("id").cast(pl.String).fill_null("").alias("id"),
        pl.lit("").alias("split"),
        pl.lit("chosen").alias("field"),
        pl.lit(0, pl.Int64).alias("start"),
        pl.lit(0, pl.Int64).alias("end"),
        pl.lit(str(fault)).alias("code"),
        pl.lit(2, pl.Int8).alias("level"),
        pl.lit("").alias("masked"),
    )


CHECK = PairsCheck()
