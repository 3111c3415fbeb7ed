"""What a builder is: data, plus three small pure things. The engine does everything else.

A builder never reads or writes files. It gets batches of source rows, every column as text, and answers with rows of
its kind and with rejected rows; streaming, workers, global steps, books, splits and writing are the engine's.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Generic, Self, TypeVar

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from openmed_data import tally
from openmed_data.kinds import Kind
from openmed_data.progress import Progress
from openmed_data.sources import Source, SourceFile, Upstream, resolve
from openmed_data.sources.readers import PART_ROWS, USUAL_ROWS, Part, parts
from openmed_data.sources.resolve import READABLE

# Columns that the engine adds to every batch of source rows.
ROW = "_row"  # number of the row in the whole source, from 0
FILE = "_file"  # name of its file
SOURCE = "_source"  # where the row comes from: the Hub repository, or the name of the source
LICENSE = "_license"  # the licence of the source
LINE = "_line"  # number of the row in its file, from 1
SHAPE = "_shape"  # name of the shape that its file has
SAMPLE = "_sample"  # whether the row is one of those that `fit` may spend time on, about `FIT_ROWS` of the whole source
UID = "_uid"  # 64 bits that identify a used row by its content; every seeded choice derives from them


FIT_ROWS = 20_000


class ReasonCode(StrEnum):
    """Base of a builder's reasons for rejecting a row: a code, and its meaning in words.

    Examples
    --------
    >>> class Reason(ReasonCode):
    ...     UNLABELLED = "unlabelled", "the row has no answer key"
    >>> Reason.UNLABELLED, Reason.UNLABELLED.meaning
    (<Reason.UNLABELLED: 'unlabelled'>, 'the row has no answer key')
    """

    meaning: str

    def __new__(cls, code: str, meaning: str) -> Self:
        """Keep `meaning` beside the code."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member


class GlobalReason(ReasonCode):
    """Reasons that only the whole source can give; the engine decides them."""

    DUPLICATE = "duplicate", "the same question, options and key as an earlier row; the first one is kept"
    CONFLICT = "conflicting_key", "the same question and options as another row, with another key; none is kept"
    SPLIT_LEAK = "split_leak", "its stem is nearly that of a row in the validation or test split of the same source"


class Options(BaseModel):
    """Options that every builder has; a builder adds its own by subclassing."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    seed: int = Field(42, ge=0, description="Seed of every per-row choice.")
    validation_fraction: float = Field(
        0.05, ge=0, le=0.5, description="Share of rows put into the validation split of a source without splits."
    )


@dataclass(frozen=True, slots=True)
class Rows:
    """What a builder makes of one batch.

    Attributes
    ----------
    kept
        Candidate rows: the kind's columns and `ROW`.
    rejected
        Source rows that gave no candidate: `ROW`, `reason` and `detail`, the text that caused it.
    keys
        One row for each source row that gave candidates: `ROW`, `UID`, and the identities that the global steps work
        on: `identity` (equal for duplicates whatever their answer), `answer` (equal for equal answers), `stem` (text
        that must not straddle splits).
    tally
        Counts for the manifest; see `openmed_data.tally`.
    """

    kept: pl.DataFrame
    rejected: pl.DataFrame
    keys: pl.DataFrame
    tally: pl.DataFrame = field(default_factory=tally.empty)


@dataclass(frozen=True, slots=True)
class FilterUse:
    """A check by which a build filters its candidate rows.

    Attributes
    ----------
    check
        Name of the check.
    settings
        Its settings, where they are not to be the defaults; the user's come before these.
    """

    check: str
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class CardText:
    """A builder's own paragraphs of the dataset card, in Markdown; figures come from the manifest.

    Attributes
    ----------
    citation
        What to cite, with a link; the upstream's homepage where it is empty.
    languages
        ISO 639-1 codes.
    """

    title: str
    what: str
    how: str
    limits: str
    citation: str = ""
    languages: tuple[str, ...] = ("en",)
    tags: tuple[str, ...] = ()


OptionsT = TypeVar("OptionsT", bound=Options)
StateT = TypeVar("StateT")


class Builder(ABC, Generic[OptionsT, StateT]):
    """One dataset. See `docs/new-dataset.md` for a complete example.

    Attributes
    ----------
    name
        What follows ``openmed-data build``.
    columns, optional_columns
        Source columns that must and may be there.
    shapes
        For a builder that reads sources of several shapes, instead of `columns`: name of each shape → the columns
        that a file of that shape must have. The file's columns decide, and the batch says which shape it has.
    reasons
        The builder's own reasons for rejecting rows.
    filters
        The checks that candidate rows must pass, in this order; a row that one takes out, the next does not see.
    releases_gil
        Whether `rows` spends its time in polars, which leaves the interpreter free: workers are then threads, which
        start at once and copy nothing, unless filters have much to do. Otherwise they are processes.
    sample
        Path of a bundled sample of the source.
    suffixes
        Endings of the files that it reads, below any compression's.
    part_rows
        Source rows in a part, at most `openmed_data.sources.readers.PART_ROWS`: fewer where a row is a lot of work, so
        that workers share it; more where a batch costs much by itself.
    """

    name: ClassVar[str]
    kind: ClassVar[Kind]
    summary: ClassVar[str]
    upstream: ClassVar[Upstream]
    columns: ClassVar[tuple[str, ...]] = ()
    shapes: ClassVar[Mapping[str, tuple[str, ...]]] = MappingProxyType({})
    optional_columns: ClassVar[tuple[str, ...]] = ()
    reasons: ClassVar[type[ReasonCode]]
    card: ClassVar[CardText]
    filters: ClassVar[tuple[FilterUse, ...]] = ()
    releases_gil: ClassVar[bool] = False
    sample: ClassVar[Path | None] = None
    suffixes: ClassVar[tuple[str, ...]] = READABLE
    part_rows: ClassVar[int] = USUAL_ROWS

    def __new__(cls, *_arguments: Any, **_named: Any) -> Self:
        """Refuse a builder that leaves out what every dataset has, as Python refuses one without `rows`."""
        made = super().__new__(cls)
        required = ("name", "kind", "summary", "upstream", "reasons", "card")
        if missing := [name for name in required if not hasattr(cls, name)]:
            raise TypeError(f"{cls.__name__} lacks {', '.join(missing)}")
        return made

    @property
    def required_columns(self) -> Mapping[str, tuple[str, ...]]:
        """The sets of columns of which a source file must have one, by name of the shape."""
        return self.shapes or {self.name: self.columns}

    @property
    def every_column(self) -> tuple[str, ...]:
        """Every source column that the builder reads."""
        required = chain.from_iterable(self.required_columns.values())
        return tuple(dict.fromkeys((*required, *self.optional_columns)))

    @property
    @abstractmethod
    def options_model(self) -> type[OptionsT]:
        """The model that validates this builder's options."""

    def source(self, text: str | None) -> Source:
        """Find the files that a user names after ``--source``; the public dataset where none is named.

        Raises
        ------
        UsageError
            Nothing readable stands there.
        SourceError
            The Hub cannot be reached, or holds nothing readable.
        """
        named = f"hub:{self.upstream.repo}" if text is None else text
        return resolve(named, upstream=self.upstream, sample=self.sample, readable=self.suffixes)

    def parts(self, file: SourceFile) -> Iterator[Part]:
        """Cut a source file into parts of `part_rows` rows with the columns `every_column`, all of them text.

        The default reads tables; a builder whose files are none, such as logs or plain text, has its own.

        Raises
        ------
        SourceError
            The file is empty, is not what its suffix says, or has none of the shapes.
        """
        return parts(file, self.every_column, self.required_columns, min(self.part_rows, PART_ROWS))

    def fit(self, batch: pl.DataFrame, options: OptionsT) -> pl.DataFrame:  # noqa: ARG002
        """Count what `state` needs to know of the whole source, as a tally; order-free and small.

        The batch has every row, so that nothing rare is overlooked; costly statistics are counted on the rows marked
        `SAMPLE` alone, which are all rows of a small source and an even sample of a large one.
        """
        return tally.empty()

    @abstractmethod
    def state(self, evidence: pl.DataFrame, options: OptionsT) -> StateT:
        """Turn the merged counts of `fit` into what `rows` works with; must be picklable.

        Raises
        ------
        SourceError
            The source as a whole cannot be understood without guessing.
        """

    def prepare(
        self,
        state: StateT,
        source: Iterable[pl.DataFrame],  # noqa: ARG002
        options: OptionsT,  # noqa: ARG002
        progress: Progress,  # noqa: ARG002
    ) -> StateT:
        """Make, once and before any row, what `rows` looks things up in and what is too large for the state.

        A search index in the cache folder and the answers of a language model in a store are such things. What is
        made must depend on the source and the options alone, so that `rows` stays a pure function.

        Parameters
        ----------
        source
            The rows of the source in batches, without `SOURCE` and `LICENSE`; may be iterated more than once.

        Returns
        -------
        StateT
            What `rows` is called with, in every worker; picklable and small.
        """
        return state

    @abstractmethod
    def rows(self, batch: pl.DataFrame, state: StateT, options: OptionsT) -> Rows:
        """Make candidate rows of one batch; the same ones whatever the batch's size."""

    def describe_state(self, state: StateT) -> Mapping[str, Any]:  # noqa: ARG002
        """Return what the manifest says of the state, as JSON values."""
        return {}

    def measure(self, kept: pl.DataFrame) -> pl.DataFrame:  # noqa: ARG002
        """Count what `figures` needs of rows as written, as a tally."""
        return tally.empty()

    def figures(self, counts: pl.DataFrame) -> Mapping[str, Any]:  # noqa: ARG002
        """Turn the merged counts of `measure` and of every `Rows.tally` into the manifest's figures."""
        return {}
