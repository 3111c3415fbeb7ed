"""What the tokenizer makes of the rows: a template that can be trained on, and rows that fit."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from jinja2 import TemplateError

from openmed_data.errors import OpenMedError
from openmed_data.training.doctor.finding import Finding, Verdict
from openmed_data.training.settings import TrainerSettings
from openmed_data.training.template import choose, faults
from openmed_data.training.trl_stage import TrlStage

_MAY_BE_NULL = {"default", "const"}


def template(stage: str, tokenizer: Any, wanted: str) -> Finding:
    """Say whether the stage's chat template passes: generation markers, tools, prefix kept, stop token trained.

    The tokenizer has the template afterwards, where one passes.
    """
    try:
        chosen = choose(tokenizer, wanted)
    except OpenMedError as error:
        return Finding(stage, "template", Verdict.FAIL, str(error), error.hint)
    own = tokenizer.chat_template
    tokenizer.chat_template = chosen.text
    why = ""
    if wanted == "auto" and chosen.name != "model":
        why = f" (the model's own: {'; '.join(faults(tokenizer, own))})" if own else " (the model has none)"
    good = f"{chosen.name}{why}: generation marked, tools shown, beginnings kept, stop token trained"
    return Finding(stage, "template", Verdict.OK, good)


def lengths(stage: TrlStage, settings: TrainerSettings, rows: Sequence[Mapping[str, Any]], tokenizer: Any) -> Finding:
    """Say how many rows are longer than the stage takes, which are left out.

    Parameters
    ----------
    rows
        The rows, or a sample of them, tool calls parsed.
    """
    try:
        sizes = sorted(stage.tokens(row, tokenizer) for row in rows)
    except (TemplateError, TypeError, ValueError, KeyError) as error:
        found = f"the template fails on one of them ({type(error).__name__})"
        return Finding(stage.name, "length", Verdict.FAIL, found, "Use chat_template: chatml, or build the data again.")
    limit = stage.most_tokens(settings)
    spread = f"median {sizes[len(sizes) // 2]:,}, most {sizes[-1]:,} tokens"
    long = sum(size > limit for size in sizes) if limit is not None else 0
    share = long / len(sizes)
    found = f"{_of(sizes, 'row')}: {long:,} ({share:.1%}) longer than {limit}; {spread}" if limit else spread
    if long and (share > settings.most_dropped or long == len(sizes)):
        key = "max_prompt_length" if hasattr(settings, "max_prompt_length") else "max_length"
        enough = sizes[math.ceil(len(sizes) * (1 - settings.most_dropped)) - 1]
        do = f"Set {stage.name}.{key}={enough} or more, or allow it: {stage.name}.most_dropped={share + 0.01:.2f}."
        return Finding(stage.name, "length", Verdict.FAIL, found, do)
    if long:
        return Finding(stage.name, "length", Verdict.WARN, found, "They are left out, and the record counts them.")
    return Finding(stage.name, "length", Verdict.OK, found)


def pairs(stage: str, rows: Sequence[Mapping[str, Any]], limit: int | None, tokenizer: Any) -> Finding:
    """Say in how many pairs both replies are the same, as they stand or after they are cut to `limit` tokens."""
    same = cut = 0
    for row in rows:
        if row["chosen"] == row["rejected"]:
            same += 1
            continue
        chosen, rejected = (_ids(row["prompt"] + row[side], tokenizer)[:limit] for side in ("chosen", "rejected"))
        cut += chosen == rejected
    if same or cut:
        found = f"{_of(rows, 'pair')}: {same:,} with the same reply twice, {cut:,} more once cut to {limit} tokens"
        do = f"Build it again, or raise {stage}.max_length: such a pair teaches nothing."
        return Finding(stage, "pairs", Verdict.FAIL, found, do)
    return Finding(stage, "pairs", Verdict.OK, f"{_of(rows, 'pair')}: chosen and rejected differ in all")


def calls(stage: str, rows: Sequence[Mapping[str, Any]], tokenizer: Any) -> Iterator[Finding]:
    """Say whether tool calls and schemas are what they were: no nulls put in, and no JSON inside JSON text."""
    try:
        schemas = [tools for row in rows if (tools := json.loads(row["tools"] or "[]"))]
    except ValueError:
        found = "the tools of a row are no JSON"
        yield Finding(stage, "tool json", Verdict.FAIL, found, "Build it again: tools are JSON text in a build.")
        return
    made = [call for row in rows for message in row["messages"] for call in message.get("tool_calls") or ()]
    arguments = [_function(call).get("arguments") for call in made]
    padded, empty = sum(map(_is_padded, schemas)), sum(map(_has_null, arguments))
    if padded:
        found = f"{padded:,} of {len(schemas):,} tool lists hold null where a schema has none"
        do = "Build it again: a struct inferred from unlike schemas gives each the other's keys, as null."
        yield Finding(stage, "tool json", Verdict.FAIL, found, do)
    elif empty:
        found = f"{empty:,} of {len(arguments):,} calls have null among their arguments"
        do = "Look at a few with `openmed-data show`: a tool may take null, and an inferred struct puts it everywhere."
        yield Finding(stage, "tool json", Verdict.WARN, found, do)
    else:
        found = f"{len(arguments):,} calls and {len(schemas):,} tool lists, none with null"
        yield Finding(stage, "tool json", Verdict.OK, found)
    texts = sum(isinstance(one, str) for one in arguments)
    if texts and _encodes_twice(tokenizer):
        found = f"{texts:,} of {len(arguments):,} calls have JSON text as arguments, which the template encodes again"
        do = "Use chat_template: chatml, which writes text as it is."
        yield Finding(stage, "tool arguments", Verdict.FAIL, found, do)


def _ids(messages: Sequence[Mapping[str, Any]], tokenizer: Any) -> list[int]:
    return tokenizer.apply_chat_template(list(messages), return_dict=True)["input_ids"]


def _function(call: Mapping[str, Any]) -> Mapping[str, Any]:
    return call.get("function", call)


def _has_null(value: Any) -> bool:
    if isinstance(value, Mapping):
        held = cast(Mapping[str, Any], value)
        return any(one is None or _has_null(one) for one in held.values())
    return any(map(_has_null, cast(list[Any], value))) if isinstance(value, list) else False


def _is_padded(schema: Any) -> bool:
    """Return whether null stands in a schema where JSON Schema has none: only a default or a constant may be null."""
    if isinstance(schema, Mapping):
        held = cast(Mapping[str, Any], schema)
        return any((one is None and key not in _MAY_BE_NULL) or _is_padded(one) for key, one in held.items())
    return any(map(_is_padded, cast(list[Any], schema))) if isinstance(schema, list) else False


def _encodes_twice(tokenizer: Any) -> bool:
    """Return whether the template puts a backslash before the quotes inside arguments that are text."""
    call = {"type": "function", "function": {"name": "search", "arguments": '{"q": 1}'}}
    talk = [{"role": "user", "content": "Look."}, {"role": "assistant", "content": "", "tool_calls": [call]}]
    return '\\"q\\"' in tokenizer.apply_chat_template(talk, tokenize=False)


def _of(rows: Sequence[Any], noun: str) -> str:
    return f"of {len(rows):,} {noun}{'' if len(rows) == 1 else 's'} looked at"
