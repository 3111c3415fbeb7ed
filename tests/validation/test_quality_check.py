"""The check `quality`: every planted fault is found and counted, clean medical text passes, laws hold."""
# ruff: noqa: RUF001

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmed_data import tally
from openmed_data.kinds import Kind
from openmed_data.validation.quality import CHECK, Fault, Language, QualitySettings

QUESTION = "A 54-year-old man has crushing chest pain. What is the most likely diagnosis?"
REPLY = (
    "The pain radiates to the left arm and came on at rest, and the ECG shows ST elevation in II, III and aVF. "
    "That is an inferior myocardial infarction, most often from the right coronary artery."
)


def conversation(number: int, question: str = QUESTION, reply: str = REPLY) -> dict[str, Any]:
    messages = [{"role": "user", "content": question}, {"role": "assistant", "content": reply}]
    return {"id": f"row-{number:03d}", "messages": messages}


def found(rows: list[dict[str, Any]], **thresholds: Any) -> dict[str, list[str]]:
    """Return code → fields in which it was found, a fault that is not shown by a figure being an error."""
    frame = pl.DataFrame(rows, infer_schema_length=None)
    settings = QualitySettings(**thresholds)
    scan = CHECK.scan(frame, settings)
    # The rows of a test may well reply alike: that shows in a figure and in no row.
    figures = {
        one.name: one.value for one in CHECK.assess(scan.counts, settings) if one.value and one.name != Fault.SAME
    }
    by_code = scan.findings.group_by("code", maintain_order=True).agg("field", pl.col("id").n_unique().alias("rows"))
    assert figures == {code: round(rows / frame.height, 6) for code, _, rows in by_code.iter_rows()}
    return {code: fields for code, fields, _ in by_code.iter_rows()}


CUT = "The liver lies below the diaphragm. It makes bile, which is stored in the gallbladder "
FAULTY_REPLIES = [
    ("", Fault.EMPTY),
    ("  \n", Fault.EMPTY),
    ("\u200b\u00a0\u2060", Fault.EMPTY),
    ("N/A", Fault.EMPTY),
    ("Rpt question.", Fault.EMPTY),
    ("B.", Fault.EMPTY),
    ("B. -", Fault.EMPTY),
    ("Dear [insert patient name], your results are in.", Fault.PLACEHOLDER),
    ("The answer is {{ answer }}.", Fault.PLACEHOLDER),
    ("Lorem ipsum dolor sit amet.", Fault.PLACEHOLDER),
    ("El paciente debe tomar el medicamento con la comida y no debe dejar de tomarlo sin hablar con su médico.",
     Fault.LANGUAGE),
    ("Der Patient soll das Medikament mit dem Essen nehmen und es nicht ohne Rücksprache mit dem Arzt absetzen.",
     Fault.LANGUAGE),
    ("患者应随餐服药，不要自行停药，如有不适请及时就医。", Fault.LANGUAGE),
    ("The spleen is enlarged and tender. " * 12, Fault.REPETITION),
    ("No fever. " * 8, Fault.REPETITION),
    (CUT + "and the", Fault.TRUNCATED),
    (CUT + "until fat arrives (cholecystokinin", Fault.TRUNCATED),
    (CUT + "and,", Fault.TRUNCATED),
    ("Use this:\n```python\nprint('dose')", Fault.TRUNCATED),
    ("<think>The pain is crushing, so I think of the heart", Fault.TRUNCATED),
    ("Ménière’s disease".encode().decode("cp1252"), Fault.ENCODING),
    ("37 °C and α-thalassaemia".encode().decode("latin-1"), Fault.ENCODING),
    ("Sj\ufffdgren syndrome", Fault.ENCODING),
    ("A dose of 5\x07 mg", Fault.ENCODING),
    ("A dose of\x00 5 mg", Fault.ENCODING),
    ("Store the platelets at 22?C.", Fault.ENCODING),
    ("Park?s textbook says so.", Fault.ENCODING),
    ("Occlusion of the coronary aery", Fault.LOST_RT),
    ("It is an impoant cause of hypeension", Fault.LOST_RT),
    ("<p>Aspirin</p>", Fault.MARKUP),
    ("CO<sub>2</sub>", Fault.MARKUP),
    ("Salt &amp; water", Fault.MARKUP),
    ("Bowman&;s capsule", Fault.MARKUP),
    ("Aspirin<|im_end|>", Fault.TEMPLATE_TOKENS),
    ("[INST] Which drug? [/INST]", Fault.TEMPLATE_TOKENS),
    ("I'm sorry, but I can't help with that.", Fault.REFUSAL),
    ("As an AI language model, I do not examine patients.", Fault.REFUSAL),
    ("I cannot provide medical advice.", Fault.REFUSAL),
]  # fmt: skip


@pytest.mark.parametrize(("reply", "fault"), FAULTY_REPLIES)
def test_a_planted_fault_is_found_where_it_stands(reply: str, fault: Fault) -> None:
    rows = [conversation(number) for number in range(9)] + [conversation(9, reply=reply)]
    assert found(rows) == {fault: ["messages[1].content"]}


CLEAN_REPLIES = [
    "NA", "↓ ↑ ↓", "+", "None", "C. Nil", "A. NA+", "Nil per os", "Null hypothesis", "B. None of the above",
    "pH <7.2 and pCO2 >50", "Rh+ve", "IgG < IgM > IgA", "T<sub-threshold", "A&E", "S. aureus & E. coli;",
    "Ménière’s disease at 37 °C, β-blocker 5 µg, α-thalassaemia", "Sjögren syndrome – naïve façade",
    "The main parent drug was part of the artery. Expose the heart.", "Ear, pa, he", "A. Vitamin A",
    "Is it so? C is right.", "What is this?",
    "Causes: hepatitis A, hepatitis B, hepatitis C, hepatitis D and hepatitis E",
    "It belongs to blood group A", "The vector is what we look for",
    "Unfortunately, the patient died of sepsis before surgery could be attempted.",
    "I am sorry for your loss. The cause was sepsis.", "The patient cannot be helped by surgery.",
    "Sorry to hear that. Take paracetamol 1 g up to four times a day.",
    "Musculus levator labii superioris alaeque nasi, musculus depressor anguli oris, musculus zygomaticus major",
    "In Python:\n```python\nvalues = {{ 'dose': 1 }}\nprint(values[0])\n```",
    "La Crosse encephalitis", "Tx: O2, MONA, PCI", "Give 1. aspirin 2. oxygen 3. nitrates 4. morphine",
    "Lorenzo de Medici, Hernán Cortés, Vasco da Gama, John de la Pole, Henri de Mondeville, Guy de Chauliac, Da Vinci",
    "σ = 3, μ = 4; σ = 5, μ = 6; ΔG < 0, ΔS > 0; Ω, μF, πr²",
    "“I can not help you” is what the physician should say, for ethical reasons.",
    "He wrote [sic] and [1, 2]", "<think>The heart.</think>\n\n<answer>B</answer>",
]  # fmt: skip


@pytest.mark.parametrize("reply", CLEAN_REPLIES)
def test_clean_text_passes(reply: str) -> None:
    assert found([conversation(0, reply=reply)]) == {}


def test_prompts_are_judged_by_their_length() -> None:
    assert found([conversation(0, question="ECG?")]) == {Fault.SHORT: ["messages[0].content"]}
    assert found([conversation(0, reply="long " * 3 + REPLY)], max_characters=60).keys() == {Fault.LONG}


def test_a_text_is_judged_by_who_says_it() -> None:
    """A tool may answer in HTML and a rejected reply may refuse; a chosen one may not."""
    said = [("user", QUESTION), ("tool", "<p>ok</p> &amp; N/A"), ("assistant", REPLY)]
    assert found([{"id": "1", "messages": [{"role": role, "content": text} for role, text in said]}]) == {}
    refusal = "I'm sorry, but I can't help with that."
    sides = {"prompt": [{"role": "user", "content": QUESTION}], "chosen": [{"role": "assistant", "content": REPLY}]}
    rejected = [{"role": "assistant", "content": refusal}]
    assert found([{"id": "1", **sides, "rejected": rejected}]) == {}
    swapped = sides | {"chosen": rejected}
    assert found([{"id": "1", **swapped, "rejected": sides["chosen"]}]) == {Fault.REFUSAL: ["chosen[0].content"]}


def test_a_reply_that_offers_one_of_its_tools_instead_does_not_refuse() -> None:
    reply = "I'm sorry, but I can't help with flights. What I can do is to look up the dose of a drug."
    row = conversation(0, reply=reply)
    tools = [{"type": "function", "function": {"name": "look_up_dose", "parameters": {}}}]
    assert found([row | {"tools": json.dumps(tools)}]) == {}
    for other in ("", "[]", "no JSON", '[{"name": 3}]', "3"):
        assert found([row | {"tools": other}]) == {Fault.REFUSAL: ["messages[1].content"]}


def test_columns_of_prompts_with_answers_are_read() -> None:
    row = {
        "id": "1", "prompt": [{"role": "user", "content": QUESTION}], "answer": "", "answer_type": "choice",
        "choices": ["Liver", "&nbsp;"], "reference_reasoning": "", "accepted_answers": [],
    }  # fmt: skip
    assert found([row]) == {Fault.EMPTY: ["answer"], Fault.MARKUP: ["choices[1]"]}
    assert found([row | {"answer": "Liver", "choices": [], "reference_reasoning": CUT + "and the"}]) == {
        Fault.TRUNCATED: ["reference_reasoning"]
    }


def test_a_message_that_calls_a_tool_need_not_speak() -> None:
    calls = {"role": "assistant", "content": None, "tool_calls": ['{"function": {"name": "search"}}']}
    asked = {"role": "user", "content": QUESTION, "tool_calls": None}
    said = {"role": "assistant", "content": REPLY, "tool_calls": None}
    assert found([{"id": "1", "messages": [asked, calls, said]}]) == {}
    assert found([{"id": "1", "messages": [asked, calls | {"tool_calls": None}, said]}]).keys() == {Fault.EMPTY}


def test_another_language_can_be_asked_for() -> None:
    spanish = "El paciente debe tomar el medicamento con la comida y no dejar de tomarlo sin hablar con su médico."
    asked = "¿Qué debe hacer el paciente con el medicamento y con quién debe hablar antes de dejar de tomarlo?"
    assert found([conversation(0, asked, spanish)], language=Language.ES) == {}
    assert found([conversation(0)], language=Language.ES).keys() == {Fault.LANGUAGE}


def test_a_share_beyond_its_threshold_fails(memory: Any) -> None:
    rows = [conversation(number) for number in range(99)] + [conversation(99, reply="CO<sub>2</sub>")]
    for most, passes in ((0.01, True), (0.009, False)):
        result = CHECK.run(memory(rows, 7, kind=Kind.SFT), QualitySettings(max_markup=most))
        assert {one.name: one.passed for one in result.figures}["markup"] is passes
    assert result.findings.rows() == [("row-099", "train", "messages[1].content", 2, 7, "markup", 2, "<s**>")]


def test_what_was_found_is_masked() -> None:
    frame = pl.DataFrame([conversation(0, reply="[insert name of John Doe]")])
    findings = CHECK.scan(frame, QualitySettings()).findings
    assert findings["masked"].to_list() == ["[i***** n*** o* J*** D**]"]


texts = st.sampled_from([reply for reply, _ in FAULTY_REPLIES] + CLEAN_REPLIES)


@given(st.integers(1, 9), st.lists(st.tuples(texts, texts), min_size=1, max_size=12))
def test_figures_do_not_depend_on_the_size_of_batches(size: int, said: list[tuple[str, str]]) -> None:
    frame = pl.DataFrame([conversation(number, *one) for number, one in enumerate(said)])
    settings = QualitySettings()
    whole = CHECK.assess(CHECK.scan(frame, settings).counts, settings)
    parts = tally.merge(CHECK.scan(part, settings).counts for part in frame.iter_slices(size))
    assert CHECK.assess(parts, settings) == whole


@pytest.mark.shared
def test_real_answers_are_rarely_flagged(shared_data: Any) -> None:
    """MedQuAD is edited text: what is flagged in it was read, says its lists twice, and asks back."""
    answers = pl.read_parquet(shared_data / "corpus" / "medquad.parquet").filter(
        pl.col("collection") != "7_SeniorHealth_QA"
    )
    rows = answers.select(
        pl.col("id"),
        pl.concat_list(
            pl.struct(pl.lit("user").alias("role"), pl.col("question").alias("content")),
            pl.struct(pl.lit("assistant").alias("role"), pl.col("answer").alias("content")),
        ).alias("messages"),
    )
    settings = QualitySettings()
    figures = {one.name: one.value for one in CHECK.assess(CHECK.scan(rows, settings).counts, settings) if one.value}
    assert figures.pop("open_end") < 0.001  # answers of which a full stop was forgotten
    assert 0.02 < figures.pop("same_reply") < 0.03  # "inherited in an autosomal recessive pattern"
    rows_with = {name: round(share * rows.height) for name, share in figures.items()}
    assert rows_with == {"repetition": 2, "truncated": 1, "echo": 7}


ECHOED = "Read the note. A man of 54 has crushing chest pain. What is the most likely diagnosis?"


@pytest.mark.parametrize(
    ("reply", "echo"),
    [
        (ECHOED, True),
        (ECHOED.upper().replace(".", " ."), True),
        ("What is the most likely diagnosis?", True),
        (ECHOED + " Hm.", True),
        ("A man of 54 has crushing chest pain.", False),
        ("What is the most likely diagnosis? Myocardial infarction.", False),
        ("Does he smoke?", False),
        ("...", False),
    ],
)
def test_a_reply_that_is_the_question_is_an_echo(reply: str, echo: bool):
    row = conversation(0, reply=reply)
    row["messages"][0]["content"] = ECHOED
    scan = CHECK.scan(pl.DataFrame([row]), QualitySettings())
    assert ("echo" in scan.findings["code"].to_list()) is echo


def test_a_question_that_is_quoted_later_was_no_echo():
    row = conversation(0, reply="How old are you?")
    row["messages"] += [
        {"role": "user", "content": "How old are you? I am 45."},
        {"role": "assistant", "content": "Then have it looked at."},
    ]
    assert "echo" not in CHECK.scan(pl.DataFrame([row]), QualitySettings()).findings["code"].to_list()


def same_reply(rows: list[tuple[str, str]], *, batches: int = 1) -> float:
    """Return the figure of rows that ask and reply so."""
    frame = pl.DataFrame([
        {"id": str(n), "messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": reply}]}
        for n, (asked, reply) in enumerate(rows)
    ])  # fmt: skip
    settings = QualitySettings()
    parts = [frame[start::batches] for start in range(batches)]
    counts = tally.merge(CHECK.scan(part, settings).counts for part in parts)
    return next(one.value for one in CHECK.assess(counts, settings) if one.name == Fault.SAME)


@pytest.mark.parametrize("batches", [1, 7])
def test_a_set_of_one_reply_shows_however_it_is_cut(batches: int):
    told = [(f"What does sign {n} mean?", f"Sign {n} means that stage {n} is reached.") for n in range(90)]
    assert same_reply(told, batches=batches) == 0
    ok = [(f"What does token {n} mean?", "OK.") for n in range(10)]
    assert same_reply(told + ok, batches=batches) == 0.09


def test_replies_of_a_small_set_that_differ_are_not_taken_for_one():
    sets = ([("What is it?", f"Reply {number} of set {size}.") for number in range(size)] for size in range(5, 120))
    assert {same_reply(rows) for rows in sets} == {0}


def test_a_choice_that_the_prompt_offers_is_no_repetition():
    assert same_reply([(f"Is sign {n} normal, yes or no?", "No.") for n in range(50)]) == 0
    assert same_reply([(f"Is sign {n} abnormal?", "No.") for n in range(50)]) == 0.98
