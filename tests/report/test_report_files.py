"""Every form of a report: complete, inert whatever the data holds, and the same bytes again."""

import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest

from openmed_data.check import CheckResult
from openmed_data.errors import UsageError
from openmed_data.report import Report, annotations, read_report, write_report
from openmed_data.report.junit import to_junit
from openmed_data.report.markdown import to_markdown

FILES = ["junit.xml", "report.html", "report.json", "report.md"]


class Page(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in {"meta", "rect", "line", "circle"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_report_is_four_files_and_comes_back_whole(report: Any, tmp_path: Path):
    made: Report = report()
    write_report(made, tmp_path / "deep" / "er")
    assert sorted(path.name for path in (tmp_path / "deep" / "er").iterdir()) == FILES
    back = read_report(tmp_path / "deep" / "er")
    assert back.to_json() == made.to_json()
    assert math.isnan(back.results[0].figures[3].value)
    assert back.results[0].findings.equals(made.results[0].findings)


def test_equal_reports_are_equal_bytes(report: Any, texts: Any, tmp_path: Path):
    for name in ("one", "other"):
        write_report(report(), tmp_path / name)
    assert texts(tmp_path / "one") == texts(tmp_path / "other")


def test_the_page_stands_alone_and_is_whole(report: Any, tmp_path: Path):
    write_report(report(), tmp_path)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.open == [], "every element is closed"
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name in {"src", "href", "srcset"} or name.startswith("on")]
    assert "url(" not in text
    assert "@import" not in text
    for shown in (
        "Failed",
        "3",
        "values that are missing",
        "not computed",
        "J*** D**",
        "unlabelled",
        "Which?",
        "b" * 64,
    ):
        assert shown in page.text


def test_the_page_can_be_read_without_a_mouse_or_a_picture(report: Any, tmp_path: Path):
    write_report(report(), tmp_path)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<th>" not in text, "every heading of a table says what it heads"
    assert all("scope=" in heading for heading in re.findall(r"<th [^>]*>", text))
    moving = re.findall(r'<div class="[^"]*scroll[^"]*"[^>]*>', text)
    assert moving
    assert all('tabindex="0"' in one and "aria-label=" in one for one in moving), "keys can move what is too wide"
    drawings = re.findall(r"<svg[^>]*>(?:<title>)?", text)
    assert all("aria-hidden" in one or one.endswith("<title>") for one in drawings)


def test_the_page_counts_the_figures_in_range(report: Any, tmp_path: Path):
    write_report(report(), tmp_path)
    assert "3 of 5figures in range" in Page((tmp_path / "report.html").read_text(encoding="utf-8")).text


def test_a_plot_of_one_series_says_whose_it_is(report: Any, tmp_path: Path):
    made: Report = report()
    alone = replace(made.results[0], tables={"text length (characters): replies": {"0-9": 3}})
    write_report(replace(made, results=(alone,)), tmp_path)
    assert "<h3>text length (characters): replies" in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FILES)
def test_hostile_text_is_inert_in(name: str, hostile: Report, tmp_path: Path):
    write_report(hostile, tmp_path, baseline=None)
    text = (tmp_path / name).read_text(encoding="utf-8")
    if name != "report.json":
        assert "<script" not in text
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text), "nothing steers a terminal"
    if name == "report.html":
        page = Page(text)
        assert "script" not in page.tags
        assert page.open == []
    if name == "report.json":
        assert json.loads(text)["dataset"] == hostile.name
    if name == "junit.xml":
        case = fromstring(text)[0][0]
        assert "<script>" in case[0].text, "what it says is kept, as text"
    if name == "report.md":
        rows = [line for line in text.splitlines() if line.startswith("| ❌")]
        assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [6], "no cell ends early"


def test_annotations_are_one_command_a_line(hostile: Report):
    lines = list(annotations(hostile))
    assert [line.split(" ")[0] for line in lines] == ["::error", "::notice"]
    assert not any("\n" in line or "\r" in line for line in lines)
    assert all(line.count("::") == line.split("::", 2)[2].count("::") + 2 for line in lines)
    title = lines[0].split("::")[1]
    assert "<script>alert('x')" in title
    assert "%250A" in title, "a percent sign is escaped, so nothing can be unescaped into a command"


def test_junit_has_one_case_for_each_figure_and_warnings_do_not_fail(report: Any, tmp_path: Path):
    write_report(report(), tmp_path)
    root = fromstring((tmp_path / "junit.xml").read_text(encoding="utf-8"))
    (suite,) = root
    assert (suite.get("tests"), suite.get("failures")) == ("5", "1")
    failed = [case.get("name") for case in suite if case.find("failure") is not None]
    assert failed == ["nulls"]


def test_junit_counts_the_checks_that_did_not_run(report: Any):
    made = report()
    (result,) = made.results
    left_out = CheckResult("chat", (), result.findings.clear(), not_run="no tokenizer was given")
    root = fromstring(to_junit(replace(made, results=(result, left_out))))
    assert (root.get("tests"), root.get("skipped")) == ("6", "1")
    assert [(suite.get("tests"), suite.get("skipped")) for suite in root] == [("5", "0"), ("1", "1")]


def test_markdown_says_what_failed_first(report: Any):
    text = to_markdown(report())
    assert text.startswith("## ❌ made: validation failed")
    assert text.index("schema.nulls") < text.index("schema.length") < text.index("### schema")


def test_a_passing_report_names_no_failure(report: Any, tmp_path: Path):
    made = report(passed=True)
    (result,) = made.results
    clean = replace(made, results=(replace(result, figures=result.figures[:1], findings=result.findings.clear()),))
    write_report(clean, tmp_path)
    assert "Passed" in Page((tmp_path / "report.html").read_text(encoding="utf-8")).text
    assert [line.split(" ")[0] for line in annotations(clean)] == ["::notice"]


def test_every_form_says_what_a_verdict_leaves_out(report: Any, tmp_path: Path):
    made = report(passed=True)
    (result,) = made.results
    idle = CheckResult("chat", (), result.findings.clear(), not_run="no tokenizer was given")
    said = replace(made, results=(replace(result, figures=result.figures[2:4]), idle))
    write_report(said, tmp_path)
    assert "Passed, 1 warning, 1 check not run · made" in Page((tmp_path / "report.html").read_text("utf-8")).text
    assert "validation passed, 1 warning, 1 check not run" in (tmp_path / "report.md").read_text("utf-8")
    assert "passed%2C 1 warning%2C 1 check not run" in list(annotations(said))[-1]


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "holds no report.json"), ("{", "is not JSON"), ("[]", "format None"), ('{"format": 99}', "format 99"),
     ('{"format": 1}', "no whole report")],
)  # fmt: skip
def test_a_baseline_that_is_none(content: str | None, said: str, tmp_path: Path):
    if content is not None:
        (tmp_path / "report.json").write_text(content)
    with pytest.raises(UsageError, match=said):
        read_report(tmp_path)
