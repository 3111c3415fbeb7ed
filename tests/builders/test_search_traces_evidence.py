"""The look at the evidence: what is supported passes, and any word that is changed is found."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmed_data.builders.tool_traces.searching.evidence import faults_of, quotes_of
from openmed_data.builders.tool_traces.searching.planner import subject_words
from openmed_data.builders.tool_traces.searching.quoting import choose, quotable_sentences

TEXT = "Alder fever is treated with velorin at 5.5 mg a day. The liver should be examined every year."
WORDS = TEXT.split()


def trace(answer: str, *, opened: bool = True, asked: str = "How is alder fever treated?") -> list[dict[str, object]]:
    listed = {"results": [{"id": "d1", "title": "Alder fever", "snippet": "…"}, {"id": "d2", "title": "Elm palsy"}]}
    document = {"id": "d1", "title": "Alder fever", "source": "Society", "text": TEXT}
    read = [{"role": "tool", "name": "open", "content": json.dumps(document)}] if opened else []
    return [
        {"role": "user", "content": asked},
        {"role": "tool", "name": "search", "content": json.dumps(listed)},
        *read,
        {"role": "assistant", "content": answer},
    ]


@given(st.integers(0, len(WORDS)), st.integers(1, len(WORDS)))
def test_any_stretch_of_an_opened_document_may_be_quoted(start, length):
    quote = " ".join(WORDS[start : start + length])
    assert faults_of(trace(f"According to Society: “{quote}” [d1]")) == []


@given(st.integers(0, len(WORDS) - 1), st.sampled_from(["velorin", "never", "5.6", "mcg", "Elm"]))
def test_a_quotation_with_one_other_word_is_found(place, word):
    changed = [*WORDS[:place], word, *WORDS[place + 1 :]]
    if changed != WORDS:
        assert faults_of(trace(f"“{' '.join(changed)}” [d1]")) == [f"not in d1: {' '.join(changed)}"]


@given(st.integers(0, len(TEXT) - 1))
def test_a_quotation_with_one_letter_in_another_case_is_found(place):
    changed = TEXT[:place] + TEXT[place].swapcase() + TEXT[place + 1 :]
    assert bool(faults_of(trace(f"“{changed}” [d1]"))) == (changed != TEXT)


@pytest.mark.parametrize(
    ("answer", "opened", "fault"),
    [
        ("“Alder fever is treated with velorin” [d2]", True, "not opened: d2"),
        ("“Alder fever is treated with velorin” [d1]", False, "not opened: d1"),
        ("“Alder fever is treated with velorin”", True, "not in the question: Alder fever is treated with velorin"),
        ("The nearest result was [d3].", True, "not returned: d3"),
        ("According to Society: brevotin.", True, "from nowhere: brevotin"),
        ("According to Society: velorin at 5 mg.", True, "from nowhere: 5"),
        ("According to Society: velorin at 55 mg.", True, "from nowhere: 55"),
    ],
)
def test_what_no_document_says_is_found(answer, opened, fault):
    assert faults_of(trace(answer, opened=opened)) == [fault]


def test_what_is_supported_passes():
    assert faults_of(trace("The nearest result was [d2], which is about something else.")) == []
    assert faults_of(trace("According to Society: velorin at 5.5 mg.")) == []
    asked = f"Please answer from this text: “{TEXT}” How is it treated?"
    assert faults_of(trace("The passage says: “The liver should be examined every year.”", asked=asked)) == []


def test_quotes_are_read_with_their_documents():
    assert quotes_of("A: “one” [d1] and “two”") == [("one", "d1"), ("two", "")]


class Anything:
    """Stands for an index in which every word is common."""

    @staticmethod
    def frequency(term: str) -> int:
        return 100


@given(st.lists(st.sampled_from([
    "Gout hurts the big toe at night.", "It is treated with rest.", "However, it returns.", "a fragment without an end",
    "Signs are:", "- pain in the toe", "- heat", "Cold helps (in some people.", "Many people of 40 years have it.",
]), max_size=10))  # fmt: skip
def test_what_is_chosen_stands_in_the_text_and_can_stand_alone(lines):
    text = "\n".join(lines)
    for quote in choose(text, frozenset({"gout"}), Anything()):  # pyright: ignore[reportArgumentType]
        assert quote in text
        assert not quote.startswith(("It ", "However", "a fragment"))
        assert quote.endswith((".", "- pain in the toe", "- heat"))
        assert "(in some" not in quote


def test_a_sentence_with_words_run_together_is_not_quoted():
    class Known:
        @staticmethod
        def frequency(term: str) -> int:
            return 1 if term == "diabetesthe" else 100

    text = "Type 2 diabetesthe most common form is treatable.\nRest helps against the pain."
    assert quotable_sentences(text, Known()) == ["Rest helps against the pain."]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    "sentence",
    [
        "There are different types of treatment for patients with alder fever.",
        "After alder fever has been diagnosed, tests are done to find out if it has spread within the liver.",
        "New types of treatment are being tested in clinical trials.",
        "The mission of the National Institute of Alders is to seek knowledge.",
        "When clinical trials show that a new treatment is better, it becomes the standard treatment.",
        "Certain factors affect prognosis (chance of recovery) and treatment options.",
        "Alder fever is caused by mutations in the ALD1 gene., in most cases.",
        "The enzyme alder-galactosidase (-galactosidase) breaks down sugar.",
        "Alder fever is is a disease of the liver.",
        "Some of it can be can be eaten with milk.",
        "Common Signs and Symptoms When alder fever begins there may be none.",
        "Ways to prevent alder fever include the following.",
    ],
)
def test_what_answers_nothing_or_is_damaged_is_not_quoted(sentence):
    kept = "Velorin (e.g., 5 mg), rest, etc., had had no effect in 1 in 1,000 clinical trials."
    text = f"{sentence}\nRecent clinical trials have shown that rest helps.\n{kept}"
    assert quotable_sentences(text, Anything()) == text.split("\n")[1:]  # pyright: ignore[reportArgumentType]


def test_a_quotation_needs_nothing_that_was_said_before_it():
    before = "Alder fever follows changes in the ALD1 and ALD2 genes of the (.\n"
    for leaning in ("Mutations in these genes cause it.", "Either of these two may cause alder fever."):
        assert choose(before + leaning, frozenset({"alder"}), Anything()) == []  # pyright: ignore[reportArgumentType]
    for whole in (
        "The signs are like those of the birch fever.",
        "People and those who care for them need rest.",
        "Avoid foods such as milk for a week.",
    ):
        assert choose(before + whole, frozenset({"alder"}), Anything()) == [whole]  # pyright: ignore[reportArgumentType]


def test_an_item_without_the_line_that_leads_up_to_it_is_no_answer():
    items = (
        "- Rest followed by a week in bed.\n- A trial of a new treatment. It is rare.\n- Velorin: a drug against pain."
    )
    led = quotable_sentences(f"Treatment may include:\n{items}", Anything())  # pyright: ignore[reportArgumentType]
    assert led == ["Velorin: a drug against pain."]
    for last, listed in (("fever:", 0), ("fever", 1)):
        lines = f"Signs of alder fever are:\n- pain in the toe\n- {last}"
        assert len(choose(lines, frozenset({"alder"}), Anything())) == listed  # pyright: ignore[reportArgumentType]
    told = quotable_sentences(f"There are points to remember.\n{items}", Anything())  # pyright: ignore[reportArgumentType]
    assert "Rest followed by a week in bed." in told


def test_what_answers_comes_before_what_comes_first():
    text = "Alder fever may spread.\nAlder fever has been known for long.\nIn stage I, the fever is in the liver only."
    wanted, answers = frozenset({"alder", "fever", "stage"}), re.compile(r"\bstage [IVX]+\b")
    first, *_ = choose(text, wanted, Anything(), answers)  # pyright: ignore[reportArgumentType]
    assert first == text.split("\n")[2]
    assert choose(text, wanted, Anything())[0] != first  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("question", "subject"),
    [
        ("What are the symptoms of Lowe syndrome?", "Lowe syndrome"),
        ("Which treatment options are there for gout?", "gout"),
        ("What is known about the causes of X-linked deafness (type 2)?", "X-linked deafness type 2"),
        ("What advice is there on Hepatitis B?", "Hepatitis B"),
    ],
)
def test_the_subject_is_what_a_person_would_search_for(question, subject):
    assert " ".join(subject_words(question)) == subject
