"""Datasets made for the tests of checks."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from openmed_data.kinds import Kind

LETTERS = "ABCD"


@dataclass(frozen=True)
class Memory:
    """Rows in memory, as checks see them."""

    frames: tuple[pl.DataFrame, ...]
    kind: Kind = Kind.PREFERENCES
    manifest: Mapping[str, Any] | None = None

    def batches(self) -> Iterator[tuple[str, pl.DataFrame]]:
        for frame in self.frames:
            yield "train", frame


def message(role: str, content: str | None) -> dict[str, str | None]:
    return {"role": role, "content": content}


def make_pair(number: int) -> dict[str, Any]:
    """One clean pair: equal lengths, every letter right equally often."""
    chosen, rejected = LETTERS[number % 4], LETTERS[(number + 1 + number // 4 % 3) % 4]
    return {
        "id": f"pair-{number:05d}",
        "source": "made.jsonl",
        "source_id": str(number),
        "license": "mit",
        "prompt": [message("user", f"Question {number:05d}: which organ?\n\nA. …\n\nAnswer with the letter.")],
        "chosen": [message("assistant", f"{chosen}. Liver {number:05d}")],
        "rejected": [message("assistant", f"{rejected}. Colon {number:05d}")],
        "chosen_label": chosen,
        "rejected_label": rejected,
        "subject": ("Anatomy", "Surgery")[number % 2],
        "topic": "",
    }


@pytest.fixture
def pairs() -> Callable[[int], list[dict[str, Any]]]:
    """Give clean pairs as rows, to be broken by the test."""
    return lambda count: [make_pair(number) for number in range(count)]


@pytest.fixture
def memory() -> Callable[..., Memory]:
    """Give rows of dictionaries as a dataset in memory, cut into batches."""

    def make(rows: list[dict[str, Any]], batch: int | None = None, **facts: Any) -> Memory:
        frame = pl.DataFrame(rows, infer_schema_length=None)
        return Memory(tuple(frame.iter_slices(batch or max(1, frame.height))), **facts)

    return make


@pytest.fixture
def write(tmp_path: Path) -> Callable[[list[dict[str, Any]]], Path]:
    """Write rows as a Parquet file of a folder."""

    def to_disk(rows: list[dict[str, Any]], name: str = "made") -> Path:
        folder = tmp_path / name
        folder.mkdir()
        pl.DataFrame(rows, infer_schema_length=None).write_parquet(folder / "train.parquet")
        return folder

    return to_disk
