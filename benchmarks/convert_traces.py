"""Convert the public sample traces: what is kept of each file and why the rest is not, and how fast.

Usage: python benchmarks/convert_traces.py [--shared DIR]

The table counts every record of every file once. The speed is that of one core, polars' threads included, on 6,000
records of each format made from the files' own: "new tools" gives each record tool schemas that no other has, so that
every one is read and compiled; "same tools" repeats them as sets with few tools do. The peer is what people write
first, a function for `datasets.map` that renames roles and parses calls, without one law. Nothing was tuned on these
rows but the formats themselves, which were written with the files at hand; see docs/traces.md for what that means.
"""

import argparse
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ["POLARS_MAX_THREADS"] = "1"

from openmed_data import tally
from openmed_data.api import build_dataset
from openmed_data.builders.tool_traces.making import readable
from openmed_data.sources.resolve import name_files
from openmed_data.traces.columns import columns_of
from openmed_data.traces.convert import Converter
from openmed_data.traces.detect import formats
from openmed_data.traces.infer import count_calls, infer
from openmed_data.traces.reading import RECORD, record_parts
from openmed_data.traces.toolbox import toolbox
from openmed_data.traces.trace import Trace

ROWS = 6_000
RUNS = 3


def main() -> None:
    """Print the table, then the speeds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    folder = parser.parse_args().shared / "traces"
    files = sorted(path for path in folder.glob("**/*") if path.is_file())
    if not files:
        raise SystemExit(f"no traces under '{folder}'")
    formats_of = print_books(folder)
    print_speeds(files, formats_of)


def print_books(folder: Path) -> dict[str, str]:
    """Build all files at once, print what became of every file, and return the format of each file."""
    import polars as pl

    with tempfile.TemporaryDirectory() as held:
        built = build_dataset("tool-traces", f"{folder}/**/*", Path(held) / "out", validation=False).path
        manifest = json.loads((built / "manifest.json").read_text(encoding="utf-8"))
        rejected = pl.concat(pl.read_parquet(path) for path in sorted((built / "rejected").glob("*.parquet")))
    decided: dict[str, str] = manifest["state"]["formats"]
    reason = pl.col("reason").str.replace("^phi:.*", "phi")
    counts: dict[str, Counter[str]] = {}
    for file, why, number in rejected.group_by("file", reason).len().iter_rows():
        counts.setdefault(file, Counter())[why] += number
    print(f"{'file':<42} {'format':<12} {'records':>7} {'kept':>5}  reasons")
    for file in manifest["source"]["files"]:
        why = counts.get(file["name"], Counter())
        said = ", ".join(f"{name} {number}" for name, number in why.most_common())
        kept = file["rows"] - why.total()
        print(f"{file['name']:<42} {decided[file['name']]:<12} {file['rows']:>7} {kept:>5}  {said}")
    books = manifest["books"]
    kept_rows = sum(books["kept_rows"].values())
    lost = sum(books["rejected_source_rows"].values()) + sum(books["rejected_candidate_rows"].values())
    print(
        f"{'all':<55} {books['source_rows']:>7} {kept_rows:>5}  balanced: {kept_rows + lost == books['source_rows']}\n"
    )
    return decided


def print_speeds(files: Sequence[Path], decided: dict[str, str]) -> None:
    """Print traces and megabytes a second for each format, and those of the peer."""
    texts: dict[str, list[str]] = {}
    for file in name_files(list(files)):
        found = [text for part in record_parts(file) for text in part.load()[RECORD].to_list()]
        texts.setdefault(decided[file.name], []).extend(found)
    print(
        f"{'format':<14} {'bytes/record':>12} {'new tools':>12} {'same tools':>12} {'MB/s':>6}   (traces/s, one core)"
    )
    for name, some in sorted(texts.items()):
        converter = Converter(formats()[name], _inferred(name, some))
        new, same = _scaled(some, vary=True), _scaled(some, vary=False)
        cold = _fastest(new, lambda held, with_=converter: _convert(with_, held), runs=1)
        warm = _fastest(same, lambda held, with_=converter: _convert(with_, held))
        size = sum(map(len, same)) / len(same)
        print(f"{name:<14} {size:>12,.0f} {cold:>12,.0f} {warm:>12,.0f} {warm * size / 1e6:>6.0f}")
    peer = _peer(_scaled(texts["sharegpt"], vary=False))
    print(f"\npeer, datasets.map on the sharegpt rows, without a law: {peer:,.0f} traces/s")


def _inferred(name: str, texts: Sequence[str]) -> Any:
    evidence = tally.merge([count_calls(readable(texts, [name] * len(texts)))])
    return toolbox(infer(evidence, name, formats()[name].descriptions))


def _scaled(texts: Sequence[str], *, vary: bool) -> list[str]:
    """Repeat records up to `ROWS`; with `vary` each has schemas of its own, by a keyword that means nothing."""
    copies = -(-ROWS // len(texts))
    many = [(text, copy) for copy in range(copies) for text in texts][:ROWS]
    return [text.replace("description", f"description_{copy}") if vary else text for text, copy in many]


def _convert(converter: Converter, texts: list[str]) -> int:
    kept = [one for one in converter.convert(texts) if isinstance(one, Trace)]
    return columns_of(kept).height


def _fastest(texts: list[str], work: Callable[[list[str]], int], runs: int = RUNS) -> float:
    """Return the records a second of processor time of the fastest run."""
    best = float("inf")
    for _ in range(runs):
        start = time.process_time()
        work(texts)
        best = min(best, time.process_time() - start)
    return len(texts) / best


def _peer(texts: list[str]) -> float:
    import datasets

    datasets.disable_progress_bars()
    rows = datasets.Dataset.from_list([{"record": text} for text in texts])
    best = float("inf")
    for _ in range(RUNS):
        start = time.process_time()
        rows.map(_naive, remove_columns=["record"], load_from_cache_file=False)
        best = min(best, time.process_time() - start)
    return len(texts) / best


def _naive(row: dict[str, str]) -> dict[str, Any]:
    record = json.loads(row["record"])
    messages: list[dict[str, Any]] = []
    for turn in record["conversations"]:
        if turn["from"] == "function_call":
            call = json.loads(turn["value"])
            messages.append({"role": "assistant", "content": "", "tool_calls": json.dumps([call])})
        else:
            role = {"human": "user", "gpt": "assistant", "observation": "tool"}.get(turn["from"], turn["from"])
            messages.append({"role": role, "content": turn["value"], "tool_calls": None})
    return {"messages": messages, "tools": record["tools"]}


if __name__ == "__main__":
    main()
