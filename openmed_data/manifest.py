"""The manifest: what a build was made from, how, and every file it holds. Nothing in it depends on when or where."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import pyarrow.parquet as pq

from openmed_data._version import __version__
from openmed_data.books import Books
from openmed_data.errors import UsageError
from openmed_data.files import sha256_of
from openmed_data.kinds import Kind

NAME = "manifest.json"
FORMAT = 2
_FILE = re.compile(r"(?:data|rejected)/[^/]+")

# Libraries whose version can change what a build holds, or what its unfinished parts do.
_LIBRARIES = ("polars", "pyarrow")


def made_with() -> dict[str, str]:
    """Return the versions that a build depends on."""
    return {"openmed-data": __version__, **{name: version(name) for name in _LIBRARIES}}


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One Parquet file of a build.

    Attributes
    ----------
    name
        Its path inside the build.
    bytes, arrow_bytes
        Its size on disk, and that of its rows in memory, as Arrow.
    """

    name: str
    split: str
    rows: int
    bytes: int
    arrow_bytes: int
    sha256: str


def file_facts(build: Path, name: str, split: str) -> FileFacts:
    """Read a finished Parquet file back, whole, and return what the manifest says of it.

    Raises
    ------
    OSError
        It cannot be read.
    """
    path = build / name
    # Not `read_table`, which imports pandas where there is one.
    with pq.ParquetFile(path) as file:
        table = file.read()
    return FileFacts(name, split, table.num_rows, path.stat().st_size, table.nbytes, sha256_of(path))


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything a reader needs to check a build and to make it again.

    Attributes
    ----------
    source
        Name, repository, revision and licence of the source, and each file's name, SHA-256, split and rows.
    options
        Every option with the value it had.
    limit
        How many source rows were read at most; None for all.
    state
        What the builder learnt from the whole source.
    figures
        What the builder measured on the rows it wrote.
    filters
        The checks that candidate rows had to pass: their settings as given and as used, and what they mended.
    content_digest
        Digest of the set of rows, however they are laid out; see `openmed_data.digest`.
    """

    dataset: str
    kind: Kind
    source: Mapping[str, Any]
    options: Mapping[str, Any]
    limit: int | None
    books: Books
    state: Mapping[str, Any]
    figures: Mapping[str, Any]
    files: Sequence[FileFacts]
    rejected_files: Sequence[FileFacts]
    content_digest: str
    filters: Sequence[Mapping[str, Any]] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the manifest as JSON values."""
        return {
            "format": FORMAT,
            "dataset": self.dataset,
            "kind": str(self.kind),
            "made_with": made_with(),
            "source": dict(self.source),
            "options": dict(self.options),
            "limit": self.limit,
            "filters": [dict(one) for one in self.filters],
            "books": self.books.to_json(),
            "state": dict(self.state),
            "figures": dict(self.figures),
            "files": [asdict(file) for file in self.files],
            "rejected_files": [asdict(file) for file in self.rejected_files],
            "content_digest": self.content_digest,
        }

    def to_text(self) -> str:
        """Return the manifest as it is written to `manifest.json`."""
        return json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n"


def read(build: Path) -> dict[str, Any]:
    """Return the manifest of the build at `build`, as JSON values.

    Raises
    ------
    UsageError
        No finished build stands there.
    """
    path = build / NAME
    if not path.is_file():
        hint = "Give the folder that `openmed-data build --out` made."
        if interrupted(build):
            hint = "A build was interrupted there: run the same `openmed-data build` again to finish it."
        raise UsageError(f"'{build}' holds no finished build ({NAME} is missing)", hint=hint)
    try:
        document: Any = json.loads(path.read_bytes())
        written = document["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"'{path}' is no manifest", hint="It is damaged: build or pull it again.") from error
    if written != FORMAT:
        hint = "Build it again, or use the version that made it."
        raise UsageError(f"'{path}' has format {written}, and this version reads format {FORMAT}", hint=hint)
    if problems := list(_problems(document)):
        lines = "\n".join(f"  {one}" for one in problems)
        raise UsageError(f"'{path}' is no manifest:\n{lines}", hint="It was edited: build or pull it again.")
    return document


def _problems(document: Mapping[str, Any]) -> Iterator[str]:
    """Say what of a manifest cannot be what `Manifest.to_json` wrote."""
    lists, texts = {"filters", "files", "rejected_files"}, {"dataset", "kind", "content_digest"}
    for name in (one.name for one in fields(Manifest) if one.name != "limit"):
        expected, what = (
            (list, "a list") if name in lists else (str, "a text") if name in texts else (dict, "an object")
        )
        if not isinstance(document.get(name), expected):
            yield f"{name}: expected {what}"
            return
    if document["kind"] not in set(Kind):
        yield f"kind: found {document['kind']!r}; expected one of {', '.join(Kind)}"
    for name, like in Books(0, 0, 0).to_json().items():
        if not _counts(document["books"].get(name), like):
            yield f"books.{name}: expected {'counts by name' if isinstance(like, dict) else 'a count'}"
    facts: Mapping[str, Any] = {one.name: one.type for one in fields(FileFacts)}
    uses: Mapping[str, Any] = {"check": str, "given": dict, "used": dict, "mended": dict}
    for name, wanted in (("files", facts), ("rejected_files", facts), ("filters", uses)):
        for number, held in enumerate(document[name]):
            stated = cast(dict[str, Any], held) if isinstance(held, dict) else {}
            if faulty := [one for one, kind in wanted.items() if type(stated.get(one)) is not kind]:
                yield f"{name}[{number}]: lacks {', '.join(faulty)}, or has another type there"
            elif "name" in wanted and not _FILE.fullmatch(stated["name"]):
                yield f"{name}[{number}]: found the file {stated['name']!r}; expected one of data/ or rejected/"
    for name in ("license", "homepage"):
        if not isinstance(document["source"].get(name), str):
            yield f"source.{name}: expected a text"


def _counts(held: Any, like: Any) -> bool:
    """Return whether `held` is a count, or counts by name, as `like` is."""
    counts = cast(dict[str, Any], held).values() if isinstance(held, dict) else [held]
    return isinstance(held, dict) == isinstance(like, dict) and all(type(one) is int for one in counts)


def interrupted(build: Path) -> bool:
    """Return whether a build that was to stand at `build` was begun and not finished."""
    place = build.resolve()  # "." has no name of its own
    return place.with_name(place.name + ".building").is_dir()


def digest(build: Path) -> str:
    """Return the SHA-256 of the build's manifest, which names the exact bytes of every file."""
    return sha256_of(build / NAME)
