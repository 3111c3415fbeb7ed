"""Put text from data into Markdown so that it stays text."""

import re

# A & is markup only where it begins an entity.
_SPECIAL = re.compile(r"[\\`*_\[\]<>|~$]|&(?=#?\w+;)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def escape(text: object) -> str:
    r"""Return `text` on one line with every sign escaped that Markdown, HTML or a table would read as markup.

    Examples
    --------
    >>> print(escape("a|b\n<i>"))
    a\|b \<i\>
    """
    return _SPECIAL.sub(r"\\\g<0>", _line(str(text)))


def code(text: object) -> str:
    """Return `text` as a code span that is safe inside a table.

    Examples
    --------
    >>> print(code("a`b"))
    `` a`b ``
    """
    line = _line(str(text)) or " "
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


def cell(markdown: str) -> str:
    r"""Return text that is Markdown already as the content of one table cell.

    Examples
    --------
    >>> print(cell("`one`|\n`all`"))
    `one`\| `all`
    """
    return _line(markdown).replace("|", r"\|")


def printable(text: str) -> str:
    r"""Put a replacement character where a control character stands: no text may steer the reader's terminal.

    Examples
    --------
    >>> printable("a\x1b[2J")
    'a�[2J'
    """
    return _CONTROL.sub("\ufffd", text)


def _line(text: str) -> str:
    return " ".join(printable(text).split())


def _longest_run(text: str) -> int:
    return max(map(len, re.findall(r"`+", text)), default=0)
