"""Plain texts that hold conversations."""

import re

from openmed_data.traces.fields import Record
from openmed_data.traces.reasons import unreadable

_CHATML = re.compile(r"<\|im_start\|>[ \t]*(\w+)[ \t]*\n(.*?)(?:<\|im_end\|>|(?=<\|im_start\|>)|\Z)", re.DOTALL)
_BEGINS = re.compile(r"(?=<\|im_start\|>[ \t]*system\b)|^(?=SYSTEM:)", re.MULTILINE)


def lone_text(record: Record) -> str:
    """Return the one text that a record holds.

    Raises
    ------
    Unfit
        It holds none, or several.
    """
    for key in ("text", "prompt", "conversation", "example"):
        if isinstance(record.get(key), str):
            return record[key]
    texts = [value for value in record.values() if isinstance(value, str)]
    if len(texts) != 1:
        raise unreadable("text", None, "one text, or a list of turns")
    return texts[0]


def chatml_turns(text: str) -> list[tuple[str, str]]:
    r"""Return role and text of each turn of a ChatML text.

    Examples
    --------
    >>> chatml_turns("<|im_start|>user\nDose?<|im_end|>\n<|im_start|>assistant\n5 mg")
    [('user', 'Dose?'), ('assistant', '5 mg')]
    """
    return _CHATML.findall(text)


def chatml_texts(text: str) -> list[str]:
    """Cut a text into conversations, each of which begins with its system prompt."""
    return [piece for piece in _BEGINS.split(text) if piece.strip()]
