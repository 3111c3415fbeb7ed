"""Time the preference builder against the same pairs made the ordinary way, and against bare polars, in one run.

    python benchmarks/build_prefs.py                 # 182,822 rows, the size of MedMCQA's training set
    python benchmarks/build_prefs.py --scaling       # also 20k and 2M rows: cost per row and peak memory

Each contestant is a process of its own, run in turn, several rounds; the median wall time and the largest resident set
are printed. *Ordinary*: `datasets.load_dataset("json")`, `.map` with two processes, `.to_parquet`. *Bare polars*: read,
one select, one sink. *Bare pairs*: our own pair maker and writer without screens, repair, duplicates, splits or books;
the three columns that the others write, two shards for each worker. *Full*: the
default `openmed-data build medmcqa-prefs`, without the deep checks of the gate (benchmarks/gate.py has them).
"""

import argparse
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from scale_up import FULL_SET, write

ORDINARY = """
import sys
from datasets import load_dataset

def pair(row):
    options = [row["opa"], row["opb"], row["opc"], row["opd"]]
    gold = row["cop"] - 1
    wrong = (gold + 1) % 4
    asked = row["question"] + "\\n\\n" + "\\n".join(f"{letter}. {text}" for letter, text in zip("ABCD", options))
    return {
        "prompt": [{"role": "user", "content": asked}],
        "chosen": [{"role": "assistant", "content": f"{'ABCD'[gold]}. {options[gold]}"}],
        "rejected": [{"role": "assistant", "content": f"{'ABCD'[wrong]}. {options[wrong]}"}],
    }

rows = load_dataset("json", data_files=sys.argv[1], split="train", cache_dir=sys.argv[2] + "/cache")
rows.map(pair, num_proc=2, remove_columns=rows.column_names).to_parquet(sys.argv[2] + "/pairs.parquet")
"""

BARE_POLARS = """
import sys
import polars as pl

letters = ["A", "B", "C", "D"]
options = ["opa", "opb", "opc", "opd"]
gold = pl.col("cop") - 1
wrong = (gold + 1) % 4

def message(role, content):
    return pl.concat_list([pl.struct(pl.lit(role).alias("role"), content.alias("content"))])

def answer(place):
    return pl.coalesce(pl.when(place == at).then(shown) for at, shown in enumerate(listed))

listed = [pl.format(letter + ". {}", pl.col(name)) for letter, name in zip(letters, options)]
asked = pl.concat_str(["question", pl.lit("\\n"), *listed], separator="\\n")
frame = pl.read_ndjson(sys.argv[1], schema_overrides={"exp": pl.String, "topic_name": pl.String})
frame.select(
    message("user", asked).alias("prompt"),
    message("assistant", answer(gold)).alias("chosen"),
    message("assistant", answer(wrong)).alias("rejected"),
).write_parquet(sys.argv[2] + "/pairs.parquet")
"""

BARE_PAIRS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import polars as pl
import pyarrow as pa
from openmed_data.arrow import declared
from openmed_data.builder import ROW, UID
from openmed_data.builders.medmcqa_prefs.balance import Balance
from openmed_data.builders.medmcqa_prefs.pairs import make_pairs
from openmed_data.builders.medmcqa_prefs.reasons import PrefsOptions
from openmed_data.kinds import Kind, schema
from openmed_data.parquet import write_table

columns = ["prompt", "chosen", "rejected"]
declared_columns = pa.schema([schema(Kind.PREFERENCES).field(name) for name in columns])
frame = pl.read_ndjson(sys.argv[1], schema_overrides={"exp": pl.String, "topic_name": pl.String})
questions = frame.select(
    pl.int_range(pl.len(), dtype=pl.UInt64).alias(ROW),
    pl.int_range(pl.len(), dtype=pl.UInt64).alias(UID),
    "id", pl.lit("dev.json").alias("source"), pl.col("id").alias("source_id"), pl.lit("mit").alias("license"),
    "question", "opa", "opb", "opc", "opd", (pl.col("cop") - 1).alias("gold"), pl.lit(False).alias("fixed"),
    pl.col("subject_name").alias("subject"), pl.col("topic_name").alias("topic"),
)

workers = int(sys.argv[3])
shard_rows = -(-questions.height // (2 * workers))

def shard(start):
    some = questions.slice(start, shard_rows)
    pairs = make_pairs(some, PrefsOptions(), Balance((0.25, 0.5, 0.75), (0.0,) * 11)).select(columns)
    write_table(declared(pairs.to_arrow(), declared_columns), Path(sys.argv[2]) / f"pairs-{start}.parquet")

with ThreadPoolExecutor(workers) as pool:
    list(pool.map(shard, range(0, questions.height, shard_rows)))
"""


FULL_BUILD = """
import sys
from pathlib import Path
from openmed_data import build_dataset
from openmed_data.builders.medmcqa_prefs import MedmcqaPrefs

MedmcqaPrefs.filters = ()  # the gate's deep checks are measured in benchmarks/gate.py
build_dataset("medmcqa-prefs", sys.argv[1], Path(sys.argv[2]) / "full", workers=int(sys.argv[3]), validation=False)
"""


def contestants(source: Path, folder: Path, workers: int) -> dict[str, Sequence[str]]:
    """Return the command of each contestant; each writes below `folder`."""
    scripts = {
        "ordinary (datasets.map, 2 processes)": ORDINARY,
        "bare polars": BARE_POLARS,
        "bare pairs (openmed-data)": BARE_PAIRS,
        "full build (openmed-data)": FULL_BUILD,
    }
    arguments = [str(source), str(folder), str(workers)]
    return {name: [sys.executable, "-c", script, *arguments] for name, script in scripts.items()}


def measure(command: Sequence[str], folder: Path) -> tuple[float, float]:
    """Run `command` in a clean folder; return wall seconds and the peak resident set in MB.

    The peak is the process's own, as the system kept it, or the largest sum with its children that was seen.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    environment = {**os.environ, "HF_DATASETS_DISABLE_PROGRESS_BARS": "1", "HF_HUB_OFFLINE": "1"}
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=said)
        family = _Family(process.pid)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"{command[:4]} failed:\n{said.read().decode()}")
    return wall, max(family.peak, used.ru_maxrss * (1024 if sys.platform == "linux" else 1)) / 1e6


class _Family:
    """The largest sum of resident sets, in bytes, of a process and its children while the process runs.

    A look takes 3 ms of processor: fifty in a second took a seventh of a core from who was measured.
    """

    def __init__(self, pid: int) -> None:
        self.peak = 0
        threading.Thread(target=self._watch, args=(pid,), daemon=True).start()

    def _watch(self, pid: int) -> None:
        import psutil

        while psutil.pid_exists(pid):
            with contextlib.suppress(psutil.Error):  # one of them ended while it was looked at
                first = psutil.Process(pid)
                family = [first, *first.children(recursive=True)]
                self.peak = max(self.peak, sum(member.memory_info().rss for member in family))
            time.sleep(0.25)


def compare(rows: int, rounds: int, workers: int, scratch: Path) -> None:
    """Print one table: every contestant at `rows` rows."""
    source = write(scratch / f"medmcqa-{rows}.json", rows)
    results: dict[str, list[tuple[float, float]]] = {}
    for _ in range(rounds):
        for name, command in contestants(source, scratch / "out", workers).items():
            results.setdefault(name, []).append(measure(command, scratch / "out"))
    ordinary = statistics.median(wall for wall, _ in results["ordinary (datasets.map, 2 processes)"])
    print(f"\n{rows:,} rows ({source.stat().st_size / 1e6:.0f} MB), median of {rounds} rounds, {os.cpu_count()} cores")
    print(f"{'':40}{'seconds':>9}{'min-max':>15}{'x ordinary':>12}{'peak MB':>9}")
    for name, runs in results.items():
        walls = sorted(wall for wall, _ in runs)
        middle = statistics.median(walls)
        spread = f"{walls[0]:.2f}-{walls[-1]:.2f}"
        print(f"{name:40}{middle:9.2f}{spread:>15}{ordinary / middle:12.1f}{max(peak for _, peak in runs):9.0f}")


def scaling(workers: int, scratch: Path, sizes: Sequence[int]) -> None:
    """Print cost per row and memory of the full build at several sizes."""
    print(f"\nfull build, {workers} workers")
    print(f"{'rows':>12}{'seconds':>9}{'µs per row':>12}{'peak MB':>9}")
    for rows in sizes:
        source = write(scratch / f"medmcqa-{rows}.json", rows)
        wall, peak = measure(
            contestants(source, scratch / "out", workers)["full build (openmed-data)"], scratch / "out"
        )
        print(f"{rows:12,}{wall:9.2f}{wall / rows * 1e6:12.1f}{peak:9.0f}")


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=FULL_SET)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--scaling", action="store_true")
    parser.add_argument("--scratch", type=Path, default=Path(tempfile.gettempdir()) / "openmed-data-benchmark")
    arguments = parser.parse_args()
    arguments.scratch.mkdir(parents=True, exist_ok=True)
    compare(arguments.rows, arguments.rounds, arguments.workers, arguments.scratch)
    if arguments.scaling:
        scaling(arguments.workers, arguments.scratch, (20_000, 200_000, 2_000_000))


if __name__ == "__main__":
    main()
