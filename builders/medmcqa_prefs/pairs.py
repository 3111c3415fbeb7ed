"""Turn screened questions into preference pairs, all rows of a batch at once."""

import numpy as np
import polars as pl

from openmed_data.builder import ROW, UID
from openmed_data.letters import Places, place_options
from openmed_data.seeds import draw, uniform

from .balance import LETTERS, Balance, Ints, draw_wrong, length_classes, positions_of_wrong
from .reasons import Negatives, PrefsOptions, Style

OPTIONS = ("opa", "opb", "opc", "opd")
TEXTS = ("question", *OPTIONS)

ASK = {
    Style.ANSWER: "Answer with the letter and the text of the best option.",
    Style.RATIONALE: "Explain briefly, then give the letter and the text of the best option.",
}


def lengths_of(questions: pl.DataFrame) -> Ints:
    """Return the characters of the four options, shape (n, 4)."""
    return questions.select(pl.col(name).str.len_chars().fill_null(0) for name in OPTIONS).to_numpy().astype(np.int64)


def _places(questions: pl.DataFrame, options: PrefsOptions, balance: Balance) -> Places:
    free = ~questions["fixed"].to_numpy() & options.shuffle
    gold = questions["gold"].to_numpy().astype(np.int64)
    return place_options(questions[UID].to_numpy(), gold, free, options.seed, balance.thresholds)


def choose_wrong(questions: pl.DataFrame, options: PrefsOptions, balance: Balance) -> list[Ints]:
    """Choose the wrong options to pair: positions as they came, one array for each pair number."""
    gold = questions["gold"].to_numpy().astype(np.int64)
    wrong = positions_of_wrong(gold)
    rows = np.arange(len(gold))
    if options.negatives is Negatives.ONE:
        chance = uniform(questions[UID].to_numpy(), options.seed, "wrong option")
        picked = draw_wrong(length_classes(lengths_of(questions), gold), chance, balance)
        return [wrong[rows, picked]]
    draws = np.stack([draw(questions[UID].to_numpy(), options.seed, f"pair {place}") for place in range(3)], axis=1)
    ranked = np.take_along_axis(wrong, np.argsort(draws, axis=1), axis=1)
    if options.negatives is Negatives.HARD:
        return [ranked[rows, _closest(questions, gold, ranked)]]
    return [ranked[:, number] for number in range(options.max_pairs_per_question)]


def _closest(questions: pl.DataFrame, gold: Ints, wrong: Ints) -> Ints:
    """Return which of the three wrong options shares most character pairs with the right one (Dice coefficient).

    Of several that share as many the first counts, so they come in an order that has nothing to do with letters.
    """
    texts: list[tuple[str, ...]] = questions.select(pl.col(name).str.to_lowercase() for name in OPTIONS).rows()
    each = zip(texts, gold.tolist(), wrong.tolist(), strict=True)
    return np.array([_closest_of(row, right, others) for row, right, others in each])


def _closest_of(texts: tuple[str, ...], right: int, others: list[int]) -> int:
    target = _character_pairs(texts[right])
    scores = [
        2 * len(target & pairs) / max(1, len(target) + len(pairs))
        for pairs in (_character_pairs(texts[place]) for place in others)
    ]
    return scores.index(max(scores))


def _character_pairs(text: str) -> set[str]:
    return {text[at : at + 2] for at in range(max(1, len(text) - 1))}


def make_pairs(questions: pl.DataFrame, options: PrefsOptions, balance: Balance) -> pl.DataFrame:
    """Return the candidate rows of screened questions, in source order.

    Parameters
    ----------
    questions
        `ROW`, `UID`, `id`, `source`, `source_id`, `license`, `question`, the options, `gold`, `fixed`, `subject`,
        `topic`, and `rationale` where the style asks for one.
    """
    if not questions.height:
        return pl.DataFrame(schema=_empty_schema())
    places = _places(questions, options, balance)
    texts = pl.concat([questions[name] for name in OPTIONS])
    letters = [_at(texts, places.order[:, place]).alias(letter) for place, letter in enumerate(LETTERS)]
    asked = questions.with_columns(letters).with_columns(prompt=_prompt(options))
    pairs = [
        _pairs(asked, texts, places, wrong, number, options)
        for number, wrong in enumerate(choose_wrong(questions, options, balance))
    ]
    return pairs[0] if len(pairs) == 1 else pl.concat(pairs).sort(ROW, maintain_order=True)


def _at(texts: pl.Series, positions: Ints) -> pl.Series:
    """Return of each row the text at its position, out of columns that stand below one another."""
    height = len(positions)
    return texts.gather((positions * height + np.arange(height)).astype(np.uint32))


def _prompt(options: PrefsOptions) -> pl.Expr:
    listed = [part for letter in LETTERS for part in (pl.lit(f"\n{letter}. "), pl.col(letter))]
    user = pl.concat_str("question", pl.lit("\n"), *listed, pl.lit(f"\n\n{ASK[options.style]}"))
    messages = [_message("user", user)]
    if options.system:
        messages.insert(0, _message("system", pl.lit(options.system)))
    return pl.concat_list(messages)


def _message(role: str, content: pl.Expr) -> pl.Expr:
    return pl.struct(pl.lit(role).alias("role"), content.alias("content"))


def _pairs(
    asked: pl.DataFrame, texts: pl.Series, places: Places, wrong: Ints, number: int, options: PrefsOptions
) -> pl.DataFrame:
    letters = pl.Series(list(LETTERS))
    right, other = (
        letters.gather(letter.astype(np.uint32))
        for letter in (places.gold, np.argmax(places.order == wrong[:, None], axis=1))
    )
    gold = asked["gold"].to_numpy().astype(np.int64)
    chosen, rejected = (
        pl.concat_list([_message("assistant", _answer(pl.lit(letter), pl.lit(_at(texts, place)), options))])
        for letter, place in ((right, gold), (other, wrong))
    )
    identity = pl.col("id") if number == 0 else pl.format(f"{{}}-{number + 1}", pl.col("id"))
    return asked.select(
        ROW,
        identity.alias("id"),
        "source",
        "source_id",
        "license",
        "prompt",
        chosen.alias("chosen"),
        rejected.alias("rejected"),
        right.alias("chosen_label"),
        other.alias("rejected_label"),
        "subject",
        "topic",
    )


def _answer(letter: pl.Expr, text: pl.Expr, options: PrefsOptions) -> pl.Expr:
    if options.style is Style.ANSWER:
        return pl.concat_str(letter, pl.lit(". "), text)
    return pl.concat_str("rationale", pl.lit("\n\nAnswer: "), letter, pl.lit(". "), text)


def _empty_schema() -> dict[str, pl.DataType]:
    text, messages = pl.String(), pl.List(pl.Struct({"role": pl.String, "content": pl.String}))
    shape: dict[str, pl.DataType] = {ROW: pl.UInt64()}
    shape |= dict.fromkeys(("id", "source", "source_id", "license"), text)
    shape |= dict.fromkeys(("prompt", "chosen", "rejected"), messages)
    return shape | dict.fromkeys(("chosen_label", "rejected_label", "subject", "topic"), text)
