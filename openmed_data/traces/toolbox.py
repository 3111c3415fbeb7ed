"""Declared tools: the dialects in which sources write schemas, brought to JSON Schema, and what arguments fit them.

The canonical form is the one of OpenAI's API, which chat templates expect: ``{"type": "function", "function": {"name",
"description", "parameters"}}`` with a JSON Schema (draft 2020-12) of an object as `parameters`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast

import jsonschema_rs

from openmed_data.traces.codec import dumps, loads
from openmed_data.traces.dialect import parameters_of, returned_of
from openmed_data.traces.reasons import Law, Unfit, unreadable

Json = dict[str, Any]
_SCHEMAS = ("parameters", "input_schema", "inputSchema")


@dataclass(frozen=True, slots=True)
class Toolbox:
    """The tools of a trace.

    Attributes
    ----------
    text
        The canonical JSON, as the column `tools` holds it.
    tools
        The same, parsed; not to be changed.
    arguments
        Of each tool that takes no others, the arguments that it declares.
    mapped
        How many types or forms were rewritten as JSON Schema, by what they were and became.
    """

    text: str
    tools: tuple[Json, ...] = field(compare=False, repr=False)
    validators: Mapping[str, Any] = field(compare=False, repr=False)
    arguments: Mapping[str, frozenset[str]] = field(compare=False, repr=False)
    mapped: Mapping[str, int] = field(compare=False, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the tools."""
        return tuple(self.validators)

    def misfit(self, name: str, arguments: Mapping[str, Any]) -> str | None:
        """Return where and why arguments break the tool's schema, None where they fit; never a value of theirs.

        Raises
        ------
        KeyError
            No tool is called `name`.
        """
        validator = self.validators[name]
        if validator.is_valid(arguments):
            known = self.arguments.get(name)
            return None if known is None or known.issuperset(arguments) else "an argument that is not declared"
        error = next(validator.iter_errors(arguments))
        place = ".".join(map(str, error.instance_path))
        return f"{place or 'arguments'} breaks {'/'.join(map(str, error.schema_path))}"


def toolbox(declared: Any) -> Toolbox:
    """Read declared tools, in any dialect; equal declarations are read once.

    Parameters
    ----------
    declared
        A list of tools, one tool, or either as JSON text.

    Raises
    ------
    Unfit
        Tools that cannot be read, share a name, or have a schema that is none.

    Examples
    --------
    >>> box = toolbox([{"name": "weigh", "parameters": {"patient": {"type": "str", "description": "Who"}}}])
    >>> box.text
    '[{"type":"function","function":{"name":"weigh","parameters":{"type":"object","properties":{"patient":{"type":"string","description":"Who"}}}}}]'
    >>> box.misfit("weigh", {"patient": "bed 4"}), box.misfit("weigh", {"patient": 4})
    (None, 'patient breaks properties/patient/type')
    """
    return _toolbox(declared if isinstance(declared, str) else dumps(declared))


@lru_cache(maxsize=8192)
def _toolbox(text: str) -> Toolbox:
    try:
        held: Any = loads(text) if text.strip() else []
    except ValueError as error:
        raise Unfit(Law.UNREADABLE, "tools: found broken JSON; expected a list of tools") from error
    listed: list[Any] = cast("list[Any]", held) if isinstance(held, list) else [held]
    mapped: Counter[str] = Counter()
    tools = tuple(_tool(one, f"tools[{place}]", mapped) for place, one in enumerate(listed))
    validators: dict[str, Any] = {}
    for place, tool in enumerate(tools):
        function = tool["function"]
        if function["name"] in validators:
            raise Unfit(Law.BAD_TOOLS, f"tools[{place}].name: a second tool of this name")
        validators[function["name"]] = _validator(function["parameters"], f"tools[{place}].parameters")
    return Toolbox(dumps(tools), tools, validators, dict(_arguments(tools)), mapped)


def _tool(held: Any, field: str, mapped: Counter[str]) -> Json:
    if not isinstance(held, dict):
        raise unreadable(field, held, "an object")
    tool = cast(Json, held)
    inner: Any = tool.get("function", tool)
    if not isinstance(inner, dict):
        raise unreadable(f"{field}.function", inner, "an object")
    given = dict(cast(Json, inner))
    name: Any = given.pop("name", None)
    if not isinstance(name, str) or not name.strip():
        raise Unfit(Law.BAD_TOOLS, f"{field}.name: found no name")
    made: Json = {"name": name}
    if description := given.pop("description", None):
        made["description"] = str(description)
    key = next((key for key in _SCHEMAS if key in given), None)
    made["parameters"] = parameters_of(given.pop(key) if key else None, f"{field}.{key}", mapped)
    if isinstance(returned := given.pop("return", None), dict):
        made["return"] = returned_of(cast(Json, returned), f"{field}.return", mapped)
    if inner is tool:
        given.pop("type", None)  # "function", or the version of a provider's own tool
    return {"type": "function", "function": {**made, **given}}


def _arguments(tools: Iterable[Json]) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the arguments of each tool that does not say that there may be others.

    JSON Schema allows what it does not name; a model that is trained on such calls invents arguments.
    """
    for tool in tools:
        schema: Json = tool["function"]["parameters"]
        open_ = schema.get("additionalProperties", False) is not False or "patternProperties" in schema
        if schema["properties"] and not open_ and not {"anyOf", "oneOf", "allOf", "$ref"} & schema.keys():
            yield tool["function"]["name"], frozenset(schema["properties"])


def _validator(schema: Json, field: str) -> Any:
    try:
        return jsonschema_rs.Draft202012Validator(schema, retriever=_refuse)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        raise Unfit(Law.BAD_TOOLS, f"{field}: {str(error).splitlines()[0]}") from error


def _refuse(uri: str) -> Any:
    """Keep a schema from making this machine fetch an address."""
    raise ValueError(f"a schema may not refer to {uri}")
