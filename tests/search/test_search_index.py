"""The index: what it finds, that it always finds the same, and that a damaged one is not believed."""

import os
import subprocess
import sys

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from search_corpus import rows, write

from openmed_data.errors import UsageError
from openmed_data.search import SearchIndex, documents_of, read_corpus, search_result
from openmed_data.search.documents import DOCUMENTS
from openmed_data.search.words import search_words

WORDS = ("alder", "fever", "palsy", "liver", "velorin", "mg", "gene", "condition", "nowhere", "the")


@pytest.fixture(scope="module")
def documents(tmp_path_factory) -> pl.DataFrame:
    return documents_of(read_corpus(write(tmp_path_factory.mktemp("corpus") / "c.jsonl", rows())))


@pytest.fixture(scope="module")
def index(documents, tmp_path_factory) -> SearchIndex:
    return SearchIndex.build(documents, tmp_path_factory.mktemp("cache") / "index")


@given(st.lists(st.sampled_from(WORDS), max_size=5), st.integers(1, 12))
def test_hits_share_a_word_with_the_query_and_come_best_first(index, query, top_k):
    hits = index.search(" ".join(query), top_k)
    assert len(hits) <= top_k
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    for hit in hits:
        found = index.document(hit.number)
        assert set(search_words(" ".join(query))) & set(search_words(f"{found.title} {found.text}"))


@given(st.lists(st.sampled_from(WORDS), max_size=4), st.integers(1, 8), st.integers(0, 8))
def test_asking_for_more_only_adds_to_the_end(index, query, top_k, more):
    assert index.search(" ".join(query), top_k + more)[:top_k] == index.search(" ".join(query), top_k)


@given(st.lists(st.sampled_from(WORDS[:8]), min_size=1, max_size=3))
def test_holding_is_what_a_look_at_every_text_gives(index, documents, terms):
    wanted = set(search_words(" ".join(terms)))
    texts = [set(search_words(f"{title} {text}")) for title, text in documents.select("title", "text").iter_rows()]
    assert index.holding(wanted).tolist() == [number for number, text in enumerate(texts) if wanted <= text]
    assert all(index.frequency(term) == sum(term in text for text in texts) for term in wanted)


def test_a_document_is_found_by_its_title_and_its_row(index, documents):
    for number in (0, 17, len(index) - 1):
        row = documents.row(number, named=True)
        assert index.search(row["title"], 1)[0].number == number
        assert list(index.made_from(row["origin"])) == [number]
        assert list(index.titled(row["title"].upper())) == [number]
    assert list(index.made_from(1)) == list(index.titled("Nothing at all")) == list(index.titled("")) == []


def test_a_query_of_unknown_words_finds_nothing(index):
    assert index.search("zzz the of", 5) == []
    assert search_result(index, "zzz", 5) == ('{"results": []}', [])


def test_equal_documents_give_equal_files_in_another_process(documents, index, tmp_path):
    documents.write_ipc(tmp_path / "documents.arrow")
    code = (
        "import sys, polars as pl; from pathlib import Path; from openmed_data.search import SearchIndex\n"
        "SearchIndex.build(pl.read_ipc(sys.argv[1]), Path(sys.argv[2]))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "documents.arrow"), str(tmp_path / "other")]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": "7"})
    other = SearchIndex.load(tmp_path / "other")
    assert other.facts == index.facts
    assert other.search("alder fever gene", 5) == index.search("alder fever gene", 5)


def test_a_damaged_index_is_refused(documents, tmp_path):
    SearchIndex.build(documents, tmp_path / "index")
    path = tmp_path / "index" / "bm25" / "data.csc.index.npy"
    held = bytearray(path.read_bytes())
    held[-1] ^= 1
    path.write_bytes(held)
    with pytest.raises(UsageError, match="damaged"):
        SearchIndex.load(tmp_path / "index")
    path.unlink()
    with pytest.raises(UsageError, match="damaged"):
        SearchIndex.load(tmp_path / "index")


def test_equal_scores_come_in_the_order_of_the_corpus(tmp_path):
    same = [(n, n, "Gout", f"d{n}", "Gout", "It hurts.", "", "") for n in range(9)]
    index = SearchIndex.build(pl.DataFrame(same, schema=DOCUMENTS, orient="row"), tmp_path / "index")
    assert [hit.number for hit in index.search("gout", 4)] == [0, 1, 2, 3]


def test_without_the_engine_the_extra_is_named(documents, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "bm25s", None)
    with pytest.raises(UsageError, match="needs bm25s") as caught:
        SearchIndex.build(documents, tmp_path / "index")
    assert "openmed-data[search]" in caught.value.hint
    assert not (tmp_path / "index").exists()
