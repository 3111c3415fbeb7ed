"""The one place that writes to a terminal: results go to stdout, talk goes to stderr.

A person at a terminal gets colour, tables that fit the window and a progress bar. Anything else (a pipe, a file, CI, a
dumb terminal) gets plain lines without escape codes, never wrapped or cut. ``rich`` is imported only for the first.
"""

import json
import os
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from openmed_data.progress import Advance, ignore

if TYPE_CHECKING:
    from rich.console import Console as RichConsole
    from rich.progress import Progress as RichProgress
    from rich.text import Text

# Characters of a column of text below which a table is not drawn, but written in lines that the terminal breaks.
_NARROWEST = 6
# A plain line about a step that runs for long comes at most so often.
_SECONDS_BETWEEN_LINES = 30.0

# What a terminal would obey instead of show: C0 and C1 controls, and Unicode's overrides of reading direction.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_SECRETS = (
    (re.compile(r"\b(hf|api_org)_[A-Za-z0-9]{8,}"), r"\1_***"),
    (re.compile(r"(?i)\b(bearer|token[=:]) ?[A-Za-z0-9._~+/-]{8,}"), r"\1 ***"),
    (re.compile(r"(https?://)[^/\s@]+@"), r"\1***@"),
)


@dataclass(frozen=True, slots=True)
class Styled:
    """Text with a style in rich's words, such as ``"bold red"``."""

    text: str
    style: str


Cell = str | Styled


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headers; columns named in `right` hold numbers."""

    headers: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    right: frozenset[str] = frozenset()


def visible(text: str) -> str:
    r"""Return `text` with every character that a terminal would obey written out.

    Examples
    --------
    >>> visible("clear\x1b[2Jed")
    'clear\\x1b[2Jed'
    """
    return _CONTROLS.sub(lambda hit: hit[0].encode("unicode_escape").decode(), text)


def without_secrets(text: str) -> str:
    """Return `text` with access tokens and passwords in addresses replaced by stars.

    Examples
    --------
    >>> without_secrets("401 for hf_AbCdEfGhIjKlMnOp at https://me:secret@host/x")
    '401 for hf_*** at https://***@host/x'
    """
    for pattern, stars in _SECRETS:
        text = pattern.sub(stars, text)
    return text


class Console:
    """What commands print through; also the `openmed_data.progress.Progress` that shows how far a build is.

    Parameters
    ----------
    quiet
        No progress, notes or next steps; results and errors only.
    as_json
        Results are JSON on stdout; see `json`.
    """

    def __init__(self, *, quiet: bool = False, as_json: bool = False) -> None:
        self.quiet, self.as_json = quiet, as_json
        self._bar: RichProgress | None = None

    # Results: stdout.

    def json(self, value: Any, *, indent: int | None = 2) -> None:
        """Write one JSON document, on one line where `indent` is None."""
        encoded = json.dumps(value, ensure_ascii=False, indent=indent, default=str)
        print(_CONTROLS.sub(lambda hit: f"\\u{ord(hit[0]):04x}", encoded))  # noqa: T201

    def line(self, *cells: Cell) -> None:
        """Write one line."""
        self._write(sys.stdout, *cells)

    def text(self, text: str) -> None:
        """Write text as it is, neither wrapped nor coloured."""
        print(visible(text.removesuffix("\n")))  # noqa: T201

    def fields(self, pairs: Sequence[tuple[str, Cell]]) -> None:
        """Write labelled text, the labels in a gutter and the text wrapped beside it."""
        if not pairs:
            return
        if _is_rich(sys.stdout):
            from rich.table import Table as Grid

            grid = Grid.grid(padding=(0, 2, 0, 0))
            grid.add_column(no_wrap=True, style="cyan")
            grid.add_column(overflow="fold")
            for label, cell in pairs:
                grid.add_row(_rich_text(label), _rich_text(cell))
            _rich_console(sys.stdout).print(grid)
            return
        gutter = max(len(label) for label, _ in pairs)
        for label, cell in pairs:
            labels = [label.ljust(gutter), *[" " * gutter] * _plain(cell).count("\n")]
            lines = (f"{left}  {line}".rstrip() for left, line in zip(labels, _plain(cell).split("\n"), strict=True))
            self._write(sys.stdout, "\n".join(lines))

    def table(self, table: Table) -> None:
        """Write a table."""
        if _is_rich(sys.stdout) and _fits(table, _rich_console(sys.stdout).width):
            from rich.table import Table as RichTable

            drawn = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
            for index, header in enumerate(table.headers):
                justify = "right" if header in table.right else "left"
                drawn.add_column(header, justify=justify, no_wrap=index == 0 or justify == "right", overflow="fold")
            for row in table.rows:
                drawn.add_row(*map(_rich_text, row))
            _rich_console(sys.stdout).print(drawn)
            return
        for line in _plain_table(table):
            self._write(sys.stdout, line)

    # Talk: stderr.

    def note(self, text: str) -> None:
        """Say one line, unless quiet."""
        if self.quiet:
            return
        text = without_secrets(text)
        if self._bar is not None:
            self._bar.console.print(_rich_text(text))
        else:
            self._write(sys.stderr, text)

    def next_step(self, command: str, purpose: str) -> None:
        """Say what a person would do next."""
        if not (self.quiet or self.as_json):
            self._write(sys.stderr, "")
            self._write(sys.stderr, Styled("next: ", "bold"), Styled(command, "cyan"), Styled(f"  # {purpose}", "dim"))

    def error(self, message: str, hint: str = "") -> None:
        """Say what went wrong and what to do about it."""
        self.close()
        self._write(sys.stderr, Styled("error: ", "bold red"), without_secrets(message))
        if hint:
            self._write(sys.stderr, Styled("hint: ", "bold yellow"), without_secrets(hint))

    # Progress: stderr.

    def step(self, name: str, total: int | None) -> Advance:
        """Begin a step of a build: a bar on a terminal, else a line, and another one now and then."""
        if self.quiet:
            return ignore
        if _is_rich(sys.stderr):
            return self._bar_step(name, total)
        return _PlainStep(self, name, total).advance

    def close(self) -> None:
        """Take the progress bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _bar_step(self, name: str, total: int | None) -> Advance:
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        if self._bar is None:
            columns = (
                SpinnerColumn(finished_text="✓"),
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                TextColumn("{task.fields[done]}", style="dim"),
                TimeElapsedColumn(),
            )
            self._bar = Progress(*columns, console=_rich_console(sys.stderr), transient=True)
            self._bar.start()
        bar = self._bar
        for earlier in bar.tasks:
            bar.update(earlier.id, total=earlier.total or earlier.completed or 1)
            bar.update(earlier.id, completed=earlier.total or 1)
        task = bar.add_task(name, total=total, done="")

        def advance(units: int, /, said: str = "") -> None:
            bar.advance(task, units)
            bar.update(task, done=_how_far(int(bar.tasks[task].completed), total, said))

        return advance

    def _write(self, stream: TextIO, *cells: Cell) -> None:
        if _is_rich(stream):
            from rich.text import Text

            # Talk is left to the terminal to break, so that a command can be copied from it whole.
            _rich_console(stream).print(Text.assemble(*map(_rich_text, cells)), soft_wrap=stream is sys.stderr)
        else:
            print(visible("".join(map(_plain, cells))), file=stream, flush=stream is sys.stderr)


class _PlainStep:
    """Says that a step began, and from time to time how far it is."""

    def __init__(self, console: Console, name: str, total: int | None) -> None:
        self._console, self._name, self._total = console, name, total
        self._done, self._said = 0, time.monotonic()
        console.note(f"{name} …")

    def advance(self, units: int, /, said: str = "") -> None:
        """Count finished units."""
        self._done += units
        if time.monotonic() - self._said >= _SECONDS_BETWEEN_LINES:
            self._said = time.monotonic()
            self._console.note(f"{self._name}: {_how_far(self._done, self._total, said)}")


def _how_far(done: int, total: int | None, said: str) -> str:
    count = f"{done:,}" if total is None else f"{done:,} of {total:,}"
    return f"{count}, {said}" if said else count


def _is_rich(stream: TextIO) -> bool:
    """Return whether a person watches `stream`."""
    return stream.isatty() and "CI" not in os.environ and os.environ.get("TERM") != "dumb"


def _fits(table: Table, width: int) -> bool:
    """Return whether names and numbers, which are not wrapped, leave room for the rest: rich would cut figures off."""
    room = width
    for index, header in enumerate(table.headers):
        whole = index == 0 or header in table.right
        texts = (_plain(row[index]) for row in table.rows)
        room -= 2 + (max(map(len, (header, *texts))) if whole else _NARROWEST)
    return room >= 0


def _rich_console(stream: TextIO) -> "RichConsole":
    from rich.console import Console as RichConsole

    return RichConsole(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=False)


def _rich_text(cell: Cell) -> "Text":
    from rich.text import Text

    return Text(visible(_plain(cell)), style=cell.style if isinstance(cell, Styled) else "")


def _plain(cell: Cell) -> str:
    return cell.text if isinstance(cell, Styled) else cell


def _plain_table(table: Table) -> list[str]:
    rows = [table.headers, *(tuple(visible(_plain(cell)).replace("\n", " ") for cell in row) for row in table.rows)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(table.headers))]
    numeric = [header in table.right for header in table.headers]
    return [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in rows
        if any(row)
    ]
