"""The report draws what was logged, hides nothing, and needs nothing from outside."""

import html.parser
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from runs import BASE, as_parent, chain, dpo_logs, make_run
from typer.testing import CliRunner

from openmed_data.cli import app
from openmed_data.errors import UsageError
from openmed_data.training import records
from openmed_data.training.records import Status
from openmed_data.training.report import write_report
from openmed_data.training.report.curves import Curve, draw
from openmed_data.training.report.page import resumed
from openmed_data.training.report.panels import panels, remarks


def page(root: Path) -> str:
    out = root / "report.html"
    write_report(root, out)
    return out.read_text(encoding="utf-8")


def titles(text: str) -> list[str]:
    return [match.strip() for match in re.findall(r"<h3>([^<]+)", text)]


def test_every_stage_is_drawn_with_what_it_is_for(tmp_path: Path) -> None:
    chain(tmp_path)
    text = page(tmp_path)
    assert [stage for stage in ("sft", "dpo", "grpo") if f'<h2 id="{stage}-' in text] == ["sft", "dpo", "grpo"]
    assert titles(text)[:4] == ["loss", "token accuracy", "gradient norm", "learning rate"]
    assert {"reward", "spread of rewards", "rewards, one by one", "completion length"} <= set(titles(text))
    assert "answer_format" in text
    assert "1,000 rows" in text
    assert "longer than max_length" in text


def test_the_page_fetches_nothing_and_is_well_formed(tmp_path: Path) -> None:
    chain(tmp_path)
    text = page(tmp_path)
    assert not re.search(r"<script|<link|src=|url\(|@import|https?://", text)
    assert "default-src 'none'" in text
    for svg in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        ET.fromstring(svg)
    html.parser.HTMLParser().feed(text)


def test_what_a_run_holds_is_shown_as_text(tmp_path: Path) -> None:
    logs = [{"step": step, "rewards/<script>x/mean": 0.5, "loss": 1.0} for step in range(4)]
    make_run(tmp_path, "grpo", logs=logs)
    text = page(tmp_path)
    assert "<script" not in text
    assert "&lt;script&gt;x" in text


def test_equal_runs_give_equal_pages(tmp_path: Path) -> None:
    chain(tmp_path)
    assert page(tmp_path) == page(tmp_path)


def test_an_unfinished_run_is_drawn_and_said_to_be_one(tmp_path: Path) -> None:
    make_run(tmp_path, "dpo", logs=dpo_logs(3), status=Status.RUNNING, finished=None, weights=None, changed=None)
    text = page(tmp_path)
    assert '<span class="tag warn">running</span>' in text
    assert "0 of 1" in text


def test_a_stage_that_changed_nothing_is_named(tmp_path: Path) -> None:
    make_run(tmp_path, "dpo", logs=dpo_logs(), changed=False)
    assert "the stage did nothing" in page(tmp_path)
    make_run(tmp_path / "sound", "dpo", logs=dpo_logs())
    assert "the stage did nothing" not in page(tmp_path / "sound")


def test_a_folder_without_runs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no run"):
        write_report(tmp_path, tmp_path / "report.html")


def test_the_command_writes_beside_the_runs(tmp_path: Path) -> None:
    folder, run = make_run(tmp_path, "sft", logs=[{"step": 1, "loss": 1.0}])
    make_run(tmp_path, "evaluate", as_parent(folder, run), last_log={"mmlu": 0.5})
    done = CliRunner().invoke(app, ["train", "report", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "<td>mmlu</td>" in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("logs", "said"),
    [
        ([{"step": 1, "loss": None}, {"step": 2, "loss": 1.0}], "loss was not finite in 1 of 2 logs, first at"),
        ([{"step": n, "loss": float(n)} for n in range(1, 9)], "loss went from 1 to 8"),
        ([{"step": n, "reward": -float(n), "loss": 0.0} for n in range(1, 9)], "reward went from -1 to -8"),
        ([{"step": n, "rewards/margins": -float(n)} for n in range(1, 9)], "rewards/margins went from -1 to -8"),
        ([{"step": 1, "completions/clipped_ratio": 0.9}], "90% of the completions were cut"),
    ],
)  # fmt: skip
def test_what_looks_wrong_is_said(logs: list[dict[str, Any]], said: str) -> None:
    assert any(said in remark for remark in remarks(logs))


@pytest.mark.parametrize("logs", [dpo_logs(), [], [{"step": 1, "loss": 1.0}]])
def test_nothing_is_said_of_what_looks_right(logs: list[dict[str, Any]]) -> None:
    assert list(remarks(logs)) == []


values = st.floats(allow_nan=True, allow_infinity=True, width=32)


@given(st.lists(st.tuples(values, st.floats(0, 10)), min_size=1, max_size=60), st.sampled_from([1, 13]))
@example([(0.0, 5e-324)], 1)
def test_any_curve_stays_inside_its_frame(drawn: list[tuple[float, float]], times: int) -> None:
    drawn *= times
    curve = Curve("x", [(step, value) for step, (value, _) in enumerate(drawn)], [around for _, around in drawn])
    if not curve.finite:
        return
    svg = ET.fromstring(draw("x", [curve]))
    places = [pair.split(",") for shape in svg for pair in shape.get("points", "").split()]
    places += [(dot.get("cx", ""), dot.get("cy", "")) for dot in svg if dot.get("cx")]
    assert places
    assert all(0 <= float(x) <= 470 and 0 <= float(y) <= 200 for x, y in places)


@given(st.floats(-1e6, 1e6), st.floats(1e-9, 1e6))
def test_no_two_ticks_of_an_axis_are_written_alike(low: float, room: float) -> None:
    if low + room == low or room < abs(low) * 1e-9:
        return
    labels = re.findall(r'class="value"[^>]*>([^<]+)<', draw("x", [Curve("x", [(0, low), (1, low + room)])]))
    assert len(labels) >= 2
    assert len(set(labels)) == len(labels)


def test_a_gap_is_left_where_a_value_is_not_finite() -> None:
    logs = [(1.0, 1.0), (2.0, 2.0), (3.0, float("nan")), (4.0, 1.0), (5.0, 2.0)]
    svg = draw("loss", [Curve("loss", logs)])
    assert svg.count("<polyline") == 2
    assert svg.count('class="missing"') == 1


def test_a_peak_in_a_long_run_stays_visible() -> None:
    points = [(float(step), 50.0 if step == 777 else 1.0) for step in range(2_000)]
    svg = draw("loss", [Curve("loss", points)])
    assert 'class="band s0"' in svg
    assert ">60<" in svg  # the axis reaches the peak


def test_logs_taken_back_by_a_resume_are_not_drawn(tmp_path: Path) -> None:
    logs = [{"step": 1, "loss": 3.0}, {"step": 2, "loss": 9.0}, {"step": 3, "loss": 9.0}, {"step": 2, "loss": 2.0}]
    assert [log["loss"] for log in resumed(logs)] == [3.0, 2.0]


def test_a_value_that_was_no_number_leaves_a_mark(tmp_path: Path) -> None:
    make_run(tmp_path, "sft", logs=[{"step": 1, "loss": 1.0}, {"step": 2, "loss": None}, {"step": 3, "loss": 1.0}])
    assert page(tmp_path).count('class="missing"') == 1


def test_nothing_is_drawn_of_what_was_not_logged() -> None:
    assert [one.plot.title for one in panels([{"step": 1, "reward": 0.5}, {"step": 2, "reward": 0.6}])] == ["reward"]
    assert panels([{"step": 1, "train_runtime": 3.0}]) == []


def test_a_line_cut_off_by_a_kill_is_left_out(tmp_path: Path) -> None:
    folder, _ = make_run(tmp_path, "sft", BASE, logs=[{"step": 1, "loss": 1.0}])
    with (folder / records.METRICS).open("a", encoding="utf-8") as file:
        file.write('{"step": 2, "lo')
    assert titles(page(tmp_path)) == ["loss"]
