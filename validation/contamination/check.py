"""Check `contamination`: no row holds an item of a benchmark; as a filter, such candidate rows go.

Which benchmarks is for the user to say: their files as published, any file of questions, or an index built before.
Where none is given the check does not run, and says so.
"""

import html
import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import polars as pl
from pydantic import Field, ValidationInfo, field_validator

from openmed_data import tally
from openmed_data.builder import ROW, ReasonCode
from openmed_data.check import FINDINGS, REJECTED, Check, CheckResult, Figure, Filtered, Plant, Rows, Scan, Settings
from openmed_data.errors import UsageError
from openmed_data.kinds import Kind, kind_of
from openmed_data.text.rows import asked, told

from .index import Index, index_file
from .local import open_index, settled
from .rows_plants import plants

NAME = "contamination"
# A shorter reply cannot hold an item's stem, whose words must say 20 nats.
_LONG_ENOUGH = 40
_GRAVE = 3
# Characters that a page or a tool's result has in code; halves of a pair stay as they are.
_ESCAPE = re.compile(r"\\+u((?![dD][89A-Fa-f])[0-9A-Fa-f]{4})")
_CODED = r"&#?[0-9A-Za-z]{2,8};|\\u[0-9A-Fa-f]{4}"


class Code(ReasonCode):
    """What can be found; the benchmark stands behind the code, as in ``contamination:mmlu/test``."""

    CONTAMINATION = "contamination", "the row holds an item of a benchmark that models are measured with"


class ContaminationSettings(Settings):
    """Settings of `contamination`."""

    benchmarks: tuple[str, ...] = Field(
        (),
        description="Benchmarks to look for: their files as published, folders of them, NAME=PATH for any file of "
        "questions, hub:OWNER/NAME@COMMIT for a known one, or one .index file; several are separated by commas.",
    )
    exclude: tuple[str, ...] = Field(
        (), description="Benchmarks to leave out, each as NAME=REASON; several are separated by semicolons."
    )
    max_rows: int = Field(0, ge=0, description="Most rows that may hold an item of one benchmark.")
    cache: str = Field("~/.cache/openmed-data", description="Folder in which built indexes are kept.")

    @field_validator("benchmarks", "exclude", mode="before")
    @classmethod
    def _split(cls, value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, str):
            return value
        parts = value.split("," if info.field_name == "benchmarks" else ";")
        return tuple(part.strip() for part in parts if part.strip())

    @field_validator("benchmarks")
    @classmethod
    def _from_anywhere(cls, benchmarks: tuple[str, ...]) -> tuple[str, ...]:
        """Look at them before any work; see `settled`."""
        try:
            return settled(benchmarks)
        except UsageError as error:
            raise ValueError(f"{error}. {error.hint}".strip()) from error


class ContaminationCheck(Check[ContaminationSettings]):
    """Benchmark items in training rows."""

    name = NAME
    summary = "no row holds an item of a benchmark (MMLU, MMLU-Pro, IFEval, MedQA, PubMedQA, MedMCQA, or your own)"
    codes = Code

    @property
    def settings_model(self) -> type[ContaminationSettings]:
        """Return the settings."""
        return ContaminationSettings

    def not_run(self, settings: ContaminationSettings) -> str:
        """Say that no benchmark was given."""
        return "" if settings.benchmarks else "no benchmarks were given to look for: --benchmarks PATH"

    def plants(
        self, rows: pl.DataFrame, kind: Kind, settings: ContaminationSettings, rng: random.Random
    ) -> Iterator[Plant]:
        """Plant items of the benchmarks in all ways in which they leak."""
        return plants(rows, kind, settings.benchmarks, rng)

    def scan(self, batch: pl.DataFrame, settings: ContaminationSettings) -> Scan:
        """Find the benchmark items in a batch."""
        if self.not_run(settings):
            return Scan()
        found = _find(batch, settings)
        ids = batch["id"] if "id" in batch.columns else pl.Series("id", [""]).new_from_index(0, batch.height)
        findings = found.select(
            pl.Series("id", ids.gather(found["row"]), dtype=pl.String),
            pl.lit("").alias("split"),
            "field",
            pl.col("start", "end"),
            _code().alias("code"),
            pl.lit(_GRAVE, pl.Int8).alias("level"),
            pl.format("item {} ({}, {})", "item_id", "rule", pl.col("score").round(2)).alias("masked"),
        )
        hits = found.group_by("benchmark").agg(pl.len().alias("count"))
        return Scan(findings.cast(FINDINGS), tally.tally("benchmark", hits, key="benchmark"))

    def assess(self, counts: pl.DataFrame, settings: ContaminationSettings) -> tuple[Figure, ...]:
        """Turn counts into one figure for each benchmark; one that is left out is named with the reason."""
        index, excluded = _index(settings), _excluded(settings)
        hits = tally.table(counts, "benchmark")
        items: Mapping[str, int] = _items(index)
        return (
            Figure("indexed_items", sum(items.values()), minimum=1, meaning="benchmark items that were looked for"),
            *(
                Figure(f"left out: {name}", items[name], meaning=f"items, not looked for: {excluded[name]}")
                if name in excluded
                else Figure(
                    name,
                    hits.get(name, 0),
                    maximum=settings.max_rows,
                    meaning=f"rows that hold one of the {items[name]:,} items of this benchmark",
                )
                for name in index.benchmarks
            ),
        )

    def run(self, rows: Rows, settings: ContaminationSettings) -> CheckResult:
        """Scan every batch; where nothing was given to look for, say what the build looked for."""
        result = super().run(rows, settings)
        built = [name for use in _uses(rows.manifest or {}) for name in use["used"].get("benchmarks", ())]
        if not (result.not_run and built):
            return result
        return replace(
            result, not_run=f"the build looked for {', '.join(built)}: give these again, with --benchmarks PATH"
        )

    def settle(self, rows: Rows, settings: ContaminationSettings) -> ContaminationSettings:
        """Leave out the benchmarks that the rows were made from: what the build left out, or what `prepare` finds."""
        if self.not_run(settings):
            return settings
        known = _excluded_by(rows.manifest or {}, _index(settings).digest)
        if known is not None:
            return _excluding(settings, known | _excluded(settings))
        return self.prepare(settings, (batch for _, batch in rows.batches()))

    def filter(self, candidates: pl.DataFrame, settings: ContaminationSettings) -> Filtered:
        """Take out the rows that hold an item."""
        if self.not_run(settings):
            return Filtered(candidates)
        best = _find(candidates, settings).sort("row", "score", "benchmark", descending=[False, True, False])
        found = best.unique("row", keep="first", maintain_order=True)
        rejected = candidates.select(ROW, "id")[found["row"]].with_columns(
            found.select(
                _code().alias("reason"),
                pl.format("item {} in {} ({}, {})", "item_id", "field", "rule", pl.col("score").round(2)).alias(
                    "detail"
                ),
            )
        )
        kept = candidates.with_row_index("row").filter(~pl.col("row").is_in(found["row"].implode())).drop("row")
        return Filtered(kept, rejected.cast(REJECTED))

    def record(self, settings: ContaminationSettings) -> Mapping[str, Any]:
        """Return the digest of the index, its benchmarks and what is left out; no path of this machine."""
        if reason := self.not_run(settings):
            return {"not_run": reason}
        index = _index(settings)
        return {"index": index.digest, "benchmarks": _items(index), "excluded": _excluded(settings)}

    def recall(self, recorded: Mapping[str, Any], given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the index that the build looked into, where it is still kept; a manifest knows no path."""
        digest = str(recorded.get("index", ""))
        cache = Path(given.get("cache", ContaminationSettings.model_fields["cache"].default)).expanduser()
        if not digest.isalnum() or "benchmarks" in given or not index_file(digest, cache).is_file():
            return {}
        return {"benchmarks": (str(index_file(digest, cache)),)}

    def prepare(self, settings: ContaminationSettings, source: Iterable[pl.DataFrame]) -> ContaminationSettings:
        """Leave out, with the reason, each benchmark that the source itself is: see `_own_rows`.

        Raises
        ------
        UsageError
            The benchmarks cannot be read, or one that is none of them is to be left out.
        """
        if self.not_run(settings):
            return settings
        index, path = open_index(settings.benchmarks, Path(settings.cache).expanduser())
        given = _excluded(settings)
        if unknown := given.keys() - set(index.benchmarks):
            hint = f"The index holds {', '.join(index.benchmarks)}."
            raise UsageError(
                f"contamination.exclude names {', '.join(sorted(unknown))}, which is not indexed", hint=hint
            )
        ready = settings.model_copy(update={"benchmarks": (str(path),)})
        return _excluding(ready, _own_rows(index, source) | given)


def _find(frame: pl.DataFrame, settings: ContaminationSettings) -> pl.DataFrame:
    """Scan what rows ask, tell and show in the rest of their prompts; return the best item of row and benchmark."""
    kind = kind_of(set(frame.columns))
    if kind is None:
        raise UsageError(f"rows of the columns {', '.join(frame.columns)} are none of the four kinds of dataset")
    long = pl.col("text").str.len_chars() >= _LONG_ENOUGH
    texts = pl.concat(
        [
            _placed("asked", asked(frame, kind)),
            _placed("told", told(frame, kind)).filter(long),
            *([_placed("shown", _shown(frame)).filter(long)] if frame.schema.get("prompt") == pl.List else []),
        ]
    ).with_columns(pl.col("text").fill_null(""))
    texts = texts.with_columns(_decoded(texts["text"]))
    found = _index(settings).scan(texts["text"].to_list(), exclude=_excluded(settings))
    placed = found.with_columns(texts[found["row"]].select(pl.col("place").alias("row"), "field"))
    order = ["row", "benchmark", "score", "item_id"]
    return placed.sort(order, descending=[False, False, True, False]).unique(
        ["row", "benchmark"], keep="first", maintain_order=True
    )


def _placed(field: str, texts: pl.Series) -> pl.DataFrame:
    return pl.select(pl.int_range(texts.len()).alias("place"), pl.lit(field).alias("field"), text=texts)


def _decoded(texts: pl.Series) -> pl.Series:
    """Put the characters themselves in the place of HTML's entities and JSON's escapes."""
    coded = texts.str.contains(_CODED).arg_true()
    plain = [html.unescape(_ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)) for text in texts.gather(coded)]
    return texts.scatter(coded, plain)


def _shown(frame: pl.DataFrame) -> pl.Series:
    """Return what a prompt says besides the user's turns: those of the system, and earlier replies."""
    return told(frame.select(messages="prompt"), Kind.SFT)


def _own_rows(index: Index, source: Iterable[pl.DataFrame]) -> dict[str, str]:
    """Return, with the reason, each benchmark that the rows are: by id and by text, not by id alone.

    Half of the rows, or half of the benchmark's items, say that the rows were made from it; fewer are a leak.
    """
    own = dict.fromkeys(index.benchmarks, 0)
    rows = 0
    for batch in source:
        rows += batch.height
        for name, count in _own_in(index, batch).items():
            own[name] += count
    items = _items(index)
    return {
        name: f"{count:,} of the {rows:,} rows are items of it, by their ids and their text"
        for name, count in own.items()
        if count and 2 * count >= min(rows, items[name])
    }


def _own_in(index: Index, batch: pl.DataFrame) -> dict[str, int]:
    names = [name for name, dtype in batch.schema.items() if dtype == pl.String and "id" in name.lower().split("_")]
    every = pl.Series(sorted(frozenset[str]().union(*index.ids_by_benchmark.values())), dtype=pl.String)
    likely = batch.filter(
        pl.any_horizontal(pl.lit(value=False), *(pl.col(name).is_in(every.implode()) for name in names))
    )
    if not likely.height:
        return {}
    found = index.scan(_whole(likely).to_list())
    named = likely.select(pl.int_range(pl.len(), dtype=pl.Int64).alias("row"), pl.concat_list(names).alias("ids"))
    own = found.join(named, on="row").filter(pl.col("item_id").is_in(pl.col("ids"))).unique(["row", "benchmark"])
    return dict(own.group_by("benchmark").agg(pl.len()).iter_rows())


def _whole(frame: pl.DataFrame) -> pl.Series:
    kind = kind_of(set(frame.columns))
    if kind is not None:
        return asked(frame, kind).fill_null("")
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String and not name.startswith("_")]
    return frame.select(pl.concat_str(texts, separator="\n", ignore_nulls=True)).to_series()


def _index(settings: ContaminationSettings) -> Index:
    return open_index(settings.benchmarks, Path(settings.cache).expanduser())[0]


def _items(index: Index) -> dict[str, int]:
    return dict(index.summary().select("benchmark", "items").iter_rows())


def _excluded(settings: ContaminationSettings) -> dict[str, str]:
    pairs = (text.partition("=") for text in settings.exclude)
    return {name.strip(): reason.strip() or "no reason was given" for name, _, reason in pairs}


def _excluding(settings: ContaminationSettings, excluded: Mapping[str, str]) -> ContaminationSettings:
    return settings.model_copy(update={"exclude": tuple(f"{name}={why}" for name, why in sorted(excluded.items()))})


def _excluded_by(manifest: Mapping[str, Any], digest: str) -> dict[str, str] | None:
    """Return what the build left out, where it looked for the same items; None where it did not."""
    used = (use["used"] for use in _uses(manifest))
    return next((cast(dict[str, str], one["excluded"]) for one in used if one.get("index") == digest), None)


def _uses(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [use for use in manifest.get("filters", ()) if use["check"] == NAME]


def _code() -> pl.Expr:
    return pl.format(f"{Code.CONTAMINATION}:{{}}", "benchmark")


CHECK = ContaminationCheck()
