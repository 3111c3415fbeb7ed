"""Count what the rows are, and turn the counts into the manifest's figures."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from openmed_data import tally

from .diversity import count_ngrams, distinct, sample_texts, sampled, self_bleu

AS_ASKED = "as-asked"
_STEP = 25  # words
_LISTED_TEMPLATES = 10


def count_rows(kept: pl.DataFrame) -> pl.DataFrame:
    """Count tasks, topics, phrasings, turns, notes, sources cited, lengths of answers and n-grams."""
    said = pl.col("messages").list
    of_assistant = pl.element().struct.field("content").filter(pl.element().struct.field("role") == "assistant")
    answers = said.eval(of_assistant).list.join("\n")
    parts = pl.col("origin").str.split("/")
    template = parts.list.get(2, null_on_oob=True)
    extras = parts.list.get(3, null_on_oob=True).fill_null("")
    words = answers.str.count_matches(r"\S+")
    facts = kept.select(
        parts.list.get(0).alias("sources"),
        parts.list.get(1).alias("tasks"),
        pl.col("domain").fill_null("").alias("topics"),
        template.alias("templates"),
        template.str.split("+").list.first().alias("frames"),
        (words // _STEP * _STEP).alias("words"),
        words.alias("every word"),
        extras.str.contains(r"(?:^|,)note\.").alias("notes"),
        extras.str.contains(r"(?:^|,)cit").alias("citations"),
        extras.str.contains(r"(?:^|,)system\.").alias("system prompts"),
        answers.alias("answer"),
        "id",
    )
    tables = ("sources", "tasks", "topics", "templates", "frames", "words", "notes", "citations", "system prompts")
    counted = [tally.tally(name, facts.group_by(name).len("count"), key=name) for name in tables]
    total = pl.DataFrame({"key": ["words"], "count": [int(facts["every word"].sum())]})
    return tally.merge(
        [
            *counted,
            tally.tally("total", total, key="key"),
            count_ngrams(facts["answer"]),
            sample_texts(facts["id"], facts["answer"]),
        ]
    )


def figures_of(counts: pl.DataFrame) -> Mapping[str, Any]:
    """Return the figures of a build from its merged counts."""
    tasks = tally.table(counts, "tasks")
    rows = max(1, sum(tasks.values()))
    templates, frames = (_without_own(tally.table(counts, name)) for name in ("templates", "frames"))
    return {
        "sources": tally.table(counts, "sources"),
        "tasks": tasks,
        "topics": tally.table(counts, "topics"),
        "words_of_answers": _lengths(tally.table(counts, "words")),
        "diversity": {
            **distinct(counts),
            "self-BLEU of a sample": self_bleu(sampled(counts)),
            "phrasings": len(templates),
            "share of rows with the commonest phrasing": _largest(templates, rows),
            "share of rows with the commonest opening of a phrasing": _largest(frames, rows),
        },
        "shares": {
            "with a note to see a doctor": round(tally.table(counts, "notes").get("true", 0) / rows, 4),
            "naming their source in the answer": round(tally.table(counts, "citations").get("true", 0) / rows, 4),
            "with a system prompt": round(tally.table(counts, "system prompts").get("true", 0) / rows, 4),
            "words of an answer, mean": round(tally.table(counts, "total").get("words", 0) / rows, 1),
        },
        "commonest_phrasings": dict(
            sorted(templates.items(), key=lambda item: (-item[1], item[0]))[:_LISTED_TEMPLATES]
        ),
        "repaired_words": sum(tally.table(counts, "repairs").values()),
    }


def _without_own(templates: Mapping[str, int]) -> dict[str, int]:
    """Leave out the questions that were asked in their own words."""
    return {name: count for name, count in templates.items() if name != AS_ASKED}


def _largest(counts: Mapping[str, int], rows: int) -> float:
    return round(max(counts.values(), default=0) / rows, 4)


def _lengths(counts: Mapping[str, int]) -> dict[str, int]:
    """Return rows by words of the answer, in steps; long ones are added up."""
    found: dict[str, int] = {}
    for start, rows in sorted((int(start), rows) for start, rows in counts.items()):
        low = start // 100 * 100
        name = f"{low} to {low + 99}" if low < 500 else "500 and more"
        found[name] = found.get(name, 0) + rows
    return found
