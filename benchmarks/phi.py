"""Measure the PHI scanner: recall on annotated and planted identifiers, false alarms on exam text, speed; beside peers.

Usage: ``python benchmarks/phi.py [--half judging|tuning] [--peers] [--shared DIR]``

Rows are split by the parity of the first byte of the SHA-256 of their id: the rules were tuned on the even (tuning)
half only; the odd (judging) half is what is printed by default. Everything runs on one core, timed by the processor
time it takes. ``--peers`` installs DataFog, phileas-redact, presidio-analyzer and scrubadub into an environment of
their own in the cache folder (once) and runs them over the same rows; without it the peers are left out.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

os.environ["POLARS_MAX_THREADS"] = "1"
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import polars as pl

from openmed_data.validation.phi import scan_frame
from openmed_data.validation.phi.disguise import DISGUISES, disguised
from openmed_data.validation.phi.planting import half, plants

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "openmed-data" / "phi-peers"
PACKAGES = ("datafog", "phileas-redact", "presidio-analyzer", "scrubadub")
PEERS = ("datafog", "phileas", "presidio", "scrubadub")
MEDICAL = (
    "anatomy",
    "clinical_knowledge",
    "college_biology",
    "college_medicine",
    "medical_genetics",
    "professional_medicine",
)
REPEATS = 7

Span = tuple[int, int]
Scanned = list[list[Span]]


@dataclass
class Data:
    """The texts that are scanned, and where the identifiers in them stand."""

    texts: list[str] = field(default_factory=list)
    gold: list[list[Span]] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)

    def add(self, group: str, text: str, *gold: Span) -> None:
        """Append one text of a group, with the spans of its identifiers."""
        self.texts.append(text)
        self.gold.append(list(gold))
        self.groups.append(group)


def load(shared: Path, which: str) -> Data:
    """Return every text of one half; groups are named ``asq``, ``asq negative``, ``exam ...``, ``plant ...``."""
    data = Data()
    for row in read_lines(shared / "phi/asq_phi_dev.jsonl"):
        if half(row["id"]) == which:
            spans = [(span["start"], span["end"]) for span in row["spans"]]
            data.add("asq negative" if row["hard_negative"] else "asq", row["text"], *spans)
    for number, row in enumerate(json.loads((shared / "phi/presidio_synth_v2.json").read_text("utf-8"))):
        if half(f"presidio/{number}") == which:
            spans = [(span["start_position"], span["end_position"]) for span in row["spans"]]
            data.add("general domain", row["full_text"], *spans)
    for row in read_lines(shared / "phi/eponym_traps.jsonl"):
        data.add("eponym traps (all rows)", row["text"])
    for name, identity, text in exams(shared):
        if half(identity) == which:
            data.add(f"exam {name}", text)
    for plant in plants(20, only="judging" if which == "judging" else "tuning"):
        data.add(f"plant {plant.kind}", plant.text, (plant.start, plant.end))
        for name in DISGUISES if plant.kind in {"name", "ssn", "phone", "email", "mrn"} else ():
            worn = disguised(plant, name)
            data.add(f"disguise {name}", worn.text, (worn.start, worn.end))
    return data


def read_lines(path: Path) -> list[dict]:
    """Return the objects of a JSON-lines file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def exams(shared: Path) -> list[tuple[str, str, str]]:
    """Return real exam questions as (set, id, text): MedMCQA dev, its explanations, MMLU medical subjects, MedQA."""
    found: list[tuple[str, str, str]] = []
    for row in read_lines(shared / "medmcqa/dev.json"):
        options = "\n".join(f"{letter}. {row['op' + letter.lower()]}" for letter in "ABCD")
        found.append(("MedMCQA question", row["id"], f"{row['question']}\n{options}"))
        if row.get("exp"):
            found.append(("MedMCQA explanation", row["id"], row["exp"]))
    for subject in MEDICAL:
        with (shared / f"benchmarks/mmlu/{subject}_test.csv").open(encoding="utf-8", newline="") as file:
            found += [("MMLU medical", f"{subject}/{n}", "\n".join(r[:5])) for n, r in enumerate(csv.reader(file))]
    for number, row in enumerate(read_lines(shared / "benchmarks/medqa_usmle_4opt_test.jsonl")):
        text = "\n".join([row["question"], *row["options"].values()])
        found.append(("MedQA", f"medqa/{number}", text))
    return found


def ours(texts: list[str], least: int, profile: str = "gate") -> Scanned:
    """Return the spans of our findings from level ``least`` on."""
    spans: Scanned = [[] for _ in texts]
    for row, start, end, _, level in scan_frame(texts, profile).iter_rows():
        if level >= least:
            spans[row].append((start, end))
    return spans


def peer_python() -> Path:
    """Return the interpreter of the peers' environment, made and filled on first use."""
    python = CACHE / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(CACHE)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return python


def run_peer(peer: str, texts: list[str]) -> dict:
    """Scan texts with a peer in its own process; see ``phi_peers.py`` for what comes back."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.json"), Path(folder, "out.json")
        source.write_text(json.dumps(texts), "utf-8")
        command = [str(peer_python()), str(HERE / "phi_peers.py"), peer, str(source), str(target)]
        subprocess.run(command, check=True, capture_output=True)
        return json.loads(target.read_text("utf-8"))


def covered(gold: Span, spans: list[Span]) -> float:
    """Return the share of a gold span's characters that any finding covers."""
    inside = {place for start, end in spans for place in range(max(start, gold[0]), min(end, gold[1]))}
    return len(inside) / (gold[1] - gold[0])


def recall(data: Data, scanned: Scanned, prefix: str) -> dict[str, tuple[int, float, float]]:
    """Return, per group, the number of gold spans, the share touched, and the share covered to 90%."""
    counts, touched, whole = Counter[str](), Counter[str](), Counter[str]()
    for group, gold, spans in zip(data.groups, data.gold, scanned, strict=True):
        for span in gold if group.startswith(prefix) else ():
            share = covered(span, spans)
            counts[group] += 1
            touched[group] += share > 0
            whole[group] += share >= 0.9
    return {group: (n, touched[group] / n, whole[group] / n) for group, n in counts.items()}


def flagged(data: Data, scanned: Scanned, group: str) -> tuple[int, int]:
    """Return how many rows of a group have a finding, and how many rows it has."""
    hits = [bool(spans) for name, spans in zip(data.groups, scanned, strict=True) if name == group]
    return sum(hits), len(hits)


def table(title: str, head: list[str], rows: list[list[str]]) -> None:
    """Print a table with a title."""
    widths = [max(len(line[place]) for line in [head, *rows]) for place in range(len(head))]
    print(f"\n{title}")
    for line in [head, *rows]:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def print_recall(data: Data, results: dict[str, Scanned], prefix: str, title: str) -> None:
    """Print touched/covered per group, one column for each scanner."""
    found = {name: recall(data, scanned, prefix) for name, scanned in results.items()}
    first = next(iter(found.values()))
    rows = [
        [group, str(n), *(f"{one[group][1]:.3f} / {one[group][2]:.3f}" for one in found.values())]
        for group, (n, _, _) in first.items()
    ]
    table(title, ["", "spans", *found], rows)


def print_flagged(data: Data, results: dict[str, Scanned]) -> None:
    """Print how many rows without a patient in them are flagged, per 1,000."""
    groups = [group for group in dict.fromkeys(data.groups) if group.startswith(("asq negative", "eponym", "exam"))]
    rows: list[list[str]] = []
    for group in groups:
        counts = [flagged(data, scanned, group) for scanned in results.values()]
        rows.append([group, str(counts[0][1]), *(f"{hits} ({1000 * hits / total:.2f})" for hits, total in counts)])
    table(
        "False alarms: rows flagged (per 1,000); none of these rows is about a real patient",
        ["", "rows", *results],
        rows,
    )


def megabytes_per_second(texts: list[str], scan: Callable[[pl.Series], object]) -> float:
    """Return the median speed over several repeats, UTF-8 bytes by processor time."""
    column = pl.Series(texts)
    seconds: list[float] = []
    for _ in range(REPEATS):
        start = time.process_time()
        scan(column)
        seconds.append(time.process_time() - start)
    return sum(len(text.encode()) for text in texts) / sorted(seconds)[REPEATS // 2] / 1e6


def print_speed(shared: Path, *, with_peers: bool) -> None:
    """Print megabytes a second on one core: each exam set whole, and a mixed sample on which the peers run too."""
    by_set: dict[str, list[str]] = {}
    for name, _, text in exams(shared):
        by_set.setdefault(name, []).append(text)
    questions = [text for name, texts in by_set.items() if name != "MedMCQA explanation" for text in texts]
    rows = [[name, str(len(texts)), f"{megabytes_per_second(texts, scan_frame):.1f}"] for name, texts in by_set.items()]
    best = megabytes_per_second(questions, scan_frame)
    table(f"Speed on one core, MB/s (median of {REPEATS}; all rows)", ["", "rows", "ours"], rows)
    print(f"  all questions: {best:.1f} MB/s over {len(questions)} rows")
    if not with_peers:
        return
    size = sum(len(text.encode()) for text in questions) / 1e6
    peers = {peer: size / min(run_peer(peer, questions)["seconds"] for _ in range(2)) for peer in PEERS}
    best = max(best, megabytes_per_second(questions, scan_frame))
    rows = [["ours", f"{best:.1f}", ""]]
    rows += [[peer, f"{speed:.2f}", f"{best / speed:.0f} x"] for peer, speed in peers.items()]
    table(
        "All questions, MB/s on one core (ours: better of two medians; peers: better of 2 runs)",
        ["", "MB/s", "ours is"],
        rows,
    )


def main() -> None:
    """Print every figure of one half."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=("judging", "tuning"), default="judging")
    parser.add_argument("--peers", action="store_true", help="install (once) and run the peers as well")
    parser.add_argument("--shared", type=Path, default=HERE.parents[1] / "shared" / "data")
    options = parser.parse_args()
    data = load(options.shared, options.half)
    print(
        f"PHI scanner on the {options.half} half of the rows (split by a hash of the id; rules tuned on the other one)."
        if options.half == "judging"
        else "PHI scanner on the tuning half of the rows: the rules were made on these."
    )
    print("Eponym traps are regression rows, known while tuning. Planted sentences were written before the rules.")
    results = {f"ours, level >= {least}": ours(data.texts, least) for least in (1, 2, 3)}
    results["ours, strict"] = ours(data.texts, 1, "strict")
    if options.peers:
        for peer in PEERS:
            answer = run_peer(peer, data.texts)
            results[f"{peer} {answer['version']}"] = [[(a, b) for a, b in spans] for spans in answer["spans"]]
    else:
        print("Peers are not run (--peers installs and runs them).")
    graded = {name: scanned for name, scanned in results.items() if not name.endswith(">= 3")}
    title = "share of identifiers touched / covered to 90%"
    print_recall(data, graded, "asq", f"ASQ-PHI: {title}")
    print_recall(
        data, graded, "general", f"presidio-research, no clinical text, organisations and years count: {title}"
    )
    print_recall(data, graded, "plant", f"Planted Safe Harbor identifiers: {title}")
    print_recall(data, graded, "disguise", f"Disguised names, SSNs, phones, e-mails and MRNs: {title}")
    print_flagged(data, results)
    print_speed(options.shared, with_peers=options.peers)


if __name__ == "__main__":
    main()
