"""Memory is set by the size of batches and partitions: eight times the rows take little more."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's own count of memory"),
]

# Private memory alone: files that are mapped count as resident too, but the kernel takes that back when it likes.
WATCH = """
import re, sys, threading, time
peak = 0
def watch():
    global peak
    while True:
        peak = max(peak, int(re.search(r"RssAnon:\\s+(\\d+)", open("/proc/self/status").read())[1]))
        time.sleep(0.005)
threading.Thread(target=watch, daemon=True).start()
count = int(sys.argv[1])
"""
DUPLICATES = """
import numpy as np
import polars as pl
from openmed_data.kinds import Kind
from openmed_data.validation.duplicates import CHECK, DuplicatesSettings, _compare

_compare.AT_ONCE = 20_000
WORDS = pl.Series([f"word{number:x}" for number in range(5000)])

class Rows:
    kind, manifest = Kind.SFT, None
    def batches(self):
        for start in range(0, count, 2000):
            drawn = np.random.default_rng(start).integers(0, 5000, (2000, 30))
            texts = pl.DataFrame({"w": drawn}).select(pl.col("w").arr.to_list().list.eval(
                pl.element().replace_strict(range(5000), WORDS)).list.join(" "))["w"]
            turns = pl.concat_list(pl.struct(pl.lit("user").alias("role"), texts.alias("content")))
            number = pl.format("{}", pl.int_range(start, start + 2000))
            yield "train", pl.select(number.alias("id"), turns.alias("messages"))

assert CHECK.run(Rows(), DuplicatesSettings()).rows == count
"""
DECIDE = """
import tempfile
from pathlib import Path
import numpy as np
import polars as pl
from openmed_data.pipeline import decide, near_stems, splits
from openmed_data.pipeline.work import Work, write_frame
from openmed_data.pipeline.workers import Here

decide.PARTITION_ROWS = 20_000
splits.HELD_ROWS = 2_000
near_stems._KEYS_AT_ONCE = 100_000
with tempfile.TemporaryDirectory() as folder:
    work = Work(Path(folder) / "out")
    for step in ("keys", "words", "hashes", "near"):
        (work.root / step).mkdir(parents=True)
    for index in range(count // 2000):
        rows = pl.Series("_row", range(index * 16_384, index * 16_384 + 2000), dtype=pl.UInt64)
        drawn = np.random.default_rng(index).integers(0, 20_000, (2000, 12))
        stems = pl.Series(["".join(f" b{word:x}d" for word in row) for row in drawn.tolist()])
        keys = pl.DataFrame({"_row": rows, "_uid": rows.hash(), "identity": stems, "answer": "a"})
        write_frame(keys, work.part("keys", index))
        write_frame(near_stems.words(pl.DataFrame({"_row": rows, "stem": stems})), work.part("words", index))
    gone = decide.repeated(work, Here(), count // 2000)
    search = splits.Search(work, Here())
    drawn = splits.draw(search, work.parts("keys"), work.parts("words"), gone["_row"], 1, 0.05)
    assert 0.03 * count < drawn.len() < 0.06 * count
"""


def peak_megabytes(script: str, rows: int) -> float:
    command = [sys.executable, "-c", f"{WATCH}{script}\nprint(peak)", str(rows)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout) / 1000


@pytest.mark.parametrize("script", [DUPLICATES, DECIDE], ids=["duplicates", "decide and draw"])
def test_eight_times_the_rows_take_little_more_memory(script: str):
    few, many = (peak_megabytes(script, rows) for rows in (20_000, 160_000))
    assert many < few + 60
