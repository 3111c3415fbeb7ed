"""Read a recipe: which builds go into a mixture, and how much of each."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from openmed_data import manifest
from openmed_data.dataset import Dataset, open_dataset
from openmed_data.errors import GateError, Problem, SourceError, UsageError, refused_values
from openmed_data.kinds import Kind
from openmed_data.pipeline.workers import Here
from openmed_data.report.gate import Validation, read_gate
from openmed_data.sources import Source, SourceFile
from openmed_data.survey import survey

from .licensing import roll_up

UNKNOWN = "unknown"
_KINDS = frozenset({Kind.SFT, Kind.TRACES})
_SEPARATORS = ":/"
_DOUBTS = {
    Validation.NOT_RUN: "it holds no report of all checks on these files",
    Validation.FAILED: "its validation failed, and the recipe says `allow_failed`",
}
_HINT = "A recipe is YAML: parts, each with a source (a build's folder or hub:OWNER/NAME@REVISION) and maybe a weight."


class PartRecipe(BaseModel):
    """One part of a mixture."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = Field(min_length=1)
    name: str = ""
    weight: float | None = Field(None, gt=0)
    max_rows: int | None = Field(None, gt=0)
    tasks: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    license: str = ""  # of the rows whose own is not known
    allow_failed: bool = False  # take the part although its validation failed

    @property
    def label(self) -> str:
        """What rows of the part are said to come from."""
        return self.name or self.source.removeprefix("hub:").partition("@")[0].rstrip("/").rsplit("/", 1)[-1]


class Recipe(BaseModel):
    """A mixture."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    parts: tuple[PartRecipe, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class PartFile(SourceFile):
    """One shard of a part, with what the recipe says of the part, as JSON text."""

    part: str = ""
    facts: str = ""


def read_recipe(path: Path) -> Recipe:
    """Read and validate a recipe; every problem is reported together.

    Raises
    ------
    UsageError
        The file does not exist or is no recipe.
    """
    if not path.is_file():
        raise UsageError(f"'{path}' does not exist", hint=_HINT)
    try:
        recipe = Recipe.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"'{path}' is not valid YAML: {str(error).splitlines()[0]}", hint=_HINT) from error
    except ValidationError as error:
        raise UsageError("\n  ".join([f"'{path}' is no recipe:", *refused_values(error)]), hint=_HINT) from error
    labels = [part.label for part in recipe.parts]
    if unfit := [label for label in labels if set(label) & set(_SEPARATORS)]:
        hint = "Give the part another name: these characters part the words of `origin`."
        raise UsageError(f"'{path}' has a part called '{unfit[0]}', with one of {' '.join(_SEPARATORS)}", hint=hint)
    if repeated := {label for label in labels if labels.count(label) > 1}:
        raise UsageError(f"'{path}' has several parts called '{min(repeated)}'", hint="Give each part a name.")
    return recipe


def open_recipe(path: Path) -> Source:
    """Open every part of a recipe, verify it, and return the shards of all as one source under one licence.

    Raises
    ------
    UsageError
        A part is no build of dialogues, or the licences do not allow the mixture.
    GateError
        The validation of a part failed, and the recipe does not allow that.
    SourceError
        A part is damaged.
    """
    opened = [(part, _open(part, path.parent)) for part in read_recipe(path).parts]
    validations = _validations(opened)
    rows = sum(sum((dataset.manifest or {})["books"]["kept_rows"].values()) for _, dataset in opened)
    files: list[PartFile] = []
    licenses: set[str] = set()
    for (part, dataset), validation in zip(opened, validations, strict=True):
        held = _verified(part, dataset)
        licenses |= set(held)
        files += _files(part, dataset, held, validation, rows)
    digest = hashlib.sha256(json.dumps([file.facts for file in files], sort_keys=True).encode()).hexdigest()
    # What was asked of each part decides the rows as their bytes do; it is recorded where a revision is.
    return Source(
        name=path.name,
        files=tuple(files),
        license=roll_up(licenses),
        revision=f"recipe-{digest}",
        notes=tuple(_doubts(opened, validations)),
    )


def _open(part: PartRecipe, beside: Path) -> Dataset:
    if part.source.startswith("hub:"):
        from openmed_data.hub.pull import open_hub

        repo, _, revision = part.source.removeprefix("hub:").partition("@")
        folder = open_hub(repo, revision or "main")
    else:
        folder = beside / part.source
    manifest.read(folder)  # what is no finished build says so
    dataset = open_dataset(str(folder))
    if dataset.kind not in _KINDS:
        raise UsageError(
            f"part '{part.label}' is of the kind {dataset.kind}, and a mixture is made of dialogues",
            hint="Parts are builds of the kinds sft and traces.",
        )
    return dataset


def _validations(opened: Sequence[tuple[PartRecipe, Dataset]]) -> list[Validation]:
    """Return what is known of each part's validation; parts whose own failed are refused together."""
    gates = [read_gate(dataset.root, manifest.digest(dataset.root)) for _, dataset in opened]
    lines = [
        f"  part '{part.label}': {problem}"
        for (part, _), gate in zip(opened, gates, strict=True)
        if gate.validation is Validation.FAILED and not part.allow_failed
        for problem in gate.problems
    ]
    if lines:
        hint = "Build the part anew, leave it out, or take it as it is with `allow_failed: true` in the recipe."
        raise GateError("\n".join(["the recipe has parts whose validation failed:", *lines]), hint=hint)
    return [gate.validation for gate in gates]


def _doubts(opened: Sequence[tuple[PartRecipe, Dataset]], validations: Sequence[Validation]) -> Iterator[str]:
    for (part, _), validation in zip(opened, validations, strict=True):
        if why := _DOUBTS.get(validation):
            yield f"warning: nothing vouches for part '{part.label}': {why}"


def _verified(part: PartRecipe, dataset: Dataset) -> list[str]:
    """Return the licences of a part's rows, once its rows are those that its manifest names."""
    document: Mapping[str, Any] = dataset.manifest or {}
    with TemporaryDirectory() as folder:
        found = survey(dataset, Here(), Path(folder)).content_digest
    if found != document["content_digest"]:
        problem = Problem(part.label, f"rows with the digest {found[:16]}…", f"{document['content_digest'][:16]}…")
        raise SourceError(
            f"part '{part.label}' does not hold the rows that its manifest names",
            [problem],
            hint="Build or fetch it again.",
        )
    texts = pl.concat([pl.read_parquet(file.path, columns=["license"]) for file in dataset.files])["license"]
    return sorted(texts.fill_null(UNKNOWN).replace(UNKNOWN, part.license or UNKNOWN).unique().to_list())


def _files(
    part: PartRecipe, dataset: Dataset, licenses: list[str], validation: Validation, rows: int
) -> Iterator[PartFile]:
    document: Mapping[str, Any] = dataset.manifest or {}
    facts = {
        "source": part.source if part.source.startswith("hub:") else Path(part.source).name,
        "dataset": document["dataset"],
        "content_digest": document["content_digest"],
        "manifest_sha256": manifest.digest(dataset.root),
        "validated": validation,
        "licenses": licenses,
        "weight": part.weight,
        "max_rows": part.max_rows,
        "tasks": part.tasks,
        "license": part.license,
        "rows_of_all_parts": rows,
    }
    for file in dataset.files:
        yield PartFile(
            file.path, f"{part.label}/{file.name}", file.split, part.label, json.dumps(facts, sort_keys=True)
        )
