"""Read exam questions: MedMCQA with its explanations, MedReason with its reasoning."""

import re
from string import ascii_uppercase

import polars as pl

from openmed_data.benchmark_splits import is_test_split
from openmed_data.builder import ROW
from openmed_data.index_base import gold_position
from openmed_data.text.clean import clean_text
from openmed_data.text.explanations import explains_picture, stated_position
from openmed_data.text.options import mend_options
from openmed_data.text.questions import letters_alone, lost_table, needs_picture, unanswerable
from openmed_data.text.rationale import rationale
from openmed_data.text.reasoning import clean_reasoning, concludes_otherwise
from openmed_data.text.stems import mend_stems

from .answers import Answer, Block
from .learn import Language
from .options import Reason, SftOptions
from .passages import Passage, Record, Rejection, reject, uid_of
from .sentences import sentences, squash
from .subjects import Topic

MEDMCQA, MEDREASON = "MedMCQA", "MedReason"
OPTIONS = ("opa", "opb", "opc", "opd")
_EXPLANATION = re.compile(r"[\s.]*(?:^|(?<=[\s.]))Explanation:\s*")
_LETTERED = re.compile(r"^([A-Z])[.)] (.*)$", re.MULTILINE)
_HEADING = re.compile(r"^\s*(?:answer )?(?:choices|options)\s*:\s*", re.IGNORECASE)
# The paths that a graph gave, before the reasoning proper.
_BEFORE_REASONING = r"(?s)^.*?\bReasoning Process\b[\s:*]*"


def look(batch: pl.DataFrame, shape: str, bases: dict[str, int]) -> pl.DataFrame:
    """Add what searches over all rows at once find: the key's place, and whether the question can be asked."""
    if shape not in {MEDMCQA, MEDREASON}:
        return batch
    looked = batch.with_columns(mend_stems(batch["question"].fill_null("").str.strip_chars()))
    lengths = (
        pl.mean_horizontal(pl.col(name).str.len_chars() for name in OPTIONS) if shape == MEDMCQA else pl.lit(100.0)
    )
    looked = looked.with_columns(
        needs_picture(looked["question"]).alias("picture"),
        (unanswerable(pl.col("question"), lengths) | lost_table(pl.col("question"))).alias("empty"),
    )
    if shape == MEDREASON:
        proper = pl.col("reasoning").str.replace(_BEFORE_REASONING, "")
        return looked.with_columns(clean_reasoning(proper).alias("reasoning"))
    stems, told = looked["question"], looked["exp"]
    return looked.with_columns(
        pl.col("picture") | explains_picture(stems, told),
        pl.col("empty") | letters_alone(stems, [looked[name] for name in OPTIONS]),
        gold_position(bases).alias("place"),
        stated_position(pl.col("exp").fill_null("")).alias("stated"),
    )


def read_medmcqa(record: Record, language: Language, options: SftOptions) -> Passage | Rejection:
    """Read a question whose explanation is clean enough to be imitated."""
    del options
    place: int | None = record["place"]
    question = clean_text(record["question"])
    texts = mend_options(question, [clean_text(record[name] or "") for name in OPTIONS])
    if place is None or not 0 <= place < len(texts):
        return reject(record, Reason.UNLABELLED, record["cop"] or "")
    if record["picture"] or record["empty"] or not all(texts):
        return reject(record, Reason.UNASKABLE, question)
    if record["stated"] is not None and record["stated"] != place:
        return reject(record, Reason.CONTRADICTING, record["exp"] or "")
    told = rationale(record["exp"], texts[place], language.small_in_exams)
    if told is None:
        return reject(record, Reason.NO_CLEAN_EXPLANATION, record["exp"] or "")
    return Passage(
        row=record[ROW],
        uid=uid_of(record.get("id"), question, *texts),
        shape=MEDMCQA,
        source_id=record.get("id") or "",
        group=squash(question),
        domain=record.get("subject_name") or "",
        topic=Topic.EXAM,
        answer=Answer((Block((f"{ascii_uppercase[place]}. {texts[place]}",)), Block(tuple(sentences(told))))),
        question=question,
        options="\n".join(f"{letter}. {text}" for letter, text in zip(ascii_uppercase, texts, strict=False)),
    )


def read_medreason(record: Record, language: Language, options: SftOptions) -> Passage | Rejection:
    """Read a question with the reasoning that leads to its answer, which then stands on a line of its own."""
    del language
    dataset = record["dataset_name"] or ""
    if is_test_split(dataset, record["answer"] or "") and not options.keep_test_splits:
        return reject(record, Reason.TEST_SPLIT, dataset)
    question, reasoning = clean_text(record["question"] or ""), record["reasoning"] or ""
    gold = clean_text(_EXPLANATION.split(record["answer"] or "", maxsplit=1)[0]).rstrip(".")
    if not question or not gold:
        return reject(record, Reason.EMPTY, question)
    options_text, gold = _mended(question, _HEADING.sub("", record["options"] or "").strip(), gold)
    offered = [text for _, text in _LETTERED.findall(options_text)]
    if record["picture"] or record["empty"] or not all(offered):
        return reject(record, Reason.UNASKABLE, question)
    paragraphs = [line.strip() for line in _without_paths(reasoning).split("\n") if line.strip()]
    if not paragraphs:
        return reject(record, Reason.NO_CLEAN_EXPLANATION, reasoning)
    if concludes_otherwise(question, reasoning, gold, offered):
        return reject(record, Reason.CONTRADICTING, paragraphs[-1])
    return Passage(
        row=record[ROW],
        uid=uid_of(record.get("id_in_dataset"), question, record["options"]),
        shape=MEDREASON,
        source_id=f"{dataset}-{record.get('id_in_dataset') or ''}",
        group=squash(question),
        domain=dataset,
        topic=Topic.EXAM,
        answer=Answer((*(Block((line,)) for line in paragraphs), Block((f"Answer: {gold}",)))),
        question=question,
        options=options_text,
    )


def _mended(question: str, options: str, gold: str) -> tuple[str, str]:
    """Mend lettered options, and the answer where it repeats one."""
    texts = [clean_text(text) for _, text in _LETTERED.findall(options)]
    mended = dict(zip(texts, mend_options(question, texts), strict=True))
    lines = _LETTERED.sub(lambda line: f"{line[1]}. {mended[clean_text(line[2])]}", options)
    return lines, mended.get(gold, gold)


def _without_paths(reasoning: str) -> str:
    """Leave out the lines of arrows, which are notes on a graph."""
    return "\n".join(line for line in reasoning.split("\n") if "->" not in line and "\u2192" not in line)
