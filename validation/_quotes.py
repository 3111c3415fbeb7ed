"""Quotations in replies: what is quoted and cited must have been read before."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

# “The words of a document.” [its id]
CITED = r"“([^”]+)” ?\[[^\]\s]+\]"
_CITED = re.compile(CITED)


def false_quotes(messages: Sequence[Mapping[str, Any] | None]) -> Iterator[int]:
    r"""Yield the places of replies that quote, and cite, what no message before them says, once a tool gave a result.

    What is cited without one (“leaky gut” [3]) was read elsewhere.

    Examples
    --------
    >>> read = {"role": "tool", "content": '{"id": "d1", "text": "Gout is treated\\nwith colchicine."}'}
    >>> said = [f"“Gout is treated with {drug}.” [d1]" for drug in ("colchicine", "tea")]
    >>> list(false_quotes([read, *({"role": "assistant", "content": one} for one in said)]))
    [2]
    """
    heard, read = "", False
    for place, message in enumerate(messages):
        content = str((message or {}).get("content") or "")
        if message is not None and message["role"] == "assistant":
            if read and any(_spaced(quote) not in heard for quote in _CITED.findall(content)):
                yield place
        else:
            read = read or (message is not None and message["role"] == "tool")
            heard = f"{heard} {_spaced(' '.join(_texts(content)))}"


def _texts(content: str) -> Iterator[str]:
    """Yield the texts of a message as a reader sees them: of JSON those inside it."""
    try:
        held: Any = json.loads(content) if content.lstrip()[:1] in {"{", "["} else content
    except ValueError:
        held = content
    yield from _inside(held)


def _inside(held: Any) -> Iterator[str]:
    if isinstance(held, str):
        yield held
    elif isinstance(held, dict | list):
        parts = cast(dict[str, Any], held).values() if isinstance(held, dict) else cast(list[Any], held)
        for part in parts:
            yield from _inside(part)


def _spaced(text: str) -> str:
    return " ".join(text.split())
