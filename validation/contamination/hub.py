"""Benchmarks from the Hugging Face Hub, at a commit: `hub:cais/mmlu@COMMIT`.

Which files of a repository are the test split is data, below. The commit is for the caller to name, so that an index
means the same tomorrow; files that were fetched before come from the client's cache.
"""

import fnmatch
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from openmed_data.errors import SourceError, UsageError
from openmed_data.sources.hub import download, look_up

from .items import BenchmarkItem, BenchmarkItems
from .loaders import (
    ifeval_item,
    medmcqa_item,
    medqa_item,
    mmlu_item,
    mmlu_pro_item,
    pubmedqa_item,
    read_records,
    to_items,
)

HUB = "hub:"
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class HubBenchmark:
    """One split of a benchmark in a repository.

    Attributes
    ----------
    name
        As it stands in reports.
    files
        Pattern of the split's JSON lines or Parquet files.
    item
        Makes an item of one row and its number.
    """

    name: str
    files: str
    item: Callable[[Mapping[str, Any], int], BenchmarkItem]


def _medmcqa(record: Mapping[str, Any], _: int) -> BenchmarkItem:
    return medmcqa_item(record, 0)


HUB_BENCHMARKS: Mapping[str, tuple[HubBenchmark, ...]] = {
    "cais/mmlu": (HubBenchmark("mmlu/test", "all/test-*.parquet", mmlu_item),),
    "TIGER-Lab/MMLU-Pro": (HubBenchmark("mmlu-pro/test", "data/test-*.parquet", mmlu_pro_item),),
    "google/IFEval": (HubBenchmark("ifeval", "*.jsonl", ifeval_item),),
    "GBaker/MedQA-USMLE-4-options": (HubBenchmark("medqa/test", "*_test.jsonl", medqa_item),),
    "qiaojin/PubMedQA": (HubBenchmark("pubmedqa/labelled", "pqa_labeled/train-*.parquet", pubmedqa_item),),
    "openlifescienceai/medmcqa": (
        HubBenchmark("medmcqa/validation", "data/validation-*.parquet", _medmcqa),
        HubBenchmark("medmcqa/test", "data/test-*.parquet", _medmcqa),
    ),
}


def pinned(text: str) -> tuple[str, str]:
    """Return repository and commit of ``hub:OWNER/NAME@COMMIT``.

    Raises
    ------
    UsageError
        The repository is none whose benchmarks are known, or the revision is no full commit.

    Examples
    --------
    >>> pinned("hub:cais/mmlu@" + "0" * 40)[0]
    'cais/mmlu'
    """
    repo, _, commit = text.removeprefix(HUB).partition("@")
    if repo not in HUB_BENCHMARKS:
        known = ", ".join(HUB + name for name in HUB_BENCHMARKS)
        raise UsageError(
            f"'{text}' is no benchmark known on the Hub", hint=f"There are {known}; or give files by path."
        )
    if not _COMMIT.fullmatch(commit):
        raise UsageError(
            f"'{text}' names no commit: an index must mean the same tomorrow",
            hint=f"Write {HUB}{repo}@ and the 40 digits that 'Files and versions' shows on the Hub.",
        )
    return repo, commit


def load_hub(text: str) -> list[BenchmarkItems]:
    """Read the benchmarks of ``hub:OWNER/NAME@COMMIT``, fetching what the client's cache lacks.

    Raises
    ------
    UsageError
        It is not of that form, the Hub cannot be reached, or the repository holds no such file at that commit.
    BenchmarkFileError
        A row has another shape than the benchmark's.
    """
    repo, commit = pinned(text)
    try:
        _, names, _ = look_up(repo, commit)
        return [_items(one, repo, commit, names) for one in HUB_BENCHMARKS[repo]]
    except SourceError as error:
        raise UsageError(str(error), hint="Give the benchmark's own files by path, or its .index file.") from error


def _items(benchmark: HubBenchmark, repo: str, commit: str, names: Iterable[str]) -> BenchmarkItems:
    source = f"{HUB}{repo}@{commit}"
    files = sorted(fnmatch.filter(names, benchmark.files))
    if not files:
        raise UsageError(f"{source} holds no file like '{benchmark.files}'", hint="Name a commit that has one.")
    records = (record for file in files for record in read_records(download(repo, commit, file)))
    return BenchmarkItems(benchmark.name, to_items(source, records, benchmark.item), source)
