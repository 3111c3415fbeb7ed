"""Duplicates: speed beside MinHash libraries used bare, and near pairs beside brute force.

Run from the repository root, with the public files in ``../shared/data``::

    python benchmarks/duplicates.py [ROWS]

Rows are made from MedMCQA dev (question and options) by replacing one word in three at random, so that they look
like exam questions and are not copies of each other; then one row in ten becomes a light edit (one to three words) and
one in twenty a copy in other case and spacing of another row. The threshold 0.7 and the bands were chosen from the
theory of MinHash, by reading the pairs found in MedMCQA dev itself, and by speed on such rows.

What "bare" means: word pairs made in Python, sketched, put into the library's index and queried, which yields
candidates that nobody has verified. Ours includes normalisation, exact duplicates, true Jaccard similarity, notes and
clusters. Runs take turns, so that a busy machine is as busy for one as for the other.
"""

import json
import platform
import random
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, pairwise
from pathlib import Path

import rensa

from openmed_data.text.near import find_duplicates

DATA = Path(__file__).parents[1] / ".." / "shared" / "data"
THRESHOLD = 0.7
NUM_PERM, BANDS = 160, 32
REPEATS = 5
SLOW_ROWS = 10_000
SAMPLE = 6_000
WORD = re.compile(r"[a-z0-9+<>=%\x80-\U0010ffff]+")


def main() -> None:
    """Print every figure."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    texts = scaled(rows)
    mean = sum(map(len, texts)) / rows
    print(f"{platform.machine()}, Python {platform.python_version()}, {rows} rows of {mean:.0f} characters\n")
    race(
        {
            "ours, from texts to clusters": lambda: find_duplicates(texts, threshold=THRESHOLD),
            "rensa bare: sketch, index, query": lambda: bare_rensa(texts),
            "rensa bare: its deduplicator": lambda: bare_deduplicator(texts),
        }
    )
    few = texts[:SLOW_ROWS]
    race(
        {
            f"ours, {SLOW_ROWS} rows": lambda: find_duplicates(few, threshold=THRESHOLD),
            f"datasketch bare, {SLOW_ROWS} rows": lambda: bare_datasketch(few),
        }
    )
    quality(texts[:SAMPLE])
    quality(originals())


def originals() -> list[str]:
    """MedMCQA dev, question and options."""
    with (DATA / "medmcqa" / "dev.json").open(encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    return ["\n".join([r["question"], *(str(r[f"op{letter}"]) for letter in "abcd")]) for r in records]


def scaled(rows: int) -> list[str]:
    """Rows like those of MedMCQA, with known shares of copies."""
    chance = random.Random(7)  # noqa: S311 - reproducible rows, not a secret
    sources = originals()
    words = [word for text in sources for word in text.split()]
    texts: list[str] = []
    while len(texts) < rows:
        draw = chance.random()
        if texts and draw < 0.05:
            texts.append(chance.choice(texts).upper().replace(" ", "  "))
        elif texts and draw < 0.15:
            texts.append(edited(chance.choice(texts), chance.randint(1, 3), words, chance))
        else:
            source = chance.choice(sources)
            texts.append(edited(source, max(3, len(source.split()) // 3), words, chance))
    return texts


def edited(text: str, count: int, words: Sequence[str], chance: random.Random) -> str:
    """Replace `count` words."""
    parts = text.split(" ")
    for _ in range(count):
        parts[chance.randrange(len(parts))] = chance.choice(words)
    return " ".join(parts)


def shingles(text: str) -> list[str]:
    """Word pairs, as the product defines them, in plain Python."""
    words = WORD.findall(text.lower())
    return [f"{first} {second}" for first, second in pairwise(words)] or words


def bare_rensa(texts: Sequence[str]) -> object:
    """Sketch, index and query every row."""
    sketches = rensa.RMinHash.from_token_sets([shingles(text) for text in texts], NUM_PERM, 42)
    index = rensa.RMinHashLSH(THRESHOLD, NUM_PERM, BANDS)
    index.insert_many(sketches)
    return index.query_all(sketches)


def bare_deduplicator(texts: Sequence[str]) -> object:
    """Use the streaming deduplicator of the library's own manual."""
    found = rensa.RMinHashDeduplicator(THRESHOLD, NUM_PERM, True, BANDS)  # noqa: FBT003 - use_lsh
    return found.add_pairs((str(row), shingles(text)) for row, text in enumerate(texts))


def bare_datasketch(texts: Sequence[str]) -> object:
    """Sketch, index and query every row."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(params=(BANDS, NUM_PERM // BANDS), num_perm=NUM_PERM)
    sketches: list[MinHash] = []
    for row, text in enumerate(texts):
        sketch = MinHash(NUM_PERM)
        sketch.update_batch([shingle.encode() for shingle in shingles(text)])
        index.insert(str(row), sketch)
        sketches.append(sketch)
    return [index.query(sketch) for sketch in sketches]


def quality(texts: list[str]) -> None:
    """Compare the near pairs with all pairs of true similarity, over rows that are not exact copies."""
    distinct = list({" ".join(shingles(text)): text for text in texts}.values())
    sets = [frozenset(shingles(text)) for text in distinct]
    true = {pair for pair, similarity in brute_force(sets) if similarity >= THRESHOLD}
    pairs = find_duplicates(distinct, threshold=THRESHOLD).pairs
    found = set(pairs.select("left", "right").iter_rows())
    shared = len(found & true)
    print(
        f"\n{len(distinct)} distinct rows: {len(true)} pairs of Jaccard >= {THRESHOLD} by brute force, "
        f"{len(found)} found; "
        f"recall {shared / max(len(true), 1):.4f}, precision {shared / max(len(found), 1):.4f}"
    )


def brute_force(sets: Sequence[frozenset[str]]) -> Iterator[tuple[tuple[int, int], float]]:
    """Jaccard similarity of every two rows that share a shingle."""
    holders: defaultdict[str, list[int]] = defaultdict(list)
    for row, held in enumerate(sets):
        for shingle in held:
            holders[shingle].append(row)
    shared = Counter(pair for rows in holders.values() for pair in combinations(rows, 2))
    for (left, right), count in shared.items():
        yield (left, right), count / (len(sets[left]) + len(sets[right]) - count)


def race(runs: dict[str, Callable[[], object]]) -> None:
    """Time several runs by turns and print the best and the median of each, in wall and in processor time."""
    wall: dict[str, list[float]] = {label: [] for label in runs}
    busy: dict[str, list[float]] = {label: [] for label in runs}
    for _ in range(REPEATS):
        for label, run in runs.items():
            start, start_busy = time.perf_counter(), time.process_time()
            run()
            wall[label].append(time.perf_counter() - start)
            busy[label].append(time.process_time() - start_busy)
    for label in runs:
        print(f"  {label}: wall {summary(wall[label])}, processor {summary(busy[label])}")


def summary(seconds: list[float]) -> str:
    """Best and median."""
    return f"{min(seconds):.2f} s (median {sorted(seconds)[REPEATS // 2]:.2f})"


if __name__ == "__main__":
    main()
