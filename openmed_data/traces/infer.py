"""Infer the schemas of tools that a source does not declare, from all calls that it makes.

What is counted merges by addition: for every place in the arguments of a tool, how often it held which type. A property
is required where every object that could have had it did.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

import polars as pl

from openmed_data import tally
from openmed_data.traces.codec import dumps, loads
from openmed_data.traces.trace import Trace

_TABLE = "calls of "
_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
_ITEM = 0  # in a path, beside the names of properties: any item of an array

Path = tuple[str | int, ...]
Json = dict[str, Any]


def count_calls(traces: Iterable[tuple[str, Trace]]) -> pl.DataFrame:
    """Count what the calls of traces hold, by format and tool, as a tally.

    Parameters
    ----------
    traces
        Format and trace; traces that declare their tools are left out.
    """
    counts: Counter[tuple[str, str, str]] = Counter()
    for name, trace in traces:
        if trace.tools is None:
            for message in trace.messages:
                for call in message.calls:
                    seen = Counter(_places(call.arguments, ()))
                    for (path, kind), number in seen.items():
                        counts[_TABLE + name, call.name, dumps([*path, kind])] += number
    rows = [(*names, number) for names, number in counts.items()]
    return pl.DataFrame(rows, schema=tally.SCHEMA, orient="row")


def _places(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield the place and type of a value and of everything in it."""
    yield path, "null" if value is None else _TYPES[cast("type[Any]", type(value))]
    if isinstance(value, dict):
        for name, one in cast(Json, value).items():
            yield from _places(one, (*path, name))
    elif isinstance(value, list):
        for one in cast("list[Any]", value):
            yield from _places(one, (*path, _ITEM))


def infer(evidence: pl.DataFrame, name: str, descriptions: Mapping[str, str]) -> list[Json]:
    """Return the tools that the traces of the format `name` call, in alphabetical order.

    Examples
    --------
    >>> from openmed_data.traces.trace import Call, Message
    >>> calls = (Call("weigh", {"bed": 4}), Call("weigh", {"bed": 5, "unit": "kg"}))
    >>> trace = Trace((Message("assistant", calls=calls),))
    >>> infer(tally.merge([count_calls([("react", trace)])]), "react", {})[0]["function"]["parameters"]
    {'type': 'object', 'properties': {'bed': {'type': 'integer'}, 'unit': {'type': 'string'}}, 'required': ['bed']}
    """
    tools: dict[str, dict[Path, dict[str, int]]] = {}
    held = evidence.filter(pl.col("table") == _TABLE + name).sort("key", "detail")
    for tool, detail, count in held.select("key", "detail", "count").iter_rows():
        *path, kind = cast("list[str | int]", loads(detail))
        tools.setdefault(tool, {}).setdefault(tuple(path), {})[str(kind)] = count
    return [_tool(tool, places, descriptions.get(tool)) for tool, places in sorted(tools.items())]


def _tool(name: str, places: Mapping[Path, Mapping[str, int]], description: str | None) -> Json:
    function: Json = {"name": name, **({"description": description} if description else {})}
    function["parameters"] = {"type": "object", "properties": {}, **_schema(places, ())}
    return {"type": "function", "function": function}


def _schema(places: Mapping[Path, Mapping[str, int]], path: Path) -> Json:
    kinds = dict(places[path])
    if "number" in kinds:
        kinds.pop("integer", None)
    types = sorted(kinds)
    schema: Json = {"type": types[0] if len(types) == 1 else types}
    below = [other for other in places if len(other) == len(path) + 1 and other[:-1] == path]
    properties: dict[str, Json] = {str(other[-1]): _schema(places, other) for other in below if other[-1] != _ITEM}
    if properties:
        schema["properties"] = properties
        wholes = kinds["object"]
        required = [str(other[-1]) for other in below if other[-1] != _ITEM and sum(places[other].values()) == wholes]
        schema.update({"required": required} if required else {})
    if (*path, _ITEM) in places:
        schema["items"] = _schema(places, (*path, _ITEM))
    return schema
