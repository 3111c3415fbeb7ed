"""Open the builds that a stage is to be trained on, and hold every file against its manifest."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from openmed_data import manifest
from openmed_data.dataset import Dataset, open_dataset
from openmed_data.errors import GateError, Problem, SourceError, UsageError
from openmed_data.files import sha256_of
from openmed_data.kinds import Kind, schema
from openmed_data.progress import Progress
from openmed_data.report.gate import REPORTS, Validation, read_gate
from openmed_data.training.records import DatasetUse
from openmed_data.training.stage import Stage

_HUB = "hub:"


@dataclass(frozen=True, slots=True)
class Data:
    """The data of a stage: split → files, and what the record says of it."""

    kind: Kind
    files: Mapping[str, tuple[Path, ...]]
    use: DatasetUse


def open_data(stage: Stage, texts: Sequence[str], progress: Progress) -> Data:
    """Open one or several builds as the data of a stage.

    Parameters
    ----------
    texts
        Folders of builds, or ``hub:OWNER/NAME@REVISION``.

    Raises
    ------
    UsageError
        None is given, one is no build, of a kind the stage cannot use, lacks a column, or has no training split.
    SourceError
        A file is not the one that the manifest names.
    GateError
        A build did not pass its validation.
    HubError
        The Hub cannot be asked.
    """
    if not texts:
        raise UsageError(
            f"{stage.name} has no dataset", hint="Name a build: --data STAGE=PATH, or `data:` in the recipe."
        )
    builds = [_open(stage, text, progress) for text in texts]
    splits = dict.fromkeys(split for one in builds for split in one.files)
    files = {name: tuple(path for one in builds for path in one.files.get(name, ())) for name in splits}
    kind = builds[0].kind if len({one.kind for one in builds}) == 1 else Kind.SFT
    return Data(kind, files, _together([one.use for one in builds]))


def _open(stage: Stage, text: str, progress: Progress) -> Data:
    root, revision = _fetch(text, progress) if text.startswith(_HUB) else (Path(text), None)
    try:
        manifest.read(root)
    except UsageError as error:
        hint = "Build it, or give another: --data STAGE=PATH. With --model, a stage runs without those before it."
        raise UsageError(f"{stage.name}: {error}", hint=hint) from error
    dataset = open_dataset(str(root))
    _require_bytes(dataset, text)
    _require_use(stage, dataset, text)
    digest = manifest.digest(root)
    validated = _passed(root, digest, text)
    if not validated:
        progress.note(f"{stage.name}: '{text}' was not validated")
    files = {
        split: tuple(one.path.resolve() for one in dataset.files if one.split == split) for split in dataset.splits
    }
    document = dataset.manifest or {}
    rows = {split: sum(one["rows"] for one in document["files"] if one["split"] == split) for split in dataset.splits}
    where = text.split("@", maxsplit=1)[0].removeprefix(_HUB) if revision else text
    use = DatasetUse(
        name=document["dataset"],
        kind=dataset.kind,
        path_or_repo=where,
        revision=revision,
        digest=digest,
        rows=rows,
        validated=validated,
    )
    return Data(dataset.kind, files, use)


def _fetch(text: str, progress: Progress) -> tuple[Path, str]:
    """Return the folder of a build on the Hub, verified, and its commit."""
    from openmed_data.hub.pull import open_hub

    repo, _, revision = text.removeprefix(_HUB).partition("@")
    folder = open_hub(repo, revision or "main", progress=progress)
    return folder, folder.name  # the Hub's cache names a snapshot by its commit


def _require_use(stage: Stage, dataset: Dataset, text: str) -> None:
    if dataset.kind not in stage.kinds:
        wanted = " or ".join(sorted(stage.kinds))
        raise UsageError(
            f"{stage.name} cannot use '{text}': it is a {dataset.kind} dataset, and {wanted} is needed",
            hint=f"Build one, or give another: --data {stage.name}=PATH",
        )
    if "train" not in dataset.splits:
        raise UsageError(f"'{text}' has no split called train; it has {', '.join(dataset.splits) or 'none'}")
    found = _columns(dataset)
    missing = [name for name in (*stage.columns, *schema(dataset.kind).names) if name not in found]
    if missing:
        raise UsageError(f"'{text}' has no column {' and '.join(dict.fromkeys(missing))}", hint="Build it again.")


def _columns(dataset: Dataset) -> set[str]:
    import pyarrow.parquet as pq

    names = [pq.read_schema(file.path).names for file in dataset.files]
    return {name for name in names[0] if all(name in others for others in names)}


def _require_bytes(dataset: Dataset, text: str) -> None:
    """Raise `SourceError` unless every file is the one that the manifest names."""
    named = {one["name"]: one["sha256"] for one in (dataset.manifest or {})["files"]}
    wrong = [
        Problem(file.name, "other bytes", "those that the manifest names")
        for file in dataset.files
        if sha256_of(file.path) != named[file.name]
    ]
    if wrong:
        raise SourceError(f"'{text}' was changed after it was built", wrong, hint="Build or pull it again.")


def _passed(root: Path, digest: str, text: str) -> bool:
    """Return whether a validation of these very files passed; raise `GateError` where it failed."""
    gate = read_gate(root, digest)
    if gate.validation is Validation.FAILED:
        page = (root / REPORTS[0]).with_suffix(".html")
        raise GateError(
            f"'{text}' did not pass its validation: {'; '.join(problem.found for problem in gate.problems)}",
            hint=f"'{page}' says what was found, in which rows: build it again without them, or, where files of the "
            f"report were changed: openmed-data validate {root}",
        )
    return gate.validation is Validation.PASSED


def _together(uses: Sequence[DatasetUse]) -> DatasetUse:
    if len(uses) == 1:
        return uses[0]
    rows: dict[str, int] = {}
    for use in uses:
        for split, count in use.rows.items():
            rows[split] = rows.get(split, 0) + count
    return DatasetUse(
        name=" + ".join(use.name for use in uses),
        kind=uses[0].kind,
        path_or_repo=" + ".join(use.path_or_repo for use in uses),
        digest=hashlib.sha256("".join(use.digest for use in uses).encode()).hexdigest(),
        rows=rows,
        validated=all(use.validated for use in uses),
        parts=tuple(uses),
    )
