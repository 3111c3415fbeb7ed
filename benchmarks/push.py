"""Memory and time of pushing a large build, beside `huggingface_hub.upload_folder` doing its part of the same.

The build is made here: preference rows of 12 KB, half of which is left after compression. It goes to the stand-in of
the Hub that the tests have (its own process, LFS protocol, loopback), since a figure must not depend on somebody's
network. `openmed-data push` hashes, uploads, commits, downloads everything again, hashes it, and loads it with
`datasets` in a process of its own; the peer uploads and commits, and verifies nothing. Resident memory is that of the
largest process of each, sampled every 20 ms; pages of mapped files count as well.

Run: python benchmarks/push.py [--gigabytes 1.0]
"""

import argparse
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "hub"))

from making import long_preference, make_build
from stand_in.server import StandIn
from stand_in.world import WRITER

SHARD_ROWS = 5_000
SHARD_BYTES = 30_500_000
MB = 1_000_000

PEER = """
import sys
from huggingface_hub import HfApi
HfApi().create_repo("someone/peer", repo_type="dataset", private=True)
HfApi().upload_folder(folder_path=sys.argv[1], repo_id="someone/peer", repo_type="dataset")
"""


def serve(folder: Path, pipe: Connection) -> None:
    """Be the Hub until told to stop."""
    with StandIn(folder) as hub:
        pipe.send(hub.origin)
        pipe.recv()


def measured(command: Sequence[str], environment: dict[str, str]) -> tuple[float, float, float, str]:
    """Run a command; return its seconds, and the peak resident bytes of itself and of its children."""
    start = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    watched = psutil.Process(process.pid)
    own = children = 0
    while process.poll() is None:
        try:
            own = max(own, watched.memory_info().rss)
            children = max([children, *(child.memory_info().rss for child in watched.children(recursive=True))])
        except psutil.NoSuchProcess:
            pass
        time.sleep(0.02)
    said = process.stdout.read() if process.stdout else ""
    if process.returncode:
        sys.exit(said)
    return time.perf_counter() - start, own, children, said


def main() -> None:
    """Make the build, push it both ways, print what it took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=1.0)
    wanted = parser.parse_args().gigabytes
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        shards = max(1, round(wanted * 1e9 / SHARD_BYTES))
        build = make_build(root / "toy", shards=shards, rows=SHARD_ROWS, row=long_preference)
        size = sum(path.stat().st_size for path in build.rglob("*.parquet"))
        print(f"build: {size / 1e9:.2f} GB in {shards + 1} shards, {(shards + 1) * SHARD_ROWS:,} rows")
        print(f"{'':<34}{'seconds':>9}{'MB resident':>13}{'MB resident, loading':>22}")
        commands = {
            "openmed-data push (verifies)": ["-m", "openmed_data", "push", str(build), "someone/toy"],
            "openmed-data push, again (no-op)": ["-m", "openmed_data", "push", str(build), "someone/toy"],
            "upload_folder (does not)": ["-c", PEER, str(build)],
        }
        here, there = multiprocessing.Pipe()
        server = multiprocessing.get_context("spawn").Process(target=serve, args=(root / "hub", there))
        server.start()
        environment = {**os.environ, "HF_ENDPOINT": here.recv(), "HF_HOME": str(root / "home"), "HF_TOKEN": WRITER}
        environment |= {"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "TMPDIR": folder}
        try:
            for name, arguments in commands.items():
                if "upload_folder" in name:  # storage keeps what it has: the peer must upload as well
                    shutil.rmtree(root / "hub" / "objects")
                    (root / "hub" / "objects").mkdir()
                seconds, own, loading, _ = measured([sys.executable, *arguments], environment)
                loaded = f"{loading / MB:,.0f}" if loading else "-"
                print(f"{name:<34}{seconds:>9.1f}{own / MB:>13,.0f}{loaded:>22}", flush=True)
        finally:
            here.send(None)
            server.join()


if __name__ == "__main__":
    main()
