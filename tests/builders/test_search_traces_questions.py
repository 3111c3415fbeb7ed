"""How questions are put, and what is told from their words."""

import re

import pytest

from openmed_data.builders.tool_traces.searching.aspects import ASPECTS, aspect_of, put

WAYS = [(aspect, way) for aspect, held in ASPECTS.items() for way in range(len(held.asked))]


@pytest.mark.parametrize(("aspect", "way"), WAYS)
def test_the_aspect_is_told_from_the_words_of_its_questions(aspect, way):
    assert aspect_of(put(aspect, "Alder fever", way)) == aspect


@pytest.mark.parametrize(("aspect", "way"), WAYS)
@pytest.mark.parametrize("subject", ["Urinary Tract Infections in Children", "Colonic Polyps", "Astrocytomas", "Burns"])
def test_several_things_are_not_asked_about_as_one(subject, aspect, way):
    assert not re.search(r"\b(?:is|does) (?:Urin|Colon|Astro|Burns)", put(aspect, subject, way), re.IGNORECASE)


@pytest.mark.parametrize(("aspect", "way"), WAYS)
@pytest.mark.parametrize("subject", ["Deafness and myopia", "Cataracts, ataxia, and short stature"])
def test_what_may_be_one_thing_or_two_is_asked_about_as_neither(subject, aspect, way):
    assert not re.search(r"\b(?:is|are|does) (?:Deaf|Catar)", put(aspect, subject, way), re.IGNORECASE)


@pytest.mark.parametrize(
    "subject",
    [
        "Osteochondritis dissecans",
        "Gas",
        "Situs inversus",
        "Mumps",
        "Rabies",
        "Barrett's esophagus",
        "Annular pancreas",
    ],
)
def test_one_thing_that_ends_like_several_is_one(subject):
    assert put("information", subject, 0) == f"What is {subject}?"


@pytest.mark.parametrize(
    ("question", "aspect"),
    [
        ("What should I know about Military Family Health?", "information"),
        ("What is inherited alder deficiency?", "information"),
        ("How is alder fever inherited?", "inheritance"),
        ("Does alder fever run in families?", "inheritance"),
    ],
)
def test_a_word_of_the_subject_is_not_what_is_asked(question, aspect):
    assert aspect_of(question) == aspect
