"""What a row of each kind must be like, as rules that Great Expectations knows natively."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from openmed_data.builder import ReasonCode
from openmed_data.kinds import SHARED, Kind
from openmed_data.verdict import Rule

from ._flat import message_columns


class Fault(ReasonCode):
    """What can be wrong with the form of a row."""

    MISSING_COLUMN = "missing_columns", "declared columns that are not there"
    WRONG_TYPE = "wrong_types", "columns whose type cannot be used as the declared one"
    NULL = "nulls", "values that are missing where none may be"
    NO_MESSAGES = "empty_lists", "message lists without a message"
    UNKNOWN_ROLE = "unknown_roles", "message lists with a role other than system, developer, user, assistant or tool"
    NO_CONTENT = "empty_contents", "message lists with a message that says and calls nothing"
    LAST_ROLE = "wrong_last_roles", "message lists that the wrong side ends: replies are the assistant's"
    BAD_VALUE = "bad_values", "labels, answer types or counts outside their set"
    WRONG_ANSWER = "wrong_answers", "rows whose answer is not the choice that their label names"
    DUPLICATE_ID = "duplicate_ids", "rows whose id an earlier row has, whatever its split"


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """A native rule about one flat column, and the fault of a row that breaks it."""

    fault: Fault
    column: str
    rule: Rule

    @property
    def field(self) -> str:
        """The dataset's column that the flat column tells of."""
        return self.column.partition(".")[0]

    def broken(self) -> pl.Expr:
        """Say the same in polars, to point at the rows; nulls break only the rule against nulls."""
        column, kwargs = pl.col(self.column), self.rule.kwargs
        if self.fault is Fault.NULL:
            return column.is_null()
        if "value_set" in kwargs:
            return ~column.is_in(kwargs["value_set"])
        low, high = kwargs.get("min_value"), kwargs.get("max_value")
        return (column < low if low is not None else pl.lit(value=False)) | (
            column > high if high is not None else pl.lit(value=False)
        )


REQUIRED: dict[Kind, tuple[str, ...]] = {
    Kind.SFT: ("messages",),
    Kind.PREFERENCES: ("prompt", "chosen", "rejected"),
    Kind.REWARDS: ("prompt", "answer", "answer_type"),
    Kind.TRACES: ("messages", "tools", "n_calls"),
}
PROVENANCE = tuple(field.name for field in SHARED)
ANSWER_TYPES = ("choice", "number", "boolean", "text")


def column_rules(kind: Kind, labels: str, *, provenance: bool) -> tuple[ColumnRule, ...]:
    """Return the rules for rows of `kind`.

    Parameters
    ----------
    labels
        The letters that an option may have.
    provenance
        Whether the shared columns must be filled.
    """
    needed = (*(PROVENANCE if provenance else ()), *REQUIRED[kind])
    return (*_presence(kind, needed), *_messages(kind), *_values(kind, labels))


def _presence(kind: Kind, names: tuple[str, ...]) -> Iterator[ColumnRule]:
    nested = message_columns(kind)
    for name in names:
        column = f"{name}.messages" if name in nested else name
        yield ColumnRule(Fault.NULL, column, Rule("expect_column_values_to_not_be_null", {"column": column}))


def _messages(kind: Kind) -> Iterator[ColumnRule]:
    for name in message_columns(kind):
        yield _between(Fault.NO_MESSAGES, f"{name}.messages", low=1)
        yield _between(Fault.UNKNOWN_ROLE, f"{name}.unknown_roles", high=0)
        yield _between(Fault.NO_CONTENT, f"{name}.empty", high=0)
        yield _in_set(Fault.LAST_ROLE, f"{name}.last_role", ("user",) if name == "prompt" else ("assistant",))


def _values(kind: Kind, labels: str) -> Iterator[ColumnRule]:
    if kind is Kind.PREFERENCES:
        yield _in_set(Fault.BAD_VALUE, "chosen_label", tuple(labels))
        yield _in_set(Fault.BAD_VALUE, "rejected_label", tuple(labels))
    if kind is Kind.REWARDS:
        yield _in_set(Fault.BAD_VALUE, "answer_label", (*labels, ""))  # empty where the answer is no choice
        yield _in_set(Fault.BAD_VALUE, "answer_type", ANSWER_TYPES)
        yield _between(Fault.WRONG_ANSWER, "answer.wrong", high=0)
    if kind is Kind.TRACES:
        yield _between(Fault.BAD_VALUE, "n_calls", low=0)


def _between(fault: Fault, column: str, *, low: int | None = None, high: int | None = None) -> ColumnRule:
    kwargs = {"column": column, "min_value": low, "max_value": high}
    return ColumnRule(fault, column, Rule("expect_column_values_to_be_between", kwargs))


def _in_set(fault: Fault, column: str, values: tuple[str, ...]) -> ColumnRule:
    kwargs = {"column": column, "value_set": list(values)}
    return ColumnRule(fault, column, Rule("expect_column_values_to_be_in_set", kwargs))
