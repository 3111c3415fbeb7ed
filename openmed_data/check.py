"""What a check is: data, plus small pure things, used as a filter in a build and as an assertion in `validate`.

A check looks at rows in batches, reports findings (never the text itself, only a masked form of it) and counts that
merge. From the merged counts it makes figures, each held against a threshold; Great Expectations turns these into the
verdict. A check whose question spans batches overrides `run`.
"""

import random
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import polars as pl
from pydantic import BaseModel, ConfigDict, ValidationError

from openmed_data import tally
from openmed_data.builder import ReasonCode
from openmed_data.errors import UsageError, refused_values
from openmed_data.kinds import Kind

# One row for each finding: the row's id, the field it stands in (with its path, as in `prompt[0].content`), its place
# in characters, what it is, how grave it is (3 fails, 2 fails or is reviewed, 1 is reported), and a masked form of it.
FINDINGS = pl.Schema(
    {
        "id": pl.String,
        "split": pl.String,
        "field": pl.String,
        "start": pl.Int64,
        "end": pl.Int64,
        "code": pl.String,
        "level": pl.Int8,
        "masked": pl.String,
    }
)


class Severity(StrEnum):
    """What a figure beyond its threshold means."""

    FAIL = "fail"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number that a check reports, with the range it must lie in (None: no bound on that side)."""

    name: str
    value: float
    minimum: float | None = None
    maximum: float | None = None
    severity: Severity = Severity.FAIL
    meaning: str = ""

    @property
    def passed(self) -> bool:
        """Whether the value lies within its range; a NaN does not."""
        above = self.minimum is None or self.value >= self.minimum
        below = self.maximum is None or self.value <= self.maximum
        return above and below and self.value == self.value


@dataclass(frozen=True, slots=True)
class Scan:
    """What a check found in one batch."""

    findings: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=FINDINGS))
    counts: pl.DataFrame = field(default_factory=tally.empty)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check says of a dataset.

    Attributes
    ----------
    figures
        Numbers with their thresholds; the verdict.
    findings
        At most `Check.most_findings` of them, gravest first; all are counted in the figures.
    tables
        Distributions worth showing, title → label → count.
    not_run
        Why the check could not look at the rows; it then has no figures, and nobody may read it as passed.
    """

    check: str
    figures: tuple[Figure, ...]
    findings: pl.DataFrame
    tables: Mapping[str, Mapping[str, float]] = field(default_factory=dict[str, Mapping[str, float]])
    rows: int = 0
    not_run: str = ""


REJECTED = pl.Schema({"_row": pl.UInt64, "id": pl.String, "reason": pl.String, "detail": pl.String})


@dataclass(frozen=True, slots=True)
class Filtered:
    """What a filter makes of candidate rows.

    Attributes
    ----------
    kept
        Rows that stay, maybe redacted.
    rejected
        `ROW`, `id`, `reason` and `detail` of the rest; a detail is masked where it must be.
    mended
        Counts of what was changed in the rows that stay, as a tally.
    """

    kept: pl.DataFrame
    rejected: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=REJECTED))
    mended: pl.DataFrame = field(default_factory=tally.empty)


@dataclass(frozen=True, slots=True)
class Plant:
    """Rows with a fault put into them on purpose, to measure whether a check finds it; see `openmed_data.self_test`.

    Attributes
    ----------
    code
        What the check should say of each of the rows; of a fault of all rows together, the figure that should be
        beyond its range.
    rows
        The faulty rows. They take the place of the rows that have their ids; others are added.
    how
        What was done to them, in words.
    split
        The split in which they stand.
    together
        Whether the fault shows in a figure only, and in no single row.
    any_code
        Whether a finding of level 2 or 3, of any code, is asked for: what matters is that the row is caught.
    """

    code: str
    rows: pl.DataFrame
    how: str = ""
    split: str = "train"
    together: bool = False
    any_code: bool = False


class Rows(Protocol):
    """A dataset as checks see it."""

    @property
    def kind(self) -> Kind:
        """What the dataset is for."""
        ...

    @property
    def manifest(self) -> Mapping[str, Any] | None:
        """The build's manifest, where there is one."""
        ...

    def batches(self) -> Iterator[tuple[str, pl.DataFrame]]:
        """Yield split name and rows, a bounded number at a time."""
        ...


class Settings(BaseModel):
    """Thresholds of a check; each one subclasses it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


SettingsT = TypeVar("SettingsT", bound=Settings)


class Check(ABC, Generic[SettingsT]):
    """One check. A module of the room `validation` offers it as ``CHECK``.

    Attributes
    ----------
    name
        What ``--checks`` and reports call it.
    kinds
        Kinds of dataset that it has something to say about.
    codes
        What it can find.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    kinds: ClassVar[frozenset[Kind]] = frozenset(Kind)
    codes: ClassVar[type[ReasonCode]]
    most_findings: ClassVar[int] = 200

    @property
    @abstractmethod
    def settings_model(self) -> type[SettingsT]:
        """The model of this check's thresholds, all with defaults."""

    @abstractmethod
    def scan(self, batch: pl.DataFrame, settings: SettingsT) -> Scan:
        """Look at one batch of rows."""

    @abstractmethod
    def assess(self, counts: pl.DataFrame, settings: SettingsT) -> tuple[Figure, ...]:
        """Turn the merged counts of all batches into figures."""

    def tables(self, counts: pl.DataFrame) -> Mapping[str, Mapping[str, float]]:  # noqa: ARG002
        """Return distributions worth showing."""
        return {}

    def run(self, rows: Rows, settings: SettingsT) -> CheckResult:
        """Scan every batch and assess the sum."""
        if reason := self.not_run(settings):
            return CheckResult(self.name, (), pl.DataFrame(schema=FINDINGS), not_run=reason)
        from openmed_data.spread import spread

        settings = self.settle(rows, settings)
        with spread(rows) as shared:
            scanned = list(shared.over(partial(self.scan_all, settings=settings)))
        counts = tally.merge(one.counts for one, _ in scanned)
        findings = self.gravest([one.findings for one, _ in scanned])
        rows_ = sum(rows for _, rows in scanned)
        return CheckResult(self.name, self.assess(counts, settings), findings, self.tables(counts), rows_)

    def scan_all(self, batches: Iterable[tuple[str, pl.DataFrame]], settings: SettingsT) -> tuple[Scan, int]:
        """Scan some batches; return the gravest findings, the counts of all, and the number of rows.

        Raises
        ------
        BuildError
            The check failed on a row, which is named.
        """
        from openmed_data.pipeline.blame import blaming

        findings: list[pl.DataFrame] = []
        counts = tally.empty()
        total = 0
        for split, batch in batches:
            scan = blaming(
                f"check '{self.name}'", partial(self.scan, settings=settings), batch, where=partial(_row, split)
            )
            total += batch.height
            counts = tally.merge([counts, scan.counts])
            findings = [self.gravest([*findings, scan.findings.with_columns(pl.lit(split).alias("split"))])]
        return Scan(self.gravest(findings), counts), total

    def gravest(self, findings: list[pl.DataFrame]) -> pl.DataFrame:
        """Return the first `most_findings` findings, gravest first."""
        every = pl.concat([pl.DataFrame(schema=FINDINGS), *(frame.select(FINDINGS.names()) for frame in findings)])
        # By all that tells findings apart, so that the order of batches and the number of workers do not show.
        by = ["level", "id", "field", "start", "end", "code", "split", "masked"]
        return every.sort(by, descending=[name == "level" for name in by]).head(self.most_findings)

    def filter(self, candidates: pl.DataFrame, settings: SettingsT) -> Filtered:
        """Take out, or mend, candidate rows of a build, each judged by itself; the default keeps all."""
        del settings
        return Filtered(candidates)

    def not_run(self, settings: SettingsT) -> str:  # noqa: ARG002
        """Say why the check cannot look at rows with these settings; the empty text where it can."""
        return ""

    def settle(self, rows: Rows, settings: SettingsT) -> SettingsT:  # noqa: ARG002
        """Settle, before the first batch is scanned, what only the whole dataset or its manifest can tell."""
        return settings

    def record(self, settings: SettingsT) -> Mapping[str, Any]:
        """Return what a manifest says of the settings: all that decisions depend on, and nothing of this machine.

        A build asks before it reads its source.

        Raises
        ------
        UsageError
            What the settings name cannot be read, or decides otherwise on another machine.
        """
        return settings.model_dump(mode="json")

    def recall(self, recorded: Mapping[str, Any], given: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG002
        """Return the settings that `record` gave `recorded` for, as far as they hold beside those `given` now."""
        return {name: value for name, value in recorded.items() if name in self.settings_model.model_fields}

    def plants(self, rows: pl.DataFrame, kind: Kind, settings: SettingsT, rng: random.Random) -> Iterator[Plant]:  # noqa: ARG002
        """Plant the faults that this check is to find, each into rows of `rows`; the default plants none."""
        return iter(())

    def prepare(self, settings: SettingsT, source: Iterable[pl.DataFrame]) -> SettingsT:  # noqa: ARG002
        """Settle, before the first batch of a build is filtered, what only the whole source can tell.

        Parameters
        ----------
        settings
            As the user gave them.
        source
            The rows of the source in batches, every column as text; reading it costs a pass.

        Returns
        -------
        SettingsT
            What `filter` is called with, in every worker.
        """
        return settings


def _row(split: str, rows: pl.DataFrame) -> str:
    return f"the row '{rows['id'][0]}' of {split}"


def parse_settings(check: Check[Any], given: Mapping[str, Any]) -> Settings:
    """Validate thresholds given by name; every problem is reported together.

    Raises
    ------
    UsageError
        A threshold does not exist or has a value of the wrong kind.
    """
    try:
        return check.settings_model.model_validate(dict(given))
    except ValidationError as error:
        known = ", ".join(check.settings_model.model_fields) or "none"
        message = "\n  ".join([f"check '{check.name}' cannot use these thresholds:", *refused_values(error)])
        raise UsageError(message, hint=f"It has: {known}.") from error
