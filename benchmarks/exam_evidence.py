"""How often a document "decides" an exam question for the right option, and how often for a wrong one.

    python benchmarks/exam_evidence.py

Every question is searched for once. Then each of its options in turn is taken for the right one: what a sentence
decides for the option that the set says is right is evidence found, what it decides for another one is evidence that
the rules should have refused. A wrong option that is decided need not be a fault: keys disagree with textbooks.

The rules were read against MedMCQA's validation set and eleven subjects of MMLU in MedQuAD. For judging are MedQA and
four categories of MMLU-Pro (the right option and the first three others; questions of MMLU are left out), and the same
questions in two other corpora, whose sentences nobody read before.
"""

import csv
import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from openmed_data.builder import FILE, ROW
from openmed_data.builders.tool_traces.searching.choices import (
    CHOICE_COLUMNS,
    MEDMCQA,
    Choice,
    choice_of,
    deciding,
    explore_options,
)
from openmed_data.builders.tool_traces.searching.picks import picks_of
from openmed_data.search import SearchIndex, documents_of, read_corpus
from openmed_data.search.corpora import origin_of

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
MEDQUAD = DATA / "corpus" / "medquad.parquet"
OTHERS = (DATA / "corpus" / "disease_ontology_rare.obo", DATA / "benchmarks" / "pubmedqa_labelled.json")
SUBJECTS = (
    "anatomy clinical_knowledge college_biology college_medicine high_school_biology human_aging human_sexuality "
    "medical_genetics nutrition professional_medicine virology"
).split()
CATEGORIES = ("health", "biology", "psychology", "chemistry")

Asked = tuple[str, Sequence[str], int]


def main() -> None:
    """Print a line for each set of questions and corpus."""
    with tempfile.TemporaryDirectory() as folder:
        medquad = _indexed(MEDQUAD, Path(folder))
        seen = [*_medmcqa(), *_mmlu()]
        stems = {stem for stem, _, _ in seen}
        new = [one for one in (*_medqa(), *_mmlu_pro()) if one[0] not in stems]
        print("RULES READ AGAINST")
        _report("MedMCQA validation, MMLU in MedQuAD", seen, medquad)
        print("FOR JUDGING")
        _report("MedQA, MMLU-Pro in MedQuAD", new, medquad)
        for corpus in OTHERS:
            _report(f"MedMCQA validation, MMLU in {corpus.stem}", seen, _indexed(corpus, Path(folder)))


def _indexed(corpus: Path, folder: Path) -> SearchIndex:
    return SearchIndex.build(documents_of(read_corpus(corpus)), folder / corpus.stem)


def _report(name: str, asked: Sequence[Asked], index: SearchIndex) -> None:
    found = Counter[bool]()
    searched = 0
    for choice, picks in _choices(asked):
        searched += 1
        opened = explore_options(choice, index, picks).opened
        for place in range(len(choice.options)):
            if deciding(replace(choice, right=place), opened, index):
                found[place == choice.right] += 1
    decided = f"decided for the right option {found[True]:3}, for another {found[False]:3}"
    print(f"  {name:52} {searched:6,} questions   {decided}")


def _choices(asked: Sequence[Asked]) -> Iterator[tuple[Choice, Any]]:
    """Yield the questions that can be searched for, as the builder reads them."""
    records: list[dict[str, Any]] = []
    for number, (stem, options, right) in enumerate(asked):
        named = dict(zip(("opa", "opb", "opc", "opd"), options, strict=True))
        held = {"question": stem, "cop": str(right), "id": str(number), ROW: number, FILE: "questions", **named}
        records.append(dict.fromkeys(CHOICE_COLUMNS) | held)
    for record, picks in zip(records, picks_of(list(map(origin_of, records)), seed=42), strict=True):
        choice = choice_of(MEDMCQA, record, {"questions": 0})
        if isinstance(choice, Choice):
            yield choice, picks


def _medmcqa() -> Iterator[Asked]:
    for line in (DATA / "medmcqa" / "dev.json").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield row["question"], [row[name] for name in ("opa", "opb", "opc", "opd")], row["cop"] - 1


def _mmlu() -> Iterator[Asked]:
    for subject in SUBJECTS:
        with (DATA / "benchmarks" / "mmlu" / f"{subject}_test.csv").open(encoding="utf-8", newline="") as stream:
            for stem, *options, letter in csv.reader(stream):
                yield stem, options, "ABCD".index(letter)


def _medqa() -> Iterator[Asked]:
    path = DATA / "benchmarks" / "medqa_usmle_4opt_test.jsonl"
    for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
        yield row["question"], [row["options"][letter] for letter in "ABCD"], "ABCD".index(row["answer_idx"])


def _mmlu_pro() -> Iterator[Asked]:
    rows = pl.read_parquet(DATA / "benchmarks" / "mmlu_pro_test.parquet").filter(pl.col("category").is_in(CATEGORIES))
    for row in rows.iter_rows(named=True):
        right: int = row["answer_index"]
        others = [text for place, text in enumerate(row["options"]) if place != right][:3]
        if len(others) == 3:
            yield row["question"], [row["options"][right], *others], 0


if __name__ == "__main__":
    main()
