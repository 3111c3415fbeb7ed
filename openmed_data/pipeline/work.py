"""The folder a build is made in: beside its final place, resumable, never to be mistaken for a finished build."""

import fcntl
import json
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import polars as pl
import pyarrow as pa

from openmed_data.errors import UsageError
from openmed_data.files import PARTIAL, whole, write_text

STEPS = (
    "stage",
    "fit",
    "kept",
    "rejected",
    "filtered",
    "keys",
    "words",
    "near",
    "hashes",
    "repeated",
    "tally",
    "splits",
    "records",
    "digests",
    "measures",
)


@dataclass(frozen=True, slots=True)
class Work:
    """Paths inside the folder ``OUT.building``.

    Attributes
    ----------
    out
        Where the finished build is to stand.
    """

    out: Path

    @property
    def root(self) -> Path:
        """Return the folder that everything is written in until the build is finished."""
        return self.out.with_name(self.out.name + ".building")

    @property
    def result(self) -> Path:
        """Return the folder that becomes the build."""
        return self.root / "result"

    def part(self, step: str, index: int) -> Path:
        """Return the file of one part of one step."""
        return self.root / step / f"{index:06d}.arrow"

    def parts(self, step: str) -> list[Path]:
        """Return the finished files of one step, in order."""
        return sorted((self.root / step).glob("*.arrow"))

    def open(self, recipe: Mapping[str, Any]) -> bool:
        """Make the folder ready for `recipe`; return whether finished parts of an earlier run are kept.

        Parts made from anything else (another source, option or version) are removed.
        """
        record = self.root / "recipe.json"
        text = json.dumps(recipe, sort_keys=True)
        if record.exists() and record.read_text() == text and self.result.is_dir():
            return True
        record.unlink(missing_ok=True)  # first: a recipe beside half of its parts would pass for a build to resume
        for child in self.root.iterdir():
            if child.name == "lock":
                continue
            shutil.rmtree(child) if child.is_dir() else child.unlink()
        for step in STEPS:
            (self.root / step).mkdir()
        (self.result / "data").mkdir(parents=True)
        (self.result / "rejected").mkdir()
        write_text(record, text)
        return False

    def clear(self, step: str) -> None:
        """Remove every part of one step."""
        for path in (self.root / step).iterdir():
            path.unlink()

    def sweep(self) -> None:
        """Remove from the result what workers that died left unfinished."""
        for path in self.result.rglob(f"*{PARTIAL}"):
            path.unlink()

    @contextmanager
    def lock(self) -> Generator[None]:
        """Hold the folder for this process.

        Raises
        ------
        UsageError
            Another build is writing to the same place.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / "lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UsageError(
                    f"another build is writing to '{self.out}'", hint="Wait for it, or choose another --out."
                ) from error
            yield


def write_frame(frame: pl.DataFrame, path: Path) -> None:
    """Write `frame` as an Arrow file to `path`, whole or not at all."""
    with whole(path) as partial, partial.open("wb") as stream:
        frame.write_ipc(stream, compression="uncompressed")


def read_frame(path: Path, columns: list[str] | None = None) -> pl.DataFrame:
    """Map what `write_frame` wrote into memory; pages are read when they are looked at."""
    with pa.memory_map(str(path)) as mapped:
        table = pa.ipc.open_file(mapped).read_all()
    return cast(pl.DataFrame, pl.from_arrow(table if columns is None else table.select(columns)))
