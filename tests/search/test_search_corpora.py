"""Corpora of every shape become documents: cleaned, cut to a length, with ids of their own."""

import json
from pathlib import Path

import polars as pl
import pytest
from search_corpus import rows, write

from openmed_data.errors import SourceError, UsageError
from openmed_data.search import documents_of, read_corpus
from openmed_data.search.corpora import subject_of
from openmed_data.search.documents import MOST_CHARACTERS
from openmed_data.search.prose import passages

OBO = """format-version: 1.2

[Term]
id: TEST:1
name: alder fever
def: "A fever that has_material_basis_in alder pollen and has_symptom \\"hot\\" skin." [url:x]
synonym: "alderosis" EXACT []
synonym: "tree fever" BROAD []
is_a: TEST:0 ! fever
is_a: TEST:9 ! allergy

[Term]
id: TEST:2
name: old fever
def: "Gone." []
is_obsolete: true

[Typedef]
id: part_of
name: part of
"""


def made(path: Path) -> pl.DataFrame:
    return documents_of(read_corpus(path))


def test_medquad_rows_become_titled_documents_without_the_talk_of_the_page(tmp_path):
    held = made(write(tmp_path / "medquad.jsonl", rows(3)))
    assert held["title"].to_list()[:3] == ["Alder fever: overview", "Alder fever: treatment", "Alder fever: causes"]
    assert "web site" not in " ".join(held["text"])
    assert not held["text"].str.contains("?", literal=True).any()
    assert held["id"].to_list()[0] == "NINDS_0_0"
    assert held["source"][0] == "National Institute of Neurological Disorders and Stroke"


def test_lists_keep_their_bullets_and_what_they_share():
    raw = (
        "Stage I is treated with:\n  -  Surgery.     -  Rest.\n  Stage II is treated with:\n  -  Surgery.     -  Drugs."
    )
    told = ["Stage I is treated with:", "- Surgery.", "- Rest.", "Stage II is treated with:", "- Surgery.", "- Drugs."]
    assert passages(raw) == told
    assert passages("Rest helps.\n\nAsk.\n\nRest helps.") == ["Ask.", "Rest helps."]


def test_a_shelf_of_the_publisher_is_no_part_of_the_subject():
    assert subject_of({"focus": "Parasites - Scabies"}) == "Scabies"
    assert subject_of({"focus": "Parasites - Lice - Head Lice"}) == "Head Lice"
    assert subject_of({"focus": "Parasites of the gut"}) == "Parasites of the gut"


def test_ids_that_stand_twice_are_told_apart_and_equal_documents_come_once(tmp_path):
    one, other, *_ = rows(2)
    other = {**other, "id": one["id"]}
    held = made(write(tmp_path / "c.jsonl", [one, other, {**one, "id": "copy"}]))
    assert held["id"].to_list() == ["NINDS_0_0", "NINDS_0_0~2"]


def test_a_long_document_is_cut_into_numbered_parts(tmp_path):
    text = "\n".join(f"Sentence number {n} says something of its own." for n in range(200))
    held = made(write(tmp_path / "own.jsonl", [{"id": "d", "title": "Long", "text": text}]))
    assert held.height > 1
    assert held.filter(pl.col("text").str.len_chars() > MOST_CHARACTERS).is_empty()
    assert held["id"].to_list()[:2] == ["d.p1", "d.p2"]
    assert held["title"][0] == f"Long (part 1 of {held.height})"
    assert "\n".join(held["text"]) == text


def test_an_ontology_gives_its_terms_that_are_not_obsolete(tmp_path):
    path = tmp_path / "terms.obo"
    path.write_text(OBO, encoding="utf-8")
    held = made(path)
    definition = 'A fever that has material basis in alder pollen and has symptom "hot" skin.'
    lines = [definition, "Also called: alderosis.", "Alder fever is a kind of allergy."]
    assert held.select("id", "text").rows() == [("TEST:1", "\n".join(lines))]


def test_pubmedqa_gives_contexts_and_never_the_conclusion(tmp_path):
    record = {"QUESTION": "Does it?", "CONTEXTS": ["We asked.", "We saw."], "LONG_ANSWER": "It does."}
    path = tmp_path / "p.json"
    path.write_text(json.dumps({"123": record}), encoding="utf-8")
    held = made(path)
    assert held.select("id", "title", "text").row(0) == ("PMID-123", "Abstract 123", "We asked.\nWe saw.")


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a.obo", "format-version: 1.2\n", SourceError),
        ("a.jsonl", '{"id": "1", "title": "T"}\n', SourceError),
        ("a.jsonl", '{"id": "1", "title": "", "text": ""}\n', SourceError),
        ("a.docx", "x", UsageError),
    ],
)
def test_what_is_no_corpus_is_refused(tmp_path, name, content, error):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(error):
        made(path)


@pytest.mark.shared
def test_medquad_reads_without_boilerplate(shared_data):
    held = made(shared_data / "corpus" / "medquad.parquet")
    assert held["id"].n_unique() == held.height > 15_000
    text = held["text"].str.to_lowercase()
    for boilerplate in ("key points", "these resources address", "medlineplus medical dictionary", "http", "more on:"):
        assert text.str.contains(boilerplate, literal=True).sum() <= held.height * 0.001, boilerplate


def test_an_answer_about_nothing_that_is_named_is_no_document(tmp_path):
    given = rows(3)
    given[1] |= {"focus": " "}
    titles = made(write(tmp_path / "medquad.jsonl", given))["title"].to_list()
    assert titles[:2] == ["Alder fever: overview", "Alder fever: causes"]
    assert len(titles) == len(given) - 1
