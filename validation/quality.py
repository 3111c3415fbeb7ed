"""Check `quality`: texts are whole, readable, in the right language, and say something.

Each fault is counted in rows, as a share of all. The rules are made to be quiet on clean text: where a text may be
either, it passes. Each rule looks at the texts it can judge: what a tool returned may well be HTML, and the rejected
reply of a pair may well refuse.
"""

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import polars as pl

from openmed_data import tally
from openmed_data.check import FINDINGS, Check, Figure, Plant, Scan
from openmed_data.kinds import Kind, kind_of
from openmed_data.mask import mask
from openmed_data.text.refusals import REFUSAL, offers_a_tool

from . import _quality_patterns as patterns
from ._lengths import count_lengths, length_table
from ._plants_quality import plants
from ._quality_faults import SEVERITY, Fault, Language, QualitySettings
from ._quality_language import other_language
from ._quality_lost_letters import lost_rt
from ._quality_repetition import repetitive
from ._quality_replies import count_replies, echoes, repeated_replies
from ._quality_truncation import open_ended, truncated
from ._texts import texts_of

__all__ = ["CHECK", "Fault", "Language", "QualityCheck", "QualitySettings"]

_WRITTEN = frozenset({"user", "assistant", "system", "developer", "answer", "reasoning", "choice"})
_PROSE = frozenset({"user", "assistant", "reasoning"})
_REPLIES = frozenset({"assistant", "reasoning"})
_EVERYONE = _WRITTEN | {"tool"}
_MAY_BE_BLANK = "reasoning"  # rows without a reference reasoning are fine


@dataclass(frozen=True, slots=True)
class _Rule:
    """A fault, the roles whose texts it is looked for in, how it is found in them, and how to point at it."""

    fault: Fault
    roles: frozenset[str]
    found: Callable[[pl.Series], pl.Series]
    where: re.Pattern[str] | None = None
    level: int = 2


def _matching(fault: Fault, roles: frozenset[str], pattern: str) -> _Rule:
    return _Rule(fault, roles, lambda texts: texts.str.contains(pattern), re.compile(pattern))


def _empty(texts: pl.Series) -> pl.Series:
    return texts.str.contains(patterns.NOTHING) | texts.str.contains(patterns.NO_OPTION)


def _outside_code(pattern: str) -> Callable[[pl.Series], pl.Series]:
    """Return the search for `pattern`, deaf to code, where braces and brackets have a meaning of their own."""

    def search(texts: pl.Series) -> pl.Series:
        found = texts.str.contains(pattern)
        places = found.arg_true()
        prose = texts.gather(places).str.replace_all(patterns.CODE, " ").str.contains(pattern)
        return found.clone().scatter(places.filter(~prose), values=False)

    return search


_RULES = (
    _Rule(Fault.EMPTY, _WRITTEN, _empty),
    _Rule(Fault.PLACEHOLDER, _WRITTEN, _outside_code(patterns.VARIABLE), re.compile(patterns.VARIABLE)),
    _Rule(Fault.PLACEHOLDER, _REPLIES | {"answer"}, _outside_code(patterns.GAP), re.compile(patterns.GAP)),
    _Rule(Fault.REPETITION, _REPLIES, repetitive),
    _Rule(Fault.TRUNCATED, _REPLIES, truncated),
    _Rule(Fault.OPEN_END, _REPLIES, open_ended, level=1),
    _matching(Fault.ENCODING, _EVERYONE, patterns.DAMAGE),
    _Rule(Fault.LOST_RT, _WRITTEN, lost_rt),
    _matching(Fault.MARKUP, _WRITTEN, patterns.MARKUP),
    _matching(Fault.TEMPLATE_TOKENS, _EVERYONE, patterns.TOKENS),
    _matching(Fault.REFUSAL, _REPLIES | {"answer"}, REFUSAL),
)


class QualityCheck(Check[QualitySettings]):
    """Whole, readable texts in the right language."""

    name = "quality"
    summary = "texts are whole, readable, in the right language, and say something"
    codes = Fault

    @property
    def settings_model(self) -> type[QualitySettings]:
        """Return the thresholds."""
        return QualitySettings

    def plants(self, rows: pl.DataFrame, kind: Kind, settings: QualitySettings, rng: random.Random) -> Iterator[Plant]:
        """Plant every fault, in sentences that the rules were not made from."""
        return plants(rows, kind, settings, rng)

    def scan(self, batch: pl.DataFrame, settings: QualitySettings) -> Scan:
        """Find the faults of a batch, and count the rows that have them."""
        found, texts = _examine(batch, settings)
        replies = texts.filter(pl.col("role") == "assistant")
        rows = found.group_by("code").agg(pl.col("row").n_unique().alias("count"))
        counts = [
            tally.tally("fault", rows, key="code"),
            pl.DataFrame([("rows", "rows", "", batch.height)], schema=tally.SCHEMA, orient="row"),
            count_lengths(replies.select(pl.col("text").str.len_chars().alias("reply"))),
            count_replies(texts),
        ]
        shown = found.group_by("code", maintain_order=True).head(self.most_findings)
        return Scan(_findings(shown, batch), tally.merge(counts))

    def assess(self, counts: pl.DataFrame, settings: QualitySettings) -> tuple[Figure, ...]:
        """Turn counts into one share of rows for each fault."""
        rows = tally.table(counts, "rows").get("rows", 0)
        faults = {**tally.table(counts, "fault"), Fault.SAME: repeated_replies(counts)}
        return tuple(
            Figure(
                fault,
                round(faults.get(fault, 0) / rows, 6) if rows else 0.0,
                maximum=settings.most(fault),
                severity=SEVERITY[fault],
                meaning=f"{fault.meaning}; share of rows ({faults.get(fault, 0):,} of {rows:,})",
            )
            for fault in Fault
        )

    def tables(self, counts: pl.DataFrame) -> Mapping[str, Mapping[str, float]]:
        """Return the lengths of replies."""
        lengths = length_table(counts, "reply")
        return {"text length (characters): replies": lengths} if lengths else {}


def _examine(batch: pl.DataFrame, settings: QualitySettings) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the faulty texts with the code of their fault, and all texts."""
    kind = kind_of(set(batch.columns))
    if kind is None:
        raise ValueError("the batch is of none of the four kinds")
    texts = texts_of(batch, kind)
    language = _Rule(Fault.LANGUAGE, _PROSE, partial(other_language, language=settings.language))
    long = _Rule(Fault.LONG, _EVERYONE, lambda series: series.str.len_chars() > settings.max_characters)
    tools = batch["tools"].to_list() if "tools" in batch.columns else [""] * batch.height
    parts = [_found(rule, texts, tools) for rule in (*_RULES, language, long)]
    parts += [_pointed(Fault.ECHO, echoes(texts)), _short_prompts(texts, settings.min_prompt_characters)]
    return pl.concat(parts), texts


def _found(rule: _Rule, texts: pl.DataFrame, tools: Sequence[str | None]) -> pl.DataFrame:
    judged = pl.col("role").is_in(sorted(rule.roles))
    if rule.fault is Fault.EMPTY:
        judged &= ~((pl.col("role") == _MAY_BE_BLANK) & (pl.col("text") == ""))
    if rule.fault is Fault.REFUSAL:
        judged &= pl.col("column") != "rejected"
    looked = texts.filter(judged)
    hits = looked.filter(rule.found(looked["text"]))
    if rule.fault is Fault.REFUSAL:
        spoken: list[tuple[str, int]] = hits.select("text", "row").rows()
        hits = hits.filter([not offers_a_tool(text, _names(tools[row])) for text, row in spoken])
    return _pointed(rule.fault, hits, rule.where, rule.level)


def _pointed(fault: Fault, hits: pl.DataFrame, where: re.Pattern[str] | None = None, level: int = 2) -> pl.DataFrame:
    spans = [_span(text, where) for text in hits["text"]]
    return hits.select(
        "row",
        "field",
        pl.Series("start", [start for start, _ in spans], dtype=pl.Int64),
        pl.Series("end", [end for _, end in spans], dtype=pl.Int64),
        pl.Series("masked", [mask(text[a:b]) for text, (a, b) in zip(hits["text"], spans, strict=True)], pl.String),
        pl.lit(str(fault)).alias("code"),
        pl.lit(level, pl.Int8).alias("level"),
    )


def _names(tools: str | None) -> list[str]:
    """Return the names in the JSON text of a row's tools; none where it cannot be read, which is `schema`'s to say."""
    try:
        return [tool["function"]["name"] for tool in json.loads(tools or "[]")]
    except (ValueError, TypeError, KeyError):
        return []


def _span(text: str, where: re.Pattern[str] | None) -> tuple[int, int]:
    """Return where the fault stands; the whole text where it has no place of its own."""
    hit = where.search(text) if where else None
    return hit.span() if hit else (0, len(text))


def _short_prompts(texts: pl.DataFrame, fewest: int) -> pl.DataFrame:
    asked = texts.filter(pl.col("role") == "user").group_by("row", maintain_order=True)
    short = asked.agg(pl.col("field").first(), pl.col("text").str.len_chars().sum().alias("end"))
    return short.filter(pl.col("end") < fewest).select(
        "row",
        "field",
        pl.lit(0, pl.Int64).alias("start"),
        pl.col("end").cast(pl.Int64),
        pl.lit("").alias("masked"),
        pl.lit(str(Fault.SHORT)).alias("code"),
        pl.lit(2, pl.Int8).alias("level"),
    )


def _findings(found: pl.DataFrame, batch: pl.DataFrame) -> pl.DataFrame:
    ids = batch["id"].cast(pl.String).fill_null("")
    return found.select(
        ids.gather(found["row"]).alias("id"),
        pl.lit("").alias("split"),
        "field",
        "start",
        "end",
        "code",
        "level",
        "masked",
    ).select(FINDINGS.names())


CHECK = QualityCheck()
