"""The words in which sources write types, and JSON Schema's words for them."""

import re
from collections import Counter
from typing import Any, cast

from openmed_data.traces.reasons import unreadable

Json = dict[str, Any]

_TYPES = {
    "str": "string",
    "text": "string",
    "char": "string",
    "date": "string",
    "datetime": "string",
    "int": "integer",
    "long": "integer",
    "float": "number",
    "double": "number",
    "decimal": "number",
    "bool": "boolean",
    "list": "array",
    "tuple": "array",
    "set": "array",
    "sequence": "array",
    "dict": "object",
    "map": "object",
    "mapping": "object",
    "hashmap": "object",
    "none": "null",
    "nonetype": "null",
}
_KNOWN = frozenset({"string", "integer", "number", "boolean", "array", "object", "null"})
_ANY = frozenset({"any", "object or array", "callable", ""})
_GENERIC = re.compile(r"^([a-z]+)\s*[\[(](.*)[\])]$")
_OPTIONAL = re.compile(r",?\s*\(?optional\)?\.?$")
# Keywords whose value is a schema, a list of schemas, or an object of schemas.
_ONE = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")
_MANY = ("anyOf", "allOf", "oneOf", "prefixItems")
_NAMED = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")


def parameters_of(held: Any, field: str, mapped: Counter[str]) -> Json:
    """Return the JSON Schema of a tool's arguments; count what was rewritten in `mapped`.

    A flat object of parameters becomes the properties of an object. What such a source does not say to be required is
    not: some of its parameters are for a second call only.

    Examples
    --------
    >>> counts = Counter()
    >>> parameters_of({"dose": {"type": "int"}, "route": {"type": "str, optional"}}, "parameters", counts)
    {'type': 'object', 'properties': {'dose': {'type': 'integer'}, 'route': {'type': 'string'}}, 'required': ['dose']}
    >>> sorted(counts)
    ['flat parameters → properties', 'int → integer', 'str, optional → string']
    """
    if held in (None, {}, []):
        return {"type": "object", "properties": {}}
    if not isinstance(held, dict):
        raise unreadable(field, held, "an object")
    schema = cast(Json, held)
    if _is_flat(schema):
        mapped["flat parameters → properties"] += 1
        return _wrapped(schema, field, mapped)
    return {"type": "object", "properties": {}, **schema_of(schema, field, mapped)}


def returned_of(held: Json, field: str, mapped: Counter[str]) -> Json:
    """Return the schema of what a tool gives back, which some sources write as parameters by name too."""
    return _wrapped(held, field, mapped) if _is_flat(held) else schema_of(held, field, mapped)


def _is_flat(schema: Json) -> bool:
    """Tell parameters by name from a schema; a parameter may be called `type`."""
    stated = schema.get("type")
    if isinstance(stated, str | list) or "$ref" in schema:
        return False
    named = schema.get("properties")
    if isinstance(named, dict) and not isinstance(cast(Json, named).get("type"), str):
        return False
    return all(isinstance(one, dict) for one in schema.values())


def _wrapped(flat: Json, field: str, mapped: Counter[str]) -> Json:
    properties: Json = {name: schema_of(one, f"{field}.{name}", mapped) for name, one in flat.items()}
    optional = {name for name, one in flat.items() if _is_optional(one)}
    stated = [name for name, one in flat.items() if one.get("required") is True]
    required = stated or [name for name in flat if optional and name not in optional]
    return {"type": "object", "properties": properties, **({"required": required} if required else {})}


def _is_optional(schema: Json) -> bool:
    stated = schema.get("type")
    return "default" in schema or (isinstance(stated, str) and bool(_OPTIONAL.search(stated.strip().lower())))


def schema_of(held: Any, field: str, mapped: Counter[str]) -> Json:
    """Return a schema with JSON Schema's own words for types; everything else stays as it is."""
    if not isinstance(held, dict):
        raise unreadable(field, held, "an object")
    schema = dict(cast(Json, held))
    _lift_required(schema, mapped)
    if isinstance(schema.get("type"), str) and schema["type"] not in _KNOWN:
        made = _type(schema["type"])
        mapped[f"{schema.pop('type')} → {made.get('type', 'any')}"] += 1
        schema = {**made, **schema}
    for key in _NAMED:
        if isinstance(schema.get(key), dict):
            schema[key] = {name: _below(one, f"{field}.{name}", mapped) for name, one in schema[key].items()}
    for key in _ONE:
        if isinstance(schema.get(key), dict):
            schema[key] = schema_of(schema[key], f"{field}.{key}", mapped)
    for key in _MANY:
        if isinstance(schema.get(key), list):
            schema[key] = [_below(one, f"{field}.{key}", mapped) for one in schema[key]]
    return schema


def _below(held: Any, field: str, mapped: Counter[str]) -> Any:
    return held if isinstance(held, bool) else schema_of(held, field, mapped)


def _lift_required(schema: Json, mapped: Counter[str]) -> None:
    """Move `required: true` from the properties into their parent's list, where JSON Schema has it since draft 4."""
    properties: Any = schema.get("properties")
    if isinstance(properties, dict):
        named = cast(Json, properties).items()
        stated = [name for name, one in named if isinstance(one, dict) and cast(Json, one).get("required") is True]
        if stated:
            mapped["required: true → required"] += len(stated)
            schema["required"] = [*schema.get("required", ()), *stated]
    if isinstance(schema.get("required"), bool):
        schema.pop("required")


def _type(text: str) -> Json:
    """Return the schema of a type written as Python or another language writes it."""
    word = _OPTIONAL.sub("", text.strip().lower()).strip()
    if word in _KNOWN:
        return {"type": word}
    if word in _TYPES:
        return {"type": _TYPES[word]}
    if generic := _GENERIC.match(word):
        return _generic(generic[1], generic[2])
    if " or " in word or "|" in word:
        return _union(re.split(r"\s+or\s+|\s*\|\s*", word))
    return {} if word in _ANY else {"type": text}  # an unknown word is no JSON Schema, and is rejected as such


def _generic(outer: str, inner: str) -> Json:
    if outer in {"union", "optional"}:
        return _union([*re.split(r",\s*(?![^\[]*\])", inner), *(["null"] if outer == "optional" else [])])
    made = _type(outer)
    if made.get("type") == "array" and inner and outer != "tuple":
        made["items"] = _type(inner)
    return made


def _union(words: list[str]) -> Json:
    schemas = [_type(word) for word in words]
    types = [one.get("type") for one in schemas]
    return {"type": types} if all(set(one) == {"type"} for one in schemas) else {"anyOf": schemas}
