"""What is mended on a page, and which of its sentences only point elsewhere."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmed_data.builders.sft_synthetic.accents import lost_letters
from openmed_data.builders.sft_synthetic.boilerplate import is_pointer
from openmed_data.builders.sft_synthetic.greek import is_lost, with_greek
from openmed_data.builders.sft_synthetic.learn import count_words, glued_words, learn
from openmed_data.builders.sft_synthetic.mending import mend


@given(
    st.lists(st.from_regex(r"\A[0-9]{1,3}(?:[.,][0-9]{1,3})?(?: ?(?:mg|%|mL|mcg|mg/dL))?\Z"), min_size=1, max_size=6)
)
def test_mending_changes_no_dose(doses: list[str]) -> None:
    text = " ".join(f"Give {dose} daily." for dose in doses)
    assert mend(text, {}) == " ".join(text.split())


@pytest.mark.parametrize(
    ("damaged", "mended"),
    [
        ("It doesnt help and you cant wait.", "It doesn't help and you can't wait."),
        ("a persons blood", "a person's blood"),
        ("Alzheimers disease", "Alzheimer's disease"),
        ("after age 50.3 Some", "after age 50.3 Some"),
        ("live births.3 The", "live births. The"),
        ("at 6.5 mg", "at 6.5 mg"),
        ("the liver (HEE-pat-ick) lobe", "the liver lobe"),
        ("vitamin B (thiamine) and HLA-DR (DR4)", "vitamin B (thiamine) and HLA-DR (DR4)"),
        ("Exam : a look", "Exam: a look"),
        ("Ticks spread it (see below) in May (2 mg).", "Ticks spread it in May (2 mg)."),
        ("Talk about the late effects. (See Late Effects (PDQ).).", "Talk about the late effects."),
        ("It is in the the gut; all that that is.", "It is in the gut; all that that is."),
        ("without pain -- or with it", "without pain\u2014or with it"),
        ("Cant syndrome is rare; it cant be cured.", "Cant syndrome is rare; it can't be cured."),
        ("Cirrhosis* is a scar; a lotion* helps (Ovide*).", "Cirrhosis is a scar; a lotion helps (Ovide)."),
        ("HLA-B*57 and 5*3", "HLA-B*57 and 5*3"),
        ("small genes (changes).The genes of E. coli", "small genes (changes). The genes of E. coli"),
    ],
)
def test_marks_are_put_back(damaged: str, mended: str) -> None:
    assert mend(damaged, {}) == mended


@pytest.mark.parametrize(
    ("title", "address", "lost"),
    [
        ("What is (are) Behet disease ?", "https://ghr.nlm.nih.gov/condition/behcet-disease", {"Behet": "Behcet"}),
        ("Guillain-Barr syndrome", "https://x.gov/guillain-barre-syndrome", {"Barr": "Barre"}),
        ("caf au lait spots", "https://x.gov/cafe-au-lait-spots/", {"caf": "cafe"}),
        ("Barr body", "https://x.gov/barr-body", {}),
        ("Kidney stone", "https://x.gov/kidneystones.html", {}),
        ("What helps for gout, tophaceous form?", "https://x.gov/gout-tophaceous-form", {}),
        ("Kidney Stone", "https://x.gov/kidney-stones", {}),
        ("Vitamin C", "https://x.gov/vitaminc.html", {}),
        ("COG5 and MYH9", "https://x.gov/cog5-and-myh9", {}),
        ("Gout", "", {}),
    ],
)
def test_letters_lost_with_their_accents_stand_in_the_address(title: str, address: str, lost: dict[str, str]) -> None:
    assert lost_letters(title, address) == lost


@pytest.mark.parametrize(
    "pointer",
    [
        "Read more about genes at www.example.org.",
        "For more information, contact the clinic.",
        "Call 1-800-555-0100 for a booklet.",
        "See the PDQ summary on Adult Leukemia.",
        "The foundation's Web site lists centers that treat it.",
        "Use 'gout AND treatment' as your search term.",
        "For more results, refine the search by using other search features, such as the place.",
        "The middle figure shows a swollen vein.",
        "Click on the link to learn more.",
        "The table below shows the stages.",
        "The Genetic Testing Registry lists the tests.",
        "National Institute of Mental Health",
    ],
)
def test_pointers_are_known(pointer: str) -> None:
    assert is_pointer(pointer)


@pytest.mark.parametrize(
    "telling",
    [
        "See your doctor at once if the pain gets worse.",
        "People with diabetes should check their feet.",
        "The rash is more common below the knee.",
        "Use a clean needle for each injection.",
        "Blood pressure above 140/90 mm Hg is high.",
        "Doctors recommend two doses of 0.5 mL.",
        "The follow-up takes 6 months.",
        "It may follow Down syndrome.",
        "The images can show a tumor of the liver.",
        "A scope is used to view the rectum.",
        "Tumor cells show up brighter in the picture.",
        "No study found a link to cancer.",
        "The left side of the heart is larger than shown by age alone.",
    ],
)
def test_what_tells_something_is_no_pointer(telling: str) -> None:
    assert not is_pointer(telling)


def test_words_that_stand_glued_are_parted_by_the_source_itself() -> None:
    answers = pl.Series(["The antibody binds. An antibody lasts long in the patient."] * 12 + ["antibodythe sum"])
    language = learn(count_words(answers, pl.Series(["Antibody Tests"] * 13)))
    assert language.glued == {"antibodythe": "antibody\u2014the"}
    assert "antibody" in language.small
    assert not glued_words({"spiral": 50, "spiralis": 1, "predict": 90, "predictor": 2, "hepatic": 40, "hepatica": 1})


@pytest.mark.parametrize(
    ("raw", "mended"),
    [
        ("It is inherited.[5209]", "It is inherited."),
        ("It is rare [1] [2], and mild[33].", "It is rare, and mild."),
        ("Problems such as:[7046] Numbness", "Problems such as: Numbness"),
        ("It spares the brain.. It is rare. . It is mild..", "It spares the brain. It is rare. It is mild."),
        (
            "It harms the bodys cells.Rest helps the bodys Krebs cycle.",
            "It harms the body's cells. Rest helps the body's Krebs cycle.",
        ),
        ("2-[3,4]-ring and bicyclo[2.2.1]heptane ...", "2-[3,4]-ring and bicyclo[2.2.1]heptane ..."),
    ],
)
def test_marks_of_references_and_doubled_points_go(raw: str, mended: str) -> None:
    assert mend(raw, {}) == mended


@pytest.mark.parametrize(
    ("page", "about", "whole"),
    [
        ("beta-actin (-actin). The -actin binds.", "", "beta-actin (beta-actin). The beta-actin binds."),
        ("The -hydroxylase is low.", "What is dopamine beta-hydroxylase deficiency ?", "The beta-hydroxylase is low."),
        ("It makes alpha ()-actin. The -actin binds.", "", "It makes alpha ()-actin. The alpha-actin binds."),
        ("Beta-human chorionic gonadotropin (-hCG)", "", "Beta-human chorionic gonadotropin (beta-hCG)"),
        ("growth factor beta (TGF-). TGF- signaling", "", "growth factor beta (TGF-beta). TGF-beta signaling"),
        ("blood -forming, vitamin -like, 5 to -2 degrees", "", "blood-forming, vitamin-like, 5 to -2 degrees"),
    ],
)  # fmt: skip
def test_greek_letters_come_back_where_the_page_spells_them(page: str, about: str, whole: str) -> None:
    assert with_greek(page, about) == whole
    assert not is_lost(whole, page)


@pytest.mark.parametrize(
    "page",
    [
        "It alters -actin or -actin, and beta-actin is one.",
        "Alpha-actin and beta-actin differ. The -actin binds.",
        "Give interferon -2b weekly.",
        "The smooth muscle -2 actin forms the core.",
        "TGF- signaling is lost.",
        "Ferritin, a protein: levels above 300 g/L are high. ferritin",
    ],
)
def test_what_no_page_tells_stays_lost(page: str) -> None:
    assert with_greek(page, "") == page
    assert is_lost(page, page)


def test_the_letter_of_one_name_is_not_given_to_another() -> None:
    page = with_greek("Growth factor beta (TGF-) and interferon gamma (IFN-) rise. IFN- and TNF- fall.", "")
    assert page == "Growth factor beta (TGF-beta) and interferon gamma (IFN-gamma) rise. IFN-gamma and TNF- fall."
    assert is_lost(page, page)


@pytest.mark.parametrize(
    "page",
    [
        "Polymicrogyria: many (poly-) small (micro-) folds (-gyria).",
        "A T-score of -2.5, a 5-alpha reductase, and -15 degrees.",
        "Fibrinogen below 0.1 g/L.",
        "short- and long-term care",
    ],
)
def test_what_lost_no_letter_is_left_alone(page: str) -> None:
    assert with_greek(page, "") == page
    assert not is_lost(page, page)


@pytest.mark.parametrize(
    ("damaged", "mended"),
    [
        ("liver,cataracts and time.Historically, it", "liver, cataracts and time. Historically, it"),
        ("seen in adults.Leigh's disease is rare", "seen in adults. Leigh's disease is rare"),
        ("the IVIG,) and PLS.. It ends..Then an oncologist,.", "the IVIG) and PLS. It ends. Then an oncologist."),
        ("In FSGSthe cause and CMVis common", "In FSGS\u2014the cause and CMV is common"),
        ("the hearts main chamber; the hearts of many", "the heart's main chamber; the hearts of many"),
        ("Its important to know its size", "It's important to know its size"),
        ("up to 101F or 98.6 F, a 12F catheter", "up to 101\u00b0F or 98.6\u00b0F, a 12F catheter"),
        ("transcriptionpolymerase chain reaction (RTPCR)", "transcription-polymerase chain reaction (RT-PCR)"),
        ("1,25-dihydroxy, N,N-dimethyl, U.S. law etc.", "1,25-dihydroxy, N,N-dimethyl, U.S. law etc."),
        ("transforming factor (TGF-beta) and (AN-ti-bod-ees)", "transforming factor (TGF-beta) and"),
    ],
)  # fmt: skip
def test_what_the_years_did_to_pages_is_put_right(damaged: str, mended: str) -> None:
    assert mend(damaged, {}) == mended


def test_two_common_words_that_stand_glued_are_parted_and_one_word_is_not() -> None:
    halves = dict.fromkeys("delay coronary counter parts friend ships life style".split(), 200)
    seldom = dict.fromkeys("delaycoronary counterparts counterpart lifestyle".split(), 1) | {"lifestyle": 9}
    assert glued_words(halves | seldom) == {"delaycoronary": "delay coronary"}
    endings = {f"{word}coronary": 9 for word in "aqua bene cata dora elba fama".split()}
    assert "delaycoronary" not in glued_words(halves | seldom | endings)


def test_function_words_that_stand_glued_in_front_are_parted() -> None:
    counts = {"heart": 400, "andheart": 2, "coronary": 90, "ascoronary": 1, "certain": 900, "ascertain": 1, "kelp": 40}
    assert glued_words(counts | {"kelpmay": 1}) == {
        "andheart": "and heart", "ascoronary": "as coronary", "kelpmay": "kelp may"
    }  # fmt: skip
