"""Read a structured answer: mend the damage that is usual and cannot change its meaning, or say why it is rejected."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from jsonschema_rs import Draft202012Validator

from openmed_data.pipeline.work import canonical_json

_THOUGHT = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_OPENING = re.compile(r"[{\[]")
_EXCERPT = 200


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(strict=False, parse_constant=_refuse)


class Fault(StrEnum):
    """Why an answer is not what was asked for."""

    EMPTY = "empty"
    REFUSED = "refused"
    TRUNCATED = "truncated"
    NO_JSON = "no_json"
    WRONG_SCHEMA = "wrong_schema"


@dataclass(frozen=True, slots=True)
class Rejected:
    """An answer that is not what was asked for, and what is wrong with it."""

    fault: Fault
    detail: str


def read_structured(text: str, schema: Mapping[str, Any]) -> Any | Rejected:
    r"""Return the JSON value that `text` holds, or why it is rejected.

    Code fences, reasoning in ``<think>`` tags and text around the value are taken away, and line breaks inside strings
    are allowed; nothing is added, so a value that was cut off stays rejected.

    Parameters
    ----------
    schema
        JSON Schema, draft 2020-12; its root is an object or an array.

    Examples
    --------
    >>> schema = {"type": "object", "properties": {"dose": {"type": "number"}}, "required": ["dose"]}
    >>> read_structured('```json\n{"dose": 5}\n```\nI hope this helps!', schema)
    {'dose': 5}
    >>> read_structured('{"dose": "five"}', schema)
    Rejected(fault=<Fault.WRONG_SCHEMA: 'wrong_schema'>, detail='dose: "five" is not of type "number"')
    >>> read_structured('{"dose": 5', schema).fault
    <Fault.NO_JSON: 'no_json'>
    """
    text = _THOUGHT.sub("", text).strip()
    if not text:
        return Rejected(Fault.EMPTY, "")
    value = _first_value(text)
    if value is None:
        return Rejected(Fault.NO_JSON, text[:_EXCERPT])
    for error in _validator(canonical_json(schema)).iter_errors(value):
        place = ".".join(map(str, error.instance_path)) or "answer"
        return Rejected(Fault.WRONG_SCHEMA, f"{place}: {error.message}"[:_EXCERPT])
    return value


def _first_value(text: str) -> Any:
    """Return the first JSON object or array that stands in `text` whole, or None."""
    opening = _OPENING.search(text)
    if opening is None:
        return None
    try:
        value, _ = _DECODER.raw_decode(text, opening.start())
        canonical_json(value).encode()  # half of a surrogate pair is no text that could be written
    except (ValueError, RecursionError):
        return None
    return value


@lru_cache(maxsize=64)
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(schema))
