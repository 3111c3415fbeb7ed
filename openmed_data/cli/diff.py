"""`openmed-data diff`: what sets two datasets apart."""

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from openmed_data.console import Cell, Console, Styled, Table

from .app import command

if TYPE_CHECKING:
    from openmed_data.diff import Change, Diff

Old = Annotated[str, typer.Argument(metavar="OLD", help="A build, or a Parquet or JSON-lines file or folder.")]
New = Annotated[str, typer.Argument(metavar="NEW", help="The one to compare with it.")]
ExitCode = Annotated[bool, typer.Option("--exit-code", help="Leave with 1 where rows, splits or columns differ.")]

_MOST_LINES = 20
_STYLES = {"added": "green", "removed": "red", "changed": "yellow", "unchanged": "dim"}


@command(
    "diff",
    "openmed-data diff prefs-v1 prefs-v2",
    "openmed-data diff old.parquet new.parquet --exit-code --quiet",
)
def diff(console: Console, old: Old, new: New, *, exit_code: ExitCode = False) -> None:
    """Compare two datasets: rows, columns, options, figures.

    Rows are matched by id, and by their whole content where there are none. Of builds, rejected rows by reason,
    sources, options and measured figures are compared too.
    """
    from openmed_data.dataset import open_dataset
    from openmed_data.diff import diff as compare

    found = compare(open_dataset(old), open_dataset(new))
    if console.as_json:
        console.json(found.to_json())
    else:
        _print(console, old, new, found)
    if exit_code and not found.same:
        raise typer.Exit(1)


def _print(console: Console, old: str, new: str, found: "Diff") -> None:
    console.fields([("old", f"{old}  {_rows(found.old_rows)}"), ("new", f"{new}  {_rows(found.new_rows)}")])
    console.line("")
    rows: list[tuple[Cell, ...]] = [
        (Styled(kind, _STYLES[kind]), f"{getattr(found, kind):,}", "  ".join(found.examples.get(kind, ())[:3]))
        for kind in _STYLES
    ]
    console.table(Table(("ROWS", "NUMBER", "FOR EXAMPLE"), rows, right=frozenset({"NUMBER"})))
    columns: list[tuple[Cell, ...]] = [
        *((name, f"{count:,} rows differ") for name, count in found.by_column.items()),
        *((name, Styled("only in new", "green")) for name in found.columns_added),
        *((name, Styled("only in old", "red")) for name in found.columns_removed),
    ]
    if columns:
        console.line("")
        console.table(Table(("COLUMN", "CHANGE"), columns))
    _changes(console, "REJECTED AND USED", found.reasons, by=True)
    _changes(console, "MADE FROM", found.made_from)
    _changes(console, "FIGURE", found.figures, by=True)
    kind = next((kind for kind in ("changed", "added", "removed") if found.examples[kind]), None)
    if kind is not None:
        side = shlex.quote(old if kind == "removed" else new)
        also = f"; the same in {old} shows what it was" if kind == "changed" else ""
        article = "an" if kind == "added" else "a"
        console.next_step(
            f"openmed-data show {side} --row {found.examples[kind][0]}", f"read {article} {kind} row{also}"
        )


def _rows(splits: Any) -> str:
    parts = ", ".join(f"{split} {count:,}" for split, count in splits.items())
    return f"{sum(splits.values()):,} rows ({parts})"


def _changes(console: Console, title: str, changes: "Sequence[Change]", *, by: bool = False) -> None:
    if not changes:
        return
    headers = (title, "OLD", "NEW", "BY") if by else (title, "OLD", "NEW")
    rows: list[tuple[Cell, ...]] = [
        (change.name, _value(change.old), _value(change.new), _difference(change))[: len(headers)]
        for change in changes[:_MOST_LINES]
    ]
    console.line("")
    console.table(Table(headers, rows, right=frozenset(headers[1:])))
    if len(changes) > _MOST_LINES:
        console.line(Styled(f"and {len(changes) - _MOST_LINES:,} more (--json lists them)", "dim"))


def _value(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    text = str(value)
    return f"{text[:12]}…" if len(text) == 64 and " " not in text else text


def _difference(change: "Change") -> str:
    old, new = change.old or 0, change.new or 0
    if not isinstance(old, int | float) or not isinstance(new, int | float):
        return ""
    return f"{new - old:+,}" if isinstance(new - old, int) else f"{new - old:+,.4g}"
