"""The report as one HTML page: no script, nothing fetched, light and dark, and fit to print."""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from openmed_data.markdown import printable
from openmed_data.report import plots, words
from openmed_data.report.drift import Drift
from openmed_data.report.model import Report, Sample

_SHORT_FIELD = 60


def to_html(report: Report, drift: Drift | None = None) -> str:
    """Return the report as a self-contained page; whatever stands in the data is shown as text."""
    environment = Environment(
        loader=PackageLoader("openmed_data.report", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters.update({name: getattr(words, name) for name in ("number", "allowed", "state", "verdict")})
    page = environment.get_template("report.html.j2").render(
        gauge=plots.gauge,
        plural=words.plural,
        report=report,
        drift=drift,
        total=sum(report.rows.values()),
        figures=[figure for result in report.results for figure in result.figures],
        findings=sum(result.findings.height for result in report.results),
        plots=_plots(report),
        books=_books(report.books),
        samples=[_sample(sample) for sample in report.samples],
    )
    return printable(page.replace("\r", ""))


def _plots(report: Report) -> list[plots.Plot]:
    """Return the plots of every check, and that of the rejected rows."""
    drawn = [plot for result in report.results for plot in plots.plots(result)]
    for level, noun in (("source", "source rows"), ("candidate", "candidate rows")):
        reasons: Mapping[str, int] = report.books.get(f"rejected_{level}_rows", {})
        if reasons:
            title = f"rejected {noun} by reason"
            ranked = dict(sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0])))
            drawn.append(plots.Plot(title, plots.bars(title, ranked)))
    return drawn


def _books(books: Mapping[str, Any]) -> dict[str, Any] | None:
    if not books:
        return None
    return {
        "read": books["source_rows"],
        "used": books["used_rows"],
        "candidates": books["candidate_rows"],
        "kept": sum(books["kept_rows"].values()),
        "rejected": sum(books["rejected_source_rows"].values()) + sum(books["rejected_candidate_rows"].values()),
    }


def _sample(sample: Sample) -> dict[str, Any]:
    """Set a row's long fields, shown one under another, apart from its short ones."""
    texts = {"prompt", "messages", "chosen", "rejected", "answer"}
    long = {name: text for name, text in sample.fields.items() if name in texts or len(text) > _SHORT_FIELD}
    short = {name: text for name, text in sample.fields.items() if name not in long}
    return {"id": sample.id, "split": sample.split, "masked": sample.masked, "long": long, "short": short}
