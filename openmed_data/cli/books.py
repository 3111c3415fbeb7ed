"""The books and the figures of a build, as tables."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from openmed_data.console import Table


def books_table(books: Mapping[str, Any], meanings: Mapping[str, str]) -> Table:
    """Return where every row went: source rows = used + rejected, candidates = kept + rejected."""
    from openmed_data.describe import meaning_of

    source, candidates = books["source_rows"], books["candidate_rows"]
    rejected = sum(books["rejected_source_rows"].values())
    filtered = sum(books["rejected_candidate_rows"].values())

    def line(label: str, count: int, whole: int, meaning: str = "") -> tuple[str, str, str, str]:
        return label, f"{count:,}", f"{count / whole:.1%}" if whole else "", meaning

    def by_reason(counts: Mapping[str, int], whole: int) -> list[tuple[str, str, str, str]]:
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return [line(f"    {code}", count, whole, meaning_of(code, meanings)) for code, count in ordered]

    rows = [
        ("source rows", f"{source:,}", "", ""),
        line("  used", books["used_rows"], source),
        line("  rejected", rejected, source),
        *by_reason(books["rejected_source_rows"], source),
        ("rows made of them", f"{candidates:,}", "", ""),
        *(line(f"  kept in {split}", count, candidates) for split, count in books["kept_rows"].items()),
        *([line("  rejected by checks", filtered, candidates)] if filtered else []),
        *by_reason(books["rejected_candidate_rows"], candidates),
    ]
    return Table(("BOOKS", "ROWS", "SHARE", "WHY"), rows, right=frozenset({"ROWS", "SHARE"}))


def figure_lines(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return figures one to a line; lists and long tables are only counted, the manifest holds them."""
    lines: list[tuple[str, str]] = []
    for name, value in figures.items():
        label = name.replace("_", " ")
        if name == "bias":
            lines += figure_lines(value)
        else:
            lines.append((label, _figure(value)))
    return lines


def _figure(value: Any) -> str:
    if not isinstance(value, list | Mapping):
        return _short(value)
    many = cast(Sequence[Any] | Mapping[str, Any], value)
    if isinstance(many, Mapping) and len(many) <= 6:
        return "  ".join(f"{key} {_short(number)}" for key, number in many.items())
    if isinstance(many, list) and len(many) == 2:
        return f"{_short(many[0])} to {_short(many[1])}"
    return f"{len(many):,} (manifest.json lists them)"


def _short(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}" if isinstance(value, float) else str(value)
