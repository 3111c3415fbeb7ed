"""Tell replies that only say again what was asked, and sets in which one reply stands for many."""

import polars as pl

from openmed_data import tally

_REPLY = pl.col("role") == "assistant"
_ASKED = pl.col("role") == "user"
_WORDS = r"[^\p{L}\p{N}]+"
_NEARLY = 0.1  # of the length of what was asked, by which an echo may be longer or shorter
_CHOICE = 100  # characters; a longer reply is no choice that a prompt offers
# Replies are counted by two hashes of so many values each: memory stays the same for any number of rows, and only what
# meets in both is taken for one reply.
_BUCKETS = 1 << 16
_TABLES = ("replies", "replies by another hash")


def echoes(texts: pl.DataFrame) -> pl.DataFrame:
    """Return the replies of `texts_of` that are what was asked before, or one of its questions, and nothing else.

    Examples
    --------
    >>> texts = pl.DataFrame({"row": [0, 0], "column": ["messages"] * 2, "role": ["user", "assistant"],
    ...                       "text": ["Read this. What is gout?", "What is gout?"]})
    >>> echoes(texts)["text"].to_list()
    ['What is gout?']
    """
    before = pl.when(_ASKED).then("text").forward_fill().over("row")
    said = texts.with_columns(asked=before).filter(_REPLY & (pl.col("column") != "rejected"))
    length = pl.col("asked").str.len_chars().cast(pl.Int64)
    alike = (pl.col("text").str.len_chars().cast(pl.Int64) - length).abs() <= _NEARLY * length
    # An answer may stand in what was asked word for word, as in a passage that is read; a question is no answer.
    question = pl.col("text").str.contains(r"\?\s*$")
    doubtful = said.filter(alike | question).with_columns(
        _in_words(name).alias(f"{name} words") for name in ("text", "asked")
    )
    inside = pl.col("asked words").str.contains(pl.col("text words"), literal=True)
    around = pl.col("text words").str.contains(pl.col("asked words"), literal=True) & alike
    filled = (pl.col("text words") != "  ") & (pl.col("asked words") != "  ")
    return doubtful.filter(filled & (inside | around)).select(texts.columns)


def count_replies(texts: pl.DataFrame) -> pl.DataFrame:
    """Count conversations by all that is replied in them, as a tally; what the prompt itself offers is left out.

    The replies of pairs are answers to choose between, of which many may be the same.

    Examples
    --------
    >>> texts = pl.DataFrame({"row": [0, 0, 1, 1], "column": ["messages"] * 4, "role": ["user", "assistant"] * 2,
    ...                       "text": ["Is it gout, yes or no?", "yes", "What is it?", "Ok."]})
    >>> repeated_replies(count_replies(texts)), tally.table(count_replies(texts), "replies").values()
    (0, dict_values([1]))
    """
    said = texts.filter(_REPLY & (pl.col("column") == "messages"))
    replies = said.group_by("row", maintain_order=True).agg(pl.col("text").str.join("\n").alias("reply"))
    replies = replies.with_columns(pl.col("reply").str.to_lowercase().str.strip_chars().str.strip_chars_end(".!"))
    short = replies.filter(pl.col("reply").str.len_chars() <= _CHOICE)
    asked = texts.filter(_ASKED).join(short, on="row")
    offered = asked.filter(_in_words("text").str.contains(_in_words("reply"), literal=True))
    counted = replies.join(offered, on="row", how="anti").filter(pl.col("reply") != "")
    return tally.merge(
        tally.tally(name, counted.group_by(_bucket(seed).alias("key")).agg(count=pl.len()), key="key")
        for seed, name in enumerate(_TABLES)
    )


def _bucket(seed: int) -> pl.Expr:
    return pl.col("reply").hash(seed=seed) % _BUCKETS


def _in_words(name: str) -> pl.Expr:
    """Return words with a space around each, so that "no" is not found in "normal"."""
    words = pl.col(name).str.to_lowercase().str.replace_all(_WORDS, " ").str.strip_chars()
    return pl.format(" {} ", words)


def repeated_replies(counts: pl.DataFrame) -> int:
    """Return how many rows say what another row said before them, of the reply that most rows have."""
    most = min(max(tally.table(counts, name).values(), default=0) for name in _TABLES)
    return max(0, most - 1)
