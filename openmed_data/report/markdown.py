"""The report as Markdown, for ``$GITHUB_STEP_SUMMARY`` and for reading in a terminal."""

import re
from collections.abc import Iterator, Sequence

from openmed_data.check import CheckResult
from openmed_data.markdown import printable
from openmed_data.report.drift import Drift
from openmed_data.report.model import Report
from openmed_data.report.words import allowed, number, plural, state, verdict

_MARKS = {"pass": "✅", "warn": "⚠️", "fail": "❌", "info": "·"}
_SPECIAL = re.compile(r"([\\`*\[\]|~])")
MOST_FINDINGS = 10


def to_markdown(report: Report, drift: Drift | None = None) -> str:
    """Return the report as GitHub-flavoured Markdown."""
    parts = (_head, _failures, _checks, _findings, _planted, _rejected)
    return "\n".join([*(line for part in parts for line in part(report)), *_drift(drift), ""])


def _head(report: Report) -> Iterator[str]:
    mark = "✅" if report.passed else "❌"
    yield f"## {mark} {_text(report.name)}: validation {verdict(report)}"
    yield ""
    rows = ", ".join(f"{_text(split)} {count:,}" for split, count in report.rows.items())
    total, checks = plural(sum(report.rows.values()), "row"), plural(len(report.results), "check")
    yield f"{_text(report.kind)} · {total} ({rows}) · {checks}"
    yield ""
    yield f"content `{report.content_digest[:16]}`" + (
        f" · manifest `{report.manifest_digest[:16]}`" if report.manifest_digest else " · no manifest"
    )


def _failures(report: Report) -> Iterator[str]:
    if report.failures or report.not_run:
        yield ""
        for check, reason in report.not_run.items():
            yield f"- {_MARKS['info']} **{_text(check)}** did not run: {_text(reason)}"
        for check, figure in report.failures:
            mark, name = _MARKS[state(figure)], _text(f"{check}.{figure.name}")
            yield f"- {mark} **{name}** is {number(figure.value)}, allowed {allowed(figure)}: {_text(figure.meaning)}"


def _checks(report: Report) -> Iterator[str]:
    for result in report.results:
        if result.not_run:
            continue
        yield from (
            "",
            f"### {_text(result.check)}",
            "",
            "| | figure | value | allowed | meaning |",
            "|---|---|--:|--:|---|",
        )
        for one in result.figures:
            cells = (_MARKS[state(one)], _text(one.name), number(one.value), allowed(one), _text(one.meaning))
            yield f"| {' | '.join(cells)} |"


def _findings(report: Report) -> Iterator[str]:
    found: Sequence[CheckResult] = [one for one in report.results if one.findings.height]
    for result in found:
        shown = result.findings.head(MOST_FINDINGS)
        yield from ("", f"<details><summary>{_text(result.check)}: first findings, masked</summary>", "")
        yield from ("| level | code | row | field | masked |", "|--:|---|---|---|---|")
        for one in shown.iter_rows(named=True):
            cells = (str(one["level"]), *(_text(one[name] or "") for name in ("code", "id", "field", "masked")))
            yield f"| {' | '.join(cells)} |"
        yield from ("", "</details>")


def _planted(report: Report) -> Iterator[str]:
    if report.self_test is None:
        return
    yield from ("", f"### Planted faults, in {plural(report.self_test.rows, 'row')} of this dataset", "")
    yield from ("| check | fault | planted | found | rows named before |", "|---|---|--:|--:|--:|")
    for one in report.self_test.by_code():
        before = report.self_test.unplanted.get(one.check, 0)
        yield f"| {_text(one.check)} | {_text(one.code)} | {one.planted:,} | {one.found:,} | {before:,} |"
    for check, reason in report.self_test.not_tested.items():
        yield f"| {_text(check)} | {_text(reason)} | - | - | - |"


def _rejected(report: Report) -> Iterator[str]:
    books = report.books
    if books:
        yield from ("", "### Where the source rows went", "", "| rows | |", "|--:|---|")
        yield f"| {books['source_rows']:,} | read |"
        for reason, rows in sorted(books["rejected_source_rows"].items(), key=lambda pair: -pair[1]):
            yield f"| -{rows:,} | {_text(reason)} |"
        yield f"| {books['used_rows']:,} | used, giving {plural(books['candidate_rows'], 'candidate')} |"
        for reason, rows in sorted(books["rejected_candidate_rows"].items(), key=lambda pair: -pair[1]):
            yield f"| -{rows:,} | {_text(reason)} |"
        yield f"| {sum(books['kept_rows'].values()):,} | kept |"


def _drift(drift: Drift | None) -> Iterator[str]:
    if drift is None:
        return
    yield from ("", "### Since the baseline", "")
    if drift.same_content:
        yield "The same rows."
    for split, (then, now) in drift.rows.items():
        yield f"- rows of {_text(split)}: {then:,} → {now:,}"
    for figure in drift.figures:
        yield f"- {_text(f'{figure.check}.{figure.figure}')}: {number(figure.then)} → {number(figure.now)}"
    for table in drift.tables:
        most = f"most in {_text(table.most)} ({100 * table.moved:+.1f} points)"
        yield f"- {_text(table.title)}: {table.distance:.1%} of rows moved, {most}"


def _text(text: str) -> str:
    """Write any text as one line that Markdown shows as it is."""
    escaped = _SPECIAL.sub(r"\\\1", " ".join(printable(text).split()))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
