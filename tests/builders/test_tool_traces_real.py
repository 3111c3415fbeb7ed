"""Every public sample file becomes traces that keep the laws; each rejected record has its reason."""

from pathlib import Path

import pytest
from toy_builder import read_manifest, read_rejected, read_rows, run_pipeline

from openmed_data.builders.tool_traces import ToolTraces
from openmed_data.traces.columns import trace_of
from openmed_data.traces.laws import uphold
from openmed_data.traces.settle import settle

pytestmark = pytest.mark.shared

# File → records, kept, and what some of the others are.
BOOKS = {
    "anthropic/*.jsonl": (5, 2, {"unreadable": 1, "turns_out_of_order": 2}),
    "glaive/*.json": (
        300,
        161,
        {"no_tools": 109, "refusal": 6, "unresolved_reference": 4, "arguments_do_not_fit": 1, "duplicate": 19},
    ),
    "hermes/*.json": (2, 2, {}),
    "openai/*.json": (200, 81, {"failed_trajectory": 116, "refusal": 3}),
    "react/*.jsonl": (500, 500, {}),
    "search_tags/*.jsonl": (125, 68, {"failed_trajectory": 57}),
    "search_tags/*.txt": (2, 2, {}),
    "xlam/*.json": (
        399,
        198,
        {"beginning_of_another": 166, "arguments_do_not_fit": 8, "turns_out_of_order": 5, "made_up_secret": 15},
    ),
}


class Threaded(ToolTraces):
    """The same in threads, which start at once."""

    releases_gil = True


@pytest.mark.parametrize("pattern", BOOKS)
def test_a_sample_file_converts(shared_data: Path, tmp_path: Path, pattern: str) -> None:
    built = run_pipeline(Threaded(), str(shared_data / "traces" / pattern), tmp_path / "out")
    records, kept, some = BOOKS[pattern]
    books = read_manifest(built)["books"]
    rows = read_rows(built)
    assert (books["source_rows"], rows.height) == (records, kept)
    assert books["rejected_source_rows"].items() >= some.items()
    assert records == kept + read_rejected(built).height
    for row in rows.iter_rows(named=True):
        trace = trace_of(row)
        assert trace.tools is not None
        assert settle(trace) == trace
        uphold(trace, trace.tools, may_end_with_call=True)


def test_all_of_them_at_once_with_each_file_in_its_format(shared_data: Path, tmp_path: Path) -> None:
    built = run_pipeline(Threaded(), str(shared_data / "traces" / "**" / "*"), tmp_path / "out")
    formats = read_manifest(built)["state"]["formats"]
    assert len(formats) == 11
    assert all(
        name.split("/")[0].replace("glaive", "sharegpt").replace("_", "-") == form for name, form in formats.items()
    )
    text = "".join(message["content"] for row in read_rows(built)["messages"].to_list() for message in row)
    for lost in ("Generate API Request", "Episode finished", "###STOP###", "</think>", "<|begin_of", "Alibaba"):
        assert lost not in text
