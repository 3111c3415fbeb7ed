"""Benchmark items from the Hugging Face Hub, at a pinned revision.

Where each benchmark lies is data; the revision is for the caller to pin (a commit hash, not a branch or tag, so that
an index means the same tomorrow). These functions need the network and are not run in this project's tests; what
they do with the rows they read is, through `openmed_data.validation.contamination.loaders`.
"""

import fnmatch
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .items import BenchmarkItem, BenchmarkItems
from .loaders import (
    BenchmarkFileError,
    ifeval_item,
    keyed_option,
    medmcqa_item,
    medqa_item,
    mmlu_pro_item,
    pubmedqa_item,
    read_records,
    to_items,
)

_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class HubBenchmark:
    """Where one split of a benchmark lies on the Hub.

    Attributes
    ----------
    name : str
        As it stands in reports.
    repo : str
        Dataset repository.
    files : str
        Pattern of the split's JSON lines or Parquet files in the repository.
    item : callable
        Makes an item of one row and its number.
    """

    name: str
    repo: str
    files: str
    item: Callable[[Mapping[str, Any], int], BenchmarkItem]


def _mmlu_item(record: Mapping[str, Any], row: int) -> BenchmarkItem:
    options = tuple(map(str, record["choices"]))
    answer = keyed_option(options, record["answer"])
    return BenchmarkItem(f"{record['subject']}/{row}", str(record["question"]), options, answer)


HUB_BENCHMARKS: Mapping[str, HubBenchmark] = {
    benchmark.name: benchmark
    for benchmark in (
        HubBenchmark("mmlu/test", "cais/mmlu", "all/test-*.parquet", _mmlu_item),
        HubBenchmark("mmlu-pro/test", "TIGER-Lab/MMLU-Pro", "data/test-*.parquet", mmlu_pro_item),
        HubBenchmark("ifeval", "google/IFEval", "*.jsonl", ifeval_item),
        HubBenchmark("medqa/test", "GBaker/MedQA-USMLE-4-options", "*_test.jsonl", medqa_item),
        HubBenchmark("pubmedqa/labelled", "qiaojin/PubMedQA", "pqa_labeled/train-*.parquet", pubmedqa_item),
        HubBenchmark(
            "medmcqa/validation",
            "openlifescienceai/medmcqa",
            "data/validation-*.parquet",
            lambda record, _: medmcqa_item(record, 0),
        ),
        HubBenchmark(
            "medmcqa/test",
            "openlifescienceai/medmcqa",
            "data/test-*.parquet",
            lambda record, _: medmcqa_item(record, 0),
        ),
    )
}


def load_hub(benchmark: HubBenchmark, revision: str) -> BenchmarkItems:
    """Download one split and read its items; needs the network.

    Parameters
    ----------
    benchmark : HubBenchmark
        One of `HUB_BENCHMARKS`, or your own.
    revision : str
        Full commit hash of the dataset repository.

    Raises
    ------
    ValueError
        If `revision` is not a full commit hash.
    BenchmarkFileError
        If the repository holds no such file at that revision, or a row has another shape.
    """
    if not _COMMIT.fullmatch(revision):
        raise ValueError(f"{benchmark.repo}: pin a full commit hash of 40 hexadecimal digits, not {revision!r}")
    import huggingface_hub

    hub: Any = huggingface_hub  # its signatures are only partly typed
    held: list[str] = hub.HfApi().list_repo_files(benchmark.repo, repo_type="dataset", revision=revision)
    files = sorted(file for file in held if fnmatch.fnmatchcase(file, benchmark.files))
    if not files:
        raise BenchmarkFileError(f"{benchmark.repo}@{revision}: no file like {benchmark.files!r} among {held}")
    paths = [Path(hub.hf_hub_download(benchmark.repo, file, repo_type="dataset", revision=revision)) for file in files]
    records = (record for path in paths for record in read_records(path))
    source = f"hub:{benchmark.repo}@{revision}"
    return BenchmarkItems(benchmark.name, to_items(source, records, benchmark.item), source)
