"""Check `turns`: conversations that a chat template can follow, and tools that are called as they are declared.

User and model take turns after an optional opening of the system; a call of tools is followed by their results. A call
names a declared tool, gives arguments that are an object, with the required ones among them, and has one result before
anyone else speaks, which answers it by id, by name, or else in order. Nobody calls in the text of a reply.
"""

import json
import random
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

import polars as pl
from pydantic import Field

from openmed_data import tally
from openmed_data.builder import ReasonCode
from openmed_data.check import FINDINGS, Check, Figure, Plant, Scan, Settings
from openmed_data.kinds import MESSAGES, Kind, kind_of
from openmed_data.traces.laws import CALL_AS_TEXT
from openmed_data.traces.reasons import Unfit
from openmed_data.traces.toolbox import Toolbox, toolbox

from ._conversations import parse_tools
from ._flat import compatible
from ._plants_turns import plants
from ._quotes import CITED, false_quotes
from ._turns import calls_made, in_disorder

_ENDS = {
    Kind.PREFERENCES: ("prompt", "chosen", "rejected"),
    Kind.REWARDS: ("prompt",),
    Kind.SFT: ("messages",),
    Kind.TRACES: ("messages",),
}


class Fault(ReasonCode):
    """What can be wrong with turns and calls."""

    DISORDER = "roles_out_of_order", "rows in which user and model do not take turns, or tools answer no call"
    BROKEN_TOOLS = "broken_tools", "rows whose tools are no JSON list of functions with a name"
    BROKEN_CALL = "broken_calls", "rows with a call that is no JSON, or has no name, or arguments that are no object"
    UNKNOWN_TOOL = "unknown_tools", "rows with a call of a tool that the row does not declare"
    MISSING_ARGUMENT = "missing_arguments", "rows with a call that lacks an argument which the tool requires"
    WRONG_ARGUMENT = "undeclared_arguments", "rows with a call that has an argument which the tool does not declare"
    MISFIT = "unfit_arguments", "rows with a call whose argument has another type or value than the tool declares"
    UNANSWERED = (
        "unanswered_calls",
        "rows in which a call has no result, a result answers no call of the turn before, or two calls share an id",
    )
    MISNAMED = "misnamed_results", "rows with a result under the name of another tool than the one that was called"
    WRITTEN = "calls_as_text", "rows with tools and a reply that holds a call as text, in the markup of some format"
    MISQUOTED = "false_quotes", "rows with a result after which a reply quotes, and cites, what nothing before it says"
    MISCOUNTED = "miscounted_calls", "rows whose `n_calls` is not the number of calls in their messages"


class TurnsSettings(Settings):
    """Thresholds of `turns`."""

    max_faulty: int = Field(0, ge=0, description="Most rows that may have one and the same fault.")


class TurnsCheck(Check[TurnsSettings]):
    """Roles that alternate and tools called as declared."""

    name = "turns"
    summary = "roles alternate; tools are called as they are declared, and answer"
    codes = Fault

    @property
    def settings_model(self) -> type[TurnsSettings]:
        """Return the thresholds."""
        return TurnsSettings

    def plants(self, rows: pl.DataFrame, kind: Kind, settings: TurnsSettings, rng: random.Random) -> Iterator[Plant]:
        """Plant roles out of order and broken tools."""
        del settings, rng
        return plants(rows, kind)

    def scan(self, batch: pl.DataFrame, settings: TurnsSettings) -> Scan:  # noqa: ARG002
        """Find the rows out of order, and look at every call."""
        kind = kind_of(set(batch.columns))
        if kind is None or not all(_holds_messages(batch, name) for name in _ENDS[kind]):
            return Scan()
        found = [_disorder(batch, kind)]
        if kind in {Kind.SFT, Kind.TRACES}:
            found += [_tool_faults(batch), _written(batch), _misquoted(batch)]
        if kind is Kind.TRACES:
            found.append(_miscounted(batch))
        every = pl.concat(found)
        rows = every.select("row", "code").unique().group_by("code").agg(pl.len().alias("count"))
        counted = pl.DataFrame([("rows", "rows", "", batch.height)], schema=tally.SCHEMA, orient="row")
        counts = tally.merge([tally.tally("fault", rows, key="code"), counted])
        return Scan(_findings(every, batch, self.most_findings), counts)

    def assess(self, counts: pl.DataFrame, settings: TurnsSettings) -> tuple[Figure, ...]:
        """Turn counts into one figure for each fault."""
        faults = tally.table(counts, "fault")
        return tuple(
            Figure(fault, faults.get(fault, 0), maximum=settings.max_faulty, meaning=fault.meaning) for fault in Fault
        )


class _Waiting(NamedTuple):
    """A call that has no result yet; `id` may be empty."""

    id: str
    name: str


_FOUND = pl.Schema({"row": pl.Int64, "field": pl.String, "code": pl.String})


def _holds_messages(batch: pl.DataFrame, name: str) -> bool:
    found = batch.schema.get(name)
    return isinstance(found, pl.List) and compatible(found, MESSAGES)


def _disorder(batch: pl.DataFrame, kind: Kind) -> pl.DataFrame:
    wrong = in_disorder(batch, kind)
    rows = [(row, name, str(Fault.DISORDER)) for name in wrong.columns for row in wrong[name].arg_true().to_list()]
    return pl.DataFrame(rows, schema=_FOUND, orient="row")


def _miscounted(batch: pl.DataFrame) -> pl.DataFrame:
    """Hold `n_calls` against the messages; a count that is missing or no number is the business of `schema`."""
    if not batch.schema["n_calls"].is_integer():
        return pl.DataFrame(schema=_FOUND)
    rows = batch.select(pl.col("n_calls") != calls_made(batch)).to_series().arg_true().to_list()
    found = [(row, "n_calls", str(Fault.MISCOUNTED)) for row in rows]
    return pl.DataFrame(found, schema=_FOUND, orient="row")


def _tool_faults(batch: pl.DataFrame) -> pl.DataFrame:
    """Look at the rows that declare tools or call any."""
    found: list[tuple[int, str, str]] = []
    tools = batch["tools"] if batch.schema.get("tools") == pl.String else pl.repeat(None, batch.height, eager=True)
    for row, (messages, text) in enumerate(zip(batch["messages"], tools, strict=True)):
        held: list[Any] = messages.to_list() if messages is not None else []
        if not text and not any(one and (one.get("tool_calls") or one["role"] == "tool") for one in held):
            continue
        declared = _declared(text)
        if declared is None:
            found.append((row, "tools", str(Fault.BROKEN_TOOLS)))
        found += [(row, field, str(fault)) for field, fault in _of_calls(held, declared, _box(text))]
    return pl.DataFrame(found, schema=_FOUND, orient="row")


def _declared(text: Any) -> Mapping[str, Mapping[str, Any]] | None:
    """Return the parameters of each declared tool; None where the tools cannot be read."""
    try:
        tools = parse_tools(text) or []
        functions = [tool.get("function", tool) for tool in tools]
        declared: dict[str, Any] = {str(one["name"]): one.get("parameters") or {} for one in functions}
    except (ValueError, AttributeError, KeyError, TypeError):
        return None
    whole = all(isinstance(schema, dict) for schema in declared.values()) and len(declared) == len(tools)
    return declared if whole else None


def _box(text: Any) -> Toolbox | None:
    """Return what validates the calls of the declared tools; None where their schemas are no JSON Schema."""
    try:
        return toolbox(text or "")
    except Unfit:
        return None


def _of_calls(
    messages: list[Any], declared: Mapping[str, Mapping[str, Any]] | None, box: Toolbox | None
) -> Iterator[tuple[str, Fault]]:
    """Yield what is wrong with each call, and with results that answer none."""
    waiting: list[_Waiting] = []
    for place, message in enumerate(messages):
        if message is None:
            continue
        if message["role"] == "tool":
            yield from ((f"messages[{place}].{part}", fault) for part, fault in _of_result(message, waiting))
            continue
        if waiting:
            yield f"messages[{place}]", Fault.UNANSWERED
        waiting = []
        for number, call in enumerate(message.get("tool_calls") or ()):
            field = f"messages[{place}].tool_calls[{number}]"
            parsed = _parsed(call)
            if parsed is None:
                yield field, Fault.BROKEN_CALL
                continue
            name, arguments, id_ = parsed
            if id_ and any(one.id == id_ for one in waiting):
                yield field, Fault.UNANSWERED
            waiting.append(_Waiting(id_, name))
            if declared is not None:
                faults = list(_against(name, arguments, declared))
                if not faults and box and box.misfit(name, arguments):
                    faults = [Fault.MISFIT]
                yield from ((field, fault) for fault in faults)


def _of_result(message: Mapping[str, Any], waiting: list[_Waiting]) -> Iterator[tuple[str, Fault]]:
    """Take the call that a result answers from those that wait, and yield what is wrong with the result."""
    id_, name = message.get("tool_call_id") or "", message.get("name") or ""
    if id_ and any(call.id for call in waiting):
        call = next((one for one in waiting if one.id == id_), None)
    else:  # by name, or else in order
        call = next((one for one in waiting if one.name == name), next(iter(waiting), None))
    if call is None:
        yield "tool_call_id", Fault.UNANSWERED
        return
    waiting.remove(call)
    if name and name != call.name:
        yield "name", Fault.MISNAMED


def _misquoted(batch: pl.DataFrame) -> pl.DataFrame:
    """Find the replies that quote falsely; the pattern leaves few rows to be read."""
    quotes = pl.element().struct.field("content").cast(pl.String).str.contains(CITED).fill_null(value=False)
    rows = batch.select(pl.col("messages").list.eval(quotes).list.any()).to_series().arg_true()
    found = [
        (row, f"messages[{place}].content", str(Fault.MISQUOTED))
        for row, messages in zip(rows.to_list(), batch["messages"].gather(rows).to_list(), strict=True)
        for place in false_quotes(messages)
    ]
    return pl.DataFrame(found, schema=_FOUND, orient="row")


def _written(batch: pl.DataFrame) -> pl.DataFrame:
    """Find the first call in the text of a reply, in rows that declare tools."""
    if batch.schema.get("tools") != pl.String:
        return pl.DataFrame(schema=_FOUND)
    one = pl.element().struct
    reply_calls = (one.field("role") == "assistant") & one.field("content").cast(pl.String).str.contains(CALL_AS_TEXT)
    marked = batch.select(pl.col("messages").list.eval(reply_calls.fill_null(value=False))).to_series()
    declares = batch["tools"].str.strip_chars("[] \t\n") != ""
    rows = (marked.list.any() & declares).arg_true().to_list()
    found = [(row, f"messages[{marked[row].arg_true()[0]}].content", str(Fault.WRITTEN)) for row in rows]
    return pl.DataFrame(found, schema=_FOUND, orient="row")


def _parsed(call: Any) -> tuple[str, Mapping[str, Any], str] | None:
    """Return name, arguments and id of a call; None where it is none."""
    try:
        held: Any = json.loads(call) if isinstance(call, str) else call
        function: Any = held.get("function", held)
        arguments: Any = function["arguments"]
        arguments = json.loads(arguments) if isinstance(arguments, str) else arguments
        name: Any = function["name"]
    except (ValueError, AttributeError, KeyError, TypeError):
        return None
    if not isinstance(name, str) or not name or not isinstance(arguments, dict):
        return None
    return name, cast(Mapping[str, Any], arguments), str(held.get("id") or "")


def _against(name: str, arguments: Mapping[str, Any], declared: Mapping[str, Mapping[str, Any]]) -> Iterator[Fault]:
    """Hold a call against the tool's declaration."""
    if name not in declared:
        yield Fault.UNKNOWN_TOOL
        return
    schema = declared[name]
    if set(schema.get("required") or ()) - arguments.keys():
        yield Fault.MISSING_ARGUMENT
    known: Mapping[str, Any] = schema.get("properties") or {}
    if known and schema.get("additionalProperties") is not True and arguments.keys() - known.keys():
        yield Fault.WRONG_ARGUMENT


def _findings(found: pl.DataFrame, batch: pl.DataFrame, most: int) -> pl.DataFrame:
    shown = found.group_by("code", maintain_order=True).head(most)
    return shown.select(
        batch["id"].cast(pl.String).fill_null("").gather(shown["row"]).alias("id"),
        pl.lit("").alias("split"),
        "field",
        pl.lit(0, pl.Int64).alias("start"),
        pl.lit(0, pl.Int64).alias("end"),
        "code",
        pl.lit(2, pl.Int8).alias("level"),
        pl.lit("").alias("masked"),
    ).select(FINDINGS.names())


CHECK = TurnsCheck()
