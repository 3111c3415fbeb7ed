"""Build `sft-synthetic` from MedQuAD, and hold it against the ordinary way: `datasets.map` with one template.

    python benchmarks/build_sft.py                  # all 16,407 rows of MedQuAD
    python benchmarks/build_sft.py --keep FOLDER    # and leave the build there, to read rows of it

The same figures are computed for both sets by the same code: rows, seconds, the share of the commonest phrasing, near
duplicates among questions and among answers, distinct n-grams and self-BLEU, and how many answers still hold a link, a
telephone number, a pointer to another page or a heading run into the text. The rules that find such dirt here are not
the builder's. Rows were read for tuning the builder, some of either half, so the share of dirt in its rows is not
an independent measure; `--judge` looks only at rows whose id hashes to an odd number, of which fewer were read.
"""

import argparse
import json
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from openmed_data import tally
from openmed_data.builders.sft_synthetic.diversity import count_ngrams, distinct, sample_texts, sampled, self_bleu
from openmed_data.text.near import find_duplicates

MEDQUAD = Path(__file__).resolve().parents[2] / "shared" / "data" / "corpus" / "medquad.parquet"
DIRT = {
    "a link or an address": re.compile(r"https?:|www\.|\S@\S+\.\w{2,}"),
    "a telephone number": re.compile(r"\b\d{3}[-. ]\d{4}\b"),
    "a pointer elsewhere": re.compile(
        r"(?i)\bclick here|\bread more|\bmore information (?:about|on)\b|\bwatch the video"
    ),
    "nothing but links": re.compile(r"^(?:These resources|See the)"),
    "a page's heading": re.compile(r"^(?:Key Points|Summary :|What (?:are|is|causes)|How (?:is|might|can))"),
    "runs of spaces": re.compile(r"\S {3,}\S"),
}
ONE_TEMPLATE = "Answer this medical question: {question}"


@dataclass(frozen=True)
class Made:
    """A set of dialogues as plain columns."""

    ids: Sequence[str]
    asked: Sequence[str]
    answers: Sequence[str]
    templates: Sequence[str]
    seconds: Sequence[float]
    processor: float


def ours(out: Path, rounds: int, workers: int, *, checked: bool) -> Made:
    """Build with openmed-data, start-up and default checks included."""
    command = [str(Path(sys.executable).with_name("openmed-data")), "build", "sft-synthetic", "--source", str(MEDQUAD),
               "--out", str(out), "--workers", str(workers), "--quiet"]  # fmt: skip
    seconds: list[float] = []
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(rounds):
        shutil.rmtree(out, ignore_errors=True)
        start = time.perf_counter()
        subprocess.run([*command, *([] if checked else ["--no-validation"])], check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - start)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / rounds
    rows = pl.concat([pl.read_parquet(path) for path in sorted((out / "data").glob("*.parquet"))])
    dialogues: list[list[dict[str, Any]]] = rows["messages"].to_list()
    return Made(
        rows["id"].to_list(),
        ["\n".join(one["content"] for one in said if one["role"] == "user") for said in dialogues],
        ["\n".join(one["content"] for one in said if one["role"] == "assistant") for said in dialogues],
        [origin.split("/")[2] for origin in rows["origin"]],
        seconds,
        busy,
    )


def ordinary(rounds: int) -> Made:
    """Map one template over the rows with `datasets`, as most recipes do."""
    from datasets import Dataset

    source = Dataset.from_parquet(str(MEDQUAD))
    seconds: list[float] = []
    mapped = source

    def convert(row: Mapping[str, str]) -> dict[str, str]:
        return {"asked": ONE_TEMPLATE.format(question=row["question"]), "told": row["answer"]}

    for _ in range(rounds):
        start = time.perf_counter()
        mapped = source.map(convert, load_from_cache_file=False)
        seconds.append(time.perf_counter() - start)
    return Made(mapped["id"][:], mapped["asked"][:], mapped["told"][:], ["the one"] * len(mapped), seconds, 0.0)


def near(texts: Sequence[str]) -> float:
    """Return the share of texts that are nearly another one (Jaccard similarity of word pairs of 0.8)."""
    found = find_duplicates(list(texts), threshold=0.8).clusters.filter(pl.col("differs").is_null())
    return found.height / len(texts)


def figures(made: Made, *, judge: bool) -> dict[str, str]:
    """Compute what is printed of a set."""
    phrased = Counter(name for name in made.templates if name != "as-asked")
    answers = pl.Series(made.answers)
    counts = tally.merge([count_ngrams(answers), sample_texts(pl.Series(made.ids), answers)])
    looked = [
        answer
        for name, answer in zip(made.ids, made.answers, strict=True)
        if not judge or zlib.crc32(name.encode()) % 2
    ]
    bare = [answer.split("\n\nSource: ")[0] for answer in looked]
    return {
        "rows": f"{len(made.ids):,}",
        "seconds, median (fastest)": f"{statistics.median(made.seconds):.1f} ({min(made.seconds):.1f})",
        "phrasings": f"{len(phrased):,}",
        "commonest phrasing": f"{max(phrased.values()) / len(made.ids):.2%}",
        "near duplicates, asked": f"{near(made.asked):.2%}",
        "near duplicates, answers": f"{near(made.answers):.2%}",
        **{name: f"{value:.4f}" for name, value in distinct(counts).items()},
        "self-BLEU of 200 answers": f"{self_bleu(sampled(counts)):.4f}",
        "words of an answer, median": f"{statistics.median(len(answer.split()) for answer in made.answers):.0f}",
        **{f"answers with {name}": f"{sum(bool(dirt.search(one)) for one in bare) / len(bare):.2%}"
           for name, dirt in DIRT.items()},
    }  # fmt: skip


def books(out: Path) -> None:
    """Print where the source rows went."""
    document = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    print(f"\nsource rows {document['books']['source_rows']:,}, used {document['books']['used_rows']:,}")
    for place in ("rejected_source_rows", "rejected_candidate_rows"):
        for reason, number in sorted(document["books"][place].items(), key=lambda item: -item[1]):
            print(f"  {reason:22}{number:7,}")
    print("tasks", json.dumps(document["figures"]["tasks"]), "shares", json.dumps(document["figures"]["shares"]))


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--judge", action="store_true", help="count dirt in the half of which fewer rows were read")
    parser.add_argument("--keep", type=Path, help="where to leave the build")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        out = arguments.keep or Path(scratch) / "build"
        unchecked = ours(out, arguments.rounds, arguments.workers, checked=False)
        made = ours(out, arguments.rounds, arguments.workers, checked=True)
        peer = ordinary(arguments.rounds)
        left, right = figures(made, judge=arguments.judge), figures(peer, judge=arguments.judge)
        print(f"{'':34}{'sft-synthetic':>28}{'datasets.map':>28}")
        for name in left:
            print(f"{name:34}{left[name]:>28}{right[name]:>28}")
        print(f"seconds of processor: {made.processor:.1f} with the checks, {unchecked.processor:.1f} without;")
        walls = unchecked.seconds
        print(f"seconds without the checks: median {statistics.median(walls):.1f}, least {min(walls):.1f}")
        books(out)


if __name__ == "__main__":
    main()
