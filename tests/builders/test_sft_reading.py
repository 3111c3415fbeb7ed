"""How pages are read: segments, sentences, lists and tables."""

import string

from hypothesis import given
from hypothesis import strategies as st

from openmed_data.builders.sft_synthetic.answers import Answer, Block, is_run_on, read_answer
from openmed_data.builders.sft_synthetic.hpo import read_signs
from openmed_data.builders.sft_synthetic.segments import segments
from openmed_data.builders.sft_synthetic.sentences import sentences, squash

words = st.text(string.ascii_letters + string.digits + "()%/.,;:'-", min_size=1, max_size=9)
texts = st.lists(words, min_size=1, max_size=40).map(" ".join)
signs = st.from_regex(r"\A[A-Z][a-z]{3,9}(?: [a-z]{3,9})?\Z")
shares = st.sampled_from(["90%", "7.5%", "3/5", "13 of 20", "-"])


@given(texts)
def test_no_sentence_is_lost(text: str) -> None:
    assert squash(" ".join(sentences(text))) == squash(text)


def test_a_list_that_is_said_again_is_said_once() -> None:
    page = (
        "Signs include - pain in the leg  - cold feet  - slow sores. pain in the leg cold feet slow sores. Rest helps."
    )
    assert str(read_answer(page, {})) == "Signs include\n- pain in the leg\n- cold feet\n- slow sores.\n\nRest helps."


def test_lines_under_an_announcement_are_a_list() -> None:
    page = "It includes:\n    \nFever\n    \nA stiff neck\n    \nBoth call for a doctor at once."
    assert str(read_answer(page, {})) == "It includes:\n- Fever\n- A stiff neck\n\nBoth call for a doctor at once."


def test_a_list_of_pages_goes_with_what_announces_it() -> None:
    page = "Statins lower it.  These resources address the treatment of it:  - Gene Review: X  - A page of ours"
    assert str(read_answer(page, {})) == "Statins lower it."


def test_an_announcement_without_its_list_goes() -> None:
    page = "Rest helps. See also these links. Other measures include:\n\n  - Visit www.example.org"
    assert str(read_answer(page, {})) == "Rest helps."


def test_a_sentence_broken_over_lines_is_joined() -> None:
    assert [text for _, text in segments("Some have no signs,\n  and others\n  are very ill for many weeks.")] == [
        "Some have no signs, and others are very ill for many weeks."
    ]


def test_sections_on_tests_give_way_to_the_answer() -> None:
    about_tests = "Is genetic testing available for X? Yes, some laboratories offer it."
    page = f"{about_tests} How is X diagnosed? An echocardiogram shows it."
    assert str(read_answer(page, {})) == "An echocardiogram shows it."
    assert "laboratories" in str(read_answer(about_tests, {}))


def test_prose_stands_for_its_table() -> None:
    prose = " ".join(
        ["People with it tire soon and sleep long."] * 1 + [f"Sign {n} may be seen in adults." for n in range(9)]
    )
    table = " Signs and Symptoms Approximate number of patients (when available) Ataxia 90% Coma - Fever -"
    assert not read_answer(prose + table, {}).is_table
    assert str(read_answer("They tire." + table, {})) == "- Ataxia (90%)\n- Coma\n- Fever"


@given(st.lists(st.tuples(signs, shares), min_size=1, max_size=12, unique_by=lambda row: row[0]))
def test_every_row_of_a_table_is_read(rows: list[tuple[str, str]]) -> None:
    text = "Signs and Symptoms Approximate number of patients (when available) " + " ".join(map(" ".join, rows))
    expected = tuple(sign if share == "-" else f"{sign} ({share})" for sign, share in rows)
    skipped = {line for line in expected if line.split(" ")[0].lower() in {"sporadic", "variable", "progressive"}}
    assert set(read_signs(text).lines) >= set(expected) - skipped


def test_a_sentence_broken_behind_its_subject_is_no_heading() -> None:
    told = "is a benign growth of the vessels that line the spleen of adults."
    assert [text for _, text in segments(f"Angioma (SA)  {told}")] == [f"Angioma (SA) {told}"]
    assert [text for _, text in segments(f"Overview\n\nSpleen angioma {told}")] == [f"Spleen angioma {told}"]
    assert str(read_answer("Its treatment depends on\n- the place  - the size  - the age", {})).startswith(
        "Its treatment"
    )


def test_a_list_that_only_capitals_part_is_run_on() -> None:
    run = "Signs may include: Slow growth of hands Small feet (rare) Delayed speech Seizures."
    assert is_run_on(Answer((Block((run,)),)))
    bracketed = "Tests include: Electroencephalography (EEG) Computed tomography (CT) scanning Magnetic resonance."
    assert is_run_on(Answer((Block((bracketed,)),)))
    assert is_run_on(Answer((Block(("Dull pain Fever Night sweats Swelling of one leg Shock",), is_list=True),)))
    places = "It is rare in the United States and in northern Europe, except among people of Finnish origin."
    assert not is_run_on(Answer((Block((places,)),)))
    assert not is_run_on(Answer((Block(("Tests include: the Coombs test, Ham test and Schilling test.",)),)))
    assert not is_run_on(Answer((Block(("It was named by: Henri Gougerot and Nicolas Carteaud of Paris.",)),)))


def test_a_paragraph_that_repeats_an_item_goes_and_two_items_may_share_a_sentence() -> None:
    raw = (
        "Vaccines are:\n\n  - Tdap. It is for adults.\n  - Td. It is for adults. It is given often.\n\n"
        "Td. It is for adults. It is given often.\n\nAsk your doctor. "
    )
    assert str(read_answer(raw, {})) == (
        "Vaccines are:\n- Tdap. It is for adults.\n- Td. It is for adults. It is given often.\n\nAsk your doctor."
    )


def test_an_item_sheds_what_items_before_it_said() -> None:
    raw = "Risks are:\n\n  - Genes. They run in families.\n  - Lead. It may harm. Genes. They run in families.\n\nAsk."
    assert str(read_answer(raw, {})) == "Risks are:\n- Genes. They run in families.\n- Lead. It may harm.\n\nAsk."


def test_a_sentence_that_begins_like_its_heading_keeps_its_beginning() -> None:
    raw = "Treatments are used:\n  Surgery  Surgery (taking the tumor out) is common. It may help."
    assert "Surgery (taking the tumor out) is common." in str(read_answer(raw, {}))


def test_the_heading_of_the_next_paragraph_does_not_end_this_one() -> None:
    raw = (
        "Doctors sometimes call this a distant disease, and treat it. Smoking and Lung Cancer\n\n"
        "It is rarer now than it used to be in men and women. It often follows Down Syndrome. An EKG or ECG"
    )
    first, second = read_answer(raw, {}).blocks
    told = read_answer(raw, {}, headings_in_text=True).blocks
    assert [block.texts for block in told] == [first.texts[:1], second.texts]


def test_two_lists_may_share_items_and_announcements() -> None:
    raw = (
        "Stage I may be treated with:\n\n  - Surgery.\n  - Rest.\n\nIt is rarer later. Treatment may include:\n\n"
        "  - Surgery.\n  - Drugs.\n\nMen differ. Treatment may include:\n\n  - Surgery.\n  - Heat.\n\n"
        "Treatment may include:\n\n  - Surgery.\n  - Heat.\n\nAsk."
    )
    assert str(read_answer(raw, {})) == (
        "Stage I may be treated with:\n- Surgery.\n- Rest.\n\n"
        "It is rarer later. Treatment may include:\n- Surgery.\n- Drugs."
        "\n\nMen differ. Treatment may include:\n- Surgery.\n- Heat.\n\nAsk."
    )


def test_criteria_in_several_sentences_are_no_echo() -> None:
    tail = "It is not thick. It has spread to the eye; or"
    raw = f"In stage III:\n\n  - It is small. {tail}\n  - It is large. {tail}\n\nAsk."
    assert str(read_answer(raw, {})).count(tail) == 2


def test_a_paragraph_keeps_the_words_of_its_heading() -> None:
    raw = "Two types are used:\n  Surgery  Surgery is common.  Drug therapy  Drug therapy is rare."
    told = "Two types are used:\n- Surgery\n- Drug therapy\n\nSurgery is common.\n\nDrug therapy is rare."
    assert str(read_answer(raw, {})) == told


def test_a_dash_in_an_item_is_no_bullet() -> None:
    raw = "Some are       -  Cystitis - a swelling of it    - Colic - a pain    - Cancer       Rest helps."
    items = ["Cystitis - a swelling of it", "Colic - a pain", "Cancer"]
    assert [text for _, text in segments(raw)] == ["Some are", *items, "Rest helps."]
    nested = "  - Colic. Its signs include - heat  - pain\n\nRest helps."
    assert [text for _, text in segments(nested)] == ["Colic. Its signs include", "heat", "pain", "Rest helps."]


def test_headings_that_were_counted_are_a_list() -> None:
    told = "Surgery\n\nIt is common.\n\nDrug therapy\n\nIt is rare.\n\n"
    ends = "Treatment Options by Stage\n\nStage I\n\nIt is small."
    counted = (
        "Two types of treatment are used:\n- Surgery\n- Drug therapy\n\nIt is common.\n\nIt is rare.\n\nIt is small."
    )
    raw = "Trials help.\n\nTwo types of treatment are used:\n\n" + told + ends
    assert str(read_answer(raw, {})) == counted
    assert "- " not in str(read_answer(raw.replace("Two", "Three"), {}))
    forms = raw.replace("treatment are used", "gout are known")
    assert str(read_answer(forms, {})).startswith("Trials help.\n\nTwo types of gout are known:\n- Surgery\n")


def test_a_list_of_sentences_keeps_what_announces_it() -> None:
    raw = "The risk depends on:\n\nHow long you were there.\n\nWhat you did there.\n\nIt also depends on:"
    told = "The risk depends on:\n\nHow long you were there.\n\nWhat you did there."
    assert str(read_answer(raw, {})) == told


def test_an_item_broken_over_lines_is_joined() -> None:
    raw = "It may include:\n\n  - Drugs.\n  - A trial\n\n of heat therapy.\n\nAsk."
    assert str(read_answer(raw, {})) == "It may include:\n- Drugs.\n- A trial of heat therapy.\n\nAsk."


def test_one_line_without_a_bullet_is_no_list() -> None:
    raw = "Changes in the\n\nABC1\n\ngene raise the risk.\n\nSigns include:\n\nSudden weakness\n\nNumbness of the face."
    told = "Changes in the ABC1 gene raise the risk.\n\nSigns include:\n\nSudden weakness\n\nNumbness of the face."
    assert str(read_answer(raw, {})) == told


def test_a_long_item_does_not_end_its_list() -> None:
    infants = "Infants who are two years old or younger, because their defences still grow in these years of life"
    page = f"Two groups are at greater risk:\n\n{infants}\n\nPeople who are 65 or older\n\nOther things count too."
    assert str(read_answer(page, {})) == (
        f"Two groups are at greater risk:\n- {infants}\n- People who are 65 or older\n\nOther things count too."
    )


def test_a_question_with_a_number_in_its_name_is_a_heading() -> None:
    page = "What causes 22q11.2 deletion syndrome? It is caused by a missing piece."
    assert str(read_answer(page, {})) == "It is caused by a missing piece."


def test_the_number_of_a_footnote_is_no_paragraph_and_that_of_an_item_stays() -> None:
    page = "The disease is rare.\n\n1\n\n2.\n\nDoses of a course are:\n\n- 5\n\n- 10"
    assert str(read_answer(page, {})) == "The disease is rare.\n\nDoses of a course are:\n- 5\n- 10"
