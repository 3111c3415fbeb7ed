"""False alarms of the check `quality` on real text: what is flagged, and which of that was judged right by eye.

Read from ../shared/data: the answers of MedQuAD (edited text of NIH sites), the explanations of MedMCQA's validation
split (notes that nobody edited), PubMedQA, MedQA, and the glaive, ReAct, tau-bench and HuatuoGPT conversations. Nothing
is held back: the rules were corrected while MedQuAD, MedMCQA, glaive, ReAct and HuatuoGPT were read (tuning), and once
more after PubMedQA, MedQA and tau-bench had been read without any change (judging); both are printed as they are now.
The verdicts of a person stand in labels/quality.tsv by corpus, row and fault (1 right, 0 false alarm). A flagged row
that is not listed there was read by nobody and is counted as unread; of lost letters the words were read, not the rows.

    python benchmarks/quality.py ../shared/data
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from openmed_data.validation.quality import CHECK, Fault, QualitySettings

LABELS = Path(__file__).parent / "labels" / "quality.tsv"
VERDICTS = ("right", "false", "unread")
ROLES = {"human": "user", "gpt": "assistant", "function_call": "assistant", "observation": "tool"}


def main() -> None:
    """Scan every corpus and print what was flagged."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--flagged", action="store_true", help="list the flagged rows")
    arguments = parser.parse_args()
    labels = read_labels()
    type(CHECK).most_findings = 1_000_000
    for name, rows in corpora(arguments.data):
        start = time.process_time()
        scan = CHECK.scan(rows, QualitySettings())
        seconds = time.process_time() - start
        flagged = scan.findings.select("id", "code").unique().sort("code", "id")
        print(f"\n{name}: {rows.height:,} rows, {rows.height / seconds:,.0f} rows/s")
        report(name, flagged, labels)
        if arguments.flagged:
            for row, code in flagged.rows():
                print(f"{name}\t{row}\t{code}")


def report(name: str, flagged: pl.DataFrame, labels: dict[tuple[str, str, str], int]) -> None:
    """Print verdicts by fault."""
    counts: Counter[tuple[str, str]] = Counter()
    for row, code in flagged.rows():
        counts[code, {1: "right", 0: "false", None: "unread"}[labels.get((name, row, code))]] += 1
    for code in Fault:
        if any(key[0] == code for key in counts):
            print(f"  {code:18}" + ", ".join(f"{counts[code, verdict]} {verdict}" for verdict in VERDICTS))


def read_labels() -> dict[tuple[str, str, str], int]:
    """Return corpus, row and fault → verdict."""
    lines = LABELS.read_text(encoding="utf-8").splitlines()
    cells = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return {(corpus, row, code): int(verdict) for corpus, row, code, verdict in cells}


def corpora(data: Path) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield every corpus as conversations of two or more turns."""
    medquad = pl.read_parquet(data / "corpus" / "medquad.parquet")
    # Ids of MedQuAD are those of documents, which occur more than once: rows are named by their number.
    yield "medquad", frame([(str(n), [said("user", r["question"]), said("assistant", r["answer"])])
                            for n, r in enumerate(medquad.iter_rows(named=True))])  # fmt: skip
    exams = pl.read_ndjson(data / "medmcqa" / "dev.json", infer_schema_length=None).drop_nulls("exp")
    yield "medmcqa", frame([(r["id"], [said("user", r["question"]), said("assistant", r["exp"])])
                            for r in exams.iter_rows(named=True)])  # fmt: skip
    glaive = json.loads((data / "traces" / "glaive" / "glaive_toolcall_en_demo.json").read_bytes())
    yield "glaive", frame([(str(n), [said(ROLES[turn["from"]], turn["value"]) for turn in r["conversations"]])
                           for n, r in enumerate(glaive)])  # fmt: skip
    lines = (data / "traces" / "react" / "fireact_hotpotqa_gpt_format.jsonl").read_text(encoding="utf-8").splitlines()
    yield "react", frame([(str(n), [said(m["role"], m["content"]) for m in json.loads(line)["messages"]])
                          for n, line in enumerate(lines)])  # fmt: skip
    huatuo = json.loads((data / "medreason" / "huatuo_o1_verifiable_demo.json").read_bytes())
    asked = "Open-ended Verifiable Question"
    yield "huatuo", frame([(str(n), [said("user", r[asked]), said("assistant", r["Response"])])
                           for n, r in enumerate(huatuo)])  # fmt: skip
    yield from judged(data)


def judged(data: Path) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield the corpora that were read before any rule was changed for them."""
    pubmed = json.loads((data / "benchmarks" / "pubmedqa_labelled.json").read_bytes())
    yield "pubmedqa", frame([(key, [said("user", "\n".join([r["QUESTION"], *r["CONTEXTS"]])),
                                    said("assistant", r["LONG_ANSWER"])]) for key, r in pubmed.items()])  # fmt: skip
    medqa = (data / "benchmarks" / "medqa_usmle_4opt_test.jsonl").read_text(encoding="utf-8").splitlines()
    yield "medqa", frame([(str(n), [said("user", r["question"]), said("assistant", r["answer"])])
                          for n, r in enumerate(map(json.loads, medqa))])  # fmt: skip
    airline = json.loads((data / "traces" / "openai" / "tau_bench_gpt4o_airline.json").read_bytes())
    yield "tau-bench", frame([(str(n), [said(m["role"], m["content"] or "(calls)") for m in r["traj"]])
                              for n, r in enumerate(airline)])  # fmt: skip


def said(role: str, content: str) -> dict[str, str]:
    """Return a message."""
    return {"role": role, "content": content}


def frame(rows: list[tuple[str, list[dict[str, Any]]]]) -> pl.DataFrame:
    """Return rows as a dataset of the kind `sft`."""
    return pl.DataFrame({"id": [name for name, _ in rows], "messages": [messages for _, messages in rows]})


if __name__ == "__main__":
    main()
