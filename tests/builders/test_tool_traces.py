"""The builder of tool traces on its sample: what is kept, what is rejected, and why."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from toy_builder import read_manifest, read_rejected, read_rows, run_pipeline

from openmed_data import tally
from openmed_data.api import parse_options
from openmed_data.builder import FILE, LICENSE, ROW, SAMPLE, SOURCE
from openmed_data.builders.tool_traces import BUILDER, SAMPLES, ToolTraces
from openmed_data.builders.tool_traces.options import TraceOptions
from openmed_data.dataset import open_dataset
from openmed_data.digest import row_digests
from openmed_data.errors import SourceError, UsageError
from openmed_data.pipeline import filters
from openmed_data.pipeline.run import Request, build
from openmed_data.pipeline.work import Work
from openmed_data.traces.columns import trace_of
from openmed_data.traces.detect import formats
from openmed_data.traces.laws import uphold, uphold_texts
from openmed_data.traces.reading import RECORD
from openmed_data.traces.reasons import Law
from openmed_data.traces.settle import settle

EXPECTED: dict[str, list[str]] = json.loads(
    Path(__file__).with_name("tool_traces_sample_reasons.json").read_text(encoding="utf-8")
)


class Threaded(ToolTraces):
    """The same in threads, which start at once."""

    releases_gil = True


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_pipeline(Threaded(), "sample", tmp_path_factory.mktemp("traces") / "out")


def staged() -> pl.DataFrame:
    """Return the sample as the engine stages it."""
    frames = [
        part.load().with_columns(pl.lit(part.file).alias(FILE))
        for file in BUILDER.source("sample").files
        for part in BUILDER.parts(file)
    ]
    given = {SOURCE: pl.lit("sample"), LICENSE: pl.lit("apache-2.0"), SAMPLE: pl.lit(value=True)}
    return pl.concat(frames).with_row_index(ROW).with_columns(pl.col(ROW).cast(pl.UInt64), **given)


def test_every_fault_of_the_sample_is_rejected_for_its_reason(built: Path) -> None:
    found: dict[str, list[str]] = {}
    for reason, record, level in read_rejected(built).select("reason", "record", "level").iter_rows():
        if level == "source":
            source = json.loads(json.loads(record)[RECORD])
            found.setdefault(reason, []).append(source.get("id") or source["session"])
    assert {reason: sorted(ids) for reason, ids in found.items()} == EXPECTED


def test_every_law_is_broken_in_the_sample() -> None:
    assert {str(law) for law in Law} == EXPECTED.keys() - {"duplicate"}


def test_a_row_about_a_person_is_taken_out(tmp_path: Path) -> None:
    request = Request(Threaded(), BUILDER.source("sample"), TraceOptions(), None, filters.plan(BUILDER, {}))
    with (work := Work(tmp_path / "out")).lock():
        build(request, work)
    taken = read_rejected(work.result).filter(pl.col("level") == "candidate")
    assert taken.select("reason", "file", "line").rows() == [("phi:phone", "openai.jsonl", 24)]


def test_rows_that_polars_wrote_again_are_the_same_rows(built: Path, tmp_path: Path) -> None:
    for path in (built / "data").glob("*.parquet"):
        pl.read_parquet(path).write_parquet(tmp_path / path.name)
    again = pl.concat(rows for _, rows in open_dataset(str(tmp_path)).batches())
    assert row_digests(again) == row_digests(pl.concat(rows for _, rows in open_dataset(str(built)).batches()))


def test_every_format_is_in_the_sample(built: Path) -> None:
    assert set(read_rows(built)["format"]) == set(formats())


def test_rows_keep_every_law(built: Path) -> None:
    for row in read_rows(built).iter_rows(named=True):
        trace = trace_of(row)
        assert trace.tools is not None
        assert settle(trace) == trace
        uphold(trace, trace.tools, may_end_with_call=True)
        uphold_texts(trace)
        assert row["n_calls"] == trace.n_calls


def test_details_name_the_place(built: Path) -> None:
    rejected = read_rejected(built).filter((pl.col("level") == "source") & (pl.col("reason") != "duplicate"))
    by_reason = dict(rejected.select("reason", "detail").iter_rows())
    assert by_reason["undeclared_tool"].startswith("messages[1].tool_calls[0]: anion_gap_2")
    assert by_reason["secret"] == "messages[2].content: Hugging Face token"
    assert "hf_" not in "".join(rejected["detail"])


def test_figures_and_state_are_recorded(built: Path) -> None:
    manifest = read_manifest(built)
    figures, state = manifest["figures"], manifest["state"]
    assert figures["formats"] == dict(sorted(read_rows(built)["format"].value_counts().iter_rows()))
    outcomes = figures["records_by_format"]
    assert outcomes["openai"]["secret"] == 1
    assert sum(sum(one.values()) for one in outcomes.values()) == manifest["books"]["source_rows"]
    assert state["formats"]["mcp_sessions.jsonl"] == "mcp"
    searched = state["inferred_tools"]["react"]
    assert [tool["function"]["name"] for tool in searched] == ["lookup", "search"]
    assert searched[1]["function"]["parameters"]["required"] == ["query"]
    assert figures["schema_words_mapped"]["dict → object"] == 1


def test_the_bytes_do_not_depend_on_how_batches_are_cut() -> None:
    options = parse_options(BUILDER, {})
    whole = staged()

    def made(size: int) -> tuple[Any, pl.DataFrame, pl.DataFrame]:
        slices = list(whole.iter_slices(size))
        state = BUILDER.state(tally.merge([BUILDER.fit(one, options) for one in slices]), options)
        rows = [BUILDER.rows(one, state, options) for one in slices]
        counts = tally.merge([one.tally for one in rows])
        return state, pl.concat([one.kept for one in rows]), pl.concat([counts.select("table", "key", "detail")])

    one, few, every = made(1), made(7), made(1000)
    assert one[0] == few[0] == every[0]
    for other in (few, every):
        assert one[1].equals(other[1])
        assert one[2].equals(other[2])


def test_ending_with_a_call_can_be_refused(tmp_path: Path) -> None:
    built = run_pipeline(Threaded(), "sample", tmp_path / "out", end_with_call=False)
    rows = read_rows(built)
    assert rows.height
    assert all(not row["messages"][-1]["tool_calls"] for row in rows.iter_rows(named=True))


def test_a_stated_format_is_believed(tmp_path: Path) -> None:
    built = run_pipeline(Threaded(), str(SAMPLES / "react.jsonl"), tmp_path / "out", format="react")
    assert read_manifest(built)["state"]["formats"] == {"react.jsonl": "react"}
    assert read_manifest(built)["source"]["license"] == "unknown"


def test_an_unknown_format_is_named() -> None:
    with pytest.raises(UsageError, match="no format is called 'xml'; there are: auto, anthropic"):
        parse_options(BUILDER, {"format": "xml"})


def test_two_formats_that_fit_are_not_guessed_between(tmp_path: Path) -> None:
    mixed = tmp_path / "mixed.jsonl"
    lines = [(SAMPLES / name).read_text(encoding="utf-8").splitlines() for name in ("openai.jsonl", "react.jsonl")]
    mixed.write_text("\n".join(lines[0][:6] + lines[1]) + "\n", encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        run_pipeline(Threaded(), mixed, tmp_path / "out")
    assert "mixed.jsonl" in str(caught.value)
    assert "openai (0." in str(caught.value)
    assert "react (0." in str(caught.value)
    assert "--set format=NAME" in caught.value.hint


def test_rows_of_no_format_are_an_error(tmp_path: Path) -> None:
    source = tmp_path / "rows.jsonl"
    source.write_text('{"question": "Dose?", "answer": "5 mg"}\n', encoding="utf-8")
    with pytest.raises(SourceError, match="found rows that no format is sure of: none"):
        run_pipeline(Threaded(), source, tmp_path / "out")
