"""Cost per row, memory and scaling of whole builds and validations, beside ordinary ways, in one table.

    python benchmarks/scale.py                                                # 20k, 200k and 2M rows on 1 and 2 workers
    python benchmarks/scale.py --rows 10000000 --workers 2 --steps build validate   # must stay within 4 GB
    python benchmarks/scale.py --engine ray                                   # the same on Ray, started on this machine
    python benchmarks/scale.py --datatrove PYTHON                             # also datatrove, in its own environment

Rows are the real MedMCQA validation file's, then copies with half of their longer words replaced (see `scale_up.py`).
Every contestant is a process of its own. *build* is the default `openmed-data build medmcqa-prefs` with its filters and
without the report; *validate* runs every check over it; *duplicates* that check alone. *datasets.map* makes the same
pairs with two processes and nothing else: no screens, filters, duplicates, splits, rejected rows or books. *datatrove*
sketches the prompts of the same build by pairs of words in 32 bands of 5, as we do, and drops all but one of each
cluster; it verifies no pair, and knows no exact duplicates but by their sketches. It needs ``datatrove[io]``, nltk,
spacy, tokenizers, regex and xxhash<4 (0.10.1 fails with xxhash 4).

*µs/row* is wall time and *cpu µs* processor time for each row. Peak memory is the largest sum of the resident sets of a
process and its children; pages that they share count in each. Efficiency is the time of one worker over twice that of
two. Disk: about 4 kB for each row, twice that while it builds.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from build_prefs import ORDINARY, measure
from scale_up import write

TEXTS = """
import json, sys
from pathlib import Path
import pyarrow.parquet as pq
from openmed_data.kinds import Kind
from openmed_data.text.rows import asked
import polars as pl

out = [(Path(sys.argv[2]) / f"{number}.jsonl").open("w") for number in range(2)]
for number, path in enumerate(sorted((Path(sys.argv[1]) / "data").glob("*.parquet"))):
    rows = pl.read_parquet(path)
    for id_, text in zip(rows["id"], asked(rows, Kind.PREFERENCES)):
        out[number % 2].write(json.dumps({"id": id_, "text": text}) + "\\n")
"""

DATATROVE = """
import sys
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import (
    MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
)
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
from datatrove.utils.hashing import HashConfig

source, out, workers = sys.argv[1], sys.argv[2], int(sys.argv[3])
config = MinhashConfig(hash_config=HashConfig(precision=64), n_grams=2, num_buckets=32, hashes_per_bucket=5)

def run(tasks, *pipeline):
    LocalPipelineExecutor(
        pipeline=list(pipeline), tasks=tasks, workers=workers, logging_dir=f"{out}/logs/{len(pipeline)}-{tasks}"
    ).run()

if __name__ == "__main__":
    run(2, JsonlReader(source), MinhashDedupSignature(output_folder=f"{out}/signatures", config=config))
    run(32, MinhashDedupBuckets(f"{out}/signatures", f"{out}/buckets", config=config))
    run(1, MinhashDedupCluster(f"{out}/buckets", f"{out}/remove", config=config))
    run(2, JsonlReader(source), MinhashDedupFilter(f"{out}/remove"), JsonlWriter(f"{out}/kept", compression=None))
"""

# What is done with a build, and the options of `openmed-data validate` for it.
CHECKED: dict[str, list[str]] = {"validate": [], "duplicates": ["--checks", "duplicates"]}


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    rows: int
    what: str
    workers: int
    seconds: float
    processor: float
    peak: float

    def told(self, alone: "Line | None") -> str:
        """Return the line, with the efficiency against the same work on one worker."""
        efficiency = "" if alone is None else f"{alone.seconds / (self.workers * self.seconds):.2f}"
        per_row = self.seconds / self.rows * 1e6
        return (
            f"{self.rows:12,}  {self.what:16}{self.workers:8}{self.seconds:10.1f}{per_row:10.1f}"
            f"{self.processor / self.rows * 1e6:10.1f}{self.peak:10.0f}{efficiency:>12}"
        )


@dataclass(frozen=True)
class Bench:
    """Where and how contestants run."""

    scratch: Path
    engine: str
    steps: Sequence[str]
    datatrove: Path | None

    def ours(self, rows: int, workers: int) -> Iterator[Line]:
        """Build, and look at the build, which stays in ``scratch`` under its number of rows."""
        source = write(self.scratch / f"medmcqa-{rows}.json", rows)
        command = [sys.executable, "-m", "openmed_data"]
        where = ["--engine", self.engine, "--workers", str(workers), "--quiet"]
        built = self.scratch / f"built-{rows}" / "out"
        build = [*command, "build", "medmcqa-prefs", "--source", str(source), "--out", str(built), "--no-validation"]
        if "build" in self.steps:
            yield self._line(rows, "build", workers, [*build, *where], built.parent)
        report = self.scratch / "report"
        for what, chosen in CHECKED.items():
            if what not in self.steps:
                continue
            check = [*command, "validate", str(built), "--report-dir", str(report), *chosen, *where]
            # Made-up rows need not pass; what is timed is the looking.
            yield self._line(rows, what, workers, ["sh", "-c", '"$@"; [ $? -le 1 ]', "sh", *check], report)

    def others(self, rows: int) -> Iterator[Line]:
        """Run what others have for some of the steps, with two workers."""
        source = write(self.scratch / f"medmcqa-{rows}.json", rows)
        out = self.scratch / "other"
        yield self._line(rows, "datasets.map", 2, [sys.executable, "-c", ORDINARY, str(source), str(out)], out)
        if self.datatrove is not None:
            texts, script = self.scratch / "texts", self.scratch / "minhash.py"
            texts.mkdir(exist_ok=True)
            script.write_text(DATATROVE)
            built = self.scratch / f"built-{rows}" / "out"
            subprocess.run([sys.executable, "-c", TEXTS, str(built), str(texts)], check=True)
            command = [str(self.datatrove), str(script), str(texts), str(out), "2"]
            yield self._line(rows, "datatrove", 2, command, out)

    @staticmethod
    def _line(rows: int, what: str, workers: int, command: Sequence[str], folder: Path) -> Line:
        before = _processor()
        seconds, peak = measure(command, folder)
        return Line(rows, what, workers, seconds, _processor() - before, peak)


def _processor() -> float:
    """Return the processor seconds of all children so far, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[20_000, 200_000, 2_000_000])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--engine", choices=["local", "ray"], default="local")
    steps = ["build", *CHECKED]
    parser.add_argument("--steps", choices=steps, nargs="+", default=steps, help="without build: on what it left")
    parser.add_argument("--datatrove", type=Path, metavar="PYTHON")
    parser.add_argument("--no-others", action="store_true", help="leave datasets.map out")
    parser.add_argument("--scratch", type=Path, default=Path(tempfile.gettempdir()) / "openmed-data-scale")
    arguments = parser.parse_args()
    arguments.scratch.mkdir(parents=True, exist_ok=True)
    bench = Bench(arguments.scratch, arguments.engine, arguments.steps, arguments.datatrove)
    print(f"{os.cpu_count()} cores, engine {arguments.engine}, load {os.getloadavg()[0]:.1f} at the start")
    heads = ("workers", 8), ("seconds", 10), ("µs/row", 10), ("cpu µs", 10), ("peak MB", 10), ("efficiency", 12)
    print(f"{'rows':>12}  {'':16}" + "".join(f"{head:>{width}}" for head, width in heads), flush=True)
    for rows in arguments.rows:
        alone: dict[str, Line] = {}
        for workers in arguments.workers:
            for line in bench.ours(rows, workers):
                print(line.told(alone.get(line.what)), flush=True)
                alone |= {line.what: line} if workers == 1 else {}
        for line in [] if arguments.no_others else bench.others(rows):
            print(line.told(None), flush=True)


if __name__ == "__main__":
    main()
