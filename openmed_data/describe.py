"""Describe builders and checks as data: what `openmed-data describe` prints, and documentation can be made of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic import BaseModel

from openmed_data.builder import Builder, GlobalReason, ReasonCode
from openmed_data.check import Check
from openmed_data.registry import CHECKS, all_of, find


@dataclass(frozen=True, slots=True)
class OptionFacts:
    """One option of a builder or one setting of a check, in words."""

    name: str
    type: str
    default: str
    meaning: str


def options(model: type[BaseModel]) -> tuple[OptionFacts, ...]:
    """Return the fields of `model` with type, default and meaning.

    Examples
    --------
    >>> from openmed_data.builder import Options
    >>> options(Options)[0]
    OptionFacts(name='seed', type='integer ≥ 0', default='42', meaning='Seed of every per-row choice.')
    """
    schema = model.model_json_schema()
    shared = cast(dict[str, Any], schema.get("$defs", {}))
    own = cast(dict[str, dict[str, Any]], schema.get("properties", {}))
    return tuple(
        OptionFacts(
            name,
            _type_in_words(facts, shared),
            "required" if "default" not in facts else _value_in_words(facts["default"]),
            " ".join(str(facts.get("description", "")).split()),
        )
        for name, facts in own.items()
    )


def _type_in_words(facts: dict[str, Any], shared: dict[str, Any]) -> str:
    if "$ref" in facts:
        facts = {**shared[facts["$ref"].rsplit("/", 1)[-1]], **facts}
    if "anyOf" in facts:
        return " | ".join(_type_in_words(one, shared) for one in facts["anyOf"])
    if "enum" in facts:
        return " | ".join(map(_value_in_words, facts["enum"]))
    if facts.get("type") == "boolean":
        return "true | false"
    words = {"null": "none", "string": "text"}.get(str(facts.get("type")), str(facts.get("type", "value")))
    low, high = facts.get("minimum"), facts.get("maximum")
    if low is not None and high is not None:
        return f"{words}, {low} to {high}"
    return f"{words} ≥ {low}" if low is not None else f"{words} ≤ {high}" if high is not None else words


def _value_in_words(value: Any) -> str:
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else "''" if value == "" else str(value)


def meanings(codes: type[ReasonCode]) -> dict[str, str]:
    """Return what each code of `codes` means.

    Examples
    --------
    >>> meanings(GlobalReason)["duplicate"]
    'the same question, options and key as an earlier row; the first one is kept'
    """
    return {code.value: code.meaning for code in cast(Iterable[ReasonCode], codes)}


def reasons(builder: Builder[Any, Any]) -> dict[str, str]:
    """Return every reason for which a build can reject a row of its source or one that it made, with its meaning."""
    filters = (meanings(find(CHECKS, use.check).codes) for use in builder.filters)
    return {**meanings(builder.reasons), **meanings(GlobalReason), **{k: v for one in filters for k, v in one.items()}}


def meaning_of(code: str, known: Mapping[str, str]) -> str:
    """Return what a code means; what stands behind a colon may only say which, as in ``contamination:mmlu/test``.

    Examples
    --------
    >>> meaning_of("contamination:mmlu/test", {"contamination": "the row holds an item"})
    'the row holds an item'
    """
    return known.get(code) or known.get(code.partition(":")[0], "")


def checks_of(builder: Builder[Any, Any]) -> dict[str, str]:
    """Return the checks that look at this builder's kind of dataset, name → what each looks for."""
    return {name: check.summary for name, check in all_of(CHECKS).items() if builder.kind in check.kinds}


def describe_builder(builder: Builder[Any, Any]) -> dict[str, Any]:
    """Return everything a user can know of a builder before running it, as JSON values."""
    return {
        "name": builder.name,
        "kind": str(builder.kind),
        "summary": builder.summary,
        "source": {
            "repo": builder.upstream.repo or None,
            "revision": builder.upstream.revision,
            "license": builder.upstream.license,
            "homepage": builder.upstream.homepage,
            "splits": list(builder.upstream.splits),
            "sample": builder.sample is not None,
        },
        "columns": {
            "required": {shape: list(columns) for shape, columns in builder.required_columns.items()},
            "optional": list(builder.optional_columns),
        },
        "options": _as_json(options(builder.options_model)),
        "filters": [use.check for use in builder.filters],
        "checks": checks_of(builder),
        "reasons": reasons(builder),
    }


def describe_check(check: Check[Any]) -> dict[str, Any]:
    """Return everything a user can know of a check before running it, as JSON values."""
    return {
        "name": check.name,
        "kinds": sorted(map(str, check.kinds)),
        "summary": check.summary,
        "settings": _as_json(options(check.settings_model)),
        "codes": meanings(check.codes),
    }


def _as_json(facts: Iterable[OptionFacts]) -> list[dict[str, str]]:
    return [{"name": one.name, "type": one.type, "default": one.default, "meaning": one.meaning} for one in facts]
