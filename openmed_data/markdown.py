"""Put text from data into Markdown so that it stays text."""

import re
from collections.abc import Iterable, Sequence

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~$&])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def escape(text: object) -> str:
    """Return `text` on one line with every sign escaped that Markdown, HTML or a table would read as markup.

    Examples
    --------
    >>> print(escape("a|b\\n<i>"))
    a\\|b \\<i\\>
    """
    line = " ".join(_CONTROL.sub("\ufffd", str(text)).split())
    return _SPECIAL.sub(r"\\\1", line)


def code(text: object) -> str:
    """Return `text` as a code span that is safe inside a table.

    Examples
    --------
    >>> print(code("a`b"))
    `` a`b ``
    """
    line = " ".join(_CONTROL.sub("\ufffd", str(text)).split()) or " "
    ticks = "`" * (_longest_run(line) + 1)
    pad = " " if len(ticks) > 1 else ""
    return f"{ticks}{pad}{line}{pad}{ticks}".replace("|", "\\|")


def fenced(text: str, language: str = "") -> str:
    """Return `text` as a fenced block that nothing inside can close.

    Examples
    --------
    >>> print(fenced("x = 1", "python"))
    ```python
    x = 1
    ```
    """
    ticks = "`" * max(3, _longest_run(text) + 1)
    return f"{ticks}{language}\n{text.rstrip()}\n{ticks}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a header that ends in ``:`` aligns its column to the right, as numbers want.

    Examples
    --------
    >>> print(table(["reason", "rows:"], [["`unlabelled`", "3"]]))
    | reason | rows |
    |---|---:|
    | `unlabelled` | 3 |
    """
    rule = "".join("---:|" if name.endswith(":") else "---|" for name in header)
    lines = [[name.removesuffix(":") for name in header], *rows]
    text = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join([text[0], f"|{rule}", *text[1:]])


def _longest_run(text: str) -> int:
    return max(map(len, re.findall(r"`+", text)), default=0)
