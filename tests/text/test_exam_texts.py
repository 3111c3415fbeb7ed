"""What a source did to the texts of exam questions is undone, and what only looks like it is left alone."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmed_data.text.capitals import count_capitals, small_words
from openmed_data.text.explanations import explains_picture
from openmed_data.text.options import is_absent, mend_option_columns, mend_options
from openmed_data.text.questions import letters_alone, lost_table, needs_picture, options_refer
from openmed_data.text.rationale import rationale
from openmed_data.text.stems import MENDS, mend_stems


@pytest.mark.parametrize(
    ("options", "mended"),
    [
        (("a)Enamel", "Dentine", "c) Pulp", "d. Cementum"), ("Enamel", "Dentine", "Pulp", "Cementum")),
        (("A. Lichen planus", "B. Pemphigus", "C. Psoriasis", "D. Scabies"),
         ("Lichen planus", "Pemphigus", "Psoriasis", "Scabies")),
        (("4-Feb", "10-May", "12-Aug", "None"), ("2-4", "5-10", "8-12", "None")),
        (("1:02", "2:01", "1:01", "3:01"), ("1:2", "2:1", "1:1", "3:1")),
        (("40:60:00", "60:40:00", "45:55", "55:45:00"), ("40:60", "60:40", "45:55", "55:45")),
        (("Not recalled", "Rare", "Common", "Usual"), ("", "Rare", "Common", "Usual")),
    ],
)  # fmt: skip
def test_spoilt_options_are_mended(options: tuple[str, ...], mended: tuple[str, ...]) -> None:
    assert mend_options("How much of it is there", options) == mended
    assert mend_options("How much of it is there", mended) == mended


@pytest.mark.parametrize(
    ("stem", "options"),
    [
        ("Agents of invasive mould infection", ("A. fumigatus", "A. flavus", "C. albicans", "D. hansenii")),
        ("Which is anaerobic", ("E. coli", "B. fragilis", "C. diphtheriae", "D. pneumoniae")),
        ("Marker", ("a-fetoprotein", "b-hCG", "c-AMP", "D-dimer")),
        ("World Tuberculosis Day is observed on", ("24-Mar", "7-Apr", "31-May", "14-Nov")),
        ("Published on", ("4-Feb", "2-Feb", "9-Dec", "1-Jan")),  # ranges rise
        ("Dilution", ("1:100", "1:1000", "1:20000", "1:200")),
        ("The dose is taken at", ("8:05", "Noon", "At night", "Any time")),
        ("Statements that hold", ("A. i) B. ii)", "A. ii) B. i)", "A. i) B. i)", "A. ii) B. ii)")),
    ],
)
def test_options_that_only_look_spoilt_stay(stem: str, options: tuple[str, ...]) -> None:
    assert mend_options(stem, options) == options


def test_columns_are_mended_as_rows_are() -> None:
    rows = [("Share", "3-Jan", "10-May", "Ten", "Not recalled"), ("Clean", "a", "b", "c", None)]
    frame = pl.DataFrame(rows, schema=["stem", "a", "b", "c", "d"], orient="row")
    mended = mend_option_columns(frame, "stem", ["a", "b", "c", "d"])
    assert mended.rows() == [("Share", "1-3", "5-10", "Ten", ""), ("Clean", "a", "b", "c", None)]
    assert frame.select(is_absent(pl.col("d")))["d"].to_list() == [True, None]


@pytest.mark.parametrize(
    ("stem", "tidied"),
    [
        ("Relapse is caused by:September 2012", "Relapse is caused by:"),
        ("Relapse is caused by: March 2005, September 2010", "Relapse is caused by:"),
        ("The score would be:March 2013 (b, c, d)", "The score would be:"),
        ("Karyotype is:KCET 12; JIPMER 12; AIIMS 13, 14", "Karyotype is:"),
        ("Best incision?(AIIMS May 2015, May 2014)", "Best incision?"),
        ("Two dorsal interossei (AIIMS May 2019)", "Two dorsal interossei"),
        ("The likely diagnosis is: (Asked twice)", "The likely diagnosis is:"),
        ("Measured by? [in the exam they wrote volume instead of flow]:", "Measured by?"),
        ("She is pale (on examination: icteric)", "She is pale (on examination: icteric)"),
        ("What is a loss in the first weeks (repeated)", "What is a loss in the first weeks (repeated)"),
        ("The policy was launched in March 2017", "The policy was launched in March 2017"),
        ("Rate of new cases on 31st March, 2016 is:", "Rate of new cases on 31st March, 2016 is:"),
        ("Criteria for sepsis (SSC 2016)", "Criteria for sepsis (SSC 2016)"),
        ("Of the vitamins: B 12", "Of the vitamins: B 12"),
    ],
)
def test_the_examination_is_no_part_of_its_question(stem: str, tidied: str) -> None:
    assert mend_stems(pl.Series([stem])).item() == tidied


@pytest.mark.parametrize(
    ("stem", "mended"),
    [
        ("Signs are -a) Stridorb) Coughc) Feverd) Pain", "Signs are - a) Stridor b) Cough c) Fever d) Pain"),
        ("It is: a) Rare b) Mild (type e) c) Fatale) Late", "It is: a) Rare b) Mild (type e) c) Fatale) Late"),
        ("In (a) Crohn disease (b) coeliac (c) sprue", "In (a) Crohn disease (b) coeliac (c) sprue"),
        ("Vitamin of the liver (retinol, stage c)", "Vitamin of the liver (retinol, stage c)"),
        ("He cannot see.What is it?", "He cannot see. What is it?"),
        ("The karyotype is XY.What is it?", "The karyotype is XY. What is it?"),
        ("Grows on agar,streptococcus does", "Grows on agar, streptococcus does"),
        ("Cost of 1,4-butanediol, H,SO4 and a,c,d", "Cost of 1,4-butanediol, H,SO4 and a,c,d"),
        ("E.Coli, S.typhi and the Nd:YAG laser", "E.Coli, S.typhi and the Nd:YAG laser"),
        ("Pain , fever and rash", "Pain, fever and rash"),
        ("Which is it??", "Which is it?"),
        ("Which is it .?", "Which is it?"),
        ("Chroma is;", "Chroma is:"),
        ("30 : 2 is the ratio", "30 : 2 is the ratio"),
    ],
)  # fmt: skip
def test_lost_spaces_come_back_and_others_do_not_come(stem: str, mended: str) -> None:
    assert mend_stems(pl.Series([stem])).item() == mended


@given(st.lists(st.text(alphabet="ab c)(.,;:?-AB1\u2013", max_size=40), min_size=1))
def test_mending_stems_changes_no_letter_and_looks_wherever_there_is_something_to_mend(stems: list[str]) -> None:
    texts = pl.Series([f"Stem {stem}" for stem in stems])
    mended = mend_stems(texts)
    assert texts.to_list() == [f"Stem {stem}" for stem in stems]
    assert mended.str.replace_all("[^A-Za-z0-9]", "").equals(texts.str.replace_all("[^A-Za-z0-9]", ""))
    tried = texts
    for _, steps in MENDS:
        for pattern, text in steps:
            tried = tried.str.replace_all(pattern, text)
    assert mended.to_list() == tried.to_list()


@pytest.mark.parametrize(
    ("stem", "table"),
    [
        ("What is it?TestResultAnti-X IgGPositiveAnti-X IgMNegativeAnti-YPositive", True),
        ("Which drug is it:DrugPlacebo givenNew drug givenPulse7286", True),
        ("Complications18001620No complications1342513605", True),
        ("In order of depth - Corneal epitheliumBowman layerStroma", True),
        ("MacConkey agar and LeFort fractures", False),
        ("Half-lives of Iodine131 and Technetium99", False),
        ("Chronic hyperpLastic pulpitis", False),
        ("McDonald and MacLeod described it with O'Connor", False),
        (None, None),
    ],
)
def test_a_table_that_lost_its_cells(stem: str | None, table: bool | None) -> None:
    assert pl.select(lost_table(pl.lit(stem, dtype=pl.String))).item() == table


@pytest.mark.parametrize(
    ("stem", "picture"),
    [
        ("The following appliance is used in:", True),
        ("Which of the following toxin is causing this:", True),
        ("According to the usual classification, the fig shows:", True),
        ("By depth, what is the class of the following lesion?", True),
        ("What is the use of this?", True),
        ("This special view is taken in:", True),
        ("In which of these operations this clamp is used.", True),
        ("What kind of anchorage is shown here:", True),
        ("The following line is seen in poisoning with", True),
        ("Diagnosis from the ECG provided: ", True),
        ("This hormone of the ovary falls before the period.", False),
        ("The following is a feature of rickets except:", False),
        ("The following enzyme is missing in phenylketonuria", False),
        ("Whose motto is 'Enter not here'", False),
        ("A CT scan was done that provided the diagnosis. Which is the most likely one?", False),
        ("The paste is a combination of which of these?", False),
        ("A trial misses a difference that exists between two drugs. What type of error is this?", False),
        ("A woman has fissures of the mouth and a red tongue. Which deficiency is the likely cause of this?", False),
    ],
)
def test_a_stem_points_at_a_picture_or_at_what_it_said(stem: str, picture: bool) -> None:
    assert needs_picture(pl.Series([stem])).to_list() == [picture]


@pytest.mark.parametrize(
    ("told", "picture"),
    [
        ("The image shows a speculum.", True),
        ("The given picture is of a filter for blood.", True),
        ("Ans. The picture shown above represents a fluke.", True),
        ("The picture is typical of iron deficiency.", False),
        ("This picture is of a coagulopathy: few platelets, little fibrinogen.", False),
        (None, False),
    ],
)
def test_an_explanation_tells_of_a_picture_or_of_findings(told: str | None, picture: bool) -> None:
    told_of = pl.Series([told], dtype=pl.String)
    assert explains_picture(pl.Series(["What is the use of it?"]), told_of).to_list() == [picture]
    assert explains_picture(pl.Series(["What is the use of it? " * 5]), told_of).to_list() == [False]


@pytest.mark.parametrize(
    ("stem", "alone"),
    [
        ("Where is the layer thickest?", True),
        ("In which stage is the gas highest?", True),
        ("Signs of it are a) Rash b) Fever c) Cough d) Pain", False),
        ("Which category of drugs in pregnancy is it?", False),
        ("Which subtype of the virus is commonest?", False),
        ("The serotype of trachoma is", False),
        ("Which botulinum toxin relaxes the eyelid?", False),
        ("Which haemophilia lacks factor VIII?", False),
    ],
)
def test_letters_are_options_where_things_are_named_by_them(stem: str, alone: bool) -> None:
    assert letters_alone(pl.Series([stem]), [pl.Series([letter]) for letter in "ABCD"]).to_list() == [alone]


def test_quoted_letters_refer_to_options() -> None:
    texts = ["'B' & 'C'", "(a) and (c)", "Option 1 and 2", "Hepatitis B vaccine", "Vitamin C"]
    options = pl.DataFrame({"option": texts})
    assert options.select(options_refer(pl.col("option")))["option"].to_list() == [True, True, True, False, False]


@pytest.mark.parametrize(
    ("explanation", "gold"),
    [
        ("The muscle forms the 2nd layer around the cord inside the canal.", "L1, L2"),
        ("Ref: A. Author, 9't' ed. Digoxin slows the conduction of the node in most people.", "Digoxin"),
        ("Branches of the inner system of vessels 1. Ethmoidal artery of the front 2.", "Ethmoidal artery"),
        ("The median parts a set of values into two, which is quartile two, i.e. Half of them", "Quartile"),
        ("Friends, remember that isotretinoin harms the child in the womb.", "Isotretinoin"),
        ("The above picture shows a rash that is typical of measles in a child.", "Measles"),
        ("Weber's test tells which ear is deaf, and Rinne's test tells why it is deaf.", "Schwabach test"),
        ("Paired t test It compares the means of one group at two times.", "Paired t test"),
        ("Fibrous dysplasia Fibrous dysplasia puts fibrous tissue in the place of bone.", "Fibrous tissue"),
        ("Side effects of the group: Indinavir: stones of the kidney and a dry mouth.", "Indinavir"),
        (
            "The wall has 3 layers Outer serous layer Middle muscular layer and the serous layer is smooth.",
            "Serous layer",
        ),
        ("The test of strength (TOS) Like the other test of force, it uses a spring and a weight.", "Test of strength"),
        ("Peau-d-orange Peau-d-orange is the look of skin whose lymph is held back.", "Lymph"),
        ("The film shows clear lungs \u2751 Flat diaphragms Fluid in the fissure and large vessels.", "Clear lungs"),
        ("Concussion'According to a guideline it is the commonest injury of the brain after falls.", "Concussion"),
        ("Ans.BConcussion is the commonest injury of the brain after falls.", "Concussion"),
        ("Stimulation of ?2 receptors widens the airways of the lung.", "?2 receptors"),
        ("Keep the platelets at 20-24?C and shake them all the time.", "20-24"),
        ("The commonest site is the neck.likely sites are the shaft and the base.", "Neck"),
        ("Gout hurts at night. It is of two types:1.", "Gout"),
        ("Gout:- An arthritis of crystals that hurts at night and in the morning.", "Gout"),
        ("Gout in men:; commoner than in women before the age of fifty.", "Gout"),
        ("GOUT OR PSEUDOGOUTGout is the arthritis of crystals of urate.", "Gout"),
        ("In text books, both gout and pseudogout have been named as causes.", "Gout"),
        ("Gout affects the toe Pain at night Redness of the skin Swelling.", "Gout"),
    ],
)
def test_notes_make_no_rationale(explanation: str, gold: str) -> None:
    assert rationale(explanation, gold) is None


@pytest.mark.parametrize(
    ("explanation", "gold", "cut"),
    [
        ("The ratio of women to men is 1:1. Gout is commoner in men than in women.", "1:1", None),
        ("The finding marks stage 2b of the disease in most schemes .", "2b",
         "The finding marks stage 2b of the disease in most schemes."),
        ("Ans. C. Croup Explanation: Croup is mostly viral, and it is worst at night.", "Croup",
         "Croup is mostly viral, and it is worst at night."),
        ("The ratio of men : women in the group is 1:1, and gout is commoner in men.", "Gout", None),
        ("Dexamethasone helps within hours of one dose.CRP falls later on.", "Dexamethasone",
         "Dexamethasone helps within hours of one dose. CRP falls later on."),
        ("Dexamethasone( a steroid ) helps within hours of one dose .Croup goes.'It acts for days.",
         "Dexamethasone", "Dexamethasone (a steroid) helps within hours of one dose. Croup goes. It acts for days."),
        ("Dexamethasone helps 90%.After a dose the child breathes more easily.", "Dexamethasone",
         "Dexamethasone helps 90%. After a dose the child breathes more easily."),
        ("It takes two doses. In Crohn disease three doses of infliximab are given at first.", "Infliximab", None),
        ("Gout is the arthritis of crystals(urate),which hurts at night. .", "Gout",
         "Gout is the arthritis of crystals (urate), which hurts at night."),
        ("Prazosin blocks alpha1 receptors of the vessels and lowers the pressure.", "Prazosin", None),
        ("The pressure follows the ratio of gas:liquid in the flask at one temperature.", "Ratio", None),
    ],
)  # fmt: skip
def test_an_explanation_in_sentences_makes_one(explanation: str, gold: str, cut: str | None) -> None:
    assert rationale(explanation, gold) == (cut or explanation)


def test_a_capital_on_a_word_that_the_source_writes_small_begins_another_sentence() -> None:
    told = "Apoptosis spares the membrane and causes no inflammation Apoptosis shrinks the cell."
    texts = pl.Series([told, "In apoptosis", "apoptosis of the Golgi", "apoptosis", None])
    small = small_words(count_capitals([texts]))
    assert "apoptosis" in small
    assert "membrane" not in small  # once may be a slip
    assert "drug" not in small_words(count_capitals([pl.Series(["a drug, the Drug, a drug"])]))
    assert "golgi" not in small
    assert rationale(told, "Apoptosis", small) is None
    assert rationale("In apoptosis the body of Golgi falls apart.", "Golgi", small) is not None
    assert rationale("Apoptosis needs Caspase and no complement.", "Apoptosis", frozenset({"complement"})) is not None
