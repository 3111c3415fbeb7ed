"""Write a report in all its forms."""

import json
from pathlib import Path

from openmed_data.report.drift import compare
from openmed_data.report.html import to_html
from openmed_data.report.junit import to_junit
from openmed_data.report.markdown import to_markdown
from openmed_data.report.model import NAME, Report, read_report


def write_report(report: Report, directory: Path, *, baseline: Path | None = None) -> None:
    """Write `report.json`, `report.md`, `report.html` and `junit.xml`; equal reports give equal bytes.

    Parameters
    ----------
    directory
        Where to; made if it does not exist.
    baseline
        A former report (`report.json`, or the folder or build that holds one) to show what changed since.

    Raises
    ------
    UsageError
        The baseline cannot be read, or is about another kind of dataset.
    OSError
        A file cannot be written.
    """
    drift = compare(report, read_report(baseline)) if baseline else None
    document = report.to_json() | {"drift": drift.to_json() if drift else None}
    files = {
        NAME: json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n",
        "report.md": to_markdown(report, drift),
        "report.html": to_html(report, drift),
        "junit.xml": to_junit(report),
    }
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        partial = directory / f"{name}.partial"
        partial.write_text(text, encoding="utf-8", newline="\n")
        partial.replace(directory / name)
