"""Find every text in a nested value: message lists, tool arguments (also as JSON strings), tool results."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast


@dataclass(frozen=True, slots=True)
class Leaf:
    """One text of a nested value.

    Attributes
    ----------
    path
        Where it stands, for example ``messages[2].tool_calls[0].function.arguments.name``.
    text
        The text itself; of a JSON string, each text inside it.
    label
        The nearest key, which tells what a bare value is (``patient_name``, ``mrn``); empty at the top of a list.
    """

    path: str
    text: str
    label: str


def leaves(value: object, path: str = "", label: str = "") -> Iterator[Leaf]:
    """Yield every text in ``value``, also numbers under a key, and what JSON strings hold.

    Examples
    --------
    >>> call = {"function": {"name": "book", "arguments": '{"patient": {"name": "Alice Smith"}}'}}
    >>> [leaf.path for leaf in leaves({"messages": [{"tool_calls": [call]}]})]
    ['messages[0].tool_calls[0].function.name', 'messages[0].tool_calls[0].function.arguments.patient.name']
    """
    if isinstance(value, str):
        inner = parsed(value)
        if inner is None:
            yield Leaf(path, value, label)
        else:
            yield from leaves(inner, path, label)
    elif isinstance(value, Mapping):
        for key, item, named in named_items(cast("Mapping[object, object]", value)):
            yield from leaves(item, f"{path}.{named}" if path else named, key)
            if named != key:
                yield Leaf(f"{path}{named}", key, "")
    elif isinstance(value, Sequence) and not isinstance(value, bytes):
        for place, item in enumerate(cast("Sequence[object]", value)):
            yield from leaves(item, f"{path}[{place}]", label)
    elif isinstance(value, int | float) and not isinstance(value, bool) and label:
        yield Leaf(path, str(value), label)


def named_items(value: Mapping[object, object]) -> Iterator[tuple[str, object, str]]:
    """Yield key, value, and the name of the key in a path.

    A key may itself identify someone, as in ``{"alice@mail.example.org": "cc"}``: such a one is named by its place.

    Examples
    --------
    >>> [named for _, _, named in named_items({"name": "x", "alice@mail.example.org": "cc"})]
    ['name', '{1}']
    """
    for place, (key, item) in enumerate(value.items()):
        yield str(key), item, str(key) if str(key).isidentifier() else f"{{{place}}}"


def parsed(text: str) -> object:
    """Return what a JSON object or list written as a string holds, or ``None`` for any other text."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def spoken(label: str) -> str:
    """Turn a key such as ``patientName`` or ``patient_name`` into words."""
    spaced = "".join(f" {char.lower()}" if char.isupper() and not label.isupper() else char for char in label)
    return " ".join(spaced.replace("_", " ").replace("-", " ").split())
