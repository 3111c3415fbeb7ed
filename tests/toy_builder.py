"""A builder small enough to know by heart, and the few lines that run it through the real pipeline.

It stands in a module of its own, on `sys.path` (see `conftest.py`), because worker processes import it by name.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from openmed_data import tally
from openmed_data.builder import LICENSE, ROW, SOURCE, UID, Builder, CardText, Options, ReasonCode, Rows
from openmed_data.kinds import Kind
from openmed_data.pipeline.run import Request, build
from openmed_data.pipeline.shards import REJECTED
from openmed_data.pipeline.work import Work
from openmed_data.pipeline.workers import Engine
from openmed_data.seeds import salt, uniform
from openmed_data.sources import Source, Upstream

Record = Mapping[str, Any]
UPSTREAM = Upstream(repo="toys/toy", license="mit", homepage="")


class ToyReason(ReasonCode):
    """The one reason of the toy."""

    ASKED = "asked", "the row asks for it"


def _reply(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


class Toy(Builder[Options, int]):
    """Makes `copies` pairs of every row that does not say `reject`; its workers are processes."""

    name = "toy"
    kind = Kind.PREFERENCES
    summary = "A toy"
    upstream = UPSTREAM
    columns = ("question", "answer")
    optional_columns = ("id", "reject", "copies")
    reasons = ToyReason
    card = CardText(title="", what="", how="", limits="")

    @property
    def options_model(self) -> type[Options]:
        return Options

    def fit(self, batch: pl.DataFrame, options: Options) -> pl.DataFrame:
        return tally.tally("answers", batch.group_by("answer").agg(pl.len().alias("count")), key="answer")

    def state(self, evidence: pl.DataFrame, options: Options) -> int:
        return int(evidence["count"].sum())

    def describe_state(self, state: int) -> Mapping[str, Any]:
        return {"rows seen": state}

    def rows(self, batch: pl.DataFrame, state: int, options: Options) -> Rows:
        wanted = batch.filter(pl.col("reject").is_null())
        uid = [int(salt(0, f"{row['id']} {row['question']}")) for row in wanted.iter_rows(named=True)]
        keys = wanted.select(
            ROW,
            pl.Series(UID, uid, dtype=pl.UInt64),
            pl.col("question").str.to_lowercase().alias("identity"),
            "answer",
            pl.col("question").alias("stem"),
        )
        letters = ["ABCD"[int(chance * 4)] for chance in uniform(keys[UID].to_numpy(), options.seed, "letter")]
        pairs = [
            self._pair(row, copy, code, letter)
            for row, code, letter in zip(wanted.iter_rows(named=True), uid, letters, strict=True)
            for copy in range(int(row["copies"] or 1))
        ]
        refused = batch.filter(pl.col("reject").is_not_null())
        reason = pl.lit(ToyReason.ASKED.value).alias("reason")
        return Rows(
            kept=pl.DataFrame(pairs, schema=SCHEMA),
            rejected=refused.select(ROW, reason, pl.col("reject").alias("detail")),
            keys=keys,
            tally=tally.tally("used", pl.DataFrame({"key": ["all"], "count": [wanted.height]}), key="key"),
        )

    def _pair(self, row: Record, copy: int, code: int, letter: str) -> dict[str, Any]:
        return {
            ROW: row[ROW],
            "id": f"toy-{code:016x}-{copy}",
            "source": row[SOURCE],
            "source_id": row["id"] or "",
            "license": row[LICENSE],
            "prompt": [{"role": "user", "content": row["question"] or ""}],
            "chosen": _reply(row["answer"] or ""),
            "rejected": _reply("no"),
            "chosen_label": letter,
            "rejected_label": "",
            "subject": "",
            "topic": "",
        }

    def figures(self, counts: pl.DataFrame) -> Mapping[str, Any]:
        return {"used": tally.table(counts, "used")}


_MESSAGES = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))
SCHEMA: dict[str, Any] = {
    ROW: pl.UInt64,
    **dict.fromkeys(("id", "source", "source_id", "license"), pl.String),
    **dict.fromkeys(("prompt", "chosen", "rejected"), _MESSAGES),
    **dict.fromkeys(("chosen_label", "rejected_label", "subject", "topic"), pl.String),
}


class ThreadedToy(Toy):
    """The same with threads, which see what a test patches."""

    releases_gil = True


def write_jsonl(path: Path, rows: Iterable[Record]) -> Path:
    """Write rows as JSON lines and return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def run_pipeline(
    builder: Builder[Any, Any],
    source: Source | Path | str,
    out: Path,
    *,
    workers: int = 1,
    limit: int | None = None,
    **options: Any,
) -> Path:
    """Build without card and report, and return the folder of the result."""
    if not isinstance(source, Source):
        source = builder.source(str(source))
    request = Request(builder, source, builder.options_model.model_validate(options), limit)
    work = Work(out)
    with work.lock():
        build(request, work, engine=Engine(workers=workers))
    return work.result


def read_rows(build: Path, split: str = "*") -> pl.DataFrame:
    """Return the rows of a build's data files, with their `split`."""
    frames = [
        pl.read_parquet(path).with_columns(split=pl.lit(path.name.split("-")[0]))
        for path in sorted((build / "data").glob(f"{split}-*.parquet"))
    ]
    return pl.concat(frames)


def read_rejected(build: Path) -> pl.DataFrame:
    """Return the rejected rows of a build."""
    paths = sorted((build / "rejected").glob("*.parquet"))
    empty = pl.DataFrame(REJECTED.empty_table())
    return pl.concat([empty, *(pl.read_parquet(path) for path in paths)])


def read_manifest(build: Path) -> dict[str, Any]:
    """Return a build's manifest."""
    return json.loads((build / "manifest.json").read_text(encoding="utf-8"))
