"""Sentences, lines and pieces: nothing is lost, and what ends no sentence does not cut one."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmed_data.search.documents import pieces
from openmed_data.search.phenotypes import without_table
from openmed_data.search.prose import is_page_talk, mended, passages
from openmed_data.search.sentences import sentence_spans
from openmed_data.search.words import search_words

PROSE = st.text(alphabet="abcAB 1.?!\n-()\"'e.g", max_size=120)


@given(PROSE)
def test_spans_are_in_order_and_hold_every_character(text):
    spans = list(sentence_spans(text))
    assert all(start < stop for start, stop in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert "".join("".join(text[start:stop].split()) for start, stop in spans) == "".join(text.split())


@pytest.mark.parametrize(
    "sentence",
    [
        "Infection with H. pylori is common.",
        "Give 2.5 mg of it, e.g. Before breakfast.",
        "About 1 in 3,200 people vs. Fewer elsewhere.",
        "The U.S. Preventive panel agrees.",
    ],
)
def test_abbreviations_and_decimals_do_not_end_a_sentence(sentence):
    assert list(sentence_spans(sentence)) == [(0, len(sentence))]


def test_quotes_and_brackets_belong_to_the_sentence_that_they_close():
    text = 'It is called "gout." Others say podagra (of the toe). Both hurt.'
    assert [text[a:b] for a, b in sentence_spans(text)] == [
        'It is called "gout."',
        "Others say podagra (of the toe).",
        "Both hurt.",
    ]


@given(st.lists(st.text(alphabet="ab .", min_size=1, max_size=30).filter(str.strip), max_size=12), st.integers(5, 60))
def test_pieces_hold_every_letter_in_order(lines, most):
    joined = "".join("".join(pieces(lines, most)).split())
    assert joined == "".join("".join(lines).split())


def test_a_list_stays_with_the_line_that_announces_it():
    lines = ["x" * 30 + ".", "Signs are:", "- pain", "- heat"]
    assert list(pieces(lines, 40)) == ["x" * 30 + ".", "Signs are:\n- pain\n- heat"]


@pytest.mark.parametrize(
    ("scraped", "expected"),
    [
        ("It affects the thyroid.The outlook is good.", "It affects the thyroid. The outlook is good."),
        ("Heart disease(CHD) is common .", "Heart disease (CHD) is common."),
        ("It isnt rare and doesnt hurt a child .", "It isn't rare and doesn't hurt a child."),
        ("Men report daily leakage.1 Women do too.", "Men report daily leakage. Women do too."),
        ("Alzheimers disease and a persons age", "Alzheimer's disease and a person's age"),
        ("The patients age and the patients symptoms", "The patient's age and the patient's symptoms"),
        ("Six caf au lait spots in Ménétriers disease", "Six café au lait spots in Ménétrier's disease"),
        ("Pain is common.[2951] A kidney* stone hurts.", "Pain is common. A kidney stone hurts."),
        ("Surgery Surgery removes the tumor.", "Surgery removes the tumor."),
    ],
)
def test_what_the_scrape_broke_is_mended(scraped, expected):
    assert mended(scraped) == expected


@pytest.mark.parametrize(
    "clean",
    [
        "A dose of 2.5 mg (Grade A) is given.",
        "Rarely it recurs, as Dr. Bell wrote in 1999.",
        "The patients were older than the patients before them.",
        "Patients in clinical trials did better than those without.",
        "Links between the gene and the disease are unknown.",
        "The National Institute of Health funded a study that found no effect.",
    ],
)
def test_clean_sentences_stay_as_they_are(clean):
    assert mended(clean) == clean
    assert not is_page_talk(clean)


def test_a_sentence_that_points_to_a_page_is_talk_of_the_page():
    assert is_page_talk("For information about side effects, see our Side Effects page.")


def test_links_go_with_the_heading_that_announces_them():
    raw = (
        "Gout hurts.\n  These resources address the treatment of gout:\n   - Gout Society  - Pain Centre\n  Rest helps."
    )
    assert passages(raw) == ["Gout hurts.", "Rest helps."]


def test_the_box_of_key_points_goes_and_its_headings_stay_once():
    raw = "Key Points\n - Gout hurts.  - Rest helps.\n\n  Gout hurts.\n  It comes in attacks."
    assert passages(raw) == ["Gout hurts.", "It comes in attacks."]


def test_a_lost_space_comes_back_and_what_points_elsewhere_goes():
    raw = "It affects the liver,skin and eyes, and 1,000 people,too. GeneTests lists laboratories. "
    raw += "Online resources help. We recommend a map. The following article lists trials. Rest helps."
    assert passages(raw) == ["It affects the liver, skin and eyes, and 1,000 people,too. Rest helps."]


def test_a_table_of_signs_becomes_a_list_by_frequency():
    page = (
        "It is rare. The Human Phenotype Ontology provides the following list of signs and symptoms for X. Signs and "
        "Symptoms Approximate number of patients (when available) Short stature 90% EEG abnormality 90% Fever 2/3 "
        "Autosomal recessive inheritance - Incomplete penetrance 50% Cough - Sprengel anomaly - The Human Phenotype "
        "Ontology (HPO) has collected information. In these cases, the sign or symptom may be rare or common."
    )
    prose, table = without_table(page)
    assert prose.strip() == "It is rare."
    assert table[1:] == [
        "- Seen in 90% of patients: short stature, EEG abnormality.",
        "- Seen in 2 of 3 patients: fever.",
        "- Frequency not stated: cough, Sprengel anomaly.",
    ]


@given(st.text(alphabet=st.characters(codec="ascii"), max_size=80))
def test_words_do_not_depend_on_case(text):
    assert search_words(text.upper()) == search_words(text.lower()) == search_words(text)


def test_accents_and_plurals_fold_and_singular_words_do_not():
    assert search_words("Ménière gallstones diseases therapies") == ["meniere", "gallstone", "disease", "therapy"]
    assert search_words("diabetes virus pancreas sepsis") == ["diabetes", "virus", "pancreas", "sepsis"]
