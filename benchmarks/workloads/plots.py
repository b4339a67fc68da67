"""Dots of ratios on a logarithmic axis with a line at the goal, as SVG for pages light and dark."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT, ROW, TOP = 820, 230, 30, 24, 58
COLOURS = ("#2f7ed8", "#d9822b", "#2e9e6b", "#b04fc4")
"""Of sizes of tables, the smallest first; told apart by shape too."""
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f }
.faint { fill: #6a737d; font-size: 12px }
.title { font-weight: 600; font-size: 14px }
.grid { stroke: #d0d7de } .goal { stroke: #cf222e; stroke-width: 1.5; stroke-dasharray: 5 4 }
.goal-name { fill: #cf222e }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .faint { fill: #9198a1 } .grid { stroke: #3d444d }
  .goal { stroke: #ff7b72 } .goal-name { fill: #ff7b72 }
}
"""


@dataclass(frozen=True)
class Dot:
    """A value in a row of a plot."""

    row: str
    series: str
    value: float


def plot(title: str, axis: str, dots: Sequence[Dot], goal: float, goal_name: str) -> str:
    """Return a plot with a row for each distinct `row`, in the order given."""
    rows, series = (
        list(dict.fromkeys(values)) for values in zip(*((d.row, d.series) for d in dots), strict=True)
    )
    low, high = _ends([*(dot.value for dot in dots), goal])
    height = TOP + ROW * len(rows) + 48

    def x(value: float) -> float:
        span = math.log(high / low)
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log(max(value, low) / low) / span

    bottom = TOP + ROW * len(rows)
    drawn = [_text(12, 20, title, "title"), *_legend(series)]
    for tick in _ticks(low, high):
        drawn.append(f'<line class="grid" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{TOP}" y2="{bottom}"/>')
        drawn.append(_text(x(tick), bottom + 18, f"{tick:g}", "faint", "middle"))
    drawn.append(_text((LEFT + WIDTH - RIGHT) / 2, bottom + 38, axis, "faint", "middle"))
    drawn.append(f'<line class="goal" x1="{x(goal):.1f}" x2="{x(goal):.1f}" y1="{TOP - 4}" y2="{bottom}"/>')
    drawn.append(_text(x(goal), TOP - 9, goal_name, "faint goal-name", "middle"))
    for k, row in enumerate(rows):
        middle = TOP + ROW * (k + 0.5)
        drawn.append(_text(LEFT - 12, middle + 4, row, "", "end"))
        drawn += [
            _mark(x(dot.value), middle, series.index(dot.series), f"{row}, {dot.series}: {dot.value:.3g}")
            for dot in dots
            if dot.row == row
        ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
            f"<title>{escape(title)}</title>",
            f"<style>{STYLE}</style>",
            *drawn,
            "</svg>\n",
        ]
    )


def _ends(values: Iterable[float]) -> tuple[float, float]:
    found = list(values)
    return min(found) / 1.3, max(found) * 1.3


def _ticks(low: float, high: float) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if high / low < 200 else (1,)
    return [tick for power in powers for step in steps if low <= (tick := step * 10.0**power) <= high]


def _legend(series: Sequence[str]) -> list[str]:
    found, place = [], WIDTH - RIGHT - 130 * len(series)
    for k, name in enumerate(series):
        found += [_mark(place + 130 * k, 16, k, name), _text(place + 130 * k + 12, 20, name, "faint")]
    return found


def _mark(x: float, y: float, kind: int, told: str) -> str:
    shapes = (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5"',
        f'<rect x="{x - 4.5:.1f}" y="{y - 4.5:.1f}" width="9" height="9"',
        f'<path d="M{x:.1f} {y - 6:.1f} l6 11 h-12 z"',
        f'<path d="M{x:.1f} {y - 6:.1f} l6 6 l-6 6 l-6 -6 z"',
    )
    return f'{shapes[kind % 4]} fill="{COLOURS[kind % 4]}"><title>{escape(told)}</title>{_END[kind % 4]}'


_END = ("</circle>", "</rect>", "</path>", "</path>")


def _text(x: float, y: float, text: str, kind: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(text)}</text>'
