"""Curves over steps as inline SVG, in the style of the validation report's plots."""

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from openmed_data.report.plots import WIDTH, drawing, text_at

_TOP, _BASE, _LEFT = 12.0, 176.0, 52.0
_HEIGHT = 200.0
_MOST_POINTS = 240
_TICKS = 4

Points = Sequence[tuple[float, float]]  # step and value


@dataclass(frozen=True, slots=True)
class Curve:
    """One series.

    Attributes
    ----------
    points
        Step and value, the steps rising; values may be NaN or infinite.
    spread
        A deviation for each point, drawn as a band of one on either side; empty for none.
    """

    name: str
    points: Points
    spread: Sequence[float] = ()

    @property
    def finite(self) -> list[tuple[float, float]]:
        """The points that can be drawn."""
        return [point for point in self.points if math.isfinite(point[1])]

    @property
    def start(self) -> float:
        """Mean of the first tenth of the finite values."""
        return _mean([value for _, value in self.finite][: self._tenth])

    @property
    def end(self) -> float:
        """Mean of the last tenth of the finite values."""
        return _mean([value for _, value in self.finite][-self._tenth :])

    @property
    def _tenth(self) -> int:
        return max(1, len(self.finite) // 10)


def draw(title: str, curves: Sequence[Curve]) -> Markup:
    """Draw curves in one frame; a value that is not finite leaves a gap and a mark at the bottom.

    Of a long run each drawn point is the mean of neighbouring logs, and a band shows their range.

    Parameters
    ----------
    curves
        Each with one finite value at least.

    Examples
    --------
    >>> draw("loss", [Curve("loss", [(1, 2.0), (2, 1.0)])]).count("<polyline")
    1
    """
    bins = {curve.name: _binned(curve) for curve in curves}
    every = [cell for cells in bins.values() for cell in cells]
    frame = _Frame.around(every, [step for curve in curves for step, _ in curve.points])
    drawn = [*_grid(frame)]
    for number, cells in enumerate(bins.values()):
        drawn += [_band(frame, run, number) for run in _runs(cells)]
    for number, cells in enumerate(bins.values()):
        drawn += [_line(frame, run, number) for run in _runs(cells)]
    drawn += [_missing(frame, cell) for cell in every if not math.isfinite(cell.value)]
    said = ", ".join(f"{curve.name} from {short(curve.start)} to {short(curve.end)}" for curve in curves)
    return drawing(f"{title}: {said}", _HEIGHT, drawn)


def short(value: float) -> str:
    """Write a value in few characters.

    Examples
    --------
    >>> [short(value) for value in (0.0, 1.04321, 412.7, 12000.0, 1e-6, float("nan"))]
    ['0', '1.04', '413', '12,000', '1e-06', 'not finite']
    """
    if not math.isfinite(value):
        return "not finite"
    if value == 0 or 0.001 <= abs(value) < 1000:
        return f"{value:.3g}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.2g}"


def tick_label(value: float, step: float) -> str:
    """Write a tick so that it differs from its neighbours, `step` apart.

    Examples
    --------
    >>> [tick_label(value, 0.0005) for value in (0, 6.9305, 6.931)], tick_label(-100, 10), tick_label(2e-6, 1e-6)
    (['0', '6.9305', '6.9310'], '-100', '2e-06')
    """
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    if abs(value) < step / 2:
        return "0"
    return f"{value:,.{decimals}f}" if decimals <= 4 else f"{value:.{_digits(value, step)}g}"


def _digits(value: float, step: float) -> int:
    return max(1, math.floor(math.log10(abs(value)) + 1e-9) - math.floor(math.log10(step) + 1e-9) + 1)


@dataclass(frozen=True, slots=True)
class _Cell:
    """One drawn point: a log, or the mean of several with their range."""

    step: float
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class _Frame:
    """From steps and values to places in the drawing."""

    first: float
    last: float
    low: float
    high: float
    ticks: tuple[float, ...]

    @classmethod
    def around(cls, cells: Sequence[_Cell], steps: Sequence[float]) -> "_Frame":
        drawn = [cell for cell in cells if math.isfinite(cell.value)]
        low, high = min(cell.low for cell in drawn), max(cell.high for cell in drawn)
        ticks = _ticks(low, high)
        return cls(min(steps), max(steps), min(low, ticks[0]), max(high, ticks[-1]), ticks)

    def x(self, step: float) -> float:
        share = (step - self.first) / (self.last - self.first) if self.last > self.first else 0.5
        return _LEFT + share * (WIDTH - _LEFT - 6)

    def y(self, value: float) -> float:
        return _BASE - (value - self.low) / (self.high - self.low) * (_BASE - _TOP)


def _ticks(low: float, high: float) -> tuple[float, ...]:
    """Return round values from `low` or below to `high` or above, about `_TICKS` apart."""
    room = (high - low) or abs(high) or 1.0
    size = 10 ** math.floor(math.log10(max(room / _TICKS, sys.float_info.min)))
    step = next(size * times for times in (1, 2, 5, 10) if size * times * _TICKS >= room)
    first = math.floor(low / step + 1e-9)
    last = max(math.ceil(high / step - 1e-9), first + 1)
    return tuple(number * step for number in range(first, last + 1))


def _binned(curve: Curve) -> list[_Cell]:
    spread = curve.spread or [0.0] * len(curve.points)
    cells = [
        _Cell(step, value, value - around, value + around)
        for (step, value), around in zip(curve.points, spread, strict=True)
    ]
    size = math.ceil(len(cells) / _MOST_POINTS)
    return cells if size < 2 else [_joined(cells[start : start + size]) for start in range(0, len(cells), size)]


def _joined(cells: Sequence[_Cell]) -> _Cell:
    if not all(math.isfinite(cell.value) for cell in cells):
        return _Cell(cells[0].step, math.nan, math.nan, math.nan)
    value = _mean([cell.value for cell in cells])
    return _Cell(
        _mean([cell.step for cell in cells]), value, min(cell.low for cell in cells), max(cell.high for cell in cells)
    )


def _runs(cells: Sequence[_Cell]) -> list[list[_Cell]]:
    """Return the stretches between values that are not finite."""
    runs: list[list[_Cell]] = [[]]
    for cell in cells:
        if math.isfinite(cell.value):
            runs[-1].append(cell)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _grid(frame: _Frame) -> list[str]:
    drawn: list[str] = []
    for tick in frame.ticks:
        y = frame.y(tick)
        drawn += [
            f'<line class="axis" x1="{_LEFT}" y1="{y:.1f}" x2="{WIDTH}" y2="{y:.1f}"/>',
            text_at(_LEFT - 7, y + 4, tick_label(tick, frame.ticks[1] - frame.ticks[0]), "end", css="value"),
        ]
    steps = dict.fromkeys((frame.first, (frame.first + frame.last) // 2, frame.last))
    for step in steps:
        anchor = "start" if step == frame.first else "end" if step == frame.last else "middle"
        drawn.append(text_at(frame.x(step), _BASE + 18, f"{'step ' if step == frame.first else ''}{step:,.0f}", anchor))
    return drawn


def _line(frame: _Frame, run: Sequence[_Cell], number: int) -> str:
    if len(run) == 1:
        x, y = frame.x(run[0].step), frame.y(run[0].value)
        return f'<circle class="s{number % 6}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
    places = " ".join(f"{frame.x(cell.step):.1f},{frame.y(cell.value):.1f}" for cell in run)
    return f'<polyline class="curve c{number % 6}" points="{places}"/>'


def _band(frame: _Frame, run: Sequence[_Cell], number: int) -> str:
    if all(cell.low == cell.high for cell in run) or len(run) < 2:
        return ""
    above = [f"{frame.x(cell.step):.1f},{frame.y(cell.high):.1f}" for cell in run]
    below = [f"{frame.x(cell.step):.1f},{frame.y(cell.low):.1f}" for cell in reversed(run)]
    return f'<polygon class="band s{number % 6}" points="{" ".join([*above, *below])}"/>'


def _missing(frame: _Frame, cell: _Cell) -> str:
    return f'<circle class="missing" cx="{frame.x(cell.step):.1f}" cy="{_BASE}" r="3.5"/>'


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan


Log = Mapping[str, Any]


def number(value: Any) -> float:
    """Return a logged value; NaN for null, as which a value that is not finite is written.

    Examples
    --------
    >>> number(2), number(None)
    (2.0, nan)
    """
    return float(value) if isinstance(value, int | float) else math.nan


def curve(name: str, logs: Sequence[Log], key: str, spread: str | None = None) -> Curve | None:
    """Return the curve of one key of a trainer's logs; None where no log has it, or none a finite value.

    Examples
    --------
    >>> found = curve("loss", [{"step": 1, "loss": 2.0}, {"step": 1, "eval_loss": 1.9}], "loss")
    >>> found.points if found else None
    [(1, 2.0)]
    """
    held = [log for log in logs if key in log and "step" in log]
    found = Curve(
        name,
        [(log["step"], number(log[key])) for log in held],
        [number(log.get(spread, 0.0)) for log in held] if spread and any(spread in log for log in held) else (),
    )
    return found if found.finite else None
