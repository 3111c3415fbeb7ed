"""Make a MedMCQA-like file of any size out of the real validation file, with varied text.

Each copy of a row keeps its structure (stem frame, options, key, explanation style, damaged words) and has half of its
longer words replaced by words drawn from the corpus at their own frequency, so that stems are as unlike as real ones
and no more than a few percent are near copies. Only for measuring: the sentences mean nothing.
"""

import argparse
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parents[2] / "shared" / "data" / "medmcqa" / "dev.json"
TEXTS = ("question", "exp", "opa", "opb", "opc", "opd")
FULL_SET = 182_822
_WORD = re.compile(r"[A-Za-z]{4,}")


def rows(count: int, source: Path = SOURCE, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Yield `count` rows; the first ones are the real file's own."""
    real = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]
    words = [
        word for row in real for word in _WORD.findall(row["question"] + " " + " ".join(row[f"op{x}"] for x in "abcd"))
    ]
    rng = random.Random(seed)  # noqa: S311

    def other_word(match: re.Match[str]) -> str:
        if rng.random() < 0.5:
            return match[0]
        drawn = rng.choice(words)
        return drawn.capitalize() if match[0][0].isupper() else drawn.lower()

    for number in range(count):
        row = dict(real[number % len(real)])
        if number >= len(real):
            row |= {name: _WORD.sub(other_word, row[name]) for name in TEXTS if row[name]}
            row["id"] = f"{row['id'][:24]}{number:012d}"
        yield row


def write(path: Path, count: int) -> Path:
    """Write `count` rows as JSON lines unless `path` exists already; return `path`."""
    if not path.exists():
        partial = path.with_suffix(".partial")
        with partial.open("w", encoding="utf-8") as stream:
            stream.writelines(json.dumps(row) + "\n" for row in rows(count))
        partial.rename(path)
    return path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--rows", type=int, default=FULL_SET)
    arguments = parser.parse_args()
    write(arguments.path, arguments.rows)
