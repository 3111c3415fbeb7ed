"""Contamination: recall on planted leaks, false alarms on unrelated exam items, and speed, beside n-gram rules.

Run from the repository root, with the public files in ``../shared/data``::

    python benchmarks/contamination.py

Which rows did what. The thresholds of `openmed_data.validation.contamination.rule` were chosen with the benchmark
items whose SHA-256 of "benchmark/id" begins with an even byte, with all of MedMCQA dev as unrelated rows, and with
MedQuAD as unrelated prose. Recall is judged on the items with an odd byte. False alarms are judged on what was not
looked at while choosing: MedQA, MMLU and PubMedQA items against each other and against MedMCQA; the figures for MedMCQA
dev (its odd half too) and for MedQuAD are printed as well, and marked.

The peers are the rule of open-r1 (a document is contaminated when it shares any 8 words in a row with a benchmark
item, words split at spaces, lower case) and the same with 13 words.
"""

import csv
import hashlib
import os
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import polars as pl

from openmed_data.validation.contamination import (
    BenchmarkItem,
    BenchmarkItems,
    Index,
    Leak,
    Planter,
    load_ifeval,
    load_medmcqa,
    load_medqa,
    load_mmlu,
    load_mmlu_pro,
    load_pubmedqa,
)
from openmed_data.validation.contamination.plants import render

DATA = Path(__file__).parents[1] / ".." / "shared" / "data"
VERDICTS = Path(__file__).with_name("contamination_verdicts.tsv")
LONG_STEM = 40
ITEMS_PER_SPLIT = 2_000
REPEATS = 7

Flags = Callable[[Sequence[str], Iterable[str]], list[set[str]]]


def main() -> None:
    """Print every figure."""
    benchmarks = load()
    print(f"{platform.machine()}, Python {platform.python_version()}, one core\n")
    index = build(benchmarks)
    print(index.summary())
    rules = {
        "ours": lambda texts, names: ours(index, texts, names),
        "8-gram": NGrams(8, benchmarks).flags,
        "13-gram": NGrams(13, benchmarks).flags,
    }
    recall(rules, benchmarks)
    false_alarms(rules, benchmarks)
    list_overlaps(index, benchmarks)
    speed(index, benchmarks)


def load() -> dict[str, BenchmarkItems]:
    """Read the six public benchmarks."""
    folder = DATA / "benchmarks"
    sets = [
        load_mmlu(folder / "mmlu"),
        load_mmlu_pro(folder / "mmlu_pro_test.parquet"),
        load_ifeval(folder / "ifeval.jsonl"),
        load_medqa(folder / "medqa_usmle_4opt_test.jsonl"),
        load_pubmedqa(folder / "pubmedqa_labelled.json"),
        load_medmcqa(DATA / "medmcqa" / "dev.json", first_option=1),
    ]
    return {held.name: held for held in sets}


def build(benchmarks: dict[str, BenchmarkItems]) -> Index:
    """Build, save and load the index, and print what that takes."""
    with TemporaryDirectory() as folder:
        start = time.perf_counter()
        Index.cached(benchmarks.values(), Path(folder))
        built = time.perf_counter()
        file = next(Path(folder).iterdir())
        size, loading = file.stat().st_size, time.perf_counter()
        index = Index.load(file)
        loaded = time.perf_counter()
        print(f"index built in {built - start:.1f} s, {size / 1e6:.1f} MB, loaded in {(loaded - loading) * 1e3:.0f} ms")
    return index


def judged(name: str, item: BenchmarkItem) -> bool:
    """Tell whether an item is for judging (odd) and not for tuning (even)."""
    return hashlib.sha256(f"{name}/{item.item_id}".encode()).digest()[0] % 2 == 1


def ours(index: Index, texts: Sequence[str], names: Iterable[str]) -> list[set[str]]:
    """Benchmarks among `names` that each text is flagged for."""
    wanted = set(names)
    others = {name: "not asked for" for name in index.benchmarks if name not in wanted}
    flags: list[set[str]] = [set() for _ in texts]
    for row, name in index.scan(texts, exclude=others).select("row", "benchmark").iter_rows():
        flags[row].add(name)
    return flags


@dataclass
class NGrams:
    """Any n words in a row shared with an item's question."""

    size: int
    benchmarks: dict[str, BenchmarkItems]

    def __post_init__(self) -> None:
        """Collect the n-grams of each benchmark."""
        self.held = {
            name: {gram for item in held.items for gram in self.grams(item.stem)}
            for name, held in self.benchmarks.items()
        }

    def grams(self, text: str) -> Iterator[str]:
        """Every run of `size` words."""
        words = text.lower().split()
        return (" ".join(words[at : at + self.size]) for at in range(len(words) - self.size + 1))

    def flags(self, texts: Sequence[str], names: Iterable[str]) -> list[set[str]]:
        """Benchmarks among `names` that each text is flagged for."""
        wanted = list(names)
        return [{n for n in wanted if any(gram in self.held[n] for gram in self.grams(text))} for text in texts]


def recall(rules: dict[str, Flags], benchmarks: dict[str, BenchmarkItems]) -> None:
    """Print the share of planted leaks that are flagged for the right benchmark."""
    planter = make_planter()
    lines = []
    for leak in Leak:
        for name, held in benchmarks.items():
            items = [item for item in held.items if judged(name, item) and plantable(leak, item)]
            texts = [planter.plant(item, leak) for item in items]
            for rule, flags in rules.items() if texts else ():
                found = sum(name in flagged for flagged in flags(texts, [name]))
                lines.append((leak.value, name, rule, found, len(texts)))
    table = pl.DataFrame(lines, schema=["leak", "benchmark", "rule", "found", "planted"], orient="row")
    print("\nRecall on planted leaks (judging half)")
    whole = table.group_by("leak", "rule", maintain_order=True).agg(pl.col("found", "planted").sum())
    show(with_share(whole).pivot(on="rule", index=["leak", "planted"], values="share"))
    print("Ours, by benchmark")
    show(with_share(table.filter(rule="ours")).pivot(on="benchmark", index="leak", values="share"))


def with_share(table: pl.DataFrame) -> pl.DataFrame:
    """Add found / planted."""
    return table.with_columns(share=pl.col("found") / pl.col("planted"))


def plantable(leak: Leak, item: BenchmarkItem) -> bool:
    """Tell whether an item can leak in this way."""
    if leak is Leak.ANSWERED:
        return bool(item.answer)
    if leak is Leak.SHUFFLED:
        return bool(item.options)
    return leak is not Leak.FRAGMENT or len(item.stem.split()) >= LONG_STEM


def make_planter() -> Planter:
    """Embed in MedQuAD answers; replace by words of MedQuAD questions."""
    medquad = pl.read_parquet(DATA / "corpus" / "medquad.parquet")
    passages = [" ".join(answer.split()[:120]) for answer in medquad["answer"] if len(answer) > 400]
    words = {word for question in medquad["question"] for word in question.split() if word.isalpha()}
    return Planter(passages, sorted(words))


def false_alarms(rules: dict[str, Flags], benchmarks: dict[str, BenchmarkItems]) -> None:
    """Print the share of unrelated rows that are flagged, true overlaps (checked by eye) not counted."""
    medquad = pl.read_parquet(DATA / "corpus" / "medquad.parquet").head(ITEMS_PER_SPLIT)
    prose = (medquad["question"] + "\n" + medquad["answer"]).to_list()
    held = [name for name in benchmarks if name != "ifeval"]
    exams = ["mmlu/test", "mmlu-pro/test", "medqa/test"]
    pairs = [
        ("MedMCQA dev, odd half (seen)", *rows(benchmarks["medmcqa/validation"], odd=True), exams),
        ("MedQA test", *rows(benchmarks["medqa/test"]), ["mmlu/test", "mmlu-pro/test", "medmcqa/validation"]),
        ("PubMedQA labelled", *rows(benchmarks["pubmedqa/labelled"]), [n for n in held if n != "pubmedqa/labelled"]),
        ("MMLU test", *rows(benchmarks["mmlu/test"]), ["medqa/test", "pubmedqa/labelled", "medmcqa/validation"]),
        (f"MedQuAD, first {ITEMS_PER_SPLIT} (seen)", [f"medquad/{n}" for n in medquad["id"]], prose, held),
    ]
    overlaps = {(row, benchmark) for row, benchmark, verdict in verdicts() if verdict == "overlap"}
    lines = []
    for label, ids, texts, names in pairs:
        line: dict[str, object] = {"rows": label, "n": len(texts), "against": " ".join(n.split("/")[0] for n in names)}
        for rule, flags in rules.items():
            wrong = sum(
                any((row, n) not in overlaps for n in f) for row, f in zip(ids, flags(texts, names), strict=True)
            )
            line[rule] = f"{wrong} ({wrong / len(texts):.2%})"
        lines.append(line)
    print("\nFalse alarms on unrelated rows (question, options, answer)")
    show(pl.DataFrame(lines))


def rows(held: BenchmarkItems, *, odd: bool = False) -> tuple[list[str], list[str]]:
    """Ids and texts of a benchmark's items as training rows."""
    items = [item for item in held.items if not odd or judged(held.name, item)]
    return [f"{held.name}/{item.item_id}" for item in items], [document(item) for item in items]


def document(item: BenchmarkItem) -> str:
    """Question, options and answer."""
    return f"{render(item)}\nAnswer: {item.answer}"


def verdicts() -> list[tuple[str, str, str]]:
    """Pairs that were read by eye: row, benchmark, verdict."""
    with VERDICTS.open(encoding="utf-8", newline="") as lines:
        return [(line["row"], line["benchmark"], line["verdict"]) for line in csv.DictReader(lines, delimiter="\t")]


def list_overlaps(index: Index, benchmarks: dict[str, BenchmarkItems]) -> None:
    """Print what our rule flags between different sets, with the verdict of a reader where there is one."""
    known = {(row, benchmark): verdict for row, benchmark, verdict in verdicts()}
    print("\nFlagged between different sets, by ids (MMLU with MMLU-Pro left out: they share thousands)")
    for name in ("medmcqa/validation", "medqa/test", "pubmedqa/labelled", "mmlu/test"):
        ids, texts = rows(benchmarks[name])
        family = [n for n in benchmarks if n.split("/")[0].split("-")[0] == name.split("/")[0].split("-")[0]]
        found = index.scan(texts, exclude=dict.fromkeys(family, "same family"))
        for line in found.iter_rows(named=True):
            key = (ids[line["row"]], line["benchmark"])
            print(*key, line["item_id"], line["rule"], f"{line['score']:.2f}", known.get(key, "NOT READ"), sep="\t")


def speed(index: Index, benchmarks: dict[str, BenchmarkItems]) -> None:
    """Print microseconds per document, best and median of several runs."""
    texts = rows(benchmarks["medmcqa/validation"])[1]
    vignettes = rows(benchmarks["medqa/test"])[1]
    prose = pl.read_parquet(DATA / "corpus" / "medquad.parquet")["answer"].head(ITEMS_PER_SPLIT).to_list()
    print("\nSpeed, index loaded, one thread, processor time")
    own = {"medmcqa/validation": "scanned"}
    report("MedMCQA dev rows, clean", texts, lambda: index.scan(texts, exclude=own))
    report("MedMCQA dev rows, all contaminated", texts, lambda: index.scan(texts))
    report("MedQA rows, clean", vignettes, lambda: index.scan(vignettes, exclude={"medqa/test": "scanned"}))
    report("prose (MedQuAD answers)", prose, lambda: index.scan(prose))
    grams = NGrams(8, benchmarks)
    report("MedMCQA dev rows, 8-gram rule", texts, lambda: grams.flags(texts, ["mmlu/test", "mmlu-pro/test"]))


def report(label: str, texts: Sequence[str], run: Callable[[], object]) -> None:
    """Time one scan, in processor time, which other work on the machine disturbs less than wall time."""
    times: list[float] = []
    for _ in range(REPEATS):
        start = time.process_time()
        run()
        times.append((time.process_time() - start) / len(texts) * 1e6)
    mean = sum(map(len, texts)) / len(texts)
    print(
        f"  {label}: {min(times):.1f} µs per document, median {sorted(times)[REPEATS // 2]:.1f} (mean {mean:.0f} chars)"
    )


def show(table: pl.DataFrame) -> None:
    """Print a table as tab-separated lines."""
    print(table.write_csv(separator="\t", float_precision=4))


if __name__ == "__main__":
    main()
