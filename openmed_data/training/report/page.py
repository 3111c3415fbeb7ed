"""The report of a run as one HTML page: no script, nothing fetched, light and dark, and fit to print."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from openmed_data.errors import UsageError
from openmed_data.files import write_text
from openmed_data.report import words
from openmed_data.training import records
from openmed_data.training.records import Run
from openmed_data.training.report.curves import short
from openmed_data.training.report.panels import Drawn, panels, remarks

NAME = "report.html"


@dataclass(frozen=True, slots=True)
class _Section:
    """One stage as it stands on the page."""

    folder: str
    run: Run
    drawn: Sequence[Drawn]
    remarks: Sequence[str]
    log: Mapping[str, str]


def write_report(root: Path, out: Path) -> int:
    """Write the report of every run below `root` to `out`, and return how many stages it shows.

    Of several runs of one stage, as a changed recipe leaves them, all are shown, the oldest first. The report of an
    unfinished run shows what it logged so far.

    Raises
    ------
    UsageError
        There is no run.
    SourceError
        A record is damaged.
    """
    sections = [_section(folder, run) for folder, run in records.all_runs(root)]
    if not sections:
        hint = "Give the folder that `openmed-data train` wrote to, such as runs/NAME."
        raise UsageError(f"'{root}' holds no run", hint=hint)
    write_text(out, _render(root.resolve().name, sections))
    return len(sections)


def resumed(logs: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the logs without those that a resume from an earlier checkpoint took back.

    Examples
    --------
    >>> [log["loss"] for log in resumed([{"step": 1, "loss": 3}, {"step": 2, "loss": 9}, {"step": 2, "loss": 2}])]
    [3, 9, 2]
    >>> [log["loss"] for log in resumed([{"step": 4, "loss": 3}, {"step": 5, "loss": 9}, {"step": 4, "loss": 2}])]
    [2]
    """
    kept: list[Mapping[str, Any]] = []
    for log in logs:
        # An evaluation logs the step of the training log before it; only a smaller one means a resume.
        if kept and log.get("step", 0) < kept[-1].get("step", 0):
            kept = [one for one in kept if one.get("step", 0) < log.get("step", 0)]
        kept.append(log)
    return kept


def _section(folder: Path, run: Run) -> _Section:
    logs = resumed(records.read_metrics(folder))
    found = [*remarks(logs)]
    if run.changed is False:
        found.insert(0, "The weights that came out are those that went in: the stage did nothing.")
    log = {name: _value(value) for name, value in run.last_log.items()}
    return _Section(folder.name, run, panels(logs), found, log)


def _value(value: Any) -> str:
    return short(float(value)) if isinstance(value, int | float) else str(value)


def _render(name: str, sections: Sequence[_Section]) -> str:
    loaders = [PackageLoader("openmed_data.training.report", "."), PackageLoader("openmed_data.report", ".")]
    environment = Environment(
        loader=ChoiceLoader(loaders), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    environment.filters.update({"duration": duration})
    return environment.get_template("page.html.j2").render(
        name=name,
        sections=sections,
        base=sections[0].run.base,
        done=sum(section.run.done for section in sections),
        seconds=sum(section.run.seconds for section in sections),
        remarks=sum(len(section.remarks) for section in sections),
        plural=words.plural,
    )


def duration(seconds: float) -> str:
    """Write a time as a person would.

    Examples
    --------
    >>> [duration(seconds) for seconds in (4.2, 75, 5_400, 100_000)]
    ['4 s', '1 min 15 s', '1 h 30 min', '27 h 46 min']
    """
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
