"""Take the generation tags out of a chat template: training needs them, and plain Jinja stops at them.

Each tag becomes a comment, which trims white space as the tag did. The tags also scope variables, which comments do
not, so both templates are rendered and compared.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from openmed_data.errors import GateError

# A comment may speak of the tags, and must not end in the middle.
_TAG = re.compile(r"\{#.*?#\}|\{%([-+]?)\s*((?:end)?generation)\s*([-+]?)%\}", re.DOTALL)

_ASK = {"role": "user", "content": "Which vitamin is  water-soluble?\n"}
_REPLY = {"role": "assistant", "content": "Vitamin C.\n\n"}
_SYSTEM = {"role": "system", "content": "You answer briefly."}
_CALL = {
    "role": "assistant",
    "content": "",
    "tool_calls": [{"id": "call00001", "type": "function", "function": {"name": "search", "arguments": {"q": "C"}}}],
}
_RESULT = {"role": "tool", "name": "search", "tool_call_id": "call00001", "content": "ascorbic acid"}
_TOOL = {
    "type": "function",
    "function": {
        "name": "search",
        "description": "Look something up.",
        "parameters": {"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]},
    },
}

CONVERSATIONS: tuple[Mapping[str, Any], ...] = tuple(
    {"messages": messages, "tools": tools, "add_generation_prompt": prompt}
    for messages, tools in (
        ([_ASK], None),
        ([_ASK, _REPLY], None),
        ([_SYSTEM, _ASK, _REPLY, _ASK, _REPLY], None),
        ([_SYSTEM, _ASK], [_TOOL]),
        ([_ASK, _CALL, _RESULT, _REPLY], [_TOOL]),
    )
    for prompt in (True, False)
)


def without_generation_tags(template: str) -> str:
    """Return `template` with each generation tag turned into a comment.

    Examples
    --------
    >>> without_generation_tags("a {%- generation -%} b {%- endgeneration %}")
    'a {#- generation -#} b {#- endgeneration #}'
    """
    return _TAG.sub(lambda tag: f"{{#{tag[1]} {tag[2]} {tag[3]}#}}" if tag[2] else tag[0], template)


def plain(template: str, special: Mapping[str, str]) -> str:
    """Return a template that plain Jinja renders as the training template is rendered.

    Parameters
    ----------
    special
        Tokens that templates may name, such as ``bos_token``.

    Raises
    ------
    GateError
        It renders some conversation differently.
    """
    stripped = without_generation_tags(template)
    for conversation in CONVERSATIONS:
        before = rendered(template, {**special, **conversation}, tagged=True)
        after = rendered(stripped, {**special, **conversation})
        if before != after:
            raise GateError(
                "without its generation tags, the chat template renders a conversation differently",
                hint="A variable set inside {% generation %} is read outside of it; set it outside.",
            )
    return stripped


def rendered(template: str, values: Mapping[str, Any], *, tagged: bool = False) -> str | None:
    """Return what a template gives, in Jinja's sandbox with what every server offers; None where it refuses.

    Parameters
    ----------
    tagged
        Let it have generation tags, as transformers does.

    Raises
    ------
    GateError
        It is no template.
    """
    from jinja2 import TemplateError, TemplateSyntaxError
    from jinja2.ext import Extension, loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    extensions: Sequence[type[Extension]] = [loopcontrols, *([_tracker()] if tagged else [])]
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=extensions)
    environment.filters["tojson"] = _tojson
    offered = {"raise_exception": _refuse, "strftime_now": _now}
    try:
        return environment.from_string(template, globals=offered).render(values)
    except TemplateSyntaxError as error:
        raise GateError(f"the chat template is none that Jinja reads: line {error.lineno}: {error.message}") from error
    except (TemplateError, TypeError, ValueError):
        return None


def _tracker() -> Any:
    from jinja2 import nodes
    from jinja2.ext import Extension

    class Generation(Extension):
        """Renders what stands between the tags, in a scope of its own."""

        tags = {"generation"}  # noqa: RUF012  (Jinja's own interface)

        def parse(self, parser: Any) -> Any:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return nodes.CallBlock(self.call_method("inside"), [], [], body).set_lineno(line)

        def inside(self, caller: Callable[[], str]) -> str:
            return caller()

    return Generation


def _tojson(value: Any, *, indent: int | None = None, ensure_ascii: bool = False, **options: Any) -> str:
    return json.dumps(value, indent=indent, ensure_ascii=ensure_ascii, **options)


def _refuse(message: str) -> None:
    from jinja2 import TemplateError

    raise TemplateError(message)


def _now(form: str) -> str:
    return datetime(2026, 1, 2, tzinfo=UTC).strftime(form)  # the same for both renderings
