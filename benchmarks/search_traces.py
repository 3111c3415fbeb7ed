"""Time `tool-traces` on MedQuAD, hold its answers against the source, and compare the index with other engines.

    python benchmarks/search_traces.py                # all of MedQuAD, index and checks included
    python benchmarks/search_traces.py --limit 6600   # as many rows as give 5,000 traces

Three parts. Engines: the project's index beside tantivy (where installed) and BM25 written plainly in Python, as
rank_bm25 does it; same documents, same words, same queries; the plain one also says whether the index ranks right.
Build: the command line from a cold cache. Evidence: each trace as written, read back from Parquet; (a) the builder's
own check, which sees messages alone, and (b) a comparison with the raw answers of the source, which knows neither how
documents are cleaned nor how quotations are chosen: letters and digits of every part of a quotation must stand in a raw
answer to the same question.

No rows were set aside: the rules were read against rows drawn from all of MedQuAD, so the kept share is no estimate for
another corpus. The Disease Ontology, of which ten traces were read and nothing tuned, is built and measured beside it.
"""

import argparse
import json
import math
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import polars as pl

from openmed_data.builders.tool_traces.searching.evidence import faults_of, quotes_of
from openmed_data.search import SearchIndex, documents_of, read_corpus
from openmed_data.search.index import PARAMETERS
from openmed_data.search.words import search_words

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
MEDQUAD = DATA / "corpus" / "medquad.parquet"
ONTOLOGY = DATA / "corpus" / "disease_ontology_rare.obo"
QUERIES, PLAIN_QUERIES, TOP = 2_000, 40, 5
Ranker = Callable[[list[str]], list[int]]


def compare_engines(folder: Path) -> None:
    """Print building time, queries a second and agreement of the engines."""
    documents = documents_of(read_corpus(MEDQUAD))
    texts = [search_words(title) * PARAMETERS["title_weight"] + search_words(text)
             for title, text in documents.select("title", "text").iter_rows()]  # fmt: skip
    titles = documents["title"].sample(QUERIES, seed=1).to_list()
    queries = [list(dict.fromkeys(search_words(title))) for title in titles]
    began = time.perf_counter()
    index = SearchIndex.build(documents, folder / "index")
    ours_built = time.perf_counter() - began

    def ours(query: list[str]) -> list[int]:
        return [hit.number for hit in index.best(query, TOP)]

    print(f"ENGINES  {documents.height:,} documents, {sum(map(len, texts)):,} words, queries are titles, top {TOP}")
    plain, plain_built = plain_bm25(texts)
    report("bm25s (used)", ours, ours_built, queries, plain)
    try:
        other, other_built = tantivy_index(texts, folder / "tantivy")
        report("tantivy", other, other_built, queries, plain)
    except ImportError:
        print("  tantivy is not installed")
    report("plain Python", plain, plain_built, queries[:PLAIN_QUERIES], plain)


def report(name: str, rank: Ranker, built: float, queries: list[list[str]], plain: Ranker) -> None:
    """Print one engine's line."""
    began = time.perf_counter()
    for query in queries:
        rank(query)
    speed = len(queries) / (time.perf_counter() - began)
    judged = queries[:PLAIN_QUERIES]
    same = sum(len(set(rank(query)) & set(plain(query))) for query in judged) / (TOP * len(judged))
    first = sum(rank(query)[:1] == plain(query)[:1] for query in judged) / len(judged)
    print(f"  {name:13} built in {built:5.1f} s   {speed:8,.0f} queries/s   of plain BM25's top {TOP}: {same:.1%}, "
          f"same first: {first:.1%}")  # fmt: skip


def plain_bm25(texts: list[list[str]]) -> tuple[Ranker, float]:
    """Return BM25 as the formula says it, and the seconds it took to count."""
    began = time.perf_counter()
    counts = [Counter(text) for text in texts]
    lengths = [len(text) for text in texts]
    mean = sum(lengths) / len(lengths)
    frequency = Counter(word for count in counts for word in count)
    k1, b = PARAMETERS["k1"], PARAMETERS["b"]

    def rank(query: list[str]) -> list[int]:
        weights = {word: math.log(1 + (len(texts) - n + 0.5) / (n + 0.5)) for word in query if (n := frequency[word])}
        scores = [
            sum(
                weight * count[word] / (count[word] + k1 * (1 - b + b * length / mean))
                for word, weight in weights.items()
            )
            for count, length in zip(counts, lengths, strict=True)
        ]
        return sorted(range(len(texts)), key=lambda number: -scores[number])[:TOP]

    return rank, time.perf_counter() - began


def tantivy_index(texts: list[list[str]], folder: Path) -> tuple[Ranker, float]:
    """Return tantivy over the same words, and the seconds that building took; one writer, one commit."""
    import tantivy  # pyright: ignore[reportMissingImports]

    folder.mkdir()
    began = time.perf_counter()
    fields = tantivy.SchemaBuilder()
    fields.add_text_field("text", tokenizer_name="whitespace")
    fields.add_integer_field("number", stored=True)
    schema = fields.build()
    index = tantivy.Index(schema, path=str(folder))
    writer = index.writer(100_000_000, 1)
    for number, text in enumerate(texts):
        writer.add_document(tantivy.Document(text=" ".join(text), number=number))
    writer.commit()
    writer.wait_merging_threads()
    built = time.perf_counter() - began
    index.reload()
    searcher = index.searcher()

    def rank(query: list[str]) -> list[int]:
        terms = [(tantivy.Occur.Should, tantivy.Query.term_query(schema, "text", word)) for word in query]
        hits = searcher.search(tantivy.Query.boolean_query(terms), TOP).hits
        return [searcher.doc(address)["number"][0] for _, address in hits]

    return rank, built


def build(source: Path, folder: Path, limit: int | None) -> tuple[Path, float]:
    """Build from a cold cache through the command line; return the build and the seconds it took."""
    out = folder / source.stem
    command = [sys.executable, "-m", "openmed_data", "build", "tool-traces", "--source", str(source), "--quiet"]
    command += ["--out", str(out), "--workers", "2", "--set", f"cache={folder / 'cache'}"]
    command += ["--limit", str(limit)] if limit else []
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return out, time.perf_counter() - began


def tell_build(source: Path, folder: Path, limit: int | None) -> None:
    """Build, and print what came of it."""
    out, seconds = build(source, folder, limit)
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    books, figures = manifest["books"], manifest["figures"]["search"]
    rows = pl.concat([pl.read_parquet(path) for path in sorted((out / "data").glob("*.parquet"))])
    print(f"\nBUILD  {source.name}: {rows.height:,} traces of {books['source_rows']:,} rows in {seconds:.1f} s, "
          f"{rows.height / seconds:,.0f} a second; index and checks included")  # fmt: skip
    for level in ("rejected_source_rows", "rejected_candidate_rows"):
        listed = ", ".join(f"{reason} {count:,}" for reason, count in books.get(level, {}).items())
        print(f"  {level.replace('_', ' ')}: {listed or 'none'}")
    for name in ("searches", "opens", "quotations"):
        listed = ", ".join(f"{number}: {count:,}" for number, count in figures[name].items())
        print(f"  {name} per trace: {listed}; mean {mean_of(figures[name]):.2f}")
    print(f"  before filters: {figures['endings_before_filters']}")
    tell_evidence(rows, raw_answers(source))


def mean_of(counts: dict[str, int]) -> float:
    """Return the mean of a table of number → count."""
    return sum(int(number) * count for number, count in counts.items()) / max(1, sum(counts.values()))


def raw_answers(source: Path) -> dict[str, list[str]] | None:
    """Return the letters and digits of MedQuAD's answers to the question of each id; None for another corpus."""
    if source != MEDQUAD:
        return None
    rows = pl.read_parquet(source).select("id", "focus", "question_type", "answer").rows()
    same: dict[tuple[str, str], list[str]] = defaultdict(list)
    for _, focus, kind, answer in rows:
        same[" ".join(search_words(focus)), kind].append(letters(answer))
    found: dict[str, list[str]] = defaultdict(list)
    for id_, focus, kind, _ in rows:
        found[id_] += same[" ".join(search_words(focus)), kind]
    return found


def letters(text: str) -> str:
    """Return the letters and digits of a text, lower case."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


def tell_evidence(rows: pl.DataFrame, raw: dict[str, list[str]] | None) -> None:
    """Print how many answers are in their evidence, by both checks."""
    quoting = [row for row in rows.iter_rows(named=True) if quotes_of(row["messages"][-1]["content"])]
    supported = sum(not faults_of(row["messages"]) for row in quoting)
    print(f"  answer in evidence: {supported:,} of {len(quoting):,} quoting traces, {supported / len(quoting):.4f}")
    if raw is not None:
        known = sum(in_source(row, raw[row["source_id"]]) for row in quoting)
        print(f"  quotations are in the raw answer to the same question: {known:,}, {known / len(quoting):.4f}")


def in_source(row: dict[str, Any], answers: Iterable[str]) -> bool:
    """Say whether every part of every quotation stands in one of the raw answers; labels of a list's items aside."""
    held = list(answers)
    text = "\n".join(quote for quote, _ in quotes_of(row["messages"][-1]["content"]))
    text = re.sub(r"Seen in (\S+) of (?:\d+ )?patients|Frequency not stated|Signs and symptoms listed by", r"\1,", text)
    parts = [letters(part) for part in re.split(r"[.,:;\n]|- ", text)]
    return all(any(part in answer for answer in held) for part in parts if part)


def main() -> None:
    """Print every part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=int, help="rows of MedQuAD to build from")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    try:
        compare_engines(folder)
        tell_build(MEDQUAD, folder, arguments.limit)
        tell_build(ONTOLOGY, folder, None)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
