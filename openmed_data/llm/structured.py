"""Read a structured answer: mend the damage that is usual and cannot change its meaning, or say why it is rejected."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from jsonschema_rs import Draft202012Validator

from openmed_data.llm.canonical import canonical_json

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

    Code fences, reasoning that ends with ``</think>``, text around the value and whole values that do not fit are
    passed over, and line breaks inside strings are allowed; nothing is added, so a value that was cut off stays
    rejected.

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
    text = _after_reasoning(text.strip()).strip()
    if not text:
        return Rejected(Fault.EMPTY, "")
    found = Rejected(Fault.NO_JSON, text[:_EXCERPT])
    validator = _validator(canonical_json(schema))
    for value in _values(text):
        error = next(validator.iter_errors(value), None)
        if error is None:
            return value
        if found.fault is Fault.NO_JSON:
            place = ".".join(map(str, error.instance_path)) or "answer"
            found = Rejected(Fault.WRONG_SCHEMA, f"{place}: {error.message}"[:_EXCERPT])
    return found


def _after_reasoning(text: str) -> str:
    """Return what follows reasoning: some chat templates open it themselves, so that only its end is in the answer."""
    if text.startswith(("{", "[")):
        return text
    reasoning, ended, answer = text.partition("</think>")
    if ended:
        return answer
    return "" if reasoning.startswith("<think>") else text


def _values(text: str) -> Iterator[Any]:
    """Yield the JSON objects and arrays that stand in `text` whole, up to the first that is broken."""
    end = 0
    while opening := _OPENING.search(text, end):
        try:
            value, end = _DECODER.raw_decode(text, opening.start())
            canonical_json(value).encode()  # half of a surrogate pair is no text that could be written
        except (ValueError, RecursionError):
            return
        yield value


@lru_cache(maxsize=64)
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(schema))
