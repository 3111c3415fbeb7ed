"""Time the default build with every check, and measure what each check costs and says of real files.

    python benchmarks/gate.py                    # 182,822 rows, the size of MedMCQA's training set, on two cores
    python benchmarks/gate.py --rows 20000

First the whole command, `openmed-data build medmcqa-prefs --benchmarks …` with two workers, filters, report and all, in
a process of its own pinned to two cores: wall time, processor time and peak resident set, children included. The index
of the benchmarks is built before, as it is once for all builds; its time is printed apart. Then each check alone over
the rows that were built, in this process. Then what `phi` says of real files that no rule was tuned on and that hold no
patients, so that every finding of level 2 or 3 is a false alarm or a person in public life.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl
from scale_up import FULL_SET, SOURCE, write

from openmed_data.dataset import open_dataset
from openmed_data.registry import CHECKS, all_of, find

SHARED = SOURCE.parents[1]
BENCHMARKS = SHARED / "benchmarks"


def main() -> None:
    """Print the three tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=FULL_SET)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["HOME"] = name  # the index is built anew, and no one's own cache is touched
        source = write(folder / "rows.jsonl", arguments.rows)
        _index()
        _build(source, folder / "prefs")
        _checks(folder / "prefs")
    _false_alarms()


def _index() -> None:
    check = find(CHECKS, "contamination")
    start = time.perf_counter()
    check.record(check.settings_model(benchmarks=(str(BENCHMARKS),)))
    print(f"index of the benchmarks, once: {time.perf_counter() - start:.1f} s\n")


def _build(source: Path, out: Path) -> None:
    command = [
        str(Path(sys.executable).with_name("openmed-data")), "build", "medmcqa-prefs", "--source", str(source),
        "--out", str(out), "--benchmarks", str(BENCHMARKS), "--workers", "2", "--quiet", "--json",
    ]  # fmt: skip
    cores = sorted(os.sched_getaffinity(0))[:2] if hasattr(os, "sched_getaffinity") else None
    start = time.perf_counter()
    done = subprocess.run(
        command,
        stdout=subprocess.DEVNULL,
        check=False,
        preexec_fn=(lambda: os.sched_setaffinity(0, cores)) if cores else None,
    )
    wall = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = used.ru_maxrss / (1e6 if sys.platform == "linux" else 1e9)
    load = os.getloadavg()[0]
    print(f"build with all checks, 2 cores, exit {done.returncode}: {wall:.1f} s wall, ", end="")
    print(f"{used.ru_utime + used.ru_stime:.1f} s of processor, {peak:.2f} GB at most (load average {load:.1f})\n")


def _checks(build: Path) -> None:
    dataset = open_dataset(str(build))
    for name, check in all_of(CHECKS).items():
        given = {"benchmarks": (str(BENCHMARKS),)} if name == "contamination" else {}
        wall, used = time.perf_counter(), time.process_time()
        if dataset.kind not in check.kinds:
            continue
        result = check.run(dataset, check.settings_model(**given))
        wall, used = time.perf_counter() - wall, time.process_time() - used
        if result.not_run:
            print(f"{name:14} not run: {result.not_run}")
            continue
        missed = [f"{figure.name} {figure.value:g}" for figure in result.figures if not figure.passed]
        print(f"{name:14} {wall:6.1f} s wall {used:6.1f} s of processor  out of range: {', '.join(missed) or 'none'}")
    print()


def _false_alarms() -> None:
    check = find(CHECKS, "phi")
    for name, frame in _real_files():
        counts = check.scan(frame, check.settings_model()).counts
        figures = {figure.name: figure.value for figure in check.assess(counts, check.settings_model())}
        print(f"{name:38} {frame.height:6,} rows  level 3: {figures['level_3_rows']:.0f}", end="  ")
        print(f"level 2: {figures['level_2_rows']:.0f} ({figures['level_2_per_1000']:g} per 1,000)")


def _real_files() -> list[tuple[str, pl.DataFrame]]:
    options = ("question", "opa", "opb", "opc", "opd")
    medmcqa = pl.read_ndjson(SOURCE)
    medqa = pl.read_ndjson(BENCHMARKS / "medqa_usmle_4opt_test.jsonl").select("question", "options")
    pro = pl.read_parquet(BENCHMARKS / "mmlu_pro_test.parquet").filter(pl.col("category") == "health")
    huatuo = pl.read_json(SHARED / "medreason" / "huatuo_o1_verifiable_demo.json")
    medquad = pl.read_parquet(SHARED / "corpus" / "medquad.parquet").select("question", "answer")
    return [
        ("MedMCQA validation, question + options", medmcqa.select(options)),
        ("MedMCQA validation, explanations", medmcqa.select("exp")),
        ("MedQA test", medqa),
        ("MMLU-Pro health", pro.select("question", "options")),
        ("HuatuoGPT-o1 demo, reasoning", huatuo),
        ("MedQuAD, web pages with contacts", medquad),
    ]


if __name__ == "__main__":
    main()
