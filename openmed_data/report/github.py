"""Annotations that GitHub shows beside a job: workflow commands, one line each."""

from collections.abc import Iterator

from openmed_data.report.model import Report
from openmed_data.report.words import allowed, number, plural, state, verdict


def annotations(report: Report) -> Iterator[str]:
    """Yield one ``::error`` or ``::warning`` line for each figure beyond its range, then a ``::notice`` of the verdict.

    The escaping is that of GitHub's own toolkit (actions/toolkit, `command.ts`): a text cannot end a command or begin
    another one.
    """
    for check, figure in report.failures:
        command = "error" if state(figure) == "fail" else "warning"
        text = f"{number(figure.value)} where {allowed(figure)} is allowed: {figure.meaning}"
        yield _command(command, f"{report.name}: {check}.{figure.name}", text)
    for check, reason in report.not_run.items():
        yield _command("warning", f"{report.name}: {check}", f"did not run: {reason}")
    rows = plural(sum(report.rows.values()), "row")
    yield _command(
        "notice", f"{report.name}: validation {verdict(report)}", f"{rows}, {plural(len(report.results), 'check')}"
    )


def _command(command: str, title: str, text: str) -> str:
    return f"::{command} title={_property(title)}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
