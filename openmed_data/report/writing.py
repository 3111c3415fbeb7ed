"""Write a report in all its forms."""

import json
from pathlib import Path

from openmed_data.files import write_text
from openmed_data.report.drift import Drift, compare
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
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in _texts(report, drift).items():
        write_text(directory / name, text)


def edited(directory: Path) -> list[str]:
    """Return the names of the files in `directory` that are not what `write_report` writes of its `report.json`.

    Raises
    ------
    UsageError
        No report stands there, or not one that this version reads.
    """
    report = read_report(directory / NAME)
    drift = json.loads((directory / NAME).read_bytes()).get("drift")
    texts = _texts(report, Drift.from_json(drift) if drift else None)
    return [name for name, text in texts.items() if (directory / name).read_bytes() != text.encode()]


def _texts(report: Report, drift: Drift | None) -> dict[str, str]:
    # Here, for a build without validation needs neither Jinja nor XML.
    from openmed_data.report.html import to_html
    from openmed_data.report.junit import to_junit

    document = report.to_json() | {"drift": drift.to_json() if drift else None}
    return {
        NAME: json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n",
        "report.md": to_markdown(report, drift),
        "report.html": to_html(report, drift),
        "junit.xml": to_junit(report),
    }
