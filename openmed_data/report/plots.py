"""Plots as inline SVG: no script, no font, no colour of their own; the page's style sheet gives them those."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from openmed_data.check import CheckResult, Figure

WIDTH = 470  # of every drawing, in its own units
_LETTER = 7.2  # width of a letter at 12 px, on average and in a wide font
_LONGEST_LABEL = 30


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing with its title, the names of its series in order, and what a reader who cannot see it hears."""

    title: str
    svg: Markup
    series: tuple[str, ...] = ()


Table = Mapping[str, float]


def plots(result: CheckResult) -> list[Plot]:
    """Return one plot for each table of a check; tables ``TITLE: A`` and ``TITLE: B`` share one."""
    groups: dict[str, dict[str, Table]] = {}
    for title, table in result.tables.items():
        if sum(table.values()):
            group, _, series = title.partition(": ")
            groups.setdefault(group, {})[series] = table
    return [_plot(title, series) for title, series in groups.items()]


def _plot(title: str, series: Mapping[str, Table]) -> Plot:
    if len(series) == 1:
        ((name, table),) = series.items()
        title = f"{title}: {name}" if name else title  # no legend says whose it is
        longest = max(map(len, table))
        if len(table) > 12 or longest > 10:
            return Plot(title, bars(title, table))
    return Plot(title, columns(title, series), tuple(series) if len(series) > 1 else ())


def bars(title: str, table: Table) -> Markup:
    """Draw horizontal bars with their labels and counts, one under another.

    Examples
    --------
    >>> "Surgery" in bars("subjects", {"Surgery": 3})
    True
    """
    row, left = 20, min(_LONGEST_LABEL, max(map(len, table))) * _LETTER + 12
    most, right = max(table.values()), 96
    drawn: list[str] = []
    for place, (label, count) in enumerate(table.items()):
        top = place * row
        width = max(1.0, (WIDTH - left - right) * count / most)
        share = count / sum(table.values())
        drawn += [
            text_at(left - 8, top + 15, _cut(label), "end"),
            f'<rect class="s0" x="{left:.1f}" y="{top + 3}" width="{width:.1f}" height="{row - 7}" rx="3"/>',
            text_at(left + width + 6, top + 15, f"{count:,.0f}", css="value"),
            text_at(WIDTH, top + 15, f"{share:.1%}", "end", css="dim"),
        ]
    return _svg(title, table, len(table) * row, drawn)


def columns(title: str, series: Mapping[str, Table]) -> Markup:
    """Draw the share of each label as vertical bars, series side by side.

    Examples
    --------
    >>> columns("letter", {"chosen": {"A": 1}, "rejected": {"B": 1}}).count("<rect")
    2
    """
    labels = _labels(series)
    shares = {
        name: {label: count / sum(table.values()) for label, count in table.items()} for name, table in series.items()
    }
    most = max(max(table.values()) for table in shares.values())
    height, base = 170, 186
    room = WIDTH / len(labels)
    # Long labels in little room are turned, and the drawing grows by what they need.
    turned = max(map(len, labels)) * _LETTER > room - 6
    width = min(44.0, room * 0.8 / len(series))
    drawn = [f'<line class="axis" x1="0" y1="{base}" x2="{WIDTH}" y2="{base}"/>']
    for place, label in enumerate(labels):
        middle = room * (place + 0.5)
        for number, table in enumerate(shares.values()):
            share = table.get(label, 0)
            if not share:
                continue
            tall = max(1.0, (height - 16) * share / most)
            x = middle + (number - len(series) / 2) * width
            drawn.append(
                f'<rect class="s{number % 3}" x="{x:.1f}" y="{base - tall:.1f}" width="{width - 2:.1f}" '
                f'height="{tall:.1f}" rx="3"/>'
            )
            if width >= 38:
                drawn.append(text_at(x + width / 2 - 1, base - tall - 5, f"{share:.1%}", "middle", css="value"))
        drawn.append(_label(middle, base + 16, label, turned=turned))
    below = max(map(len, labels)) * _LETTER * 0.6 + 16 if turned else 24
    return _svg(title, next(iter(series.values())), base + below, drawn)


def gauge(figure: Figure) -> Markup:
    """Draw where a value stands against its range; nothing for a figure without two bounds.

    Examples
    --------
    >>> "<svg" in gauge(Figure("accuracy", 0.5, 0.48, 0.52)), gauge(Figure("nulls", 0, maximum=0))
    (True, Markup(''))
    """
    low, high = figure.minimum, figure.maximum
    if low is None or high is None or high <= low or figure.value != figure.value:
        return Markup()
    start, end = low - (high - low) / 2, high + (high - low) / 2
    at = 120 * (min(max(figure.value, start), end) - start) / (end - start)
    return Markup(  # noqa: S704  (numbers and constants)
        '<svg class="gauge" viewBox="0 0 120 14" width="120" height="14" aria-hidden="true">'
        '<rect class="track" x="0" y="5" width="120" height="4" rx="2"/>'
        '<rect class="range" x="30" y="5" width="60" height="4"/>'
        f'<circle class="{"in" if figure.passed else "out"}" cx="{at:.1f}" cy="7" r="4.5"/></svg>'
    )


def _labels(series: Mapping[str, Table]) -> list[str]:
    """Return the labels of all series, in the order in which they are met along the axis."""
    merged: list[str] = []
    for table in series.values():
        place = 0
        for label in table:
            if label in merged:
                place = merged.index(label) + 1
            else:
                merged.insert(place, label)
                place += 1
    return merged


def _label(x: float, y: float, label: str, *, turned: bool) -> str:
    if not turned:
        return text_at(x, y, label, "middle")
    return (
        f'<text x="{x:.1f}" y="{y}" text-anchor="end" transform="rotate(-35 {x:.1f} {y})">{escape(_cut(label))}</text>'
    )


def text_at(x: float, y: float, text: str, anchor: str = "start", css: str = "") -> str:
    """Return a text element; `anchor` says which end of the text stands at `x`."""
    return f'<text class="{css}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(title: str, table: Table, height: float, drawn: Sequence[str]) -> Markup:
    said = ", ".join(f"{label} {count:,.0f}" for label, count in table.items())
    return drawing(f"{title}: {said}", height, drawn)


def drawing(said: str, height: float, drawn: Sequence[str]) -> Markup:
    """Put drawn shapes together; `said` is what a reader hears who cannot see them.

    The shapes are taken as they are: whoever makes them has escaped the text in them, as `text_at` does.
    """
    head = f'<svg class="plot" viewBox="0 0 {WIDTH} {height:.0f}" role="img"><title>{escape(said)}</title>'
    return Markup(head + "".join(drawn) + "</svg>")  # noqa: S704


def _cut(label: str) -> str:
    return label if len(label) <= _LONGEST_LABEL else label[: _LONGEST_LABEL - 1] + "…"
