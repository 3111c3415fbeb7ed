"""Builds of any size made without a builder: shards, manifest, passing report and card, by the engine's own code."""

import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import polars as pl
import pyarrow as pa

from openmed_data import card, manifest
from openmed_data.books import Books
from openmed_data.check import FINDINGS, CheckResult, Figure
from openmed_data.digest import row_digests, set_digest
from openmed_data.kinds import Kind, schema
from openmed_data.parquet import write_table
from openmed_data.pipeline.shards import REJECTED
from openmed_data.registry import CHECKS, all_of
from openmed_data.report import Report, write_report

Row = Callable[[int], Mapping[str, Any]]


def preference(number: int) -> dict[str, Any]:
    """Return a row of the kind `preferences`."""
    shared = {"id": f"toy-{number:08d}", "source": "toy", "source_id": str(number), "license": "mit"}
    return {
        **shared,
        "prompt": [{"role": "user", "content": f"Which vitamin is number {number}?"}],
        "chosen": [{"role": "assistant", "content": f"Vitamin {number}"}],
        "rejected": [{"role": "assistant", "content": f"Mineral {number}"}],
        "chosen_label": "A",
        "rejected_label": "B",
        "subject": "Biochemistry",
        "topic": None,
    }


def trace(number: int) -> dict[str, Any]:
    """Return a row of the kind `traces`, with a tool call whose arguments no other row has."""
    call = json.dumps({"function": {"name": "search", "arguments": {f"q{number}": number}}})
    asked = {"role": "user", "content": "Look it up.", "tool_calls": None, "tool_call_id": None, "name": None}
    called = {**asked, "role": "assistant", "content": "", "tool_calls": [call]}
    shared = {"id": f"toy-{number:08d}", "source": "toy", "source_id": str(number), "license": "mit"}
    return {**shared, "messages": [asked, called], "tools": "[]", "format": "openai", "n_calls": 1}


def long_preference(number: int) -> dict[str, Any]:
    """Return a row of some 12 KB of text, which compresses to half of it."""
    noise = random.Random(number).randbytes(6_000).hex()
    return {**preference(number), "prompt": [{"role": "user", "content": noise}]}


def make_build(
    out: Path,
    *,
    shards: int = 2,
    rows: int = 3,
    row: Row = preference,
    kind: Kind = Kind.PREFERENCES,
    edit: int = 0,
    rejected: str = "{}",
) -> Path:
    """Make a build of `shards` train shards with `rows` rows each, and one validation shard.

    Equal arguments give equal bytes; `edit` changes the rows of the last train shard; `rejected` is the record of the
    one rejected row.
    """
    (out / "data").mkdir(parents=True)
    (out / "rejected").mkdir()
    parts = out.with_name(f"{out.name}.parts")
    parts.mkdir()
    files: list[manifest.FileFacts] = []
    for index in range(shards + 1):
        split, of = ("train", shards) if index < shards else ("validation", 1)
        name = f"data/{split}-{index % shards:05d}-of-{of:05d}.parquet"
        start = index * rows + (1_000_000 * edit if index == shards - 1 else 0)
        made = [row(number) for number in range(start, start + rows)]
        files.append(
            _shard(out, name, split, pl.DataFrame(made, infer_schema_length=None).to_arrow().cast(schema(kind)), parts)
        )
    line = {"level": "source", "reason": "too_long", "detail": "", "file": "toy", "line": 1, "record": rejected}
    write_table(pa.Table.from_pylist([line], schema=REJECTED), out / "rejected" / "rejected-00000-of-00001.parquet")
    gone = manifest.file_facts(out, "rejected/rejected-00000-of-00001.parquet", "rejected")
    digest = set_digest(sorted(parts.iterdir()))
    for part in parts.iterdir():
        part.unlink()
    parts.rmdir()
    (out / manifest.NAME).write_text(_manifest(kind, files, gone, digest).to_text(), encoding="utf-8")
    _validate(out, kind, files, digest)
    return out


def _shard(out: Path, name: str, split: str, table: pa.Table, parts: Path) -> manifest.FileFacts:
    write_table(table, out / name)
    (parts / Path(name).name).write_bytes(row_digests(cast(pl.DataFrame, pl.from_arrow(table))))
    return manifest.file_facts(out, name, split)


def _manifest(kind: Kind, files: list[manifest.FileFacts], gone: manifest.FileFacts, digest: str) -> manifest.Manifest:
    kept = _rows(files)
    total = sum(kept.values())
    source = {"name": "toy", "repo": None, "revision": None, "license": "mit", "upstream": "toys/toy"}
    files_read = [{"name": "toy.json", "split": None, "sha256": "0", "rows": total + 1}]
    source |= {"homepage": "https://example.org/toy", "files": files_read}
    books = Books(
        source_rows=total + 1,
        used_rows=total,
        rejected_source={"too_long": 1},
        candidate_rows=total,
        kept_rows=kept,
    )
    return manifest.Manifest(
        "toy", kind, source, {"validation_fraction": 0.1}, None, books, {}, {}, files, [gone], digest
    )


def _rows(files: list[manifest.FileFacts]) -> dict[str, int]:
    rows: dict[str, int] = {}
    for file in files:
        rows[file.split] = rows.get(file.split, 0) + file.rows
    return rows


def _validate(out: Path, kind: Kind, files: list[manifest.FileFacts], digest: str) -> None:
    figure = Figure("empty_rows", 0, maximum=0, meaning="rows without text")
    result = CheckResult("toy", (figure,), pl.DataFrame(schema=FINDINGS), {}, sum(file.rows for file in files))
    fitting = [name for name, check in all_of(CHECKS).items() if kind in check.kinds]
    idle = (CheckResult(name, (), result.findings, {}, not_run="made for a test") for name in fitting)
    report = Report("toy", kind, manifest.digest(out), digest, _rows(files), (result, *idle), True, 1)
    write_report(report, out / "validation")
    (out / "README.md").write_text(card.render(out), encoding="utf-8")
