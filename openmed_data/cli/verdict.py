"""Say whether a dataset passed its checks, and where to look."""

import json
from pathlib import Path

from openmed_data.console import Console, Styled


def print_verdict(console: Console, build: Path, passed: bool | None) -> None:  # noqa: FBT001
    """Print the verdict on the build at `build`; `passed` None means that this run did not check it."""
    report = build / "validation" / "report.json"
    if passed is None and report.is_file():
        passed = bool(json.loads(report.read_text(encoding="utf-8"))["passed"])
    words = {
        True: Styled("passed every check", "bold green"),
        False: Styled("FAILED a check", "bold red"),
        None: Styled("not checked", "bold yellow"),
    }
    console.fields(
        [
            ("verdict", words[passed]),
            ("build", str(build)),
            *([("report", str(report.with_suffix(".md")))] if report.is_file() else []),
        ]
    )
