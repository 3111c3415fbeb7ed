"""The builder of tool traces tells corpora from trace files, and its search traces keep its own laws."""

from pathlib import Path
from typing import Any

import pytest
from search_corpus import rows, write
from toy_builder import read_manifest, read_rejected, read_rows

from openmed_data.builders.tool_traces import BUILDER, SAMPLES, ToolTraces
from openmed_data.builders.tool_traces.options import TraceOptions
from openmed_data.builders.tool_traces.reasons import Reason
from openmed_data.builders.tool_traces.searching import SearchReason, is_searchable
from openmed_data.pipeline.run import Request, build
from openmed_data.pipeline.work import Work
from openmed_data.sources import SourceFile
from openmed_data.traces.columns import trace_of
from openmed_data.traces.laws import uphold, uphold_texts
from openmed_data.traces.reasons import Law
from openmed_data.traces.settle import settle


class Threaded(ToolTraces):
    """The same in threads, which start at once."""

    releases_gil = True


def run(source: Path, out: Path, **options: Any) -> Path:
    builder = Threaded()
    work = Work(out)
    with work.lock():
        build(Request(builder, builder.source(str(source)), TraceOptions(**options)), work)
    return work.result


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("searched")
    return run(write(folder / "medquad.jsonl", rows()), folder / "out", cache=folder / "cache")


def test_a_corpus_becomes_search_traces(searched: Path) -> None:
    manifest = read_manifest(searched)
    assert set(read_rows(searched)["format"]) == {"search"}
    assert manifest["figures"]["search"]["answer_in_evidence"] == 1.0
    assert manifest["state"]["search_index"]["engine"] == "bm25s"
    assert manifest["source"]["license"] == "cc-by-4.0"  # told by MedQuAD's columns; a mixture needs to know


def test_search_traces_keep_the_laws_and_are_settled_already(searched: Path) -> None:
    for row in read_rows(searched).rows(named=True):
        trace = trace_of(row)
        assert settle(trace).messages == trace.messages
        assert trace.tools is not None
        uphold(trace, trace.tools, may_end_with_call=False)
        uphold_texts(trace)


def test_no_sample_of_a_trace_format_is_taken_for_a_corpus() -> None:
    assert not [path.name for path in SAMPLES.iterdir() if is_searchable(SourceFile(path, path.name))]


@pytest.mark.shared
def test_no_public_trace_file_is_taken_for_a_corpus_and_every_corpus_is(shared_data: Path) -> None:
    found = {
        path.name: is_searchable(SourceFile(path, path.name))
        for folder in ("traces", "corpus")
        for path in sorted((shared_data / folder).rglob("*.*"))
        if path.suffix in BUILDER.suffixes
    }
    assert {name for name, told in found.items() if told} == {"medquad.parquet", "disease_ontology_rare.obo"}
    exam = shared_data / "medmcqa" / "dev.json"
    assert is_searchable(SourceFile(exam, exam.name))


def test_every_reason_has_its_meaning() -> None:
    joined = {str(code): code.meaning for code in Reason}  # pyright: ignore[reportGeneralTypeIssues]
    assert joined == {str(code): code.meaning for code in (*Law, *SearchReason)}
    assert len(joined) == len(Law) + len(SearchReason)


def test_rejected_questions_come_with_their_rows(tmp_path: Path) -> None:
    held = [
        {**row, "answer": "For more information, visit the web site."} if row["id"] == "0001-0" else row
        for row in rows(9)
    ]
    built = run(write(tmp_path / "c.jsonl", held), tmp_path / "out", cache=tmp_path / "cache", nothing_found_share=0)
    assert read_rejected(built).select("reason", "line").rows() == [("no_document", 4)]
