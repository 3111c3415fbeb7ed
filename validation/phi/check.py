"""Check `phi`: no text of a dataset identifies a person; as a filter, such candidate rows go or are mended.

Every text of every column is read, message lists and the JSON of tool calls included. Findings have three levels (see
`kinds.Level`): one of level 3 fails a dataset, those of level 2 fail it above a rate, those of level 1 are listed.
"""

import hashlib
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import polars as pl
from pydantic import Field

from openmed_data import tally
from openmed_data.builder import ROW, ReasonCode
from openmed_data.check import (
    FINDINGS,
    REJECTED,
    Check,
    CheckResult,
    Figure,
    Filtered,
    Plant,
    Rows,
    Scan,
    Settings,
    Severity,
)
from openmed_data.errors import UsageError
from openmed_data.kinds import Kind

from .columns import scan_columns
from .kinds import Finding, IdentifierType, Level, Profile
from .plants import plants
from .redact import redact
from .rewrite import rewrite
from .surrogates import Surrogates

NAME = "phi"
# An identifier in one of these cannot be replaced: they say where the row comes from.
_FIXED = frozenset({"id", "source", "source_id", "license"})


class Code(ReasonCode):
    """What can be found: the classes of HIPAA's Safe Harbor list."""

    NAME = "phi:name", "a name that something ties to a person"
    LOCATION = "phi:location", "an address, or a place smaller than a state that is tied to a person"
    DATE = "phi:date", "a date that is tied to a person"
    AGE = "phi:age", "an age over 89"
    PHONE = "phi:phone", "a telephone number"
    FAX = "phi:fax", "a fax number"
    EMAIL = "phi:email", "an e-mail address"
    SSN = "phi:ssn", "a social security or other national number"
    MRN = "phi:mrn", "a medical record number"
    HEALTH_PLAN = "phi:health_plan", "a number of a health plan's beneficiary"
    ACCOUNT = "phi:account", "a number of an account or card"
    LICENSE = "phi:license", "a number of a certificate or licence"
    VEHICLE = "phi:vehicle", "a number of a vehicle or its plate"
    DEVICE = "phi:device", "an identifier or serial number of a device"
    URL = "phi:url", "a web address that is tied to a person"
    IP = "phi:ip", "an address of a computer"
    BIOMETRIC = "phi:biometric", "a biometric identifier"
    PHOTO = "phi:photo", "a photograph of a person"
    OTHER_ID = "phi:other_id", "another number or code that identifies a person"


CODES = {kind.value: Code[kind.name].value for kind in IdentifierType}


class Action(StrEnum):
    """What a build does with a candidate row that identifies a person."""

    FAIL = "fail"
    DROP = "drop"
    REDACT = "redact"
    SURROGATE = "surrogate"
    FLAG = "flag"


class PhiSettings(Settings):
    """Settings of `phi`."""

    profile: Profile = Field(Profile.GATE, description="gate: for exams and questions; strict: for notes about people.")
    action: Action = Field(
        Action.DROP,
        description="What a build does with rows that hold identifiers. drop: reject them; redact: put the class in "
        "brackets; surrogate: put invented values; fail: keep them, so that validation fails; flag: keep them, and "
        "validation warns.",
    )
    level: int = Field(2, ge=1, le=3, description="Lowest level of finding on which a build acts.")
    max_level_3_rows: int = Field(0, ge=0, description="Most rows with an identifier by its form or label.")
    max_level_2_per_1000: float = Field(
        1.0, ge=0, description="Most rows of a thousand with a name, address or date that is tied to a person."
    )
    seed: int = Field(42, ge=0, description="Seed of the invented values.")
    model: str = Field(
        "",
        description="Folder of a token-classification model, or its repository on the Hub, that `validate` asks beside "
        "the rules.",
    )


@dataclass(frozen=True)
class PhiCheck(Check[PhiSettings]):
    """Identifiers of persons in any text.

    Attributes
    ----------
    invented
        Hashes of values that a build put in the place of identifiers; they are none.
    """

    invented: frozenset[str] = frozenset()

    name = NAME
    summary = "no text identifies a person (the 18 Safe Harbor classes)"
    codes = Code

    @property
    def settings_model(self) -> type[PhiSettings]:
        """Return the settings."""
        return PhiSettings

    def plants(self, rows: pl.DataFrame, kind: Kind, settings: PhiSettings, rng: random.Random) -> Iterator[Plant]:
        """Plant every class of identifier."""
        del rng
        return plants(rows, kind, settings.seed)

    def scan(self, batch: pl.DataFrame, settings: PhiSettings) -> Scan:
        """Find identifiers in every text of the batch."""
        found = self._found(batch, settings)
        ids = batch["id"] if "id" in batch.columns else pl.Series("id", [""]).new_from_index(0, batch.height)
        findings = found.select(
            pl.Series("id", ids.gather(found["row"]), dtype=pl.String),
            pl.lit("").alias("split"),
            "field",
            pl.col("start", "end").cast(pl.Int64),
            pl.col("type").cast(pl.String).replace(CODES).alias("code"),
            pl.col("level").cast(pl.Int8),
            "masked",
        )
        return Scan(findings.cast(FINDINGS), _count(found, batch.height))

    def assess(self, counts: pl.DataFrame, settings: PhiSettings) -> tuple[Figure, ...]:
        """Turn counts into rows of level 3, rows of level 2 per thousand, and the rate of each class."""
        rows = max(1, tally.table(counts, "rows").get("rows", 0))
        gravest = tally.table(counts, "gravest")
        hard, context = gravest.get("3", 0), gravest.get("2", 0)
        severity = Severity.WARN if settings.action is Action.FLAG else Severity.FAIL
        told = "rows that hold a name, address or date tied to a person"
        return (
            Figure(
                "level_3_rows",
                hard,
                maximum=settings.max_level_3_rows,
                severity=severity,
                meaning="rows that hold an identifier by its form or its label",
            ),
            Figure(
                "level_2_per_1000",
                round(1000 * context / rows, 3),
                maximum=settings.max_level_2_per_1000,
                severity=severity,
                meaning=f"{told}, of every thousand",
            ),
            Figure("level_2_rows", context, maximum=0, severity=Severity.WARN, meaning=told),
            *(
                Figure(
                    f"{code.removeprefix('phi:')}_per_1000", round(1000 * count / rows, 3), meaning=Code(code).meaning
                )
                for code, count in tally.table(counts, "class").items()
            ),
        )

    def tables(self, counts: pl.DataFrame) -> Mapping[str, Mapping[str, float]]:
        """Return rows by the gravest level found in them."""
        gravest = tally.table(counts, "gravest")
        none = tally.table(counts, "rows").get("rows", 0) - sum(gravest.values())
        found = {f"level {level}": float(rows) for level, rows in gravest.items()}
        return {"rows by their gravest identifier": {"none": float(none), **found}} if found else {}

    def record(self, settings: PhiSettings) -> Mapping[str, Any]:
        """Return the settings, and refuse a model: what it finds differs from machine to machine.

        Raises
        ------
        UsageError
            `model` is set.
        """
        if settings.model:
            hint = f"Build without it, and then: openmed-data validate BUILD --set phi.model={settings.model}"
            raise UsageError("phi.model is for validate; what a model finds is not the same everywhere", hint=hint)
        return super().record(settings)

    def run(self, rows: Rows, settings: PhiSettings) -> CheckResult:
        """Scan every batch; values that the build itself invented do not count."""
        return super(PhiCheck, replace(self, invented=_invented(rows.manifest or {}))).run(rows, settings)

    def filter(self, candidates: pl.DataFrame, settings: PhiSettings) -> Filtered:
        """Drop the rows with identifiers, or put something else in their place."""
        if settings.action in {Action.FAIL, Action.FLAG}:
            return Filtered(candidates)
        found = self._found(candidates, settings).filter(pl.col("level") >= settings.level)
        if not found.height:
            return Filtered(candidates)
        whole = settings.action is Action.DROP
        dropped = found.filter(pl.lit(whole) | pl.col("field").is_in(_FIXED))["row"].unique()
        rejected = _rejected(candidates, found.filter(pl.col("row").is_in(dropped.implode())))
        left = found.filter(~pl.col("row").is_in(dropped.implode()))
        numbered = candidates.with_row_index("row")
        kept = numbered.filter(~pl.col("row").is_in(dropped.implode()))
        if not left.height:
            return Filtered(kept.drop("row"), rejected)
        mended, counts = self._mended(numbered, left, settings)
        same = kept.filter(~pl.col("row").is_in(mended["row"].implode()))
        return Filtered(pl.concat([same, mended]).sort("row").drop("row"), rejected, counts)

    def _found(self, frame: pl.DataFrame, settings: PhiSettings) -> pl.DataFrame:
        found = scan_columns(frame, settings.profile, settings.model)
        if not self.invented:
            return found
        return found.filter(
            pl.Series([_hash(value) not in self.invented for value in found["value"]], dtype=pl.Boolean)
        )

    def _mended(
        self, numbered: pl.DataFrame, found: pl.DataFrame, settings: PhiSettings
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return the rows of `found` with their identifiers replaced, and what was replaced."""
        rows = numbered.filter(pl.col("row").is_in(found["row"].unique().implode()))
        texts = _texts_at(found)
        replaced: list[dict[str, Any]] = []
        for row in rows.iter_rows(named=True):
            spans = texts[row["row"]]
            invent = _surrogates(row["id"], spans, settings) if settings.action is Action.SURROGATE else None
            new = {path: redact(text, marks, invent) for path, (text, marks) in spans.items()}
            replaced.append({name: rewrite(value, name, new) for name, value in row.items()})
        mended = pl.DataFrame(replaced, schema=rows.schema)
        counts = [_by_code(found, "mended")]
        if settings.action is Action.SURROGATE:
            hashes = sorted({_hash(value) for value in scan_columns(mended.drop("row"), settings.profile)["value"]})
            known = pl.DataFrame({"hash": hashes, "count": [1] * len(hashes)}, schema={"hash": pl.String, "count": int})
            counts.append(tally.tally("invented", known, key="hash"))
        return mended, tally.merge(counts)


_Texts = dict[str, tuple[str, list[Finding]]]


def _texts_at(found: pl.DataFrame) -> dict[int, _Texts]:
    """Return row → path → the text there and its findings."""
    spans: dict[int, _Texts] = {}
    columns = ("row", "field", "text", "start", "end", "type", "level")
    for row, path, text, start, end, kind, level in found.select(columns).iter_rows():
        at = spans.setdefault(row, {}).setdefault(path, (text, []))
        at[1].append(Finding(start, end, IdentifierType(kind), level))
    return spans


def _surrogates(row: str, texts: _Texts, settings: PhiSettings) -> Surrogates:
    held = ((text[one.start : one.end], one.type) for text, marks in texts.values() for one in marks)
    return Surrogates(settings.seed, row, held)


def _rejected(candidates: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Return one line for each row of `found`: its gravest finding, masked."""
    gravest = found.sort("row", "level", "field", "start", descending=[False, True, False, False])
    first = gravest.unique("row", keep="first", maintain_order=True)
    rows = candidates.select(ROW, "id")[first["row"]]
    return rows.with_columns(
        first["type"].cast(pl.String).replace(CODES).alias("reason"),
        first.select(pl.format("{}: {}", "field", "masked").alias("detail")).to_series(),
    ).cast(REJECTED)


def _count(found: pl.DataFrame, rows: int) -> pl.DataFrame:
    gravest = found.group_by("row").agg(pl.col("level").max()).group_by("level").agg(pl.len().alias("count"))
    grave = found.filter(pl.col("level") >= Level.CONTEXT)
    counted = pl.DataFrame([("rows", "rows", "", rows)], schema=tally.SCHEMA, orient="row")
    return tally.merge([counted, tally.tally("gravest", gravest, key="level"), _by_code(grave, "class")])


def _by_code(found: pl.DataFrame, table: str) -> pl.DataFrame:
    """Count the rows that hold each class."""
    coded = found.select("row", pl.col("type").cast(pl.String).replace(CODES).alias("code"))
    return tally.tally(table, coded.unique().group_by("code").agg(pl.len().alias("count")), key="code")


def _hash(value: str) -> str:
    return hashlib.blake2b(value.encode(), digest_size=16).hexdigest()


def _invented(manifest: Mapping[str, Any]) -> frozenset[str]:
    """Return the hashes of invented values, as the build's manifest lists them."""
    uses = (one for one in manifest.get("filters", ()) if one["check"] == NAME)
    return frozenset(value for one in uses for value in one["mended"].get("invented", ()))


CHECK = PhiCheck()
