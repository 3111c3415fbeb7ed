"""What is asked: subjects, topics, tasks, phrasings, and how much of an answer is given."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmed_data.builders.sft_synthetic.answers import Answer, Block, cut, without_empty_leads
from openmed_data.builders.sft_synthetic.dialogues import dialogues
from openmed_data.builders.sft_synthetic.dice import Dice
from openmed_data.builders.sft_synthetic.learn import Language
from openmed_data.builders.sft_synthetic.options import SftOptions
from openmed_data.builders.sft_synthetic.passages import Passage
from openmed_data.builders.sft_synthetic.phrasings import fitting, is_plural, phrasings
from openmed_data.builders.sft_synthetic.sentences import sentences
from openmed_data.builders.sft_synthetic.subjects import Topic, of_food, read_question, read_subject, speaks_of
from openmed_data.builders.sft_synthetic.tasks import Task, brief, choose, is_readable, listed

words = st.text(string.ascii_letters + string.digits + "()%/.,;:'-", min_size=1, max_size=9)
texts = st.lists(words, min_size=1, max_size=40).map(" ".join)


@given(st.lists(st.lists(texts, min_size=1, max_size=4), min_size=1, max_size=4), st.integers(1, 60))
def test_a_cut_takes_whole_texts_from_the_start(blocks: list[list[str]], most: int) -> None:
    answer = Answer(tuple(Block(tuple(f"{text}." for text in held)) for held in blocks))
    every = [text for block in answer.blocks for text in block.texts]
    kept = [text for block in cut(answer, most).blocks for text in block.texts]
    left = iter(every)
    assert all(text in left for text in kept)
    assert len(" ".join(kept).split()) <= max(most, len(every[0].split()))


@pytest.mark.parametrize(
    ("question", "topic", "subject"),
    [
        ("What is (are) Glaucoma ?", Topic.OVERVIEW, "Glaucoma"),
        ("Who is at risk for Heart Failure? ?", Topic.RISK, "Heart Failure"),
        ("Is Fabry disease inherited ?", Topic.INHERITANCE, "Fabry disease"),
        ("what research (or clinical trials) is being done for Ataxia ?", Topic.RESEARCH, "Ataxia"),
        ("Do you have information about Ostomy", Topic.OVERVIEW, "Ostomy"),
        ("what is the risk for my pet for Plague ?", Topic.QUESTION, ""),
    ],
)
def test_made_up_questions_are_taken_apart(question: str, topic: Topic, subject: str) -> None:
    assert read_question(question) == (topic, subject)


def test_subjects_are_written_as_in_running_text() -> None:
    small = Language(small=frozenset({"disease", "kidney", "stones", "syndrome", "lice", "still"}))
    assert read_subject("Kidney Stones", "", small) == "kidney stones"
    assert read_subject("Parkinson's Disease", "", small) == "Parkinson's disease"
    assert read_subject("Parasites - Lice - Head Lice", "", small) == "Head lice"
    assert read_subject("Down Syndrome", "Children with Down syndrome learn.", small) == "Down syndrome"
    assert read_subject("Still Disease", "", small) == "Still disease"
    assert read_subject("HIV/AIDS", "", small) == "HIV/AIDS"
    assert read_subject("Your Diabetes Care Records", "", small) == ""


def test_topics_follow_what_the_page_says() -> None:
    assert of_food(Topic.KEY_POINTS, "Eat less salt. A healthy diet helps.") is Topic.DIET
    assert of_food(Topic.KEY_POINTS, "Kidney failure is treated by dialysis.") is Topic.KEY_POINTS
    assert not speaks_of("migraine", "Wine and cheese are triggers.")


def test_every_topic_has_phrasings_that_fit_several_things() -> None:
    for topic in set(Topic) - {Topic.QUESTION, Topic.EXAM, Topic.STUDY}:
        direct = phrasings("direct", topic)
        assert len(direct) >= 4, topic
        assert len(fitting(direct, "kidney stones")) >= 2, topic
        assert len(phrasings("then", topic)) >= 2, topic
        assert len(phrasings("subject", topic)) == 1, topic
    names = [one.name for kind in ("exam", "open", "study", "brief", "list") for one in phrasings(kind)]
    assert len(names) == len(set(names))
    assert is_plural("cuts and bruises")


def test_only_lists_of_some_length_that_are_announced_are_asked_for() -> None:
    items = Block(("fever", "rash", "pain"), is_list=True)
    short = Block(items.texts[:2], is_list=True)

    def said(*blocks: Block, topic: Topic = Topic.SYMPTOMS) -> str | None:
        found = listed(Answer(blocks), topic)
        return found and str(found)

    assert said(Block(("Signs include:",)), short) is None
    assert said(Block(("It is rare.", "Signs include:")), items) == "Signs include:\n- fever\n- rash\n- pain"
    assert said(Block(("It has several signs.", "These include:")), items) == "- fever\n- rash\n- pain"
    assert said(Block(("Pain is the first of its signs.", "This pain usually")), items) is None
    assert said(items) is None
    assert said(items, topic=Topic.KEY_POINTS) == "- fever\n- rash\n- pain"


@pytest.mark.parametrize(
    ("topic", "lead"),
    [
        (Topic.TREATMENT, "Treatment is overseen by a team of specialists, among them:"),
        (Topic.TREATMENT, "The goals of treatment include:"),
        (Topic.TREATMENT, "Foods that are rich in iron include:"),
        (Topic.SYMPTOMS, "Signs and symptoms depend on the following:"),
        (Topic.SYMPTOMS, "Blood is drawn for:"),
        (Topic.TREATMENT, "Late effects of treatment may include:"),
        (Topic.STAGES, "The following procedures may be used in the staging process:"),
    ],
)
def test_a_list_of_something_else_is_not_given_as_what_was_asked_for(topic: Topic, lead: str) -> None:
    items = Block(("one thing", "another thing", "a third thing"), is_list=True)
    page = Passage(1, 1, "MedQuAD", "", "", "", topic, Answer((Block((lead,)), items)), subject="gout")
    assert all(choose(page, Dice(seed, 1), SftOptions()) is not Task.LIST for seed in range(40))
    if topic is Topic.TREATMENT:
        held = listed(Answer((Block((lead,)), items, Block(("Treatment includes:",)), items)), topic)
        assert str(held).startswith("Treatment includes:")


def test_plain_words_are_told_from_jargon() -> None:
    assert is_readable(Answer((Block(("Wash your hands often.", "Stay at home when you are ill.")),)))
    jargon = "Pathogenic heterozygous haploinsufficiency characteristically accompanies craniofacial dysmorphism."
    assert not is_readable(Answer((Block((jargon,)),)))


def test_students_are_not_told_what_is_said_to_patients() -> None:
    told = [Answer((Block((text,)),)) for text in ("Your kidneys make urine.", "The kidneys make urine.")]
    passages = [Passage(0, number, "MedQuAD", "1", "kidney", "overview", Topic.OVERVIEW, answer, "kidney")
                for answer in told for number in range(200)]  # fmt: skip
    chosen = [choose(one, Dice(0, one.uid), SftOptions()) for one in passages]
    assert Task.STUDENT not in chosen[:200]
    assert Task.STUDENT in chosen[200:]


@pytest.mark.parametrize(
    ("lead", "given"),
    [("Your gallbladder stores bile. It is small.", False), ("Gallbladder cancer is rare. It grows.", True)],
)
def test_a_brief_answer_names_its_subject(lead: str, given: bool) -> None:
    rest = [f"Sentence number {number} says several other words." for number in range(20)]
    answer = Answer((Block((*sentences(lead), "Many people have it.", *rest)),))
    passage = Passage(0, 1, "MedQuAD", "1", "x", "overview", Topic.OVERVIEW, answer, "gallbladder cancer")
    assert (brief(passage, Dice(0, 1), SftOptions()) is not None) is given


def test_nobody_notices_of_themselves_what_a_table_lists() -> None:
    personal = [one.text for one in phrasings("then", "symptoms") if one.personal]
    assert personal == ["What symptoms should I look out for?", "How would I notice it?"]
    signs = Answer((Block(("Basilar impression", "Nystagmus", "Areflexia"), is_list=True),), is_table=True)
    prose = Answer((Block(("It is rare.",)),))
    for number in range(40):
        first, second = (
            Passage(0, number, "MedQuAD", "1", "x", topic.value, topic, answer, "gout")
            for topic, answer in ((Topic.OVERVIEW, prose), (Topic.SYMPTOMS, signs))
        )
        made = next(dialogues(first, second, SftOptions()))
        assert made.turns[1][0].split("? ")[0].rstrip("?") + "?" not in personal


@pytest.mark.parametrize("sign", ["Arthritis", "Arthritis (90%)", "Arthritis (3/7)"])
def test_a_line_over_a_table_promises_shares_where_there_are_some(sign: str) -> None:
    signs = Answer((Block((sign, "Nystagmus", "Areflexia"), is_list=True),), is_table=True)
    for number in range(40):
        passage = Passage(0, number, "MedQuAD", "1", "x", "symptoms", Topic.SYMPTOMS, signs, "gout")
        lead = next(dialogues(passage, None, SftOptions())).turns[0][1].split("\n")[0]
        assert any(word in lead for word in ("share", "frequency")) is ("(" in sign)


def test_an_item_that_announces_what_is_cut_off_goes() -> None:
    items = ("a blood count", "a urine test", "one of these procedures:")
    page = Answer((Block(("Tests include:",)), Block(items, is_list=True)))
    assert str(cut(page, 50)) == "Tests include:\n- a blood count\n- a urine test"


@given(
    st.lists(st.tuples(st.booleans(), st.lists(texts, min_size=1, max_size=4)), min_size=1, max_size=5),
    st.integers(1, 60),
)
def test_a_cut_never_leaves_nothing_nor_one_item_of_several(blocks: list[tuple[bool, list[str]]], most: int) -> None:
    answer = Answer(without_empty_leads(Block(tuple(held), is_list=is_list) for is_list, held in blocks))
    shown = cut(answer, most)
    assert without_empty_leads(answer.blocks) == answer.blocks
    assert bool(shown.blocks) == bool(answer.blocks)
    for block, whole in zip(shown.blocks, answer.blocks, strict=False):
        assert len(block.texts) > 1 or not (block.is_list and len(whole.texts) > 1) or shown.words > most


def test_tests_that_do_not_fit_are_not_announced() -> None:
    lead, tests = Block(("Doctors ask first.", "These tests follow:")), Block(("a long one", "b", "c"), is_list=True)
    assert str(cut(Answer((lead, tests)), 9)) == "Doctors ask first."
    assert str(cut(Answer((lead, tests)), 10)).endswith("follow:\n- a long one\n- b")
    assert str(cut(Answer((Block(lead.texts[1:]), tests)), 3)).endswith("follow:\n- a long one\n- b")
