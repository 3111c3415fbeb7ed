"""Precision and recall of the lost-"rt" repair on MedMCQA's validation file, and its speed at the train set's size.

The labels (`labels/lost_rt.tsv`: row id, field, word, occurrence of that spelling in the field, repaired word or
nothing) were made by reading every word of the file that the general vocabularies (MedQuAD, MMLU, MMLU-Pro, MedQA,
PubMedQA) do not hold, whether or not a rule finds it, and every known word of fewer than 3,000 occurrences there that
becomes a word with "rt" when the letters are put back; ambiguous words were read in their sentence. Repairs of words
that carry no label count as wrong. The acronyms that lost all but their A (RTA, ART) were labelled later, from every A
of the file, and the rule for RTA was written with all of them in view.

Rows are split by a hash of their id: two fifths were used to write the word list, three fifths are judged.

    python benchmarks/repair_accuracy.py [--data ../shared/data/medmcqa/dev.json] [--errors] [--rows 182822]
"""

import argparse
import csv
import hashlib
import re
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polars as pl

from openmed_data.text.lost_rt import Lexicon, build_lexicon, count, repair

HERE = Path(__file__).parent
QUESTION = ["question", "opa", "opb", "opc", "opd"]
FIELDS = [*QUESTION, "exp"]
WORD = re.compile(r"[A-Za-z]+")


class Place(NamedTuple):
    """One occurrence of a word."""

    row: str
    field: str
    word: str
    occurrence: int


class Score(NamedTuple):
    """Places repaired rightly, wrongly and not at all."""

    right: list[tuple[Place, str]]
    wrong: list[tuple[Place, str]]
    missed: list[tuple[Place, str]]

    def line(self, name: str) -> str:
        """One line of the table."""
        right, wrong, missed = map(len, self)
        return (
            f"{name:<28}{right:>7}{wrong:>7}{missed:>7}"
            f"{right / max(1, right + wrong):>11.4f}{right / max(1, right + missed):>9.4f}"
        )


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared/data/medmcqa/dev.json")
    parser.add_argument("--rows", type=int, default=182_822)
    parser.add_argument("--errors", action="store_true", help="list every place repaired wrongly or missed")
    options = parser.parse_args()
    rows = pl.read_ndjson(options.data)
    report_accuracy(rows, show_errors=options.errors)
    report_speed(rows, options.rows)


def report_accuracy(rows: pl.DataFrame, *, show_errors: bool) -> None:
    """Score the lexicon of the whole file, and lexicons made of small samples, on tuning and judging rows."""
    labels = read_labels()
    print(f"{'rows':<28}{'right':>7}{'wrong':>7}{'missed':>7}{'precision':>11}{'recall':>9}")
    lexicon = build_lexicon(count(rows, FIELDS))
    for name, wanted in (("tuning", True), ("judging", False)):
        part = rows.filter(pl.Series([is_tuning(row) == wanted for row in rows["id"]]))
        result = score(part, FIELDS, lexicon, labels)
        print(result.line(f"{name} ({part.height} rows)"))
        if show_errors:
            for kind, places in (("wrong", result.wrong), ("missed", result.missed)):
                print(*(f"  {kind} {place} {word!r}" for place, word in places), sep="\n")
        if not wanted:
            print(score(part, QUESTION, lexicon, labels).line("  question and options"))
            print(score(part, ["exp"], lexicon, labels).line("  explanation"))
            print(score_in_samples(part, labels).line("  lexicon per 200 rows"))


def score_in_samples(rows: pl.DataFrame, labels: dict[Place, str], size: int = 200) -> Score:
    """Score with a lexicon made anew from each `size` rows, as in a build of a small sample."""
    total = Score([], [], [])
    for sample in rows.iter_slices(size):
        for sums, found in zip(total, score(sample, FIELDS, build_lexicon(count(sample, FIELDS)), labels), strict=True):
            sums.extend(found)
    return total


def score(rows: pl.DataFrame, fields: list[str], lexicon: Lexicon, labels: dict[Place, str]) -> Score:
    """Compare every word before and after the repair with the labels."""
    repaired, _ = repair(rows, fields, lexicon)
    result = Score([], [], [])
    for place, after in pairs(rows, repaired, fields):
        label = labels.get(place, "") or place.word.lower()
        if after != place.word.lower():
            (result.right if after == label else result.wrong).append((place, after))
        if after != label and label != place.word.lower():
            result.missed.append((place, label))
    return result


def pairs(before: pl.DataFrame, after: pl.DataFrame, fields: list[str]) -> Iterator[tuple[Place, str]]:
    """Pair each place with the word (lower case) that stands there after the repair."""
    for field in fields:
        for row, old, new in zip(before["id"], before[field], after[field], strict=True):
            seen: Counter[str] = Counter()
            for was, now in zip(WORD.findall(old or ""), WORD.findall(new or ""), strict=True):
                yield Place(row, field, was, seen[was]), now.lower()
                seen[was] += 1


def read_labels() -> dict[Place, str]:
    """Read the hand-made labels."""
    with (HERE / "labels/lost_rt.tsv").open(encoding="utf-8", newline="") as lines:
        table = csv.DictReader(lines, delimiter="\t")
        return {Place(row["id"], row["field"], row["word"], int(row["occurrence"])): row["repaired"] for row in table}


def is_tuning(row: str) -> bool:
    """Tell the rows that the word list was written from."""
    return int(hashlib.sha256(row.encode()).hexdigest()[:8], 16) % 5 < 2


def report_speed(rows: pl.DataFrame, height: int, repeats: int = 5) -> None:
    """Time count + build_lexicon + repair over the file repeated to `height` rows."""
    scaled = pl.concat([rows] * (height // rows.height + 1)).head(height).rechunk()
    for name, fields in (("question and options", QUESTION), ("with explanations", FIELDS)):
        megabytes = sum(scaled[field].str.len_bytes().sum() for field in fields) / 1e6
        seconds = [once(scaled, fields) for _ in range(repeats)]
        best, median = min(seconds), statistics.median(seconds)
        print(f"{name:<22}{height:>8} rows {megabytes:>6.1f} MB   best {best:.2f} s   median {median:.2f} s")


def once(rows: pl.DataFrame, fields: list[str]) -> float:
    """Time one pass of each kind, in seconds."""
    start = time.perf_counter()
    repair(rows, fields, build_lexicon(count(rows, fields)))
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
