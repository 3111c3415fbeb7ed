"""Pay for the right answer."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from openmed_data.answers import AnswerType, Extraction, Gold, extract, gold_from_columns, reader_for
from openmed_data.rewards.completion import Column, Completion, Payment, text_of

GOLD_COLUMNS = ("answer", "answer_type", "choices", "answer_label", "accepted_answers")
_NO_GOLD = Gold("", AnswerType.TEXT)


def golds(count: int, columns: dict[str, Any]) -> list[Gold]:
    """Read one gold per completion from the columns of a ``rewards`` dataset.

    A row without an answer, from another dataset that was mixed in, gets a gold that cannot be verified.

    Raises
    ------
    KeyError
        ``answer`` or ``answer_type`` is not among the columns.
    """
    missing = [name for name in ("answer", "answer_type") if columns.get(name) is None]
    if missing:
        raise KeyError(f"the dataset has no column {' and '.join(missing)}; a rewards dataset has {GOLD_COLUMNS}")
    values = [columns.get(name) or [None] * count for name in GOLD_COLUMNS]
    return [_NO_GOLD if None in row[:2] else gold_from_columns(*row) for row in zip(*values, strict=True)]


def judge(completions: Sequence[Completion], columns: dict[str, Any]) -> list[bool | None]:
    """Say of each completion whether its answer is right; None where its gold cannot be verified."""
    return [_verdict(gold, found) for gold, found in _found(completions, columns)]


def correct_answer(
    completions: Sequence[Completion],
    log_extra: Callable[[str, list[Any]], None] | None = None,
    log_metric: Callable[[str, float], None] | None = None,
    **columns: Column,
) -> list[Payment]:
    """Pay 1 for the right answer, 0 for any other and for none, None where the gold cannot be verified.

    TRL passes ``log_extra`` and ``log_metric``: the answers read go into the table of completions, the shares of
    completions with an answer and of prompts that cannot be verified among the metrics.

    Examples
    --------
    >>> correct_answer(["<answer>B</answer>", "B or C"], answer=["no", "no"], answer_type=["choice"] * 2,
    ...                choices=[{"A": "yes", "B": "no", "C": "maybe"}] * 2, answer_label=["B", "B"])
    [1.0, 0.0]
    """
    found = list(_found(completions, columns))
    if log_extra:
        log_extra("answer_read", [extraction.value if extraction else None for _, extraction in found])
        log_extra("answer_method", [extraction.method.value if extraction else None for _, extraction in found])
    if log_metric and found:
        log_metric("answer/read", sum(extraction is not None for _, extraction in found) / len(found))
        log_metric("answer/unverifiable", sum(reader_for(gold) is None for gold, _ in found) / len(found))
    verdicts = [_verdict(gold, extraction) for gold, extraction in found]
    return [None if verdict is None else float(verdict) for verdict in verdicts]


def _found(completions: Sequence[Completion], columns: dict[str, Any]) -> Iterable[tuple[Gold, Extraction | None]]:
    for completion, gold in zip(completions, golds(len(completions), columns), strict=True):
        yield gold, extract(text_of(completion), gold)


def _verdict(gold: Gold, found: Extraction | None) -> bool | None:
    reader = reader_for(gold)
    if reader is None:
        return None
    return found is not None and reader.is_right(found.value)
