"""Check `schema`: rows have the form that their kind declares.

Columns and their types, values where there must be some, message lists that a chat template can render, labels that
name options, and ids that occur once. Great Expectations counts the rows that break the native rules; polars says the
same rules again to point at the rows, and the two must agree.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
from pydantic import Field

from openmed_data import tally
from openmed_data.check import FINDINGS, Check, CheckResult, Figure, Plant, Rows, Scan, Settings, Severity
from openmed_data.kinds import Kind, kind_of
from openmed_data.kinds import schema as declared
from openmed_data.mask import mask
from openmed_data.spread import Batches, spread
from openmed_data.verdict import ColumnJudge, Outcome, VerdictError

from ._flat import compatible, flatten, message_columns
from ._form import REQUIRED, ColumnRule, Fault, column_rules
from ._lengths import count_lengths, length_table
from ._plants_form import plants

_GRAVE, _FAULTY = 3, 2  # levels of findings about columns and about rows
_SUBJECT = {Kind.SFT: "domain", Kind.PREFERENCES: "subject", Kind.REWARDS: "dataset", Kind.TRACES: "format"}
# A label that fewer rows have could single one of them out; it is counted under "other".
_FEWEST_PER_LABEL = 3
_MOST_LABELS = 24
_ROW_FAULTS = tuple(fault for fault in Fault if fault not in {Fault.MISSING_COLUMN, Fault.WRONG_TYPE})


class SchemaSettings(Settings):
    """Thresholds of `schema`."""

    min_rows: int = Field(1, ge=0, description="Fewest rows of the whole dataset.")
    max_faulty: int = Field(0, ge=0, description="Most rows that may have one and the same fault of form.")
    labels: str = Field("ABCDEFGHIJ", description="The letters that an option may have.")


@dataclass(frozen=True)
class SchemaCheck(Check[SchemaSettings]):
    """Columns, types, values, messages, labels and ids.

    Attributes
    ----------
    kind
        What the dataset is for; told from the columns if None.
    built
        Whether a manifest promises every declared column. Files of other makers need only what their trainer reads.
    """

    kind: Kind | None = None
    built: bool = False

    name = "schema"
    summary = "columns, types, message lists, labels and ids have the form that the kind declares"
    codes = Fault

    @property
    def settings_model(self) -> type[SchemaSettings]:
        """Return the thresholds."""
        return SchemaSettings

    def plants(self, rows: pl.DataFrame, kind: Kind, settings: SchemaSettings, rng: random.Random) -> Iterator[Plant]:
        """Plant every fault of rows."""
        del settings, rng
        return plants(rows, kind)

    def scan(self, batch: pl.DataFrame, settings: SchemaSettings) -> Scan:
        """Point at the rows that break a rule, and count them."""
        kind = self.kind or kind_of(set(batch.columns))
        if kind is None:
            return Scan()
        flat = flatten(batch, kind)
        findings, counts = self._columns(batch, kind)
        for rule in self.rules(kind, settings):
            hit = batch.select("id").filter(flat.select(rule.broken().fill_null(value=False)).to_series())
            counts.append(_count("fault", rule.fault, rule.field, hit.height))
            findings.append(_row_findings(rule, hit, flat))
        counts += [_count("rows", "rows", "", batch.height), _subjects(flat, kind), _lengths(batch, flat, kind)]
        return Scan(pl.concat(findings), tally.merge(counts))

    def assess(self, counts: pl.DataFrame, settings: SchemaSettings) -> tuple[Figure, ...]:
        """Turn counts into figures: rows, columns, and one figure for each fault of rows but repeated ids."""
        lost = set(tally.table(counts, Fault.MISSING_COLUMN))
        needed = set(REQUIRED[self.kind]) if self.kind and not self.built else lost
        faults = tally.table(counts, "fault")
        return (
            Figure("rows", tally.table(counts, "rows").get("rows", 0), settings.min_rows, meaning="rows of all splits"),
            Figure(Fault.MISSING_COLUMN, len(lost & needed), maximum=0, meaning=Fault.MISSING_COLUMN.meaning),
            Figure(
                "missing_optional_columns",
                len(lost - needed),
                maximum=0,
                severity=Severity.WARN,
                meaning="declared columns that training does without",
            ),
            Figure(
                Fault.WRONG_TYPE,
                len(tally.table(counts, Fault.WRONG_TYPE)),
                maximum=0,
                meaning=Fault.WRONG_TYPE.meaning,
            ),
            *(_fault_figure(fault, faults.get(fault, 0), settings) for fault in _ROW_FAULTS if fault in faults),
        )

    def tables(self, counts: pl.DataFrame) -> Mapping[str, Mapping[str, float]]:
        """Return rows by subject and the lengths of prompts or conversations."""
        tables: dict[str, Mapping[str, float]] = {}
        for name in ("prompt", "messages"):
            if lengths := length_table(counts, name):
                tables[f"{name} length (characters)"] = lengths
        if subjects := tally.table(counts, "subject"):
            tables["rows by subject"] = _most_common(subjects)
        return tables

    def run(self, rows: Rows, settings: SchemaSettings) -> CheckResult:
        """Scan every batch, let Great Expectations count as well, and compare ids across batches and splits.

        Raises
        ------
        VerdictError
            Great Expectations and polars count differently: a defect of this program.
        """
        bound = replace(self, kind=rows.kind, built=rows.manifest is not None)
        with spread(rows) as shared:
            heard = list(shared.over(partial(_hear, check=bound, kind=rows.kind, settings=settings)))
        rules = bound.rules(rows.kind, settings)
        counts = tally.merge(one.scan.counts for one in heard)
        figures = bound.assess(counts, settings)
        _require_agreement(rules, heard, figures)
        repeated = _fault_figure(Fault.DUPLICATE_ID, _repeated(heard), settings)
        extra = [_repeated_ids(rows, self.most_findings)] if repeated.value else []
        findings = self.gravest([one.scan.findings.unique(maintain_order=True) for one in heard])
        found = self.gravest([findings.unique(maintain_order=True), *extra])
        return CheckResult(self.name, (*figures, repeated), found, self.tables(counts), sum(one.rows for one in heard))

    def rules(self, kind: Kind, settings: SchemaSettings) -> tuple[ColumnRule, ...]:
        """Return the row-level rules for rows of `kind`."""
        return column_rules(kind, settings.labels, provenance=self.built)

    def _columns(self, batch: pl.DataFrame, kind: Kind) -> tuple[list[pl.DataFrame], list[pl.DataFrame]]:
        """Return findings and counts about the columns as such."""
        findings, counts = [pl.DataFrame(schema=FINDINGS)], [tally.empty()]
        columns: list[pa.Field[Any]] = list(declared(kind))
        for column in columns:
            absent = column.name not in batch.columns
            if not absent and compatible(batch.schema[column.name], column.type):
                continue
            code = Fault.MISSING_COLUMN if absent else Fault.WRONG_TYPE
            counts.append(_count(code, column.name, "", 1))
            if self.built or column.name in REQUIRED[kind] or not absent:
                findings.append(_findings(pl.DataFrame({"id": [""]}), column.name, code, _GRAVE, [""]))
        return findings, counts


def _count(table: str, key: str, detail: str, count: int) -> pl.DataFrame:
    return pl.DataFrame([(table, str(key), detail, count)], schema=tally.SCHEMA, orient="row")


def _fault_figure(fault: Fault, rows: int, settings: SchemaSettings) -> Figure:
    return Figure(fault, rows, maximum=settings.max_faulty, meaning=fault.meaning)


def _row_findings(rule: ColumnRule, hit: pl.DataFrame, flat: pl.DataFrame) -> pl.DataFrame:
    """Return one finding for each row of `hit`; of the value itself at most a masked form."""
    hit = hit.head(SchemaCheck.most_findings)
    if rule.fault is not Fault.BAD_VALUE or not hit.height:
        return _findings(hit, rule.field, rule.fault, _FAULTY, [""] * hit.height)
    values = flat.filter(rule.broken().fill_null(value=False))[rule.column].cast(pl.String)
    return _findings(hit, rule.field, rule.fault, _FAULTY, [mask(value) for value in values.head(hit.height)])


def _findings(hit: pl.DataFrame, column: str, code: Fault, level: int, masked: Sequence[str]) -> pl.DataFrame:
    return hit.select(
        pl.col("id").cast(pl.String).fill_null("").alias("id"),
        pl.lit("").alias("split"),
        pl.lit(column).alias("field"),
        pl.lit(0, pl.Int64).alias("start"),
        pl.lit(0, pl.Int64).alias("end"),
        pl.lit(str(code)).alias("code"),
        pl.lit(level, pl.Int8).alias("level"),
        pl.Series("masked", masked, dtype=pl.String),
    )


def _subjects(flat: pl.DataFrame, kind: Kind) -> pl.DataFrame:
    name = pl.col(_SUBJECT[kind]).fill_null("").alias("subject")
    return tally.tally("subject", flat.group_by(name).agg(pl.len().alias("count")), key="subject")


def _lengths(batch: pl.DataFrame, flat: pl.DataFrame, kind: Kind) -> pl.DataFrame:
    """Count the lengths of prompts and conversations; replies of pairs are the business of the check `pairs`."""
    names = [
        name
        for name in message_columns(kind)
        if name in {"prompt", "messages"} and flat[f"{name}.messages"].null_count() < flat.height
    ]
    characters = pl.element().struct.field("content").cast(pl.String).str.len_chars()
    return count_lengths(batch.select(pl.col(name).list.eval(characters).list.sum() for name in names))


def _most_common(counts: Mapping[str, int]) -> Mapping[str, float]:
    """Return the labels that most rows have, most first; rare ones are added up."""
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    shown = [(name or "(none)", rows) for name, rows in ranked[:_MOST_LABELS] if rows >= _FEWEST_PER_LABEL]
    rest = sum(counts.values()) - sum(rows for _, rows in shown)
    return dict([*shown, ("(other)", rest)] if rest else shown)


@dataclass(frozen=True, slots=True)
class _Heard:
    """What a stretch of rows told: what the check found, what the judge of columns counted, and hashes of the ids."""

    scan: Scan
    rows: int
    outcomes: tuple[Outcome, ...]
    ids: npt.NDArray[np.uint64]


def _hear(batches: Batches, check: "SchemaCheck", kind: Kind, settings: SchemaSettings) -> _Heard:
    judge = ColumnJudge([rule.rule for rule in check.rules(kind, settings)])
    hashes = [np.empty(0, dtype=np.uint64)]

    def heard() -> Iterator[tuple[str, pl.DataFrame]]:
        for split, batch in batches:
            judge.add(flatten(batch, kind))
            hashes.append(_id_hashes(batch).to_numpy())
            yield split, batch

    scan, rows = check.scan_all(heard(), settings)
    return _Heard(scan, rows, judge.finish(), np.concatenate(hashes))


def _repeated(heard: Sequence[_Heard]) -> int:
    """Count rows whose id an earlier row has; 64-bit hashes, so memory is 8 bytes a row."""
    every = np.concatenate([np.empty(0, dtype=np.uint64), *(one.ids for one in heard)])
    every.sort()
    return int(np.count_nonzero(every[1:] == every[:-1]))


def _id_hashes(batch: pl.DataFrame) -> pl.Series:
    return batch["id"].drop_nulls().cast(pl.String).hash(seed=0)


def _repeated_ids(rows: Rows, most: int) -> pl.DataFrame:
    """Read the ids again and point at rows whose id came before."""
    seen: set[int] = set()
    found = [pl.DataFrame(schema=FINDINGS)]
    for split, batch in rows.batches():
        ids = batch.select(pl.col("id").drop_nulls())
        again: list[bool] = []
        for code in _id_hashes(batch):
            again.append(code in seen)
            seen.add(code)
        hit = ids.filter(pl.Series(again, dtype=pl.Boolean))
        finding = _findings(hit, "id", Fault.DUPLICATE_ID, _FAULTY, [""] * hit.height)
        found.append(finding.with_columns(pl.lit(split).alias("split")))
    return pl.concat(found).head(most)


def _require_agreement(rules: Sequence[ColumnRule], heard: Sequence[_Heard], figures: Sequence[Figure]) -> None:
    """Raise `VerdictError` where the two counts of a fault differ."""
    native: dict[str, int] = {}
    for one in heard:
        for rule, outcome in zip(rules, one.outcomes, strict=True):
            native[rule.fault] = native.get(rule.fault, 0) + outcome.unexpected
    for figure in figures:
        if native.get(figure.name, figure.value) != figure.value:
            raise VerdictError(
                f"schema: Great Expectations counts {native[figure.name]} {figure.name}, polars {figure.value:.0f}"
            )


CHECK = SchemaCheck()
