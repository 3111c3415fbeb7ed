"""Render conversations as a trainer would: a chat template in a Jinja sandbox, and a tokenizer.

A template comes from the Hub and is nobody's trusted code. It runs in Jinja's immutable sandbox and sees plain JSON
values only. What it can call is what transformers lets it call, so a template means the same here and there.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from jinja2 import Environment, Template, TemplateError, nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.runtime import Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment

from openmed_data.errors import UsageError

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

Message = Mapping[str, Any]
# Around what a model says, while rendering: characters for private use, in an order that no font's symbols have.
_BEGIN, _END = "\ue0f0\uf8f0\ue0f0", "\ue0f0\uf8f1\ue0f0"


class _Generation(Extension):
    """The tag ``{% generation %}``, by which a template marks what the model is trained to say."""

    tags = {"generation"}  # noqa: RUF012 - Jinja declares it as an instance's attribute

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_marked"), [], [], body).set_lineno(line)

    def _marked(self, caller: Macro) -> str:
        return f"{_BEGIN}{caller()}{_END}"


@dataclass(frozen=True, slots=True)
class Rendered:
    """One conversation as text.

    Attributes
    ----------
    text
        What the tokenizer sees.
    trained
        Begin and end, in characters, of what the template marks as the model's own words; empty if it marks nothing.
    """

    text: str
    trained: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Renderer:
    """A chat template, and the tokenizer that reads what it writes, if one was given.

    Attributes
    ----------
    source
        The template's text.
    marks
        Whether it marks what the model is trained to say.
    backend
        The tokenizer; None if only a template was given.
    added
        Ids of the tokens that were added to its vocabulary: end of turn and the like.
    special
        Names of the tokenizer's special tokens, as ``eos_token``, and what they look like.
    """

    source: str
    template: Template
    marks: bool
    backend: "Tokenizer | None"
    added: frozenset[int]
    special: Mapping[str, str]

    def render(
        self, messages: Sequence[Message], tools: Sequence[Any] | None = None, *, prompt: bool = False
    ) -> Rendered:
        """Render a conversation; with `prompt`, up to where the model begins to speak.

        Raises
        ------
        TemplateError
            The template refuses the conversation, or fails on it.
        """
        try:
            written = self.template.render(
                messages=[dict(one) for one in messages],
                tools=tools or None,
                add_generation_prompt=prompt,
                **self.special,
            )
        except TemplateError:
            raise
        except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError, RecursionError) as error:
            # What Python says to a template that adds text to nothing, and the like.
            raise TemplateError(str(error)) from error
        return _unmarked(written) if self.marks else Rendered(written, ())

    def encode(self, texts: Sequence[str]) -> "list[Encoding]":
        """Return the tokens of rendered texts; special tokens are those that the template writes, and no others."""
        if self.backend is None:
            raise ValueError("no tokenizer was given")
        return self.backend.encode_batch(list(texts), add_special_tokens=False)


def _unmarked(written: str) -> Rendered:
    parts: list[str] = []
    spans: list[tuple[int, int]] = []
    length = 0
    for number, piece in enumerate(written.split(_BEGIN)):
        said, _, rest = piece.partition(_END) if number else ("", "", piece)
        if number:
            spans.append((length, length + len(said)))
        parts += (said, rest)
        length += len(said) + len(rest)
    return Rendered("".join(parts), tuple(spans))


@lru_cache(maxsize=4)
def open_renderer(tokenizer: str, template: str) -> Renderer:
    """Open a tokenizer's folder or Hub repository, a template's file, or both; the file's template then counts.

    Raises
    ------
    UsageError
        A file is not there, a template cannot be parsed, there is none, or transformers is not installed.
    """
    loaded = _open_tokenizer(tokenizer) if tokenizer else None
    text = _read_template(template) if template else _template_of(loaded, tokenizer)
    try:
        compiled = _environment().from_string(text)
    except TemplateError as error:
        raise UsageError(f"the chat template of '{template or tokenizer}' cannot be parsed: {error}") from error
    marks = "endgeneration" in text
    if loaded is None:
        return Renderer(text, compiled, marks, None, frozenset(), {})
    special = {name: str(token) for name, token in loaded.special_tokens_map.items()}
    added = frozenset(loaded.get_added_vocab().values())
    return Renderer(text, compiled, marks, loaded.backend_tokenizer, added, special)


def _open_tokenizer(name: str) -> Any:
    """Load a tokenizer of transformers, whose own types are not known to the type checker."""
    try:
        import transformers
    except ImportError as error:
        hint = "Install it with: pip install 'openmed-data[train]'. A template alone does without."
        raise UsageError("a tokenizer needs transformers, which is not installed", hint=hint) from error
    try:
        loaded = cast(Any, transformers).AutoTokenizer.from_pretrained(name, trust_remote_code=False)
    except (OSError, ValueError) as error:
        hint = "Give the folder in which tokenizer.json lies, or a repository of the Hub."
        raise UsageError(f"the tokenizer '{name}' cannot be loaded: {str(error).splitlines()[0]}", hint=hint) from error
    if not loaded.is_fast:
        raise UsageError(f"the tokenizer '{name}' has no tokenizer.json, by which characters are told from tokens")
    return loaded


def _read_template(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the chat template '{path}' cannot be read: {error}", hint="Give a Jinja file.") from error


def _template_of(tokenizer: Any, name: str) -> str:
    text: Any = tokenizer.chat_template if tokenizer is not None else None
    if not isinstance(text, str):
        raise UsageError(f"the tokenizer '{name}' has no chat template", hint="Give one: --set chat.template=FILE")
    return text


def _environment() -> Environment:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols], autoescape=False
    )
    environment.filters["tojson"] = _to_json
    cast(dict[str, Any], environment.globals).update(raise_exception=_refuse, strftime_now=_now)
    return environment


def _to_json(value: Any, **how: Any) -> str:
    """Write JSON; Jinja's own filter escapes what means something in HTML."""
    options: dict[str, Any] = {"ensure_ascii": False, **how}
    return json.dumps(value, **options)


def _refuse(message: str) -> None:
    raise TemplateError(message)


def _now(form: str) -> str:
    return datetime.now().astimezone().strftime(form)
