"""The chat template that training uses: the model's own where it can be trained on, or as TRL marks it; else ChatML.

Loss is taken on what the assistant says, so a template must mark it (``{% generation %}``) together with the token
that ends the turn; tool calls and results must appear; earlier turns must not change when later ones follow. The
checks are those of ``trl.chat_template_utils``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import TemplateError

from openmed_data.errors import UsageError
from openmed_data.registry import STAGES

AUTO = "auto"
TRL = "trl"
CHATML = "chatml"


@dataclass(frozen=True, slots=True)
class ChatTemplate:
    """A chat template that passed every check.

    Attributes
    ----------
    name
        Where it is from: ``model``, ``trl`` (the model's own, marked by TRL), ``chatml`` or a file.
    """

    name: str
    text: str


def read_template(wanted: str) -> str | None:
    """Return the text that a recipe's ``chat_template`` names; None for ``auto``, which the tokenizer decides.

    Raises
    ------
    UsageError
        There is no such file.
    """
    if wanted == AUTO:
        return None
    path = Path(str(files(STAGES.package))) / "templates" / "chatml.jinja" if wanted == CHATML else Path(wanted)
    if not path.is_file():
        raise UsageError(f"there is no chat template '{wanted}'", hint="Give auto, chatml, or a .jinja file.")
    return path.read_text(encoding="utf-8")


def choose(tokenizer: Any, wanted: str = AUTO) -> ChatTemplate:
    """Return the template to train `tokenizer`'s model with, after every check; the tokenizer is left as it was.

    Raises
    ------
    UsageError
        The template does not do; every reason is listed.
    """
    text = read_template(wanted)
    if text is None and tokenizer.chat_template:
        for name, own in (("model", tokenizer.chat_template), (TRL, _marked(tokenizer))):
            if own and not faults(tokenizer, own):
                return ChatTemplate(name, own)
    name = CHATML if wanted == AUTO else wanted
    text = text if text is not None else str(read_template(CHATML))
    found = faults(tokenizer, text)
    if found:
        lines = "\n  ".join([f"the chat template '{name}' cannot be trained on:", *found])
        raise UsageError(lines, hint="docs/train.md says what a training template needs; `chatml` has it.")
    return ChatTemplate(name, text)


def _marked(tokenizer: Any) -> str | None:
    """Return the model's own template as TRL rewrote it for training; None of a template that TRL does not know."""
    trl: Any = import_module("trl.chat_template_utils")
    try:
        return trl.get_training_chat_template(tokenizer)
    except (TemplateError, TypeError, ValueError, KeyError):
        return None


def faults(tokenizer: Any, text: str) -> list[str]:
    """Return what keeps `tokenizer` from being trained with the template `text`; empty where nothing does."""
    if tokenizer.eos_token is None:
        return ["the tokenizer has no end-of-sequence token, which ends every turn"]
    trl: Any = import_module("trl.chat_template_utils")
    own, tokenizer.chat_template = tokenizer.chat_template, text
    try:
        checks: list[tuple[str, Callable[[], bool]]] = [
            ("it does not mark the assistant's words with {% generation %}", lambda: trl.has_generation_markers(text)),
            ("it marks the user's words, too", lambda: "question" not in tokenizer.decode(_trained(tokenizer))),
            ("it loses tool calls or tool results", lambda: trl.supports_tool_calling(tokenizer)),
            (
                "it writes earlier turns otherwise when a tool result follows",
                lambda: not trl.supports_tool_calling(tokenizer) or trl.is_chat_template_prefix_preserving(tokenizer),
            ),
            (
                "it leaves the token that ends the assistant's turn out of what is trained",
                lambda: trl.is_chat_template_stop_token_trained(tokenizer),
            ),
        ]
        return [words for words, passes in checks if not passes()]
    except (TemplateError, TypeError, ValueError, KeyError) as error:
        return [f"it fails: {type(error).__name__}: {' '.join(str(error).split())[:200]}"]
    finally:
        tokenizer.chat_template = own


def stop_token(tokenizer: Any) -> int | None:
    """Return the special token that ends an assistant's turn in the tokenizer's chat template, if it marks one.

    A model trained on that template ends its turns with it, and without it among the tokens to stop at it would go on.
    """
    if not tokenizer.chat_template or "endgeneration" not in str(tokenizer.chat_template):
        return None
    special = set(tokenizer.get_added_vocab().values())
    return next((token for token in reversed(_trained(tokenizer)) if token in special), None)


def _trained(tokenizer: Any) -> list[int]:
    """Return the tokens of a short talk that the tokenizer's chat template marks."""
    said = (("user", "question"), ("assistant", "reply"), ("user", "question"))
    talk = [{"role": role, "content": words} for role, words in said]
    found = tokenizer.apply_chat_template(talk, return_dict=True, return_assistant_tokens_mask=True)
    return [token for token, masked in zip(found["input_ids"], found["assistant_masks"], strict=True) if masked]
