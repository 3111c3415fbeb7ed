"""Reports made for the tests of their forms."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from openmed_data.check import FINDINGS, CheckResult, Figure, Severity
from openmed_data.kinds import Kind
from openmed_data.report import Report, Sample

HOSTILE = "<script>alert('x')</script>|`*\n\x00\x1b]]>&amp;%0A::error::"


def finding(**parts: Any) -> pl.DataFrame:
    row = {"id": "r1", "split": "train", "field": "prompt[0].content", "start": 3, "end": 9, "code": "name",
           "level": 3, "masked": "J*** D**"}  # fmt: skip
    return pl.DataFrame([row | parts], schema=FINDINGS)


@pytest.fixture
def report() -> Callable[..., Report]:
    """Give a report with everything in it; parts can be replaced."""

    def make(**parts: Any) -> Report:
        figures = (
            Figure("rows", 12, 1, meaning="rows of all splits"),
            Figure("nulls", 3, maximum=0, meaning="values that are missing"),
            Figure("share", 0.5, 0.4, 0.6, meaning="a share"),
            Figure("length", float("nan"), 0.4, 0.6, Severity.WARN, "could not be computed"),
            Figure("mean", 1234.5),
        )
        tables = {"letter: chosen": {"A": 3, "B": 1}, "letter: rejected": {"B": 2, "C": 2}, "subject": {"Surgery": 12}}
        given: dict[str, Any] = {
            "name": "made", "kind": Kind.PREFERENCES, "manifest_digest": "a" * 64,
            "content_digest": "b" * 64, "rows": {"train": 10, "validation": 2},
            "results": (CheckResult("schema", figures, finding(), tables, 12),), "passed": False, "expectations": 7,
            "books": {
                "source_rows": 20, "used_rows": 12, "rejected_source_rows": {"unlabelled": 8}, "candidate_rows": 13,
                "rejected_candidate_rows": {"phi": 1}, "kept_rows": {"train": 10, "validation": 2},
            },
            "versions": {"openmed-data": "1"},
            "samples": (Sample("r2", "train", {"prompt": "user: Which?", "chosen": "assistant: A"}, masked=False),),
        }  # fmt: skip
        return Report(**(given | parts))

    return make


@pytest.fixture
def hostile(report: Callable[..., Report]) -> Report:
    """Give a report in which every text from outside tries to break out of its form."""
    return report(
        name=HOSTILE,
        rows={HOSTILE: 12},
        results=(
            CheckResult(
                "schema",
                (Figure("nulls", 1, maximum=0, meaning=HOSTILE),),
                finding(id=HOSTILE, field=HOSTILE, code=HOSTILE, masked=HOSTILE, split=HOSTILE),
                {f"{HOSTILE}: {HOSTILE}": {HOSTILE: 3}, HOSTILE: {HOSTILE: 1}},
                12,
            ),
        ),
        books={
            "source_rows": 20, "used_rows": 12, "rejected_source_rows": {HOSTILE: 8}, "candidate_rows": 12,
            "rejected_candidate_rows": {}, "kept_rows": {HOSTILE: 12},
        },
        samples=(Sample(HOSTILE, HOSTILE, {"prompt": HOSTILE, "topic": HOSTILE}, masked=False),),
        versions={HOSTILE: HOSTILE},
    )  # fmt: skip


@pytest.fixture
def texts() -> Callable[[Path], dict[str, str]]:
    """Read every file of a folder."""
    return lambda folder: {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())}
