"""Turn what a user writes after ``--source`` into a list of files that exist."""

import glob
import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from openmed_data.errors import UsageError

READABLE = (".parquet", ".jsonl", ".ndjson", ".json", ".csv")
COMPRESSED = (".gz", ".zst")

_SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
}


@dataclass(frozen=True, slots=True)
class Upstream:
    """A public dataset that a builder is made for.

    Attributes
    ----------
    repo
        Its Hub dataset repository.
    license
        The Hub's identifier of its licence.
    homepage
        Where its makers describe it.
    revision
        The commit or branch built from when none is asked for; a branch is resolved to its commit and recorded.
    splits
        The splits that may be trained on; files of other splits are left alone.
    """

    repo: str
    license: str
    homepage: str
    revision: str = "main"
    splits: tuple[str, ...] = ("train",)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a source; `name` is what manifests show, never a path of this machine."""

    path: Path
    name: str
    split: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Files to build from, in a fixed order, with where they came from.

    Attributes
    ----------
    notes
        What a person should know before they build from it.
    """

    name: str
    files: tuple[SourceFile, ...]
    license: str
    repo: str | None = None
    revision: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits that the files declare; empty where the source is one undivided set.

        Beside files that declare a split, those that declare none are for training.
        """
        named = {file.split or "train" for file in self.files}
        return tuple(sorted(named)) if len(named) > 1 else ()


def resolve(text: str, *, upstream: Upstream, sample: Path | None = None, readable: Sequence[str] = READABLE) -> Source:
    """Find the files that `text` names.

    Parameters
    ----------
    text
        ``sample``, ``hub:OWNER/NAME[@REVISION]``, a path, or a glob pattern.
    upstream
        The public dataset of the builder: its licence is assumed for local files.
    sample
        The builder's bundled sample, if it has one.
    readable
        Endings of the files that can be read, below any compression's.

    Raises
    ------
    UsageError
        Nothing readable stands there; the message says what was looked for.

    Examples
    --------
    >>> mit = Upstream(repo="owner/name", license="mit", homepage="")
    >>> resolve("nowhere/*.json", upstream=mit)
    Traceback (most recent call last):
    ...
    openmed_data.errors.UsageError: no file matches 'nowhere/*.json'
    """
    if not text:
        raise UsageError("the source is empty", hint="Leave it out for the public dataset; is a variable not set?")
    if text == "sample":
        return _sample(sample)
    if text.startswith("hub:"):
        from openmed_data.sources.hub import fetch

        return fetch(text.removeprefix("hub:"), upstream=upstream, readable=readable)
    files = _local_files(text, readable)
    return Source(
        name=files[0].name if len(files) == 1 else text.rsplit("/", 1)[-1], files=files, license=upstream.license
    )


def _sample(path: Path | None) -> Source:
    if path is None:
        raise UsageError("this builder has no bundled sample", hint="Give --source PATH or --source hub:REPO@REVISION.")
    return Source(name="sample", files=(SourceFile(path, path.name),), license="apache-2.0")


def _local_files(text: str, readable: Sequence[str]) -> tuple[SourceFile, ...]:
    if glob.has_magic(text) and not os.path.exists(text):  # noqa: PTH110  (false where a folder is closed)
        paths = sorted(Path(found) for found in glob.glob(text, recursive=True) if Path(found).is_file())
        if not paths:
            raise UsageError(
                f"no file matches '{text}'", hint="Quote the pattern, and check the folder it starts from."
            )
    else:
        paths = [_existing(Path(text))]
    closed = [path for path in paths if not os.access(path, os.R_OK)]
    if closed:
        raise UsageError(f"'{closed[0]}' may not be read by this user", hint=f"Try: chmod u+r '{closed[0]}'")
    unreadable = [path for path in paths if data_suffix(path) not in readable]
    if unreadable:
        raise UsageError(
            f"'{unreadable[0]}' is no kind of file that can be read",
            hint=f"Expected {', '.join(readable)}, plain or compressed as {' or '.join(COMPRESSED)}.",
        )
    return name_files(paths)


def _existing(path: Path) -> Path:
    try:
        mode = path.stat().st_mode
    except PermissionError as error:
        raise UsageError(f"'{path}' may not be read by this user", hint="Its folder is closed to you.") from error
    except OSError as error:
        raise UsageError(
            f"'{path}' does not exist", hint="Give --source a file, a quoted pattern, hub:REPO or 'sample'."
        ) from error
    if stat.S_ISDIR(mode):
        raise UsageError(
            f"'{path}' is a directory, and a source is a file",
            hint=f"Name one file, or quote a pattern such as '{path}/*.parquet'.",
        )
    if not stat.S_ISREG(mode):
        raise UsageError(f"'{path}' is no ordinary file", hint="Write what it gives into a file first.")
    return path


def name_files(paths: Sequence[Path]) -> tuple[SourceFile, ...]:
    """Name files by what sets them apart and give each the split its name declares."""
    # The folders are resolved and the files are not: in the Hub's cache a file is a link to a blob named by its hash.
    folders = [path.parent.resolve() for path in paths]
    root = Path(os.path.commonpath(folders))
    names = [(folder / path.name).relative_to(root).as_posix() for path, folder in zip(paths, folders, strict=True)]
    return tuple(SourceFile(path, name, split=declared_split(name)) for path, name in zip(paths, names, strict=True))


def data_suffix(path: Path) -> str:
    """Return the suffix that tells the format, below any compression suffix.

    Examples
    --------
    >>> data_suffix(Path("train.jsonl.gz"))
    '.jsonl'
    """
    return Path(path.stem).suffix if path.suffix in COMPRESSED else path.suffix


def declared_split(name: str) -> str | None:
    """Return the split that a file's name, or a folder's in it, declares; None if there is none.

    Examples
    --------
    >>> declared_split("data/validation-00000-of-00001.parquet"), declared_split("dev.json"), declared_split("rows.csv")
    ('validation', 'validation', None)
    """
    words = re.split(r"[^a-z]+", name.lower())
    return next((_SPLIT_NAMES[word] for word in words if word in _SPLIT_NAMES), None)
